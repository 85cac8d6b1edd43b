"""The system: one node's supervision tree, and all that its actors share."""

from __future__ import annotations

import logging
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self, cast

from ringleader.actors.base import build
from ringleader.actors.cell import Cell
from ringleader.actors.context import Context
from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.dead_letters_memory import CAPACITY as MOST_LETTERS, MemoryLetters
from ringleader.actors.errors import (
    NoSuchActor,
    RingleaderError,
    StoppedError,
)
from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.events.codec import PayloadLimits
from ringleader.actors.events.errors import did_you_mean, nearest
from ringleader.actors.hub import EventHub
from ringleader.actors.letters import DeadLetters
from ringleader.actors.options import ActorOptions, EventOptions
from ringleader.actors.remote_ref import NO_BRIDGE, parse
from ringleader.actors.vigil import WatchList
from ringleader.supervisors.cascade import CascadeBreaker
from ringleader.supervisors.quarantine import COOL_DOWN, Quarantine

from .deaths import Deaths
from .guardians import SUBSCRIBERS, Owner, Root, Wards
from .letterbox import Letterbox, queue_of
from .statistics import SystemStatistics
from .system_events import SystemEvents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ringleader.actors.clock import Clock
    from ringleader.actors.dead_letters import LetterStore
    from ringleader.actors.dispatch import Dispatcher
    from ringleader.actors.event_log import EventLog
    from ringleader.actors.events.base import Event
    from ringleader.actors.lifecycle import Reason
    from ringleader.actors.ref import Ref
    from ringleader.actors.remote_ref import RemoteNodes
    from ringleader.supervisors.cascade import CascadeLimits
    from ringleader.supervisors.ref import SupervisorRef
    from ringleader.supervisors.spec import ChildSpec


logger = logging.getLogger("ringleader.system")

FEW_LETTERS: Final = 1_000
"""Dead letters that are kept in memory where nobody tries them again but by hand."""


class System(SystemEvents):
    """A supervision tree with a registry. Two can live in one process.

    Use it as a context manager, or call `start` and `stop`.

    Args:
        node_id: stable name of the node.
        seed: of all random numbers that the system draws (jitter, ids); None: from the machine.
        clock: another clock, for tests.
        dispatchers: other dispatchers, by name, for tests.
        actors: mailboxes and workers.
        events: validation, dedup, causation.
        event_types: event types of your own, beside the catalogue's.
        event_log: keeps events whose types are durable or bridged, and the places of durable
            consumers; whoever made it closes it, after `stop`. None: nothing is kept.
        dead_letters: when they are tried again by themselves, and given up. None: never; they are
            kept in memory, and `dlq.retry` tries them.
        intensity: restarts of your top-level actors that are allowed in `period` seconds; one
            more, and the system ends.
        period: whole seconds.
        quarantine: how long a top-level actor is parked whose spec asks for that.
        cascade: when the cascade breaker stops restarts; None: never.
        shutdown_timeout: seconds that stopping may take in all.
    """

    def __init__(
        self,
        node_id: str = "local",
        *,
        seed: int | None = None,
        clock: Clock | None = None,
        dispatchers: Mapping[str, Callable[[str], Dispatcher]] | None = None,
        actors: ActorOptions | None = None,
        events: EventOptions | None = None,
        event_types: Iterable[type[Event]] = (),
        event_log: EventLog | None = None,
        dead_letters: DeadLetterOptions | None = None,
        intensity: int = 1,
        period: int = 5,
        quarantine: Quarantine = COOL_DOWN,
        cascade: CascadeLimits | None = None,
        shutdown_timeout: float = 30.0,
    ) -> None:
        actors, events = actors or ActorOptions(), events or EventOptions()
        self._started = False
        super().__init__()
        self.deaths = Deaths()
        self.dead_letters = DeadLetters()
        self.context = Context(
            node_id=node_id,
            clock=clock,
            seed=seed,
            sink=self.deaths,
            dead_letters=self.dead_letters,
            workers=actors.pool_workers,
            turn=actors.turn,
            capacity=actors.mailbox_capacity,
            overflow=actors.overflow,
            max_stuck_threads=actors.max_stuck_threads,
            dispatchers=dispatchers,
        )
        self.catalogue = Catalogue(
            PayloadLimits(max_bytes=events.max_event_bytes, max_depth=events.max_depth)
        )
        for kind in event_types:
            self.catalogue.register(kind)
        self.epoch = secrets.randbits(63)
        self.hub = EventHub(self.context, self.catalogue, events, self.epoch, event_log)
        self.context.events = self.hub
        self._letter_options = dead_letters or DeadLetterOptions()
        kept = FEW_LETTERS if dead_letters is None else MOST_LETTERS
        encode = self.catalogue.encode
        self.keep(letters=MemoryLetters(encode, self._letter_options, capacity=kept))
        self._keeps_letters = dead_letters is not None
        self.context.handler_failed = self.hub.failed
        self.context.vigil = self._watch_list = WatchList(self.context, self._give_up)
        if cascade is not None:
            self.context.gate = CascadeBreaker(cascade, self.context.clock.now)
        self._shutdown_timeout = shutdown_timeout
        self._owner = Owner()
        self._root = Cell("", Root, self.context)
        self._limits = (intensity, period, quarantine)
        self._stopped = False
        self.remote: RemoteNodes | None = None

    def keep(self, event_log: EventLog | None = None, letters: LetterStore | None = None) -> None:
        """Keep events and dead letters elsewhere than in memory; before `start`.

        Args:
            event_log: as the constructor's; whoever made it closes it, after `stop`.
            letters: keeps dead letters; the same. They are tried again by themselves.

        Raises:
            StoppedError: the system was started already.
        """
        if self._started:
            raise StoppedError("what a system keeps is decided before its start")
        if event_log is not None:
            self.hub.keep_in(event_log)
        if letters is not None:
            self.letters = letters
            self.context.dead_letters = Letterbox(self.dead_letters, letters)
            self.dlq = queue_of(self.hub, letters, self._letter_options)
            self._keeps_letters = True

    # ---------------------------------------------------------------- life

    def start(self, timeout: float | None = None) -> Self:
        """Start the registry; after this, actors can be started and events published.

        Raises:
            StoppedError: it did not come up, or was stopped before.
        """
        if self._root.current is not None:
            return self
        if self._stopped:
            raise StoppedError("a system that was stopped can't be started again; make a new one")
        self._started = True
        wards = Wards(self.hub, self._watch_list, self.dlq if self._keeps_letters else None)
        make = partial(build, Root, self._root, (wards, *self._limits), {})
        self._root.launch(make, self._owner)
        self._root.dispatcher.drive()
        self._owner.up.wait(timeout)
        if self._root.current is None or not self._owner.up.is_set():
            raise StoppedError(f"the system did not start: {self._owner.reason!r}")
        return self

    def stop(self, timeout: float | None = None) -> bool:
        """Stop everything in reverse order of starting, then end all threads.

        1. The registry routes what was published so far, for a quarter of the time at most: what
           its subscribers have not handled when they end is a dead letter of theirs.
        2. The root stops its children, last started first, each with its own time-out: actors
           that publish at their end still have the registry, which ends last.
        3. What is left when the time is up is killed.
        4. Dispatchers and clock end their threads.

        Args:
            timeout: seconds for all of it; default: as the system was made.

        Returns:
            Whether all threads ended. A handler that never returns keeps its thread.
        """
        if self._stopped:
            return True
        self._stopped = True
        timeout = self._shutdown_timeout if timeout is None else timeout
        deadline = self.context.clock.now() + timeout
        root = self._root.current
        if root is not None:
            self.hub.catch_up(timeout / 4)
            self._root.shutdown(root, "shutdown")
            self._root.dispatcher.drive()
            if not self._owner.ended.wait(max(0.0, deadline - self.context.clock.now())):
                self._root.kill(root)
        self._root.close()
        self._root.dispatcher.drive()
        self.hub.let_go(max(1.0, deadline - self.context.clock.now()))
        return self.context.close(max(1.0, deadline - self.context.clock.now()))

    def _give_up(self, reason: RingleaderError) -> None:
        """End in order for a reason of the system's own; what is left after a while is killed."""
        root = self._root.current
        if root is None or self._stopped:
            return
        logger.critical("the system gives up: %s", reason)
        self._root.shutdown(root, reason)
        self.context.clock.call_later(
            self._shutdown_timeout, lambda: self._root.kill(root, reason, "shutdown")
        )

    def kill(self) -> None:
        """End everything now, in no order; then `stop` to end the threads."""
        root = self._root.current
        if root is not None:
            self._root.kill(root)
        self._root.close()  # who publishes from now on is told that nobody routes it

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the system has ended by itself or by `stop`; tell whether it has."""
        return self._owner.ended.wait(timeout)

    @property
    def reason(self) -> Reason:
        """Why the system ended; `shutdown` may mean that it gave up (`gave_up`).

        `TooManyStuckThreads` says that only a new process can go on.
        """
        return self._owner.reason

    @property
    def gave_up(self) -> bool:
        """Whether it ended by itself: something at the top failed too often."""
        return self._owner.ended.is_set() and not self._stopped

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    # ---------------------------------------------------------------- actors

    @property
    def root(self) -> Cell:
        """The cell at the top."""
        return self._root

    def start_child(self, spec: ChildSpec, *, timeout: float | None = None) -> Ref[Any]:
        """Start a child at the top of the tree; return its address when it is up.

        Raises:
            SupervisorError: as `SupervisorRef.start_child` says.
        """
        return self._top.start_child(spec, timeout=timeout)

    def start_children(
        self, specs: Iterable[ChildSpec], *, timeout: float | None = None
    ) -> list[Ref[Any]]:
        """Start many children, in order; see `SupervisorRef.start_children`."""
        return self._top.start_children(specs, timeout=timeout)

    def _subscribers(self) -> SupervisorRef[Any]:
        if self._root.current is None:
            raise StoppedError("the system is not running; start it first")
        return cast("SupervisorRef[Any]", self.ref(SUBSCRIBERS))

    @property
    def _top(self) -> SupervisorRef[Root]:
        if self._root.current is None:
            raise StoppedError("the system is not running; start it first")
        return cast("SupervisorRef[Root]", self._root.ref)

    def ref(self, path: str) -> Ref[Any]:
        """Return the address of whoever lives at a path, now and after restarts.

        Args:
            path: `/pipeline/evaluator`, a name that was registered, or `ringleader://node/path`.

        Raises:
            NoSuchActor: nobody does; names what is near.
        """
        if path.startswith("ringleader://"):
            node, _, rest = path.removeprefix("ringleader://").partition("/")
            if node != self.context.node_id:
                if self.remote is None:
                    raise NoSuchActor(path, f"; this node is {self.context.node_id!r}{NO_BRIDGE}")
                return self.remote.ref(parse(path))
            path = f"/{rest}"
        full = self.hub.names.get(path, path)
        cell = self._root
        for name in full.strip("/").split("/"):
            child = cell.children.get(name)
            if child is None:
                known = [*(c.path for c in self.cells()), *self.hub.names]
                raise NoSuchActor(path, did_you_mean(nearest(path, known)))
            cell = child
        return cell.ref

    def cells(self) -> list[Cell]:
        """Return all cells below the top, parents before children, in start order."""
        found: list[Cell] = []
        waiting = list(self._root.children.values())
        while waiting:
            cell = waiting.pop(0)
            found.append(cell)
            waiting[:0] = list(cell.children.values())
        return found

    # ---------------------------------------------------------------- counters

    def statistics(self) -> SystemStatistics:
        """Return the node's counters."""
        messages = self.context.closed_outcomes
        cells = [self._root, *self.cells()]
        for cell in cells:
            for outcome, number in list(cell.outcomes.items()):
                messages[outcome] = messages.get(outcome, 0) + number
        return SystemStatistics(
            messages=messages,
            events=self.hub.statistics(),
            dead_letters=self.dead_letters.counts(),
            actors=sum(cell.current is not None for cell in cells),
            starts=self.deaths.starts,
            restarts=self.deaths.restarts,
            stuck_threads=len(self.context.abandoned),
            watched=len(self._watch_list),
        )
