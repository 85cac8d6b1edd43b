"""The event types: `from ringleader.events import TrainingCompleted`."""
