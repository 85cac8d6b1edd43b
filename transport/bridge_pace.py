"""When a reader asks: soon, never twice at once, and ever more slowly if nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from random import Random

    from .wire_messages import Pull

MOST_BUSY: Final = 60.0
"""Seconds that a busy owner may put a reader off, at most."""


class PaceLimits(Struct, frozen=True, kw_only=True):
    """How a reader's pulls are spread over time."""

    jitter: Annotated[
        float,
        Meta(ge=0, description="a first pull waits a random part of this: what seems to be missing "
             "may be on its way, and the other readers miss it too (s)"),
    ] = 0.02  # fmt: skip
    patience: Annotated[
        float, Meta(gt=0, description="a pull without an answer is asked again after this (s)")
    ] = 0.5
    most_patience: Annotated[
        float, Meta(gt=0, description="the patience doubles with each try, up to this (s)")
    ] = 15.0


class Pace:
    """One pull at a time."""

    def __init__(self, rng: Random, limits: PaceLimits) -> None:
        self._rng = rng
        self._limits = limits
        self._at: float | None = None
        self._until = 0.0
        self.asked: Pull | None = None
        self.tries = 0

    def want(self, now: float) -> None:
        """Ask soon, after a random while, unless an answer is awaited already."""
        if self._at is None:
            self._at = now + self._rng.random() * self._limits.jitter

    def hurry(self, now: float) -> None:
        """Ask at the next opportunity, even if an answer is awaited."""
        self._at = now
        self.asked = None

    def renew(self) -> None:
        """Wait no more for an answer, and begin with little patience again."""
        self.asked = None
        self.tries = 0
        self._at = None

    def is_due(self, now: float) -> bool:
        """Tell whether to ask now. A clock that went back makes no wait longer."""
        if self.asked is not None:
            longest = self._limits.most_patience * 2
            return not now < self._until <= now + longest
        return self._at is not None and not now < self._at <= now + MOST_BUSY * 2

    def rest(self) -> None:
        """Want nothing: what seemed to be missing has come."""
        self._at = None

    def sent(self, pull: Pull, now: float) -> None:
        """Note a pull. One that follows another without an answer is given twice the time."""
        self.tries = min(self.tries + 1, 64)
        patience = self._limits.patience * 2.0 ** min(self.tries - 1, 20)
        # Spread, so that readers that were cut off together don't come back together.
        patience = min(patience, self._limits.most_patience) * (1 + self._rng.random() / 2)
        self._until = now + patience
        self._at = None
        self.asked = pull

    def is_answered(self, req: int) -> bool:
        """Take note of an answer; tell whether it is to the pull that is awaited."""
        if self.asked is None or self.asked.req != req:
            return False
        self.asked = None
        self.tries = 0
        return True

    def busy(self, retry_after: float, now: float) -> None:
        """Wait as long as the owner wants, and up to as much again, so that all don't come."""
        self._at = now + min(retry_after, MOST_BUSY) * (1 + self._rng.random())
