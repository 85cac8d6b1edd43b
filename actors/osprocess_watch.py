"""Who sees the end of a process: one thread for all where Linux helps, one for each elsewhere."""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("ringleader.process")


class Watched(Protocol):
    """A process whose end somebody waits for."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    def over(self) -> None:
        """Take the news that it has ended: it can be reaped without waiting."""
        ...


class Watch(Protocol):
    """Tells processes that they have ended."""

    has_pidfd: bool
    """Whether anybody may wait for a process through a pidfd of his own."""

    def add(self, process: Watched) -> None:
        """Call `process.over()` in a thread once it has ended.

        Raises:
            OSError: it can't be watched, for want of file descriptors.
            RuntimeError: it can't be watched, for want of threads.
        """
        ...

    def close(self, timeout: float) -> bool:
        """End the threads, after the processes; tell whether they did in `timeout` seconds."""
        ...


class PidfdWatch:
    """One thread that sleeps in the kernel until one of many processes ends."""

    has_pidfd = True

    def __init__(self, spawn: Callable[[str, Callable[[], None]], threading.Thread]) -> None:
        self._spawn = spawn
        self._lock = threading.Lock()
        self._processes: dict[int, Watched] = {}
        self._thread: threading.Thread | None = None
        self._poll = select.epoll()  # takes in new ones while the thread waits
        self._wake, self._waker = os.pipe()
        self._poll.register(self._wake, select.EPOLLIN)
        self._closed = False

    def add(self, process: Watched) -> None:
        """Watch a process."""
        with self._lock:
            if self._closed:
                raise RuntimeError("processes are not watched any more")
            if self._thread is None:
                self._thread = self._spawn("ringleader-processes", self._run)
            watch = os.pidfd_open(process.pid)
            self._processes[watch] = process
            try:
                self._poll.register(watch, select.EPOLLIN)
            except OSError:  # too many are watched
                os.close(watch)
                del self._processes[watch]
                raise

    def close(self, timeout: float) -> bool:
        """End the thread. May be repeated."""
        with self._lock:
            first, self._closed = not self._closed, True
            thread = self._thread
            if first:
                os.close(self._waker)  # the thread reads end of file
                if thread is None:
                    self._release()
        if thread is None:
            return True
        if thread is not threading.current_thread():
            thread.join(timeout)
        return not thread.is_alive()

    def _run(self) -> None:
        while True:
            ready = {descriptor for descriptor, _ in self._poll.poll()}
            for watch in ready - {self._wake}:
                self._take(watch)
            if ready == {self._wake}:  # and nobody else has ended
                self._release()
                return

    def _take(self, watch: int) -> None:
        tell(self._processes.pop(watch))
        self._poll.unregister(watch)
        os.close(watch)

    def _release(self) -> None:
        for watch in list(self._processes):
            self._processes.pop(watch)
            os.close(watch)
        self._poll.close()
        os.close(self._wake)


class ThreadWatch:
    """A thread for each process."""

    has_pidfd = False

    def __init__(self, spawn: Callable[[str, Callable[[], None]], threading.Thread]) -> None:
        self._spawn = spawn
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def add(self, process: Watched) -> None:
        """Watch a process."""

        def run() -> None:
            wait_for_end(process.pid)
            tell(process)
            with self._lock:
                self._threads.discard(threading.current_thread())

        with self._lock:  # so that the thread is in the set before it takes itself out
            self._threads.add(self._spawn(f"ringleader-process {process.pid}", run))

    def close(self, timeout: float) -> bool:
        """Wait for the threads; each ends with its process."""
        with self._lock:
            threads = self._threads - {threading.current_thread()}
        for thread in threads:
            thread.join(timeout)
            if thread.is_alive():
                timeout = 0.0
        return not any(thread.is_alive() for thread in threads)


def make_watch(
    spawn: Callable[[str, Callable[[], None]], threading.Thread], *, pidfd: bool | None = None
) -> Watch:
    """Return the best watch that works here.

    Args:
        spawn: starts threads.
        pidfd: whether to use pidfds; None finds out whether they work.
    """
    return PidfdWatch(spawn) if (has_pidfd() if pidfd is None else pidfd) else ThreadWatch(spawn)


def has_pidfd() -> bool:
    """Tell whether the kernel gives us a pidfd; Linux 5.3 and later, unless forbidden."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


def wait_for_end(pid: int) -> None:
    """Wait until a child has ended; do not reap it, so that its number goes on meaning it."""
    if sys.platform == "darwin":  # os.waitid came to macOS with Python 3.13
        end = select.kevent(
            pid,
            filter=select.KQ_FILTER_PROC,
            flags=select.KQ_EV_ADD | select.KQ_EV_ONESHOT,
            fflags=select.KQ_NOTE_EXIT,
        )
        queue = select.kqueue()
        with suppress(ProcessLookupError):  # it has ended before
            queue.control([end], 1, None)
        queue.close()
    else:
        with suppress(ChildProcessError):  # somebody else has reaped it
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def tell(process: Watched) -> None:
    """Tell a process of its end; whatever comes of that, the next one is told, too."""
    try:
        process.over()
    except Exception:
        logger.exception("what follows from the end of process %s failed", process.pid)
