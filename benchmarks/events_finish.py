"""When a measurement ends."""

from __future__ import annotations

from threading import Event as ThreadEvent, Lock

from .events_facts import SUBSCRIBERS


class Finish:
    """Waits until every subscriber has handled what it was to get."""

    def __init__(self, expected: int) -> None:
        self.expected = expected
        """How many events each subscriber gets."""
        self.done = ThreadEvent()
        self._left = SUBSCRIBERS
        self._lock = Lock()

    def one_more(self) -> None:
        """Note that one more subscriber is through; called once by each, from any thread."""
        with self._lock:
            self._left -= 1
            if not self._left:
                self.done.set()
