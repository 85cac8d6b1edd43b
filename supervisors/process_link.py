"""A process for an actor, seen from its parent: started, talked to, listened to, cleaned up."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from ringleader.actors.errors import BadValue

from .process_frames import CHUNK, PARENT_GONE, FrameReader, Word, pack

if TYPE_CHECKING:
    from ringleader.actors.clock import Timer
    from ringleader.actors.context import Context
    from ringleader.actors.osprocess import OsProcess
    from ringleader.actors.osprocess_end import ProcessEnd
    from ringleader.actors.osprocess_limits import ProcessLimits

logger = logging.getLogger("ringleader.process")

MODULE: Final = "ringleader.supervisors.process_child_main"
EOF_GRACE: Final = 2.0
"""Seconds that a process may live that has closed its end of the link."""
LAST_LINES: Final = 60
"""Lines of its standard error that are kept for the report of its death."""
LONGEST_LINE: Final = 64 * 1024
"""Bytes; a longer one is cut."""


class Listener(Protocol):
    """Takes what a process says. Called on the event loop's thread."""

    def take(self, frame: list[Any]) -> None:
        """Take a frame."""
        ...

    def gone(self, end: ProcessEnd, output: str) -> None:
        """Take the news that it has ended; all its frames have come before."""
        ...


class ProcessLink:
    """One process that runs `process_child_main`. Used on the event loop's thread, but for `kill`.

    Args:
        context: has the processes.
        path: of the actor.
        limits: of the process.
    """

    def __init__(self, context: Context, path: str, limits: ProcessLimits | None) -> None:
        self.path = path
        self._clock = context.clock
        self._last_timer: Timer | None = None
        self.listener: Listener | None = None
        self.is_prepared = False
        self.end: ProcessEnd | None = None
        self._loop = asyncio.get_running_loop()
        self._sock, theirs = socket.socketpair()
        self._sock.setblocking(False)  # noqa: FBT003  # positional only
        self._frames = FrameReader()
        self._unsent: deque[memoryview] = deque()
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._outputs: list[_Output] = []
        self._waiters: list[asyncio.Future[None]] = []
        try:
            self.process = self._start(context, theirs, limits)
        except BaseException:
            self._sock.close()
            raise
        finally:
            theirs.close()
        self._loop.add_reader(self._sock, self._readable)
        for pipe, level, keep in (
            (self.process.stdout, logging.INFO, None),
            (self.process.stderr, logging.WARNING, self._last),
        ):
            if pipe is not None:
                self._outputs.append(_Output(self._loop, pipe, path, level, keep))
        self.process.when_over(self._over)

    def _start(
        self, context: Context, theirs: socket.socket, limits: ProcessLimits | None
    ) -> OsProcess:
        return context.processes.start(
            [*interpreter(), "-m", MODULE, str(theirs.fileno()), self.path],
            name=self.path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            limits=limits,
            parent_gone_exit=PARENT_GONE,
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def over(self) -> None:
        """Wait until it has ended; its event loop is the one it was made on."""
        if self.end is None:
            waiter: asyncio.Future[None] = self._loop.create_future()
            self._waiters.append(waiter)
            await waiter

    def kill(self) -> None:
        """End it now; from any thread."""
        self.process.kill()

    def ask_for_stacks(self) -> None:
        """Have it say where its threads are; from any thread."""
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self.send, Word.STACK)

    # ------------------------------------------------------------------- to it

    def send(self, *parts: Any) -> None:
        """Send a frame; to one that is gone, nothing."""
        if self._sock.fileno() < 0:
            return
        data = memoryview(pack(*parts))
        if not self._unsent:
            data = data[self._write(data) :]
        if data:
            if not self._unsent:
                self._loop.add_writer(self._sock, self._writable)
            self._unsent.append(data)

    def _write(self, data: memoryview) -> int:
        try:
            return self._sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            return len(data)  # it is gone, which `_over` tells

    def _writable(self) -> None:
        while self._unsent:
            data = self._unsent[0]
            rest = data[self._write(data) :]
            if rest:
                self._unsent[0] = rest
                return
            self._unsent.popleft()
        self._loop.remove_writer(self._sock)

    # ------------------------------------------------------------------- from it

    def _readable(self) -> bool:
        """Read once; tell whether there was something."""
        try:
            data = self._sock.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._sock)
            if self.end is None and self._last_timer is None:  # it ends, if it is well
                self._last_timer = self._clock.call_later(EOF_GRACE, self.kill)
            return False
        try:
            frames = self._frames.feed(data)
        except BadValue:
            logger.exception("%s sends nonsense; its process is killed", self.path)
            self._loop.remove_reader(self._sock)
            self.kill()
            return False
        for frame in frames:
            self._take(frame)
        return True

    def _take(self, frame: list[Any]) -> None:
        if frame[0] == Word.LOG:
            _log(frame[1], self.path)
        elif frame[0] == Word.PREPARED:
            self.is_prepared = True
        elif self.listener is not None:
            try:
                self.listener.take(frame)
            except Exception:  # whatever it was: a loop's callback has nobody to raise it to
                logger.exception("%s sends nonsense; its process is killed", self.path)
                self.kill()

    # ------------------------------------------------------------------- its end

    def _over(self, end: ProcessEnd) -> None:
        """Take the news of its end, in another thread."""
        try:
            self._loop.call_soon_threadsafe(self._clean_up, end)
        except RuntimeError:  # the loop is closed, and its selector with it
            self._sock.close()
            for output in self._outputs:
                output.pipe.close()

    def _clean_up(self, end: ProcessEnd) -> None:
        while self._readable():
            pass  # what it said before it ended
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        self._unsent.clear()
        for output in self._outputs:
            output.finish()
        self.end = end
        for waiter in self._waiters:
            if not waiter.done():  # else whoever waited was cancelled
                waiter.set_result(None)
        if self._last_timer is not None:
            self._last_timer.cancel()
        if self.listener is not None:
            self.listener.gone(end, "\n".join(self._last))


class _Output:
    """Lines of a pipe, logged as they come."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pipe: IO[bytes],
        path: str,
        level: int,
        keep: deque[str] | None,
    ) -> None:
        self.pipe = pipe
        self._loop, self._path, self._level, self._keep = loop, path, level, keep
        self._rest = b""
        os.set_blocking(pipe.fileno(), False)
        loop.add_reader(pipe.fileno(), self._readable)

    def _readable(self) -> bool:
        """Read once; tell whether there was something."""
        try:
            data = os.read(self.pipe.fileno(), LONGEST_LINE)
        except (BlockingIOError, InterruptedError):
            return False
        if not data:
            self._loop.remove_reader(self.pipe.fileno())
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._log(line)
        return True

    def finish(self) -> None:
        """Log what is left, and close the pipe."""
        while self._readable():
            pass
        if self._rest:
            self._log(self._rest)
        self._loop.remove_reader(self.pipe.fileno())
        self.pipe.close()

    def _log(self, line: bytes) -> None:
        text = line.rstrip(b"\r").decode("utf-8", "replace")
        if self._keep is not None:
            self._keep.append(text)
        logger.log(self._level, "%s: %s", self._path, text)


def _log(data: dict[str, Any], path: str) -> None:
    """Log a record of the process under its own name."""
    record = logging.makeLogRecord({**data, "processName": path})
    target = logging.getLogger(record.name)
    if target.isEnabledFor(record.levelno):
        target.handle(record)


# ------------------------------------------------------------------- what it is started with


def interpreter() -> list[str]:
    """Return this interpreter, set as it is here.

    `-P`: nothing is imported from the working directory that would not be imported here; `-u`:
    what is printed before a crash is not lost.
    """
    flags = ["-P", "-u"]
    if sys.flags.optimize:
        flags.append("-" + "O" * sys.flags.optimize)
    return [sys.executable, *flags]


def environment() -> dict[str, str]:
    """Return the environment, in which this package can be imported however it was here."""
    home = str(Path(__file__).parents[2])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def settings() -> dict[str, Any]:
    """Return what of this process's state the other one takes over: paths, levels of loggers."""
    loggers = list(logging.Logger.manager.loggerDict.values())
    levels = {
        log.name: log.level for log in loggers if isinstance(log, logging.Logger) and log.level
    }
    return {
        "sys_path": [str(path) for path in sys.path],
        "python_path": os.environ.get("PYTHONPATH"),
        "main": main_module(),
        "levels": {"": logging.getLogger().level, **levels},
    }


def main_module() -> tuple[str, str] | None:
    """Return how to import this program's main module again; None if it can't be."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return ("module", spec.name)
    file = getattr(main, "__file__", None)
    return None if file is None else ("path", str(Path(file).resolve()))
