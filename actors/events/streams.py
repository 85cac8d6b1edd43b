"""Which event types share a stream on their way to other nodes: those that must stay in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .base import EventType

PIPELINE: Final = "pipeline"

PIPELINE_MODULES: Final = frozenset(
    {
        "training",
        "evaluation",
        "model",
        "selfplay",
        "data",
        "quality",
        "curriculum",
        "optimization",
        "work",
        "sync",
    }
)
"""Modules whose types tell one story: the model that is evaluated was trained before."""


def group_of(kind: EventType) -> str:
    """Return the group whose stream a type belongs to: `pipeline`, or its own module."""
    return PIPELINE if kind.module in PIPELINE_MODULES else kind.module
