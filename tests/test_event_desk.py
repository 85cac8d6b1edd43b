"""The node's side: what it accepts, how long a fetch waits, and how leases are kept."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from ringleader.actors.errors import PublishError, RingleaderError
from ringleader.actors.event_log import EventLogError, Settled
from ringleader.actors.event_log_memory import MemoryEventLog
from ringleader.actors.letters import Outcome
from ringleader.actors.options import EventOptions
from ringleader.errands import Eventually, Later
from ringleader.event_desk import TICK, EventDesk
from ringleader.event_questions import (
    Attached,
    Batch,
    Consume,
    Fetch,
    Listen,
    Publish,
    SentEvent,
    Settle,
    Wake,
)
from ringleader.node_errors import NodeNotReady
from ringleader.questions import Tree
from ringleader.testing import TestSystem
from tests.event_bench import TYPES, Happened, Passed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ringleader.actors.consumer_rules import SetAside
    from ringleader.event_questions import EventQuestion

T = TypeVar("T")


class Front:
    """Asks a desk of a system on a manual clock, as the control socket would."""

    def __init__(self, **options: Any) -> None:
        self.system = TestSystem(events=EventOptions(**options), event_types=TYPES)
        self.letters: list[SetAside] = []
        self.log = MemoryEventLog(self.system.manual, aside=self.letters.append)
        self.system.hub.log = self.log
        self.log.listener = self.system.hub._committed
        self.desk = EventDesk(self.system)
        self.ended: list[Any] = []

    def ask(self, question: EventQuestion) -> list[Any]:
        """Return a list that will hold the answer."""
        answers: list[Any] = []
        answer = self.desk.answer(question)
        match answer:
            case Later():
                answers.append(answer.find())
                self.ended.append(answer.ended)
            case Eventually():
                answer.start(answers.append)
                self.ended.append(answer.ended)
            case _:
                answers.append(answer)
        self.system.run()
        return answers

    def get(self, question: EventQuestion, kind: type[T]) -> T:
        """Return an answer that comes at once."""
        (answer,) = self.ask(question)
        if isinstance(answer, RingleaderError):
            raise answer
        assert isinstance(answer, kind)
        return answer

    def attach(self, name: str = "c", **more: Any) -> str:
        more = {"owner": "me", "types": ("happened",), **more}
        return self.get(Consume(consumer=name, **more), Attached).session

    def happen(self, number: int = 0) -> None:
        self.system.publish(Happened(number=number))
        self.system.run()

    def disconnect(self) -> None:
        """End the connections, the last one first."""
        while self.ended:
            ended = self.ended.pop()
            if ended is not None:
                ended()
        self.system.run()


@pytest.fixture
def front() -> Iterator[Front]:
    front = Front()
    with front.system:
        front.desk.open()
        yield front
        front.desk.close()


def sent(event_id: str = "1", name: str = "happened", payload: bytes = b"\x80") -> SentEvent:
    return SentEvent(id=event_id, type=name, payload=payload, source="s", time=2e9)


def sequences(answers: list[Any]) -> list[int]:
    (batch,) = answers
    return [record.sequence for record in batch.events]


def test_a_fetch_waits_for_what_it_wants(front: Front) -> None:
    session = front.attach()
    answers = front.ask(Fetch(session=session))
    front.system.publish(Passed())
    front.system.run()
    assert answers == []
    front.happen()
    assert sequences(answers) == [1]


def test_a_fetch_comes_back_empty_when_it_has_waited_for_long_enough(front: Front) -> None:
    session = front.attach()
    answers = front.ask(Fetch(session=session, wait=9.0))
    front.system.advance(9.0 - TICK)
    assert answers == []
    front.system.advance(2 * TICK)
    assert answers == [Batch()]
    assert front.ask(Fetch(session=session, wait=0.0)) == [Batch()]


def test_a_fetch_can_be_woken(front: Front) -> None:
    session = front.attach()
    assert front.ask(Wake(session=session)) == [None]
    answers = front.ask(Fetch(session=session))
    assert front.ask(Wake(session=session)) == [None]
    assert answers == [Batch()]


def test_one_fetch_waits_at_a_time(front: Front) -> None:
    for session in (front.attach(), front.get(Listen(types=("passed",)), Attached).session):
        front.ask(Fetch(session=session))
        with pytest.raises(EventLogError, match="there can be one"):
            front.ask(Fetch(session=session))


def test_outcomes_are_told_with_the_next_fetch(front: Front) -> None:
    session = front.attach()
    front.happen()
    (batch,) = front.ask(Fetch(session=session))
    front.happen()
    outcome = Settled(batch.events[0].sequence, Outcome.HANDLED)
    assert sequences(front.ask(Fetch(session=session, outcomes=(outcome,)))) == [2]
    assert front.log.consumers()[0].in_hand == 1
    outcome = Settled(2, Outcome.FAILED, "why", letter=True)
    assert front.ask(Settle(session=session, outcomes=(outcome,))) == [1]
    assert front.log.consumers()[0].in_hand == 0
    assert [(letter.reason, letter.detail) for letter in front.letters] == [("failed", "why")]


def test_a_lease_is_renewed_as_long_as_the_connection_stands(front: Front) -> None:
    front.attach(lease=6.0)
    for _ in range(10):
        front.system.advance(5.0)
        front.log.reclaim(front.system.manual.time())
        assert front.log.consumers()[0].active


def test_a_connection_that_ends_lets_go_of_the_consumer(front: Front) -> None:
    session = front.attach()
    front.happen()
    front.ask(Fetch(session=session))
    front.disconnect()
    assert not front.log.consumers()[0].active
    assert [letter.record.sequence for letter in front.letters] == [1]
    with pytest.raises(EventLogError, match="no session"):
        front.ask(Fetch(session=session))


def test_the_same_owner_on_another_connection_keeps_what_it_has(front: Front) -> None:
    first = front.attach()
    front.happen()
    front.ask(Fetch(session=first))
    old, front.ended = front.ended, []
    answer = front.get(Consume(consumer="c", owner="me", types=("happened",)), Attached)
    assert answer.in_hand == 1
    new, front.ended = front.ended, old
    front.disconnect()
    assert front.log.consumers()[0].active
    front.ended = new
    front.disconnect()
    assert not front.log.consumers()[0].active


def test_a_node_that_stops_holds_consumers_for_those_who_had_them(front: Front) -> None:
    session = front.attach()
    answers = front.ask(Fetch(session=session))
    front.desk.close()
    (error,) = answers
    assert isinstance(error, NodeNotReady)
    front.disconnect()
    assert front.log.consumers()[0].active
    with pytest.raises(NodeNotReady):
        front.ask(Publish(event=sent()))
    front.desk.close()


def test_what_came_early_is_refused_if_the_node_stops_before_it_is_up() -> None:
    front = Front()
    with front.system:
        answers = front.ask(Publish(event=sent()))
        assert answers == []
        assert front.ask(Publish(event=sent("2"), wait=False)) == [None]
        front.desk.close()
        assert [type(answer) for answer in answers] == [NodeNotReady]


def test_without_a_registry_clients_keep_their_events(front: Front) -> None:
    front.system.hub.ref = None
    (error,) = front.ask(Publish(event=sent()))
    assert isinstance(error, NodeNotReady)


def test_a_refusal_is_told_as_it_is(front: Front) -> None:
    (error,) = front.ask(Publish(event=sent(name="nothing")))
    assert "'nothing' is not an event type" in str(error)
    with pytest.raises(RingleaderError, match="no mapping"):
        front.ask(Publish(event=sent(payload=b"\x90"), wait=False))
    (error,) = front.ask(Publish(event=sent(payload=b"\x81\x01\x02")))
    assert "1 is no name of a field" in str(error)
    assert not isinstance(error, PublishError)


def test_a_lenient_node_publishes_what_it_does_not_know() -> None:
    front = Front(validation_strict=False)
    with front.system:
        front.desk.open()
        (receipt,) = front.ask(Publish(event=sent(name="nothing", payload=b"\x81\xa1a\x01")))
        assert receipt.id == "1"
        front.desk.close()


def test_a_batch_is_bounded_in_bytes_but_never_empty(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringleader.event_sessions.MOST_BYTES", 10)
    session = front.attach(idempotent=True)
    for number in range(3):
        front.happen(10_000 + number)  # ten bytes each
    assert [sequences(front.ask(Fetch(session=session, limit=9))) for _ in range(3)] == [
        [1],
        [2],
        [3],
    ]


def test_what_was_not_passed_on_is_handed_back(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringleader.event_sessions.MOST_BYTES", 10)
    session = front.attach()
    for number in range(3):
        front.happen(10_000 + number)
    front.ask(Fetch(session=session, limit=9))
    front.disconnect()
    assert [letter.record.sequence for letter in front.letters] == [1]
    session = front.attach()
    assert sequences(front.ask(Fetch(session=session))) == [2]


def test_a_listener_that_is_gone_has_no_subscription(front: Front) -> None:
    session = front.get(Listen(), Attached).session
    assert len(front.system.hub.table.subscriptions()) == 1
    assert front.ask(Settle(session=session)) == [0]
    front.disconnect()
    assert front.system.hub.table.subscriptions() == []


def test_a_listener_waits_as_a_consumer_does(front: Front) -> None:
    session = front.get(Listen(types=("passed",)), Attached).session
    answers = front.ask(Fetch(session=session, wait=3.0))
    front.system.advance(2.0 + 2 * TICK)
    assert answers == [Batch()]
    assert front.ask(Fetch(session=session, wait=0.0)) == [Batch()]
    answers = front.ask(Fetch(session=session))
    front.system.publish(Passed(number=1))
    front.system.run()
    (batch,) = answers
    assert [record.envelope.type for record in batch.events] == ["passed"]


def test_a_node_that_stops_ends_listeners(front: Front) -> None:
    session = front.get(Listen(types=("passed",)), Attached).session
    answers = front.ask(Fetch(session=session))
    front.desk.close()
    assert [type(answer) for answer in answers] == [NodeNotReady]
    front.system.run()
    assert front.system.hub.table.subscriptions() == []


def test_a_question_about_something_else_is_none_for_this_desk(front: Front) -> None:
    with pytest.raises(RingleaderError, match="'tree' is no question about events"):
        front.desk.answer(Tree())


class Slow:
    """An event log whose answers to `attach` and `fetch` come when a test says so."""

    def __init__(self, log: MemoryEventLog) -> None:
        self._log = log
        self.held: list[Callable[[], None]] = []

    def attach(self, *arguments: Any) -> None:
        self._later(self._log.attach, *arguments)

    def fetch(self, *arguments: Any, wait: bool = False) -> None:
        self._later(partial(self._log.fetch, wait=wait), *arguments)

    def _later(self, ask: Callable[..., None], *arguments: Any) -> None:
        *rest, then = arguments

        def hold(result: Any) -> None:
            self.held.append(lambda: then(result))

        ask(*rest, hold)

    def go_on(self) -> None:
        while self.held:
            self.held.pop(0)()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)


def test_who_goes_while_it_is_attached_leaves_nothing_held(front: Front) -> None:
    slow: Any = Slow(front.log)
    front.desk._hub.log = slow
    front.ask(Consume(consumer="c", owner="me", types=("happened",)))
    front.disconnect()
    assert front.log.consumers()[0].active
    slow.go_on()
    assert not front.log.consumers()[0].active


def test_who_goes_while_the_log_hands_out_hands_it_back(front: Front) -> None:
    session = front.attach()
    front.happen()
    slow: Any = Slow(front.log)
    (own,) = front.desk._durable()
    own._log = slow
    front.ask(Fetch(session=session))
    front.disconnect()
    assert front.log.consumers()[0].in_hand == 1
    slow.go_on()
    assert not front.log.consumers()[0].active
    assert front.letters == []


def test_what_comes_behind_a_wake_is_for_the_next_fetch(front: Front) -> None:
    session = front.attach()
    slow: Any = Slow(front.log)
    (own,) = front.desk._durable()
    own._log = slow
    answers = front.ask(Fetch(session=session))
    front.happen()
    front.ask(Wake(session=session))
    assert answers == [Batch()]
    slow.go_on()
    answers = front.ask(Fetch(session=session))
    slow.go_on()
    assert sequences(answers) == [1]
