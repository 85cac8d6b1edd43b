"""Who answers a node's clients."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from . import questions, snapshot
from .bridge_desk import answer_about_bridge
from .bridge_questions import BridgeQuestion
from .dlq_desk import answer_about_letters
from .dlq_questions import LetterQuestion
from .errands import Later
from .event_desk import EventDesk
from .event_questions import EventQuestion
from .log_desk import LogDesk
from .log_questions import LogQuestion
from .operate import full_path, operate
from .status import status_of
from .subscribed import subscribed
from .why import Finding, find

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.dead_letter_queue import DeadLetterQueue
    from ringleader.transport.bridge_view import BridgeView
    from ringleader.transport.death_records import DeathRecord

    from .operate import Done
    from .questions import Question
    from .record import Record
    from .status import Phase
    from .subscriptions import Expected
    from .system import System


class Stopping(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the order to stop.

    Attributes:
        node: which node stops.
        pid: of the process that will have ended then.
    """

    node: str
    pid: int


class Desk:
    """Answers questions about a system, and passes on orders.

    Attributes:
        phase: what the node is at; whoever starts and stops it says so.
        events: answers questions about events.
        bridge: to other nodes, once there is one.

    Args:
        system: the system.
        record: of its supervision.
        on_stop: called when a client orders the node to stop; must return at once.
        wanted: the event types that the node is to have subscribers to.
        letters: its dead letters.
    """

    def __init__(
        self,
        system: System,
        record: Record,
        on_stop: Callable[[], object],
        wanted: Expected | None = None,
        letters: DeadLetterQueue | None = None,
    ) -> None:
        self._system, self._record, self._on_stop = system, record, on_stop
        self.events = EventDesk(system)
        self._log = LogDesk(system.hub, self.events.look)
        self._wanted, self._letters = wanted, letters
        self._clock = system.context.clock
        self.phase: Phase = "starting"
        self.bridge: BridgeView | None = None

    def answer(self, question: Question) -> Any:  # noqa: PLR0911  # one for each question
        """Answer, or return a `Later` that will; never blocks."""
        if isinstance(question, EventQuestion):
            return self.events.answer(question)
        if isinstance(question, LetterQuestion):
            return Later(partial(answer_about_letters, self._letters, question))
        if isinstance(question, LogQuestion):
            return self._log.answer(question)
        system = self._system
        if isinstance(question, BridgeQuestion):
            node = system.context.node_id
            return Later(partial(answer_about_bridge, self.bridge, question, node))
        match question:
            case questions.Tree():
                return snapshot.take(system)
            case questions.Statistics():
                return system.statistics()
            case questions.Subscriptions():
                return subscribed(system)
            case questions.Status():
                return status_of(system, self.phase, self._wanted)
            case questions.Stop():
                self._on_stop()
                return Stopping(node=system.context.node_id, pid=system.context.pid)
            case _:
                return Later(lambda: self._find(question))

    def _find(self, question: questions.Deaths | questions.Why | questions.Operate) -> Any:
        match question:
            case questions.Deaths():
                return self._deaths(question)
            case questions.Why(path=path):
                return self._why(full_path(path))
            case questions.Operate():
                return self._operate(question)

    def _deaths(self, asked: questions.Deaths) -> list[DeathRecord]:
        since = 0.0 if asked.within is None else self._clock.time() - asked.within
        path = None if asked.path in (None, "/") else full_path(asked.path)
        return self._record.up_to_date().find(path, since=since, limit=asked.limit)

    def _why(self, path: str) -> Finding:
        return find(
            path,
            self._record.up_to_date(),
            now=self._clock.time(),
            hold=self._record.hold(path),
            present=snapshot.cell_at(self._system, path),
            known=snapshot.paths(self._system),
        )

    def _operate(self, order: questions.Operate) -> Done:
        return operate(
            self._system,
            order.verb,
            order.path,
            by=order.by,
            why=order.why,
            release_after=order.release_after,
        )
