"""What a process prints, line by line, and then its end."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING, Final

from .osprocess import KILL_SECONDS
from .osprocess_errors import ProcessError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .osprocess import OsProcess
    from .osprocess_end import ProcessEnd

_CHUNK: Final = 1 << 16
_LEFT: Final = 1 << 20
"""Bytes that are read after the end: a pipe holds no more, but a stranger may go on writing."""


class LineReader:
    """A thread that reads a process's stdout, and tells of its end when all is read.

    It sleeps in the kernel until a line or the end comes, and sees the end also while a grandchild
    or a stranger holds stdout open. When it has told of the end it has closed the process's pipes.

    Args:
        process: with its stdout in a pipe.
        spawn: starts the thread.
        name: of the thread.
        hear: called in the thread with each line; when it waits, the program waits.
        ended: called in the thread, last.
        max_line: bytes; of a longer line the beginning is given, one byte longer than that.

    Raises:
        RuntimeError: there can be no thread; the process has been killed.
    """

    def __init__(
        self,
        process: OsProcess,
        *,
        spawn: Callable[[str, Callable[[], None]], object],
        name: str,
        hear: Callable[[bytes], None],
        ended: Callable[[ProcessEnd], None],
        max_line: int,
    ) -> None:
        if process.stdout is None:
            raise ProcessError(f"{process!r} has no stdout to read; start it with stdout=PIPE")
        self._process, self._stdout = process, process.stdout
        self._hear, self._ended, self._max_line = hear, ended, max_line
        self._over, waker = os.pipe()  # the end of the process is the end of this file
        process.when_over(lambda _: os.close(waker))
        try:
            spawn(name, self._run)
        except BaseException:
            process.kill(KILL_SECONDS)
            self._close()
            raise

    def _run(self) -> None:
        try:
            for line in lines(chunks(self._stdout.fileno(), self._over), self._max_line):
                self._hear(line)
        finally:
            end = self._await_end()
            self._close()
            self._ended(end)

    def _await_end(self) -> ProcessEnd:
        os.read(self._over, 1)
        return self._process.reap()  # it has been: this only says how it ended

    def _close(self) -> None:
        os.close(self._over)
        for pipe in (self._process.stdin, self._stdout):
            if pipe is not None:
                pipe.close()


def chunks(source: int, over: int) -> Iterator[bytes]:
    """Read until the end of `source`, or until `over` ends and all that was said is read."""
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(over, select.POLLIN)
    left = _LEFT
    while left > 0:
        ready = [descriptor for descriptor, _ in poll.poll()]
        if source not in ready:
            return
        chunk = os.read(source, _CHUNK)
        if not chunk:
            return
        if over in ready:
            left -= len(chunk)
        yield chunk


def lines(source: Iterator[bytes], max_line: int) -> Iterator[bytes]:
    """Cut at line feeds. Of a line that is too long the beginning is given, just too long."""
    rest, too_long = b"", False
    for chunk in source:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if not too_long:
                yield line[: max_line + 1]
            too_long = False
        if len(rest) > max_line and not too_long:
            yield rest[: max_line + 1]
            too_long = True
        if too_long:
            rest = b""
    if rest:
        yield rest
