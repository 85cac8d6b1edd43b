"""One OS process with a thread that reads what it prints and waits for its end."""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Final

from ..workloads.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

KILL_SECONDS: Final = 5.0
"""How long `kill` waits for the end; the kernel needs milliseconds, unless the disk hangs."""
_CHUNK: Final = 1 << 16

logger = logging.getLogger("ringleader.job")


class JobProcess:
    """A program in a session and process group of its own.

    Its stdin is a pipe that is held open, never written to: when this process dies, whatever way,
    the program reads end of file. Watching takes no polling: the thread sleeps in the kernel until
    a line or the end comes (Linux tells of the end itself, also while a grandchild holds stdout
    open; elsewhere the end of stdout is waited for first).

    Args:
        command: program and arguments.
        stderr: where its stderr goes.
        name: of the thread.
        spawn: starts the thread.
        hear: called in the thread with each line; when it waits, the program waits.
        ended: called in the thread, last, with the return code: negative is a signal.

    Raises:
        OSError: the program can't be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        stderr: IO[bytes],
        name: str,
        spawn: Callable[[str, Callable[[], None]], object],
        hear: Callable[[bytes], None],
        ended: Callable[[int], None],
    ) -> None:
        self._hear, self._ended = hear, ended
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._popen = subprocess.Popen(  # noqa: S603  # the command is the configuration's
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
        self.pid = self._popen.pid
        self._watch = _open_pidfd(self.pid)
        try:
            spawn(name, self._run)
        except BaseException:  # too many threads: nobody would ever reap it
            self.kill()
            self._close()
            raise

    @property
    def is_over(self) -> bool:
        """Whether the process has ended and was reaped; `ended` was called or is about to be."""
        return self._over.is_set()

    def signal(self, number: int) -> bool:
        """Send a signal to the process and its group; tell whether it was still there."""
        with self._lock:  # the number may mean another process once this one is reaped
            if self._popen.returncode is not None:
                return False
            with suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a zombie
                os.killpg(self.pid, number)
            return True

    def kill(self) -> None:
        """End the group now and reap the process; may be repeated, from any thread."""
        self.signal(signal.SIGKILL)
        try:
            self._popen.wait(KILL_SECONDS)
        except subprocess.TimeoutExpired:
            logger.exception("process %s does not end, though it was killed", self.pid)

    # ------------------------------------------------------------------- the thread

    def _run(self) -> None:
        stdout: Any = self._popen.stdout
        try:
            for line in _lines(_chunks(stdout.fileno(), self._watch)):
                self._hear(line)
        finally:
            returncode = self._reap()
            self._close()
            self._over.set()
            self._ended(returncode)

    def _reap(self) -> int:
        """Wait for the end; end what is left of the group while its number can't mean another."""
        if self._watch is not None:
            poll = select.poll()
            poll.register(self._watch, select.POLLIN)
            poll.poll()
            self.signal(signal.SIGKILL)
        return self._popen.wait()

    def _close(self) -> None:
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()
        if self._watch is not None:
            os.close(self._watch)


def _open_pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # not Linux, or one that does not let us
        return None


def _chunks(stdout: int, watch: int | None) -> Iterator[bytes]:
    """Read until the end of stdout, or, if that can be watched, of the process."""
    poll = select.poll()
    poll.register(stdout, select.POLLIN)
    if watch is not None:
        poll.register(watch, select.POLLIN)
    while True:
        ready = [fd for fd, _ in poll.poll()]
        if stdout not in ready:
            return  # it has ended, and all that it said was read
        chunk = os.read(stdout, _CHUNK)
        if not chunk:
            return
        yield chunk


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut at line feeds. Of a line that is too long the beginning is given, just too long."""
    rest, too_long = b"", False
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if not too_long:
                yield line[: MAX_LINE_BYTES + 1]
            too_long = False
        if len(rest) > MAX_LINE_BYTES and not too_long:
            yield rest[: MAX_LINE_BYTES + 1]
            too_long = True
        if too_long:
            rest = b""
    if rest:
        yield rest
