"""Data integrity, and the queue of work."""
