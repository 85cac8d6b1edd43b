"""The audit of events: who publishes what, who handles it, and what does not fit together."""
