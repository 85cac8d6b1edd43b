"""The guard: a small process beside this one that ends our processes when we are killed.

Nothing that this process does helps when it is killed with SIGKILL, so somebody else has to
watch. `prctl(PR_SET_PDEATHSIG)` is no way: Linux sends that signal when the *thread* ends that
started the child, and our threads come and go; it also needs code in the child, and grandchildren
do not inherit it. One guard a node, started with the first process, ends whole process groups.
"""

from __future__ import annotations

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .osprocess import OsProcess
    from .osprocess_end import ProcessEnd

logger = logging.getLogger("ringleader.process")

_PROGRAM: Final = Path(__file__).with_name("osprocess_guard_main.py")
_LIVED: Final = 1.0
"""Seconds after which a guard that ends was killed, and is replaced at once."""


class Launch(Protocol):
    """Starts the guard; what it writes to is a pipe."""

    def __call__(
        self,
        command: Sequence[str],
        source: int,
        on_exit: Callable[[ProcessEnd], None],
    ) -> OsProcess:
        """Start it; `source` is its stdin, and `on_exit` hears of its end."""
        ...


class Guard:
    """Tells the guard's process which groups to end; starts it, and another one if it is killed.

    It is there before the first process is. Between the start of a process and the line that tells
    of it lie some 50 µs; a process whose parent is killed in these goes on.

    Args:
        launch: starts a process that is not guarded itself.
    """

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._lock = RLock()
        self._groups: set[int] = set()
        self._process: OsProcess | None = None
        self._pipe: int | None = None
        self._stale: list[int] = []
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The guard's process, if there is one."""
        process = self._process
        return None if process is None else process.pid

    def prepare(self) -> None:
        """Have a guard before there is anything to guard.

        Raises:
            OSError: there is none and none can be started.
        """
        with self._lock:
            if not self._closed:
                self._ensure()

    def protect(self, group: int) -> None:
        """Have a group ended when this process dies; if there is no guard, the next one does it."""
        with self._lock:
            self._groups.add(group)
            self._write(b"+%d\n" % group)

    def forget(self, group: int) -> None:
        """Not have it ended any more: it has ended."""
        with self._lock:
            self._groups.discard(group)
            self._write(b"-%d\n" % group)

    def close(self, timeout: float) -> bool:
        """End the guard, and what is still guarded; tell whether it ended in `timeout` seconds."""
        with self._lock:
            self._closed = True
            process = self._process
            self._close_pipe()
        if process is None or process.wait(timeout) is not None:
            return True
        return process.kill(max(timeout, 0.1))  # stopped, say: it takes a millisecond

    def _ensure(self) -> None:
        """Start a guard if there is none, and tell it of all groups."""
        if self._pipe is not None:
            return
        source, pipe = os.pipe()
        try:
            command = [sys.executable, "-I", "-S", str(_PROGRAM), str(os.getpid())]
            self._process = self._launch(command, source, self._ended)
        except BaseException:
            os.close(pipe)
            raise
        finally:
            os.close(source)
        os.set_blocking(pipe, False)
        self._pipe = pipe
        self._write(b"".join(b"+%d\n" % group for group in self._groups))

    def _write(self, lines: bytes) -> None:
        """Write what always fits, or replace a guard that does not read."""
        if self._pipe is None or not lines:
            return
        try:
            os.write(self._pipe, lines)
        except BrokenPipeError:
            pass  # it has just ended: its successor is told of all groups
        except BlockingIOError:
            logger.warning("the guard %s does not read; it is replaced", self.pid)
            self._stale.append(self._pipe)  # closed now it would say that we are dead
            self._pipe = None
            if self._process is not None:
                self._process.kill()

    def _ended(self, end: ProcessEnd) -> None:
        with self._lock:
            while self._stale:
                os.close(self._stale.pop())
            if self._process is None or end.pid != self._process.pid:
                return
            self._close_pipe()
            self._process = None
            if self._closed or not self._groups:
                return
            logger.warning("the guard of this node's processes %s; starting another", end)
            if end.seconds >= _LIVED:  # else the next process's start tries again
                with suppress(OSError):
                    self._ensure()

    def _close_pipe(self) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            os.close(pipe)
