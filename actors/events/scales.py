"""Ordered scales: words that can be compared as what they mean, not by their letters."""

from __future__ import annotations

from enum import StrEnum


class OrderedWord(StrEnum):
    """A word whose rank is its place in the definition of its scale."""

    @property
    def rank(self) -> int:
        """The place on the scale, counted from 0."""
        return list(type(self)).index(self)

    def __lt__(self, other: str) -> bool:
        """Compare ranks; a plain string is looked up in the scale (`ValueError` if absent)."""
        return self.rank < type(self)(other).rank

    def __le__(self, other: str) -> bool:
        """Compare ranks."""
        return self.rank <= type(self)(other).rank

    def __gt__(self, other: str) -> bool:
        """Compare ranks."""
        return self.rank > type(self)(other).rank

    def __ge__(self, other: str) -> bool:
        """Compare ranks."""
        return self.rank >= type(self)(other).rank


class Priority(OrderedWord):
    """How urgent something is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"
    CRITICAL = "critical"


class PressureLevel(OrderedWord):
    """How strongly producers must slow down; `STOP` means not at all any more."""

    NONE = "none"
    LOW = "low"
    SOFT = "soft"
    MEDIUM = "medium"
    HARD = "hard"
    HIGH = "high"
    CRITICAL = "critical"
    STOP = "stop"
