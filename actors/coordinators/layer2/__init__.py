"""Infrastructure support: the life of models."""

from .model_coordinator import ModelCoordinator as ModelCoordinator
