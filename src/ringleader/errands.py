"""Answers that take their time: nobody else waits for them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

MOST: Final = 8
"""Errands at once; more wait for their turn."""


@dataclass(frozen=True, slots=True)
class Later:
    """Stands for an answer that is yet to be found.

    Attributes:
        find: returns it, or raises what is wrong; may block.
        ended: called when the connection has ended, however long after the answer.
    """

    find: Callable[[], Any]
    ended: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Eventually:
    """Stands for an answer that somebody gives when it is time; no thread waits for it.

    Attributes:
        start: called at once with `done`, to which the answer is given, or the exception that
            stands in its place: from any thread, once; more is ignored. It must not block.
        cancel: called if the client goes before it has its answer.
        ended: called when the connection has ended, however long after the answer.
    """

    start: Callable[[Callable[[Any], None]], object]
    cancel: Callable[[], object] | None = None
    ended: Callable[[], object] | None = None


class Errands:
    """Runs errands, each in one of a few threads that live as long as there are any.

    Args:
        spawn: starts a thread.
        most: threads at once.
    """

    def __init__(
        self, spawn: Callable[[str, Callable[[], None]], threading.Thread], most: int = MOST
    ) -> None:
        self._spawn, self._most = spawn, most
        self._waiting: deque[Callable[[], None]] = deque()
        self._threads: set[threading.Thread] = set()
        self._busy = 0
        self._lock = Lock()

    def run(self, errand: Callable[[], None]) -> None:
        """Run it, now or when there is a thread free; it must not raise."""
        with self._lock:
            self._waiting.append(errand)
            if self._busy >= self._most:
                return
            self._busy += 1
            self._threads = {thread for thread in self._threads if thread.is_alive()}
        thread = self._spawn("ringleader-errand", self._work)
        with self._lock:
            self._threads.add(thread)

    def close(self, timeout: float) -> bool:
        """Begin no more errands, and wait for those under way; tell whether all ended.

        Args:
            timeout: seconds for each of the few that there can be.
        """
        with self._lock:
            self._waiting.clear()
            threads = list(self._threads)
        for thread in threads:
            thread.join(timeout)
        return not any(thread.is_alive() for thread in threads)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy -= 1
                    return
                errand = self._waiting.popleft()
            errand()
