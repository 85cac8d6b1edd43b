"""Sync and training."""

from .training_coordinator import TrainingCoordinator as TrainingCoordinator
