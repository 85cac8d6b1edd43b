"""Self-play: who plays what, and what has been played."""
