"""A node: a system, its journal and its declared tree, made from settings. What `up` runs."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ringleader.actors.daemons.data_pipeline import FINISHED
from ringleader.actors.daemons.job_settings import JobSettings
from ringleader.actors.errors import RingleaderError, StoppedError
from ringleader.config.policies import cascade_limits, quarantine
from ringleader.config.specs import child_specs
from ringleader.supervisors.errors import SupervisorError
from ringleader.supervisors.spec import ChildSpec
from ringleader.transport.dead_letters import SqliteLetters, keeper_of_asides
from ringleader.transport.event_store import EventStore
from ringleader.transport.journal import SqliteJournal

from . import runs
from .bridging import Bridging, exported
from .chaos import Chaos, Strike
from .control import ControlServer
from .datadir import DataDir, DataDirError
from .desk import Desk
from .frames import SLACK
from .lockfile import Holder, LockFile
from .logs import log_death, log_event, open_logs, set_event_level
from .record import Record
from .spool_intake import intake_of
from .status_http.opening import open_status
from .subscriptions import expected, wait_for_subscribers
from .system import System

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.journal import StageJournal
    from ringleader.config import Loaded

    from .questions import Question
    from .runs import Arguments, Run
    from .status_http.server import StatusServer

logger = logging.getLogger("ringleader.node")


class NodeFailed(RingleaderError):  # noqa: N818  # a state of the node
    """The tree did not start, or gave up.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: ClassVar[int] = 70


class SocketTaken(RingleaderError):  # noqa: N818  # a state of the socket
    """The control socket can't be made.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: ClassVar[int] = 75


class Node:
    """One run of a declared tree on a data directory: `open`, `start`, `stop`, `close`.

    Args:
        loaded: the settings.
        data: the data directory.
        arguments: what the run is begun with; kept, for who resumes it.
        resume: go on with the latest run, if there is one.
        chaos: seconds between two injected crashes; None injects none.
        write: takes lines for a person; called from any thread.
        on_stop: called when a client orders the node to stop; must return at once.
    """

    run: Run
    journal: SqliteJournal

    def __init__(
        self,
        loaded: Loaded,
        data: DataDir,
        *,
        arguments: Arguments,
        resume: bool = False,
        chaos: float | None = None,
        write: Callable[[str], object],
        on_stop: Callable[[], object],
    ) -> None:
        self.loaded, self.settings, self.data = loaded, loaded.settings, data
        self._arguments, self._resume, self._write = arguments, resume, write
        self._on_stop = on_stop
        self._chaos = chaos
        self.strikes: list[Strike] = []
        self._stopping = threading.Event()
        self._open = ExitStack()
        options = self.settings
        self.system = System(
            options.node.id or socket.gethostname(),
            seed=arguments.seed,
            actors=options.actors,
            events=options.events,
            dead_letters=options.dead_letters,
            intensity=options.supervision.intensity,
            period=options.supervision.period,
            quarantine=quarantine(options.supervision.quarantine, options.supervision.pauses),
            cascade=cascade_limits(options.supervision.cascade),
            shutdown_timeout=options.node.shutdown_timeout,
        )
        self.clock = self.system.context.clock

    # ---------------------------------------------------------------- from nothing to running

    def open(self) -> None:
        """Take what the node needs: directory, lock, log, run, files, socket. Nothing runs yet.

        If something is missing, what was taken is let go again.

        Raises:
            DataDirError: the data directory can't be used.
            LockTaken: another node runs on it.
            ConfigError: the tree can't be built, or the status can't be served as it is set.
            RunError, JournalError, SupervisionError: what an earlier run left is damaged.
            SocketTaken: the control socket can't be made.
            StatusTaken: the port of the status over HTTP is taken.
        """
        try_specs(self.loaded)  # before a run begins that can't go on
        self._wanted = expected(self.loaded)
        with ExitStack() as stack:
            self.data.make()
            try:
                self._take(stack)
            except OSError as error:
                reason = f"{error.filename or self.data.path}: {error.strerror or error}"
                raise DataDirError(self.data.path, reason) from error
            self._open = stack.pop_all()
        self.system.deaths.listener = log_death

    def start(self) -> None:
        """Start the tree; return when all of it is up, and heard who must be.

        Raises:
            NodeFailed: somebody in it did not start, or nobody is subscribed to a critical event.
            StoppedError: it was ordered to stop meanwhile.
        """
        self.system.start()
        try:
            self.system.start_children(self._specs)
            if self._chaos is not None:
                self.system.start_child(self._chaos_spec(self._chaos))
        except SupervisorError as error:
            raise NodeFailed(f"the tree did not start: {error}") from error
        self._desk.events.open()
        self._spool.start()
        if self._bridging is not None:
            self._bridging.start()  # not before: who is not there yet would miss what comes
        self._wait_for_subscribers()
        if self._desk.phase == "starting":
            self._desk.phase = "running"

    def specs(self) -> list[ChildSpec]:
        """Return the declared tree as child specs, with what its actors get by name."""
        return child_specs(
            self.loaded.plan(),
            settings=self.settings,
            provide=self._provided(),
            where=self.loaded.where,
        )

    def _chaos_spec(self, every: float) -> ChildSpec:
        seed = self._arguments.seed
        arguments = {"every": every, "seed": seed, "strikes": self.strikes}
        return ChildSpec("chaos", Chaos, (self.system.root,), kwargs=arguments)

    # ---------------------------------------------------------------- the end

    def stop(self) -> bool:
        """Stop the tree in order, within the node's time; tell whether all threads ended."""
        self._desk.phase = "stopping"
        self._stopping.set()
        self._desk.events.close()  # first: clients keep for the next start what they publish now
        self._spool.close()
        if self._bridging is not None:
            self._bridging.stop_reading()
        return self.system.stop()

    def kill(self) -> None:
        """End all actors and their processes now; `stop`, under way or to come, ends the rest."""
        self.system.kill()

    def close(self) -> None:
        """Let go of what `open` took, in reverse order; may be repeated."""
        self._open.close()

    # ---------------------------------------------------------------- what is seen of it

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do: every config key has had the iterations asked for.

        Where no number was asked for, the pipeline itself says so in the journal.
        """
        workload = self.settings.workload
        if workload.iterations == 0:
            return bool(self.journal.noted(FINISHED))
        return all(
            self.journal.iteration(key) > workload.iterations for key in workload.config_keys
        )

    @property
    def actors(self) -> int:
        """How many actors of the declared tree are alive, supervisors included."""
        own = (cell for cell in self.system.cells() if not cell.path.startswith("/system"))
        return sum(cell.current is not None for cell in own)

    def why_it_gave_up(self) -> str:
        """Say who failed too often, or what else it was, after the tree ended by itself."""
        if isinstance(self.system.reason, RingleaderError):
            return f"the node gave up: {self.system.reason}"
        last = next(
            (d for d in reversed(self.system.deaths.all()) if "gave up" in d.decision), None
        )
        if last is None:
            return f"the tree gave up ({self.system.reason!r})"
        return f"the tree gave up: {last.path} failed too often, at last with {last.cause}"

    def answer(self, question: Question) -> Any:
        """Answer a client, or return a `Later`; called in the control socket's thread."""
        return self._desk.answer(question)

    # ---------------------------------------------------------------- parts of opening

    def _take(self, stack: ExitStack) -> None:
        holder = Holder(pid=self.system.context.pid, started=self.clock.time())
        stack.callback(LockFile.take(self.data.lock, holder).release)
        stack.callback(open_logs(self.data.log, self.settings.node.log_level, self._write).close)
        stack.callback(set_event_level(self.settings.events.log_level))
        if self.settings.events.log_level == "DEBUG":
            self.system.hub.traces.append(log_event)
        status = self._open_status(stack)
        self.run = self._choose_run()
        self.journal = SqliteJournal(self.run.journal)
        stack.callback(self.journal.close)
        record = Record(self.data.supervision, self.system)
        stack.callback(record.close)
        self._open_events(stack)
        self._desk = Desk(self.system, record, self._on_stop, self._wanted, self.system.dlq)
        stack.callback(self._desk.events.close)
        if self._bridging is not None:
            self._desk.bridge = self._bridging.bridge
        interval = self.settings.events.spool_interval
        self._spool = intake_of(self.system, self.data.spool, interval)
        stack.callback(self._spool.close)
        self._specs = self.specs()
        self._open_socket(stack)
        if status is not None:
            status.start()
            stack.callback(status.close)  # before what it looks at is closed
            logger.info("the status is at %s/status", status.url)

    def _open_events(self, stack: ExitStack) -> None:
        """Open the event log and the dead letters; they are closed after the system has stopped."""
        context, options = self.system.context, self.settings.dead_letters
        crosses = exported(self.settings, self.system)
        store = EventStore(
            self.data.events,
            clock=self.clock,
            spawn=context.spawn,
            epoch=self.system.epoch,
            options=self.settings.event_log,
            on_loss=self.system.hub.lost,
            aside=keeper_of_asides(options),
            exports=None if crosses is None else crosses.exports,
            limits=None if crosses is None else crosses.limits,
            on_unread=None if crosses is None else crosses.on_unread,
        )
        stack.callback(store.close)
        encode = self.system.catalogue.encode
        self._letters = SqliteLetters(store.reader, store.writer, encode, self.clock.time, options)
        self.system.keep(store.log, self._letters)
        self._bridging: Bridging | None = None
        if crosses is not None:
            keys = self.data.keys
            self._bridging = Bridging(self.settings, self.system, store, crosses, keys)
            stack.callback(self._bridging.close)  # when the tree has stopped, and said its last

    def _choose_run(self) -> Run:
        """Begin a run, or go on with the latest: no run ever writes into another one's files."""
        last = runs.latest(self.data.runs)
        if self._resume and last is not None:
            logger.info("run %s goes on", last.number)
            return last.reopen()
        run = runs.begin(self.data.runs, self._arguments, self.clock.time())
        if self._resume:
            logger.info("there is no run to go on with in %s; run 1 begins", self.data.path)
        elif last is not None and last.record.finished is None:
            logger.info(
                "run %s is not finished and stays as it is; run %s begins. To go on with the "
                "latest run instead: ringleader up --resume",
                last.number,
                run.number,
            )
        return run

    def _open_socket(self, stack: ExitStack) -> None:
        largest = self.settings.events.max_event_bytes + SLACK
        server = ControlServer(
            self.data.socket, self.answer, self.system.context.spawn, largest=largest
        )
        try:
            server.start()
        except OSError as error:
            raise SocketTaken(
                f"the control socket {self.data.socket} can't be made: {error.strerror or error}"
            ) from error
        stack.callback(server.close)

    def _open_status(self, stack: ExitStack) -> StatusServer | None:
        log = self.system.hub.log
        server = open_status(self.loaded, self.answer, self.system.context, log)
        if server is not None:
            stack.callback(server.close)
        return server

    def _wait_for_subscribers(self) -> None:
        grace = self.settings.events.subscription_grace
        found = wait_for_subscribers(self.system, self._wanted, grace, self._stopping)
        if self._stopping.is_set():
            raise StoppedError("the node was ordered to stop while it waited for subscribers")
        if found.reasons:
            raise NodeFailed(
                f"the node did not become ready within {grace:g} s: {'; '.join(found.reasons)}. "
                "Start who handles them; or change events.critical_subscriptions, or "
                'events.on_missing_subscription = "warn"'
            )
        for warning in found.warnings:
            logger.info("%s", warning)

    def _provided(self) -> dict[str, object]:
        return provided(self.loaded, self.journal, self.run.path, self._arguments.seed)


def provided(
    loaded: Loaded, journal: StageJournal | None, directory: Path, seed: int
) -> dict[str, object]:
    """Return what actors of the tree get by the names of their constructors' parameters."""
    jobs = JobSettings(stages=loaded.settings.stages, data_dir=directory, seed=seed)
    return {"journal": journal, "jobs": jobs}


def try_specs(loaded: Loaded) -> None:
    """Resolve every class of the tree and find its arguments, without making anything.

    Raises:
        ConfigError: with all that is wrong.
    """
    child_specs(
        loaded.plan(),
        settings=loaded.settings,
        provide=provided(loaded, None, Path(), 1),
        where=loaded.where,
    )
