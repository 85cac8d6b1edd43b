"""The actor that owns one job: one process at a time, until there is a result."""

from __future__ import annotations

import logging
from contextlib import suppress
from subprocess import PIPE
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from pykka import ActorDeadError

from ..base import Actor
from ..errors import MailboxFull, PublishError
from ..handlers import handles
from ..letters import DeadLetter, Outcome
from ..lifecycle import LATER, Exit
from ..osprocess import KILL_SECONDS, OsProcess
from ..osprocess_errors import ProcessStartError
from ..osprocess_lines import LineReader
from ..paths import find
from ..workloads.protocol import (
    MAX_LINE_BYTES,
    Checkpoint,
    Failure,
    Log,
    Progress,
    Result,
    parse_line,
)
from .job_errors import JobError, JobProcessDied
from .job_files import JobFiles
from .job_heartbeat import heartbeat
from .job_messages import (
    GiveUpKind,
    JobFinished,
    JobGaveUp,
    JobProgress,
    JobReport,
    JobRequest,
    JobStarted,
)
from .job_verdict import Again, Done, Hopeless, judge

if TYPE_CHECKING:
    from ..mailbox import Overflow
    from ..osprocess_end import ProcessEnd
    from .job_settings import JobSettings

HEARTBEAT: Final = 2.0
"""Seconds between two `TASK_HEARTBEAT`s of a running process."""
PROGRESS: Final = 0.25
"""Seconds between two `JobProgress` at least, but for the last one."""
GRACE: Final = 5.0
"""Seconds that a process has for its checkpoint after SIGTERM."""

_LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

logger = logging.getLogger("ringleader.job")


class _Own:
    """Something that one incarnation tells itself; another one's is stale and means nothing."""

    __slots__ = ("owner", "value")

    def __init__(self, owner: Job, value: Any = None) -> None:
        self.owner, self.value = owner, value


class _Begin(_Own):
    pass


class _Said(_Own):
    pass


class _Ended(_Own):
    pass


class _Beat:
    pass


class _TimedOut:
    pass


class Job(Actor):
    """Runs a job's program until it has a result, and tells whoever asked for it.

    One incarnation has one process. A process that dies ends the incarnation (`JobProcessDied`);
    its supervisor starts the next one, whose process finds the same job file and goes on from the
    checkpoint. However an incarnation ends, its process and the process's group are dead before
    the next one begins. The result is on disk before anybody hears of it, so a job that is
    started again after its end runs nothing.

    Args:
        settings: of the node's jobs.
        request: what to do.
    """

    mailbox_capacity: ClassVar[int | None] = 1_000  # lines; then the program waits to print
    overflow: ClassVar[Overflow | None] = "block"

    def __init__(self, settings: JobSettings, request: JobRequest) -> None:
        super().__init__()
        self._request = request
        self._files = JobFiles(settings.jobs_dir, request)
        self._process: OsProcess | None = None
        self._attempt = 0
        self._result: dict[str, Any] | None = None
        self._failure: Failure | None = None
        self._progress: Progress | None = None
        self._began, self._told = 0.0, float("-inf")
        self._stopping = False

    @property
    def os_pid(self) -> int | None:
        """The id of its process, while there is one."""
        process = self._process
        return None if process is None else process.pid

    @property
    def process(self) -> OsProcess | None:
        """What runs now; for whoever wants to send it a signal, from any thread."""
        return self._process

    @property
    def progress(self) -> Progress | None:
        """How far it is, as its program said last; for onlookers, from any thread."""
        return self._progress

    # ---------------------------------------------------------------- begin

    def on_start(self) -> None:
        """Be up at once; the process is the first message's business."""
        self.actor_ref.tell(_Begin(self))

    @handles(_Begin)
    def begin(self, message: _Begin) -> None:
        """Start the process, unless the job is done."""
        if message.owner is not self:
            return
        request, self._attempt = self._request, self._incarnation().number
        try:
            self._files.prepare()
        except OSError as error:
            text = (
                f"{self._files.directory} can't be written to ({error.strerror or error}); "
                "check its owner, its mode and the disk"
            )
            if self._attempt >= request.attempts:
                self._give_up("attempts", text)
            raise JobError(f"job {request.job_id}: {text}") from error
        result = self._files.result()
        if result is not None:
            self._report(JobFinished(request, result, 0.0))
            raise Exit
        if self._attempt > request.attempts:
            self._give_up("attempts", f"its actor died {self._attempt - 1} times")
        self._launch()

    def _launch(self) -> None:
        me, request = self._incarnation(), self._request
        try:
            process = self._process = self._start_process()
        except ProcessStartError as error:
            self._give_up(
                "bad-command",
                f"{error}; set the command of [stages.{request.kind}] to a program that can",
            )
        try:
            self.defer(lambda: process.kill(KILL_SECONDS))
        finally:
            if not me.alive:  # killed meanwhile: what was deferred may never be called
                process.kill(KILL_SECONDS)
        self._began = self.context.clock.now()
        self.timers.once(request.timeout, _TimedOut())
        self.timers.periodic(HEARTBEAT, _Beat())
        self._report(JobStarted(request, self._attempt, process.pid))

    def _start_process(self) -> OsProcess:
        """Start the program; its stdin is never written to: its end says that we are dead."""
        with self._files.open_stderr() as stderr:
            process = self.context.processes.start(
                [*self._request.command, "--job", str(self._files.job)],
                name=self.path,
                stdin=PIPE,
                stdout=PIPE,
                stderr=stderr,
            )
        LineReader(
            process,
            spawn=self.context.spawn,
            name=f"ringleader {self.path}",
            hear=self._hear,
            ended=self._hear_end,
            max_line=MAX_LINE_BYTES,
        )
        return process

    def _hear(self, line: bytes) -> None:
        with suppress(ActorDeadError):  # the process is dead, too, or will be in a moment
            self.actor_ref.tell(_Said(self, line))

    def _hear_end(self, end: ProcessEnd) -> None:
        if self._stopping:
            me = self._cell.current
            if me is not None and me.actor is self:
                self._cell.finish(me, me.reason)
            return
        with suppress(ActorDeadError):
            self.actor_ref.tell(_Ended(self, end))

    # ---------------------------------------------------------------- while it runs

    @handles(_Said)
    def hear(self, message: _Said) -> None:
        """Take a line that the program printed."""
        if message.owner is not self:
            return
        match parse_line(message.value):
            case Progress() as progress:
                self._take(progress)
            case Result(values):
                self._result = values
            case Failure() as failure:
                self._failure = failure
            case Log(text, level):
                logger.log(_LEVELS[level], "%s: %s", self._request.job_id, text)
            case Checkpoint(done):
                logger.debug("%s: checkpoint at %s", self._request.job_id, done)

    def _take(self, progress: Progress) -> None:
        self._progress = progress
        now = self.context.clock.now()
        if progress.done < progress.total and now - self._told < PROGRESS:
            return
        self._told = now
        self._report(
            JobProgress(
                self._request, progress.done, progress.total, progress.unit, progress.metrics
            )
        )

    @handles(_Beat)
    def beat(self, _message: _Beat) -> None:
        """Publish that the process lives, and how far it is."""
        clock = self.context.clock
        event = heartbeat(
            self._request,
            self._progress,
            node_id=self.context.node_id,
            elapsed=clock.now() - self._began,
            now=clock.time(),
        )
        try:
            self.publish(event)
        except PublishError as error:
            logger.info("%s", error)  # the next one may come through

    @handles(_TimedOut)
    def time_out(self, _message: _TimedOut) -> None:
        """Give up a process that takes too long."""
        request = self._request
        self._give_up(
            "timeout",
            f"it took longer than {request.timeout:g} s and was killed; raise timeout of "
            f"[stages.{request.kind}] if that is too short",
        )

    # ---------------------------------------------------------------- the end

    @handles(_Ended)
    def end(self, message: _Ended) -> None:
        """Report the result, or end as the process did."""
        if message.owner is not self:
            return
        request, end = self._request, message.value
        verdict = judge(
            end,
            self._result,
            self._failure,
            self._files.last_words(),
            attempt=self._attempt,
            attempts=request.attempts,
        )
        match verdict:
            case Done(result):
                self._files.finish(dict(result))
                seconds = self.context.clock.now() - self._began
                self._report(JobFinished(request, result, seconds))
                raise Exit
            case Hopeless(kind, text):
                self._give_up(kind, text)
            case Again(last):
                raise JobProcessDied(request.job_id, end, last)

    def on_stop(self) -> Any:
        """Ask the process for a checkpoint; kill it after `GRACE` seconds."""
        process, self._stopping = self._process, True
        if process is None or not process.stop():
            return None
        self.context.clock.call_later(GRACE, process.kill)
        return LATER

    def _give_up(self, kind: GiveUpKind, text: str) -> NoReturn:
        logger.warning("job %s is given up (%s): %s", self._request.job_id, kind, text)
        self._report(JobGaveUp(self._request, kind, text))
        raise Exit

    def _report(self, report: JobReport) -> None:
        to = self._request.notify
        if to is None:
            return
        ref = find(self, to) if isinstance(to, str) else to
        if ref is None:
            self._bury(report, str(to), "nobody lives there")
            return
        try:
            ref.tell(report)
        except (ActorDeadError, MailboxFull) as error:
            self._bury(report, ref.path, str(error))

    def _bury(self, report: JobReport, path: str, detail: str) -> None:
        """Keep what nobody could be told: who asked asks again, and finds the result on disk."""
        letter = DeadLetter(
            path=path,
            message=report,
            reason=Outcome.UNDELIVERABLE,
            time=self.context.clock.time(),
            detail=detail,
        )
        self.context.dead_letters.put(letter)
