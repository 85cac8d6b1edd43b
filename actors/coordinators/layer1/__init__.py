"""Foundational: what tasks there are, and which may start."""

from .global_task_coordinator import GlobalTaskCoordinator as GlobalTaskCoordinator
from .task_coordinator import TaskCoordinator as TaskCoordinator
