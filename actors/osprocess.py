"""One operating-system process with its group: to signal, to end, to wait for."""

from __future__ import annotations

import logging
import os
import select
import threading
from contextlib import suppress
from signal import SIGKILL, SIGTERM, SIGXCPU
from typing import IO, TYPE_CHECKING, Final

from .osprocess_end import EndCause, ProcessEnd
from .osprocess_limits import CPU_GRACE
from .osprocess_stats import ProcessStats, read_stats

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from .clock import Clock
    from .osprocess_limits import ProcessLimits
    from .osprocess_oom import OomCounter

KILL_SECONDS: Final = 5.0
"""How long a killed process may take; the kernel needs milliseconds, unless a disk hangs."""
_CPU_SLACK: Final = 0.5
"""Seconds: the kernel looks at processor time at ticks, and rusage counts in others."""

logger = logging.getLogger("ringleader.process")


class OsProcess:
    """A process, leader of a session and process group of its own. Made by `Processes.start`.

    Everything may be called from any thread, also after the end. When the process ends, what is
    left of its group is killed before it is reaped, while its number can't mean another group. Who
    leaves the group (a daemon, with `setsid`) leaves its fate.

    Attributes:
        pid: of the process, which is also its group's and its session's.
        command: program and arguments, as given.
        name: for logs.
        stdin, stdout, stderr: our ends of its pipes, where `PIPE` was asked for. Whoever asked
            for them closes them.
    """

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        command: tuple[str, ...],
        *,
        name: str,
        clock: Clock,
        oom: OomCounter,
        limits: ProcessLimits | None,
        parent_gone_exit: int | None,
        leaves: Callable[[OsProcess], object],
        gone: Callable[[OsProcess], object],
        has_pidfd: bool,
    ) -> None:
        self.pid = popen.pid
        self.command = command
        self.name = name or os.path.basename(command[0])  # noqa: PTH119  # a name, no path
        self.stdin: IO[bytes] | None = popen.stdin
        self.stdout: IO[bytes] | None = popen.stdout
        self.stderr: IO[bytes] | None = popen.stderr
        self.limits = limits
        self._popen = popen
        self._clock, self._oom = clock, oom
        self._leaves, self._gone = leaves, gone
        self._parent_gone_exit = parent_gone_exit
        self._has_pidfd = has_pidfd
        self._began = clock.now()
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._callbacks: list[Callable[[ProcessEnd], object]] = []
        self._end: ProcessEnd | None = None
        self._sent: set[int] = set()
        self._excess = ""

    def __repr__(self) -> str:
        return f"<OsProcess {self.pid} {self.name} {'running' if self._end is None else self._end}>"

    @property
    def end(self) -> ProcessEnd | None:
        """How it ended; None while it runs."""
        return self._end

    @property
    def is_over(self) -> bool:
        """Whether it has ended and was reaped."""
        return self._end is not None

    # ------------------------------------------------------------------- to do with it

    def signal(self, number: int) -> bool:
        """Send a signal to it and its group; tell whether it was still there.

        Its end counts as its own doing: use `stop` or `kill` to end it.
        """
        with self._lock:  # the number may mean another process once this one is reaped
            if self._end is not None:
                return False
            with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a zombie
                os.killpg(self.pid, number)
            return True

    def stop(self, number: int = SIGTERM) -> bool:
        """Ask it to end; tell whether it was still there. Never waits."""
        with self._lock:
            self._sent.add(number)
            return self.signal(number)

    def kill(self, timeout: float = 0.0) -> bool:
        """End it and its group now; may be repeated.

        Args:
            timeout: seconds to wait until it is reaped; 0 does not wait.

        Returns:
            Whether it is over.
        """
        self.stop(SIGKILL)
        if timeout > 0.0 and self.wait(timeout) is None:
            logger.error("process %s does not end, though it was killed", self.pid)
        return self.is_over

    def kill_for_memory(self, detail: str) -> None:
        """End it because it holds too much memory."""
        with self._lock:
            if self._end is None and not self._sent:
                self._excess = detail
                self.signal(SIGKILL)

    def wait(self, timeout: float) -> ProcessEnd | None:
        """Wait for the end; return None if it does not come within `timeout` seconds.

        Waits in the kernel and reaps by itself, so that it may be called in the very thread that
        tells of ends, for another process.
        """
        watch = self._open_pidfd()
        if watch is None:
            self._over.wait(timeout)
            return self._end
        try:
            poll = select.poll()
            poll.register(watch, select.POLLIN)
            if poll.poll(max(0.0, timeout) * 1000.0):
                self.reap()
        finally:
            os.close(watch)
        return self._end

    def _open_pidfd(self) -> int | None:
        with self._lock:  # not reaped yet, so that the number means this process
            if self._end is not None or not self._has_pidfd:
                return None
            try:
                return os.pidfd_open(self.pid)
            except OSError:  # too many open files: whoever watches it will tell
                return None

    def when_over(self, call: Callable[[ProcessEnd], object]) -> None:
        """Call `call` with the end, once: in the thread that tells of ends, or now if it is over.

        It must return at once: the ends of other processes wait for it.
        """
        with self._lock:
            end = self._end if self._over.is_set() else None
            if end is None:
                self._callbacks.append(call)
        if end is not None:
            call(end)

    def stats(self) -> ProcessStats | None:
        """Return what it and its descendants use now; None if it is over. For people."""
        return None if self.is_over else read_stats(self.pid)

    # ------------------------------------------------------------------- its end

    def over(self) -> None:
        """Reap it and tell whoever wants to know; called once, when it has ended."""
        end = self.reap()
        with self._lock:
            self._over.set()
            callbacks, self._callbacks = self._callbacks, []
        for call in callbacks:
            try:
                call(end)
            except Exception:
                logger.exception("what follows from the end of process %s failed", self.pid)
        # Writing to the guard lets go of the GIL, and getting it back may take 5 ms, so this is
        # last: the number means another group only when all others have been used meanwhile.
        self._gone(self)

    def reap(self) -> ProcessEnd:
        """Kill what is left of its group and reap it; only once it has ended, or it waits."""
        with self._lock:
            if self._end is not None:
                return self._end
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, SIGKILL)  # what is left of the group
            self._leaves(self)
            self._end = end = self._read_end()
            return end

    def discard(self) -> None:
        """End it, close its pipes, and tell nobody: it could not be watched."""
        self.kill()
        self.reap()
        self._over.set()
        self._gone(self)
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()

    def _read_end(self) -> ProcessEnd:
        seconds = self._clock.now() - self._began
        try:
            _, status, usage = os.wait4(self.pid, 0)
        except ChildProcessError:
            self._popen.returncode = 255  # else Popen would look for it
            return ProcessEnd(self.pid, None, None, EndCause.UNKNOWN, seconds)
        code = os.waitstatus_to_exitcode(status)
        self._popen.returncode = code
        number = -code if code < 0 else None
        cpu = usage.ru_utime + usage.ru_stime
        cause = self._cause(code, cpu)
        detail = self._excess if cause is EndCause.MEMORY_LIMIT else ""
        return ProcessEnd(self.pid, None if code < 0 else code, number, cause, seconds, cpu, detail)

    def _cause(self, code: int, cpu: float) -> EndCause:
        if self._excess and code == -SIGKILL:
            return EndCause.MEMORY_LIMIT
        if self._ran_out_of_time(code, cpu):
            return EndCause.CPU_LIMIT
        if self._sent and (code >= 0 or -code in self._sent):
            return EndCause.STOPPED
        if code >= 0:
            return EndCause.PARENT_GONE if code == self._parent_gone_exit else EndCause.EXITED
        if code == -SIGKILL and self._oom.took_one():
            return EndCause.OUT_OF_MEMORY
        return EndCause.SIGNALLED

    def _ran_out_of_time(self, code: int, cpu: float) -> bool:
        allowed = None if self.limits is None else self.limits.cpu_time
        if allowed is None or -code in self._sent:
            return False
        if code == -SIGKILL:
            return cpu >= allowed + CPU_GRACE - _CPU_SLACK
        return code == -SIGXCPU
