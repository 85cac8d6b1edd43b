"""Which events were seen already: a window over keys, as a value with `now` as an argument."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable


class DedupWindow:
    """The keys of the last `window` seconds, at most `capacity` of them.

    A key that was let through is suppressed for `window` seconds from then, not from its last
    repetition: something that is repeated for ever is let through once a window.

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
        self._seen: OrderedDict[Hashable, float] = OrderedDict()
        self.evicted = 0
        """Keys that went before their time because there were too many."""

    def is_duplicate(self, key: Hashable, now: float) -> bool:
        """Tell whether the key was let through less than a window ago; else note it."""
        self._forget(now)
        if key in self._seen:
            return True
        self._seen[key] = now
        if len(self._seen) > self.capacity:
            self._seen.popitem(last=False)
            self.evicted += 1
        return False

    def _forget(self, now: float) -> None:
        seen, oldest = self._seen, now - self.window
        while seen:
            key = next(iter(seen))
            if seen[key] > oldest:
                return
            del seen[key]

    def __len__(self) -> int:
        """Return how many keys are held."""
        return len(self._seen)
