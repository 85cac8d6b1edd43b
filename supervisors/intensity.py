"""How many restarts in how much time are too many."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Window:
    """The restarts that count, of one supervisor, whichever child they were for.

    OTP supervisor, *Maximum restart intensity*, as its code has it: time is in whole seconds and
    the window includes both its ends, so a restart counts for at least `period` and for less
    than `period + 1` seconds, depending on where it fell in its second.

    Attributes:
        intensity: how many restarts are allowed.
        period: the length of the window in seconds.
        restarts: the seconds in which they were, oldest first.
    """

    intensity: int
    period: int
    restarts: tuple[int, ...] = ()

    def add(self, now: float) -> Window:
        """Count one more restart, at `now` monotonic seconds; forget those out of the window."""
        second = int(now // 1)
        recent = [at for at in self.restarts if at >= second - self.period]
        return replace(self, restarts=(*recent, second))

    @property
    def left(self) -> int:
        """How many more restarts are allowed now."""
        return max(0, self.intensity - len(self.restarts))

    @property
    def exceeded(self) -> bool:
        """Whether the restart counted last is one too many."""
        return len(self.restarts) > self.intensity
