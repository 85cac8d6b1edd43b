"""How long a child that failed too often is parked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Quarantine:
    """When a child is released from quarantine by itself.

    Attributes:
        release_after: seconds; None: by hand only.
        growth: by how much each further quarantine in a row is longer.
        longest: seconds that it grows to at most.
        critical_after: `release_after` of a critical child; None: as of all others.
    """

    release_after: float | None = DAY
    growth: float = 1.0
    longest: float = 7 * DAY
    critical_after: float | None = None

    def pause(self, times: int, *, critical: bool = False) -> float | None:
        """Return how many seconds the quarantine lasts.

        Args:
            times: which one in a row it is.
            critical: whether all depend on the child.
        """
        first = self.release_after
        if first is None:
            return None
        if critical and self.critical_after is not None:
            first = self.critical_after
        try:
            grown = first * self.growth ** (times - 1)
        except OverflowError:
            grown = float("inf")
        return min(grown, max(self.longest, first))


BY_HAND: Final = Quarantine(release_after=None)
COOL_DOWN: Final = Quarantine()
DEGRADED: Final = Quarantine(4 * HOUR, growth=2.0, longest=DAY, critical_after=HOUR / 2)
"""Try again with growing pauses: nothing is ever given up for good."""
