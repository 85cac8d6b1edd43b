"""Any command as a supervised child: the actor lives exactly as long as the program."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections import deque
from collections.abc import Sequence  # noqa: TC003  # declared trees evaluate the constructor's hints
from dataclasses import dataclass
from subprocess import PIPE, STDOUT
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from pykka import ActorDeadError

from .base import Actor
from .errors import MailboxFull
from .external_end import ProgramEnded
from .external_options import ProgramOptions, ProgramSettings, program_options
from .handlers import handles
from .lifecycle import LATER, Exit, Failed, Up
from .osprocess import KILL_SECONDS
from .osprocess_end import signal_number
from .osprocess_errors import ProcessSettingsError
from .osprocess_lines import LineReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from .incarnation import Incarnation
    from .mailbox import Overflow
    from .osprocess import OsProcess
    from .osprocess_end import ProcessEnd

_FROM_SETTINGS: Any = None
"""Not `ProgramOptions | None`: a declared tree checks the table against the parameter's type."""

logger = logging.getLogger("ringleader.program")


@dataclass(frozen=True, slots=True)
class ProgramStatistics:
    """How a program is doing.

    Attributes:
        pid: of its process; None if there is none.
        is_up: whether it has counted as up.
        lines: how many it has printed.
        unheard: how many `on_line` did not get, because its mailbox was full.
        uptime: seconds since it was started.
        rss: resident memory of it and its descendants, in bytes.
        cpu: their processor time, in seconds.
    """

    pid: int | None
    is_up: bool
    lines: int
    unheard: int
    uptime: float
    rss: int
    cpu: float


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, for the incarnation whose program printed it: the mailbox outlives it."""

    owner: ExternalProgram
    text: str


@dataclass(frozen=True, slots=True)
class _End:
    """The end, behind the last line."""

    owner: ExternalProgram
    error: BaseException


class ExternalProgram(Actor):
    """Runs a command while it lives, and ends as the command does.

    It is up when the program is: at once, after `ready_after` seconds, or with the first line in
    which `ready` is found; a program that ends before, or takes longer than `ready_timeout`, is a
    failed start. When the program ends by itself, so does the actor: exit code 0 is a normal end
    (a transient child stays down), anything else is `ProgramEnded`. Stopping sends `stop_signal` to
    the program's process group, and kills it after `stop_timeout` seconds. However the actor ends,
    the group is dead before the next one begins; and it dies with the node, even a killed one.

    What it prints, on stdout and stderr, goes to the logger `ringleader.program.<path>`. A
    subclass that defines `on_line` gets each line as a message besides. Programs that write to a
    pipe often keep their output for a while: for Python set `PYTHONUNBUFFERED` in `env`.

    Args:
        command: program, looked for on PATH, and arguments.
        options: all settings in one, in place of the others.
        settings: the fields of `ProgramOptions`.

    Raises:
        ProcessSettingsError: something is wrong with the settings.
    """

    mailbox_capacity: ClassVar[int | None] = 1_000
    overflow: ClassVar[Overflow | None] = "reject"  # a program must not wait for who reads it

    def __init__(
        self,
        command: Sequence[str] = (),
        *,
        options: ProgramOptions = _FROM_SETTINGS,
        **settings: Unpack[ProgramSettings],
    ) -> None:
        super().__init__()
        if options is _FROM_SETTINGS:
            options = program_options(command, settings)
        elif command or settings:
            raise ProcessSettingsError(
                "options say everything; leave out the command and other settings"
            )
        self.options = options
        self._pattern = None if options.ready is None else re.compile(options.ready)
        self._last: deque[str] = deque(maxlen=options.keep_lines)
        self._lines = self._unheard = 0
        self._is_up = self._is_late = self._is_over = self._is_stopping = False
        self._lock = threading.RLock()  # the start, the end and the stop come from three threads
        self._me: Incarnation | None = None
        self._process: OsProcess | None = None
        self._began = 0.0
        self._hears = type(self).on_line is not ExternalProgram.on_line
        self._log = logger.getChild(self.path.strip("/").replace("/", "."))
        level = options.log_level
        self._level = None if level is None else logging.getLevelNamesMapping()[level]

    # ------------------------------------------------------------------- what others see

    @property
    def os_pid(self) -> int | None:
        """The id of its process, while there is one."""
        process = self._process
        return None if process is None else process.pid

    @property
    def process(self) -> OsProcess | None:
        """What runs now; for whoever wants to send it a signal, from any thread."""
        return self._process

    def last_lines(self) -> tuple[str, ...]:
        """Return what it printed last, the oldest first."""
        return tuple(self._last)

    def send_signal(self, name: str | int) -> bool:
        """Send a signal to the program's group, such as HUP; tell whether it was there.

        Raises:
            ProcessSettingsError: there is no such signal.
        """
        number = signal_number(name)
        return self._process is not None and self._process.signal(number)

    def statistics(self) -> ProgramStatistics:
        """Return how the program is doing."""
        process = self._process
        used = None if process is None else process.stats()
        return ProgramStatistics(
            pid=None if process is None or process.is_over else process.pid,
            is_up=self._is_up,
            lines=self._lines,
            unheard=self._unheard,
            uptime=self.context.clock.now() - self._began,
            rss=0 if used is None else used.rss,
            cpu=0.0 if used is None else used.cpu,
        )

    def on_line(self, line: str) -> None:
        """Take a line that the program printed; for subclasses. It is cut at `max_line` bytes."""

    # ------------------------------------------------------------------- begin

    def on_start(self) -> Any:
        """Start the program; be up when it is.

        Raises:
            ProcessStartError: it can't be started, and never will be.
            OSError: it can't be started now.
        """
        me, options = self._incarnation(), self.options
        self._me, self._began = me, self.context.clock.now()
        process = self._process = self.context.processes.start(
            options.command,
            name=self.path,
            env={**os.environ, **options.env},
            cwd=options.cwd,
            stdout=PIPE,
            stderr=STDOUT,
            user=options.user,
            group=options.group,
            limits=options.limits,
        )
        try:
            self.defer(lambda: process.kill(KILL_SECONDS))
        finally:
            if not me.alive:  # killed meanwhile: what was deferred may never be called
                process.kill(KILL_SECONDS)
        self._is_up = options.ready is None and options.ready_after is None
        LineReader(
            process,
            spawn=self.context.spawn,
            name=f"ringleader {self.path}",
            hear=self._hear,
            ended=self._ended,
            max_line=options.max_line,
        )
        if options.ready_after is not None:
            self._call_later(options.ready_after, self._be_up)
        elif options.ready is not None:
            self._call_later(options.ready_timeout, self._be_late)
        else:
            self.ready()
            return None
        return LATER

    def _call_later(self, seconds: float, call: Callable[[], object]) -> None:
        """Have the clock's thread call something while this incarnation lives."""
        timer = self.context.clock.call_later(seconds, call)
        self.defer(timer.cancel)

    def _be_up(self) -> None:
        with self._lock:
            me = self._me
            if self._is_up or self._is_over or self._is_late or me is None:
                return
            self._is_up = True
            self._cell.ready(me)
            self._cell.started(me, Up())

    def _be_late(self) -> None:
        with self._lock:
            if self._is_up or self._process is None:
                return
            self._is_late = True
            self._process.kill()  # its end is what fails the start

    # ------------------------------------------------------------------- in the reader's thread

    def _hear(self, raw: bytes) -> None:
        line = raw[: self.options.max_line].decode(errors="replace").rstrip("\r")
        self._lines += 1
        self._last.append(line)
        if self._level is not None:
            self._log.log(self._level, "%s", line)
        if self._pattern is not None and not self._is_up and self._pattern.search(line):
            self._be_up()
        if self._hears and not self._tell(_Line(self, line)):
            self._unheard += 1

    def _ended(self, end: ProcessEnd) -> None:
        with self._lock:
            self._is_over = True
            me = self._me
        if me is None:
            return
        if self._is_stopping:
            self._cell.finish(me, me.reason)
            return
        error = self._verdict(end)
        if not self._is_up:
            logger.error("%s: %s", self.path, error)
            self._cell.started(me, Failed(error))
        elif not (self._hears and self._tell(_End(self, error))):
            self._cell.inject(me, error)

    def _verdict(self, end: ProcessEnd) -> BaseException:
        options, last = self.options, self.last_lines()
        if self._is_late:
            what = (
                f"was not up within {options.ready_timeout:g} s and was killed: "
                f"no line matched {options.ready!r}"
            )
            return ProgramEnded(options.command, end, last, what)
        if not self._is_up:
            was = "was " if end.signal is not None else ""
            return ProgramEnded(options.command, end, last, f"{was}{end} before it was up")
        return Exit() if end.exit_code == 0 else ProgramEnded(options.command, end, last)

    def _tell(self, message: _Line | _End) -> bool:
        try:
            self.actor_ref.tell(message)
        except (MailboxFull, ActorDeadError):
            return False
        return True

    # ------------------------------------------------------------------- the actor's own turns

    @handles(_Line)
    def _take_line(self, message: _Line) -> None:
        if message.owner is self:
            self.on_line(message.text)

    @handles(_End)
    def _take_end(self, message: _End) -> None:
        if message.owner is self:
            self._cell.inject(self._incarnation(), message.error)

    def on_stop(self) -> Any:
        """Ask the program to end, and kill it after `stop_timeout` seconds."""
        with self._lock:
            process = self._process
            if process is None or self._is_over:
                return None
            self._is_stopping = True
        process.stop(signal_number(self.options.stop_signal))
        self._call_later(self.options.stop_timeout, process.kill)
        return LATER
