"""All operating-system processes of one context: started here, and ended here at the latest."""

from __future__ import annotations

import logging
import subprocess
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .osprocess import OsProcess
from .osprocess_errors import ProcessError
from .osprocess_guard import Guard
from .osprocess_launch import launch
from .osprocess_limits import MEMORY_POLL
from .osprocess_oom import OomCounter
from .osprocess_stats import read_rss
from .osprocess_watch import make_watch

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from .clock import Clock
    from .osprocess_end import EndCause, ProcessEnd
    from .osprocess_launch import Stream
    from .osprocess_limits import ProcessLimits

logger = logging.getLogger("ringleader.process")


@dataclass(frozen=True, slots=True)
class ProcessesStatistics:
    """Counts of one owner's processes; the guard is not among them.

    Attributes:
        started: how many there ever were.
        live: how many run.
        ended: how many have ended, by cause.
        guard: the guard's process id, if there is one.
    """

    started: int
    live: int
    ended: Mapping[EndCause, int]
    guard: int | None


def _nothing(_: OsProcess) -> None:
    pass


class Processes:
    """Starts processes, sees each end at once, and lets none outlive its owner.

    Args:
        clock: times the looks at memory.
        spawn: starts threads.
        oom: tells kills of the kernel's for want of memory.
        pidfd: whether to watch through pidfds; None: where they work.
    """

    def __init__(
        self,
        clock: Clock,
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
        *,
        oom: OomCounter | None = None,
        pidfd: bool | None = None,
    ) -> None:
        self._clock = clock
        self._oom = OomCounter() if oom is None else oom
        self._watch = make_watch(spawn, pidfd=pidfd)
        self._guard = Guard(self._start_guard)
        self._lock = threading.Lock()
        self._live: dict[int, OsProcess] = {}
        self._started = 0
        self._ended: Counter[EndCause] = Counter()
        self._looks = False
        self._closed = False

    @property
    def live(self) -> tuple[OsProcess, ...]:
        """Those that run, the oldest first."""
        with self._lock:
            return tuple(self._live.values())

    def statistics(self) -> ProcessesStatistics:
        """Return the counts."""
        with self._lock:
            return ProcessesStatistics(
                self._started, len(self._live), dict(self._ended), self._guard.pid
            )

    def start(
        self,
        command: Sequence[str],
        *,
        name: str = "",
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = None,
        stderr: Stream = None,
        pass_fds: Sequence[int] = (),
        user: str | int | None = None,
        group: str | int | None = None,
        limits: ProcessLimits | None = None,
        parent_gone_exit: int | None = None,
        on_exit: Callable[[ProcessEnd], object] | None = None,
    ) -> OsProcess:
        """Start a command in a session and process group of its own.

        When this process dies, whatever way, the group is killed. `close` kills it, too.

        Args:
            command: program, looked for on PATH, and arguments.
            name: for logs; the program's if there is none.
            env: its whole environment; None: this process's.
            cwd: where it begins.
            stdin: `subprocess.PIPE`, `DEVNULL`, a file or its descriptor; None: this process's.
            stdout: likewise.
            stderr: likewise, or `subprocess.STDOUT`.
            pass_fds: file descriptors that it has under the same numbers; all others are closed.
            user: who it runs as, with the user's groups; other than oneself is for root.
            group: its group, instead of the user's own.
            limits: what it may use.
            parent_gone_exit: the exit code by which it says that it saw its parent gone.
            on_exit: called once with the end, see `OsProcess.when_over`; it may come before this
                method returns.

        Raises:
            ProcessStartError: it can't be started, and never will be.
            ProcessError: the owner is closed.
            OSError: it can't be started now.
        """
        with self._lock:
            if self._closed:
                raise ProcessError(f"{list(command)} is not started: its owner has been closed")
            if not self._live:
                self._oom.mark()
        self._guard.prepare()
        popen = launch(
            command,
            env=env,
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=pass_fds,
            user=user,
            group=group,
            limits=limits,
        )
        process = self._make(
            popen,
            command,
            name=name,
            leaves=self._forget,
            gone=lambda process: self._guard.forget(process.pid),
            limits=limits,
            parent_gone_exit=parent_gone_exit,
        )
        self._take_in(process, on_exit)
        return process

    def close(self, timeout: float) -> bool:
        """End all processes and start no others; tell whether they ended within `timeout` seconds.

        They are killed: whoever could have ended in order was asked by its actor before.
        """
        with self._lock:
            self._closed = True
        live = self.live
        for process in live:
            process.kill()
        for process in live:  # they end side by side: after the first time-out there is no other
            if process.wait(timeout) is None:
                logger.error("%r does not end, though it was killed", process)
                timeout = 0.0
        ended = self._guard.close(timeout)
        ended = self._watch.close(timeout) and ended
        return ended and not self.live

    # ------------------------------------------------------------------- one more, one less

    def _make(
        self,
        popen: subprocess.Popen[bytes],
        command: Sequence[str],
        *,
        name: str,
        leaves: Callable[[OsProcess], object] = _nothing,
        gone: Callable[[OsProcess], object] = _nothing,
        limits: ProcessLimits | None = None,
        parent_gone_exit: int | None = None,
    ) -> OsProcess:
        return OsProcess(
            popen,
            tuple(command),
            name=name,
            clock=self._clock,
            oom=self._oom,
            limits=limits,
            parent_gone_exit=parent_gone_exit,
            leaves=leaves,
            gone=gone,
            has_pidfd=self._watch.has_pidfd,
        )

    def _take_in(self, process: OsProcess, on_exit: Callable[[ProcessEnd], object] | None) -> None:
        with self._lock:
            self._live[process.pid] = process
            closed = self._closed
        for call in (self._count, on_exit):
            if call is not None:
                process.when_over(call)
        try:
            self._guard.protect(process.pid)
            self._watch.add(process)
        except BaseException:
            process.discard()
            raise
        with self._lock:
            self._started += 1
        if closed:
            process.kill()
        elif _has_memory_limit(process):
            self._begin_to_look()

    def _forget(self, process: OsProcess) -> None:
        """Take out a process that is about to be reaped."""
        with self._lock:
            self._live.pop(process.pid, None)

    def _count(self, end: ProcessEnd) -> None:
        with self._lock:
            self._ended[end.cause] += 1

    def _start_guard(
        self, command: Sequence[str], source: int, on_exit: Callable[[ProcessEnd], None]
    ) -> OsProcess:
        null = subprocess.DEVNULL
        popen = launch(command, stdin=source, stdout=null, stderr=null, cwd="/")
        process = self._make(popen, command, name="guard")
        process.when_over(on_exit)
        try:
            self._watch.add(process)
        except BaseException:
            process.discard()
            raise
        return process

    # ------------------------------------------------------------------- memory

    def _begin_to_look(self) -> None:
        with self._lock:
            if self._looks:
                return
            self._looks = True
        self._clock.call_later(MEMORY_POLL, self._look)

    def _look(self) -> None:
        """End who holds too much; 0.1 ms a process, so that the clock's thread may do it."""
        for process in self.live:
            most = 0 if process.limits is None else process.limits.memory or 0
            rss = read_rss(process.pid) if most else 0
            if rss > most:
                process.kill_for_memory(f"{rss / 2**20:.0f} MiB of {most / 2**20:.0f} MiB")
        with self._lock:
            self._looks = goes_on = any(map(_has_memory_limit, self._live.values()))
        if goes_on:
            self._clock.call_later(MEMORY_POLL, self._look)


def _has_memory_limit(process: OsProcess) -> bool:
    return process.limits is not None and process.limits.memory is not None
