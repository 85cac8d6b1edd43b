"""Which events were seen already: a window over keys, as a value with `now` as an argument."""

from __future__ import annotations

from collections import deque
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
        self._seen: dict[Hashable, str] = {}
        self._order: deque[tuple[float, Hashable]] = deque()
        self.evicted = 0
        """Keys that went before their time because there were too many."""

    def original(self, key: Hashable, event_id: str, now: float) -> str | None:
        """Return the id of the event with this key that was let through less than a window ago.

        If there is none, note this one, and return None.
        """
        order, seen = self._order, self._seen
        oldest = now - self.window
        while order and order[0][0] <= oldest:
            del seen[order.popleft()[1]]
        first = seen.get(key)
        if first is not None:
            return first
        seen[key] = event_id
        order.append((now, key))
        if len(order) > self.capacity:
            del seen[order.popleft()[1]]
            self.evicted += 1
        return None

    def __len__(self) -> int:
        """Return how many keys are held."""
        return len(self._seen)
