"""Which events were seen already: a window over keys, as a value with `now` as an argument."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


class DedupWindow:
    """The keys of the last `window` seconds, at most `capacity` of them.

    A key that was let through is suppressed for `window` seconds from then, not from its last
    repetition: something that is repeated for ever is let through once a window.

    Keys are kept in two generations, of which the older one goes as a whole: twice as fast as to
    take them out one by one. So between half of `capacity` and all of it is remembered.

    Args:
        window: seconds.
        capacity: keys; the oldest go first when there are more.
    """

    def __init__(self, window: float, capacity: int) -> None:
        if not window > 0 or capacity < 1:
            raise ValueError(
                f"a window of {window} s with {capacity} keys can't hold anything; "
                "both must be positive"
            )
        self.window, self.capacity = window, capacity
        self._half = max(1, capacity // 2)
        self._young: dict[Hashable, tuple[float, str]] = {}
        self._old: dict[Hashable, tuple[float, str]] = {}
        self._began = float("-inf")
        self.evicted = 0
        """Keys that went before their time because there were too many."""

    def original(self, key: Hashable, event_id: str, now: float) -> str | None:
        """Return the id of the event with this key that was let through less than a window ago.

        If there is none, note this one, and return None.
        """
        young = self._young
        found = young.get(key) or self._old.get(key)
        if found is not None and now - found[0] < self.window:
            return found[1]
        if now - self._began >= self.window or len(young) >= self._half:
            young = self._next_generation(now)
        young[key] = (now, event_id)
        return None

    def forget(self, event_id: str) -> None:
        """Let what was noted for an event be new again: the event was not taken after all."""
        for seen in (self._young, self._old):
            for key in [key for key, (_, noted) in seen.items() if noted == event_id]:
                del seen[key]

    def _next_generation(self, now: float) -> dict[Hashable, tuple[float, str]]:
        times = [then for then, _ in self._old.values()]  # in order, as they came
        self.evicted += len(times) - bisect_right(times, now - self.window)
        self._old, self._young, self._began = self._young, {}, now
        return self._young

    def __len__(self) -> int:
        """Return how many keys are held."""
        return len(self._young) + len(self._old)
