"""Data integrity, and the queue of work."""

from .queue_populator import QueuePopulator as QueuePopulator
