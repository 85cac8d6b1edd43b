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
    """

    release_after: float | None = DAY
    growth: float = 1.0
    longest: float = 7 * DAY

    def pause(self, times: int) -> float | None:
        """Return how many seconds the quarantine lasts; `times`: which one in a row it is."""
        if self.release_after is None:
            return None
        try:
            grown = self.release_after * self.growth ** (times - 1)
        except OverflowError:
            grown = float("inf")
        return min(grown, max(self.longest, self.release_after))


BY_HAND: Final = Quarantine(release_after=None)
COOL_DOWN: Final = Quarantine()
DEGRADED: Final = Quarantine(release_after=4 * HOUR, growth=2.0, longest=DAY)
"""Try again with growing pauses: nothing is ever given up for good."""
DEGRADED_CRITICAL: Final = Quarantine(release_after=HOUR / 2, growth=2.0, longest=DAY)
"""The same for a child that all depend on."""
