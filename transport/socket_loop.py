"""One thread that waits for sockets, and for what other threads want done in it."""

from __future__ import annotations

import logging
import socket as sockets
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

import zmq

from ringleader.actors.errors import RingleaderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.clock import Clock

    from .socket_options import Socket

logger = logging.getLogger("ringleader.bridge")

_MS: Final = 1000
_CHUNK: Final = 4096
_CALLS: Final = 4096
"""Calls that are made before sockets are looked at again."""


class WrongThread(RingleaderError):  # noqa: N818  # reads as the answer it is
    """A socket was about to be touched outside the one thread that owns it."""

    def __init__(self, what: str) -> None:
        found = threading.current_thread().name
        super().__init__(
            f"{what} belongs to the thread of the sockets, and was called in {found!r}; "
            "use call(lambda: ...)"
        )


class Loop:
    """Waits for sockets, calls what belongs to them, and ticks.

    Args:
        clock: for the ticks.
        interval: seconds between two ticks, about.
        tick: called at least so often.
        fault: told about everything that raised, after it was logged.
    """

    def __init__(
        self,
        clock: Clock,
        interval: float,
        tick: Callable[[float], object],
        fault: Callable[[], object],
    ) -> None:
        self._clock, self._interval, self._tick, self._fault = clock, interval, tick, fault
        self._poller = zmq.Poller()
        self._ready: dict[object, Callable[[], object]] = {}
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._woken, self._waker = sockets.socketpair()
        self._woken.settimeout(0)
        self._waker.settimeout(0)
        self._poller.register(self._woken.fileno(), zmq.POLLIN)
        self._is_woken = False
        self._closing = False
        self._owner: int | None = None
        self._last = clock.now()

    # ---------------------------------------------------------------- from any thread

    def call(self, run: Callable[[], object]) -> None:
        """Have it called soon in the thread; after the end, never."""
        self._calls.put(run)
        self._wake()

    def stop(self) -> None:
        """Let `run` return soon, after the calls that wait."""
        self._closing = True
        self._wake()

    def _wake(self) -> None:
        if self._is_woken:  # it has not looked yet since the last time
            return
        self._is_woken = True
        with suppress(OSError):  # it has ended already, or has not read a thousand of these
            self._waker.send(b"\0")

    @property
    def is_here(self) -> bool:
        """Whether this is the thread."""
        return self._owner == threading.get_ident()

    def check(self, what: str) -> None:
        """Refuse to go on in any other thread.

        Raises:
            WrongThread: it is another one.
        """
        if self._owner != threading.get_ident():
            raise WrongThread(what)

    # ---------------------------------------------------------------- in the thread

    def watch(self, socket: Socket, ready: Callable[[], object]) -> None:
        """Call `ready` whenever there is something to take from the socket."""
        self._ready[socket] = ready
        self._poller.register(socket, zmq.POLLIN)

    def forget(self, socket: Socket) -> None:
        """Watch a socket no more; must be called before it is closed."""
        if self._ready.pop(socket, None) is not None:
            self._poller.unregister(socket)

    def run(self) -> None:
        """Work until `stop`; then the calls that wait are made, and nothing is watched."""
        self._owner = threading.get_ident()
        while not self._closing:
            self._turn()
        self._make_calls()

    def _turn(self) -> None:
        left = self._last + self._interval - self._clock.now()
        wait = min(max(left, 0.0), self._interval)
        for found, _ in self._poller.poll(0 if self._calls.qsize() else int(wait * _MS) + 1):
            ready = self._ready.get(found)  # none for what wakes us, or if one before forgot it
            if ready is not None:
                self.guarded(ready)
        self._make_calls()
        now = self._clock.now()
        if now - self._last >= self._interval:
            self._last = now
            self.guarded(lambda: self._tick(now))

    def _make_calls(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(_CHUNK)
        self._is_woken = False  # before looking: whoever comes after this wakes us again
        for _ in range(min(self._calls.qsize(), _CALLS)):
            self.guarded(self._calls.get())

    def guarded(self, run: Callable[[], object]) -> None:
        """Call something; what it raises is logged and counted, and the thread goes on."""
        try:
            run()
        except Exception:  # noqa: BLE001  # the thread serves all peers
            self.report_fault()

    def report_fault(self) -> None:
        """Log and count the exception that is being handled."""
        logger.exception(  # noqa: LOG004  # its callers handle one
            "a fault in the thread of the sockets; it goes on"
        )
        self._fault()

    def close(self) -> None:
        """Give up what wakes the thread; at its very end."""
        self._woken.close()
        self._waker.close()
