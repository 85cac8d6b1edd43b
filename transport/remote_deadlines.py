"""Many deadlines that are mostly dropped before they come."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

GRAIN: Final = 0.05
"""Seconds within which deadlines count as one: a dropped one leaves nothing behind."""

K = TypeVar("K", bound="Hashable")


class Deadlines(Generic[K]):
    """When what is due. Nothing is due too early; up to `GRAIN` late. Not for several threads."""

    def __init__(self) -> None:
        self._buckets: dict[int, dict[K, None]] = {}
        self._order: list[int] = []
        self._of: dict[K, int] = {}

    def __len__(self) -> int:
        return len(self._of)

    def put(self, key: K, when: float) -> None:
        """Set, or move, the deadline of a key."""
        self.drop(key)
        place = int(when / GRAIN) + 1
        bucket = self._buckets.get(place)
        if bucket is None:
            bucket = self._buckets[place] = {}
            heapq.heappush(self._order, place)
        bucket[key] = None
        self._of[key] = place

    def drop(self, key: K) -> None:
        """Forget the deadline of a key, if it has one."""
        place = self._of.pop(key, None)
        if place is not None:
            del self._buckets[place][key]

    def due(self, now: float) -> list[K]:
        """Take out what is due, in order of time."""
        found: list[K] = []
        while self._order and self._order[0] * GRAIN <= now:
            found.extend(self._buckets.pop(heapq.heappop(self._order)))
        for key in found:
            del self._of[key]
        return found
