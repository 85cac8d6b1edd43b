"""What the actors of one system share."""

from __future__ import annotations

import itertools
import os
import random
import socket
import uuid
from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

from .clock import Clock, RealClock
from .dispatch import TURN, Dispatcher, Pool, spawn
from .dispatch_pinned import Pinned
from .errors import PublishError
from .holds import Holds, MemoryHolds
from .letters import DeadLetters, NoSink, Outcome
from .mailbox import CAPACITY, Overflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .care import Vigil
    from .cell import Cell
    from .events.base import Envelope, Event
    from .gate import RestartGate
    from .letters import DeadLetterSink, DeathReport, EventSink
    from .message import Delivery
    from .osprocess_owner import Processes
    from .publication import Publication


MAX_STUCK_THREADS: Final = 64
"""Threads that may hang in handlers that were given up before a system gives up itself."""


class EventPort(Protocol):
    """Takes events, and knows who wants them: the registry's side that actors see."""

    def publish(
        self, event: Event, *, source: str, subject: str | None, cause: Envelope | None
    ) -> Publication:
        """Validate an event and hand it to the registry."""
        ...

    def attach(self, cell: Cell) -> None:
        """Subscribe a cell to the event types that its class handles; may be repeated."""
        ...

    def detach(self, cell: Cell) -> None:
        """Forget a cell that is gone for good."""
        ...


class Context:
    """Clock, dispatchers, dead letters, counters and the way to the registry: no globals.

    Args:
        node_id: stable name of the node.
        clock: the one clock.
        seed: of the generator that jitter and urns are drawn from.
        sink: hears of starts and ends.
        dead_letters: keeps what could not be handled.
        workers: threads of the pool while nobody blocks.
        turn: messages in one turn.
        capacity: messages in a mailbox, where the actor's class does not say.
        overflow: what happens at a full mailbox, where the actor's class does not say.
        max_stuck_threads: given-up threads alive at which the vigil is told.
        dispatchers: by name, what makes a dispatcher for a path, in place of the usual ones.
    """

    def __init__(
        self,
        *,
        node_id: str = "local",
        clock: Clock | None = None,
        seed: int | None = None,
        sink: EventSink | None = None,
        dead_letters: DeadLetterSink | None = None,
        workers: int = 1,
        turn: int = TURN,
        capacity: int = CAPACITY,
        overflow: Overflow = "block",
        max_stuck_threads: int = MAX_STUCK_THREADS,
        dispatchers: Mapping[str, Callable[[str], Dispatcher]] | None = None,
    ) -> None:
        self.node_id = node_id
        self.hostname = socket.gethostname()
        self.pid = os.getpid()
        self._own_clock = RealClock(spawn)
        self.clock: Clock = self._own_clock if clock is None else clock
        self.now: Callable[[], float] = self.clock.now
        """The clock's seconds; for who asks once for each message."""
        self.random = random.Random(seed)  # noqa: S311  # jitter and names, no secrets
        self.sink: EventSink = NoSink() if sink is None else sink
        self.is_heard = sink is not None
        """Whether anybody hears of ends; else a report is made only for a message in hand."""
        self.dead_letters: DeadLetterSink = DeadLetters() if dead_letters is None else dead_letters
        self.abandoned: set[int] = set()
        """Threads whose actor was given up while it hung: nearly always empty, cheap to ask."""
        self.max_stuck_threads = max_stuck_threads
        self.capacity = capacity
        self.overflow: Overflow = overflow
        self.events: EventPort | None = None
        self.handler_failed: Callable[[Delivery, Outcome, DeathReport], object] | None = None
        """Hears of each event handler that raised or took too long, once that is counted."""
        self.holds: Holds = MemoryHolds()
        """Who must not run, whatever supervisors decide."""
        self.gate: RestartGate | None = None
        """What may delay restarts beyond the rules of one supervisor, if anything does."""
        self.given_up: set[str] = set()
        """Paths of which it was told that they failed for good, until they were healthy again."""
        self.vigil: Vigil | None = None
        """Who looks after progress and health, if anybody does."""
        self.spawn = spawn
        self.kept: list[Cell] | None = None
        """Every cell there ever was, for tests that balance the counters."""
        self._turn, self._workers = turn, workers
        self._made: dict[str, Dispatcher] = {}
        self._pinned: set[Pinned] = set()
        self._given: set[Dispatcher] = set()
        self._makers = dict(dispatchers or {})
        self._lock = Lock()
        self._processes: Processes | None = None
        self._urn_prefix = uuid.uuid4().urn[:-12]
        self._urns = itertools.count(1)
        self._closed_outcomes: Counter[Outcome] = Counter()

    def new_urn(self) -> str:
        """Return a UUID as a URN: random, but for the last 48 bits, which count (4 µs cheaper)."""
        return f"{self._urn_prefix}{next(self._urns):012x}"

    # ---------------------------------------------------------------- dispatchers

    def dispatcher(self, name: str, path: str) -> Dispatcher:
        """Return the dispatcher for an actor.

        Raises:
            ValueError: there is none of this name.
        """
        maker = self._makers.get(name)
        if maker is not None:
            given = maker(path)
            self._given.add(given)
            return given
        if name == "thread":
            pinned = Pinned(f"ringleader {path}", turn=self._turn, abandoned=self.abandoned)
            with self._lock:
                self._pinned = {p for p in self._pinned if not p.is_done}
                self._pinned.add(pinned)
            return pinned
        with self._lock:
            made = self._made.get(name)
            if made is None:
                made = self._made[name] = self._make(name)
            return made

    def _make(self, name: str) -> Dispatcher:
        match name:
            case "pool":
                return Pool(self._workers, turn=self._turn, abandoned=self.abandoned)
            case "async":
                from .dispatch_async import LoopDispatcher  # noqa: PLC0415  # 15 ms for asyncio

                return LoopDispatcher(turn=self._turn, clock=self.clock, abandoned=self.abandoned)
            case "process-loop":
                from .dispatch_async import LoopDispatcher  # noqa: PLC0415  # as above

                return LoopDispatcher(turn=self._turn, name="ringleader-process-loop")
            case "process":
                raise ValueError(
                    "who lives in a process of its own needs a supervisor: start it with "
                    "system.start_child(ChildSpec(...)), not with start()"
                )
            case _:
                names = ", ".join(sorted({"pool", "thread", "async", "process", *self._makers}))
                raise ValueError(f"there is no dispatcher {name!r}; there are {names}")

    # ---------------------------------------------------------------- processes

    @property
    def process_loop(self) -> str:
        """The dispatcher of what stands in for actors in processes: a loop that nobody blocks.

        It runs no handlers of users, and is never replaced: the processes' sockets hang on it.
        """
        return "async" if "async" in self._makers else "process-loop"

    @property
    def processes(self) -> Processes:
        """The operating-system processes of its actors; made when the first one is needed."""
        from .osprocess_owner import Processes  # noqa: PLC0415  # 20 ms for who needs none

        with self._lock:
            if self._processes is None:
                self._processes = Processes(self.clock, spawn)
            return self._processes

    # ---------------------------------------------------------------- events

    def publish(
        self,
        event: Event,
        *,
        source: str,
        subject: str | None = None,
        cause: Envelope | None = None,
    ) -> Publication:
        """Hand an event to the registry; what is returned tells its id, and what becomes of it.

        Raises:
            PublishError: there is no registry.
            EventValidationError: a field is missing, or of another type than declared.
        """
        if self.events is None:
            raise PublishError(
                f"{type(event).__name__} can't be published by {source}: it runs without a "
                "registry; start it in a System"
            )
        return self.events.publish(event, source=source, subject=subject, cause=cause)

    def joined(self, cell: Cell) -> None:
        """Take note of a cell whose actor was just made; it is about to start."""
        if self.events is not None:
            self.events.attach(cell)

    # ---------------------------------------------------------------- counters

    def check_stuck(self) -> None:
        """Tell the vigil if too many threads have been given up and are still alive."""
        if len(self.abandoned) >= self.max_stuck_threads and self.vigil is not None:
            self.vigil.check_threads()

    def opened(self, cell: Cell) -> None:
        """Take note of a new cell."""
        if self.kept is not None:
            self.kept.append(cell)

    def closed(self, cell: Cell) -> None:
        """Take over the counters of a cell that is gone for good."""
        if self.events is not None:
            self.events.detach(cell)
        if self.kept is None:
            with self._lock:
                for outcome, number in cell.outcomes.items():
                    self._closed_outcomes[outcome] += number

    def tally_closed(self, cell: Any, outcome: Outcome, number: int) -> bool:
        """Count for a cell that is gone for good; tell whether it is."""
        if self.kept is not None or not cell.mailbox.closed:
            return False
        with self._lock:
            self._closed_outcomes[outcome] += number
        return True

    def reject(self) -> None:
        """Count a message that its sender got back."""
        with self._lock:
            self._closed_outcomes[Outcome.REJECTED] += 1

    @property
    def closed_outcomes(self) -> dict[Outcome, int]:
        """The outcomes of messages to cells that are gone, and of rejected ones."""
        with self._lock:
            return dict(self._closed_outcomes)

    # ---------------------------------------------------------------- the end

    def close(self, timeout: float) -> bool:
        """End every process and thread; tell whether each ended within `timeout` seconds.

        Processes go first: a handler may wait for one. A handler that never returns keeps its
        thread: Python can't end it.
        """
        with self._lock:
            dispatchers: list[Dispatcher] = [*self._made.values(), *self._pinned, *self._given]
        for dispatcher in dispatchers:
            dispatcher.release()  # so that they end side by side
        ended = self._processes is None or self._processes.close(timeout)
        for dispatcher in dispatchers:
            ended = dispatcher.close(timeout if ended else 0.0) and ended
        ended = self._own_clock.close(timeout) and ended
        self.events = None
        return ended
