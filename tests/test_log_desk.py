"""A node tells of its event log and its memory, and sets consumers back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from msgspec import msgpack

from ringleader import System, log_desk
from ringleader.actors.event_log import (
    ConsumerInfo,
    EventLogError,
    LogQuery,
    LogStatistics,
    NoSuchConsumer,
    Record,
)
from ringleader.actors.events.base import Envelope
from ringleader.datadir import DataDir
from ringleader.log_desk import LogDesk, page
from ringleader.log_questions import (
    PAGE,
    PAGE_BYTES,
    FindEvents,
    FindPast,
    ForgetConsumer,
    ListConsumers,
    LogQuestion,
    PastEvent,
    PastQuery,
    PlanReplay,
    ReplayOrder,
    ReplayPlan,
    RewindConsumer,
    SumLog,
)
from tests.log_node import Answered, Asked, LogNode, Pupil, Sage, Scribe
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.actors.event_log import Then

HOUR = 3600.0


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LogNode]:
    node = LogNode(DataDir(tmp_path / "data"), Sage, Pupil, Scribe)
    yield node
    node.stop()


def ask(node: LogNode, question: LogQuestion) -> Any:
    return node.log.answer(question).find()


def old(node: LogNode, text: str, age: float) -> None:
    """Put an answer into the log that was published long ago."""
    time = node.system.context.clock.time() - age
    envelope = Envelope(id=f"old-{text}", source="/outside", type="answered", time=time)
    node.log_only(envelope, msgpack.encode({"text": text}))


# ------------------------------------------------------------------- looking


def test_events_of_the_log_are_found(node: LogNode) -> None:
    ids = node.publish(Asked(text="a"), Asked(text="b"))
    found = ask(node, FindEvents(query=LogQuery(types=("asked",))))
    assert [record.envelope.id for record in found] == ids
    newest = ask(node, FindEvents(query=LogQuery(types=("asked",), limit=1, newest=True)))
    assert [record.envelope.id for record in newest] == ids[1:]


def test_an_answer_has_no_more_than_fits() -> None:
    big = b"x" * (PAGE_BYTES // 4 + 1)
    records = [
        Record(n, Envelope(id=str(n), source="/", type="t", time=0.0), big) for n in range(1, 9)
    ]

    def read(query: LogQuery) -> list[Record]:
        some = [record for record in records if record.sequence > query.after]
        return some[-query.limit :] if query.newest else some[: query.limit]

    assert [record.sequence for record in page(read, LogQuery(limit=-1))] == [1]
    assert [record.sequence for record in page(read, LogQuery(limit=1 << 62))] == [1, 2, 3]
    assert [r.sequence for r in page(read, LogQuery(after=6, limit=9))] == [7, 8]
    assert [r.sequence for r in page(read, LogQuery(limit=9, newest=True))] == [6, 7, 8]
    huge = [Record(1, records[0].envelope, b"x" * (PAGE_BYTES + 1)), records[1]]
    assert len(page(lambda _: huge, LogQuery(limit=2))) == 1
    assert len(page(lambda _: huge[:1], LogQuery(limit=2, newest=True))) == 1


def test_long_logs_are_read_in_portions(node: LogNode) -> None:
    for number in range(150):
        node.system.publish(Asked(text=str(number)), source="/outside")
    node.settle()
    found = ask(node, FindEvents(query=LogQuery(types=("asked",), limit=PAGE)))
    assert len(found) == 150
    assert len(ask(node, FindEvents(query=LogQuery(types=("asked",), limit=100)))) == 100


def test_the_memory_has_what_is_not_logged_and_who_handled_it(node: LogNode) -> None:
    (asked,) = node.publish(Asked(text="a"))
    found: list[PastEvent] = ask(node, FindPast(query=PastQuery(undertaking=asked)))
    assert [past.envelope.type for past in found] == ["asked", "answered", "heard"]
    assert sorted((h.path, h.outcome) for h in found[0].handlings) == [
        ("/sage", "handled"),
        ("/scribe", "handled"),
    ]
    assert found[0].payload == b""
    (heard,) = ask(node, FindPast(query=PastQuery(types=("heard",), source="/pupil", full=True)))
    assert msgpack.decode(heard.payload) == {}
    assert ask(node, FindPast(query=PastQuery(event_id=asked)))[0].envelope.id == asked
    assert ask(node, FindPast(query=PastQuery(undertaking="nobody"))) == []


def test_an_undertaking_is_remembered_when_its_beginning_is_not(node: LogNode) -> None:
    (asked,) = node.publish(Asked(text="a"))
    entries = node.system.hub.history.entries
    while any(entry.envelope.id == asked for entry in list(entries)):
        entries.popleft()
    found = ask(node, FindPast(query=PastQuery(undertaking=asked)))
    assert [past.envelope.type for past in found] == ["answered", "heard"]


def test_consumers_and_sums_are_told(node: LogNode) -> None:
    node.publish(Asked(text="a"))
    (info,) = ask(node, ListConsumers())
    assert (info.name, info.types, info.active) == ("/scribe", ("asked",), True)
    sums: LogStatistics = ask(node, SumLog())
    assert sums.events == sums.head > 0
    assert sums.trouble == ""


def test_a_node_without_a_log_says_so() -> None:
    desk = LogDesk(System().hub, lambda: None)
    for question in (FindEvents(query=LogQuery()), SumLog(), ListConsumers()):
        with pytest.raises(EventLogError, match="keeps no event log"):
            desk.answer(question).find()


# ------------------------------------------------------------------- consumers


def test_a_consumer_is_forgotten_that_nobody_holds(node: LogNode) -> None:
    with pytest.raises(EventLogError, match=r"/scribe is held by .* end that first"):
        ask(node, ForgetConsumer(consumer="/scribe"))
    with pytest.raises(NoSuchConsumer, match="no consumer '/scibe'; did you mean /scribe"):
        ask(node, ForgetConsumer(consumer="/scibe"))
    info = node.consumer("/scribe")
    node.store.log.detach("/scribe", info.owner)
    assert node.store.writer.flush(10)
    ask(node, ForgetConsumer(consumer="/scribe"))
    assert ask(node, ListConsumers()) == []


def test_a_consumer_that_is_set_back_gets_its_events_again_at_once(node: LogNode) -> None:
    ids = node.publish(Asked(text="a"), Asked(text="b"), Asked(text="c"))
    second = node.store.log.read(LogQuery(event_id=ids[1]))[0].sequence
    plan: ReplayPlan = ask(node, PlanReplay(order=ReplayOrder(to="/scribe", after=second - 1)))
    assert (plan.kind, plan.events, plan.after, plan.too_old) == ("consumer", 2, second - 1, 0)
    info: ConsumerInfo = ask(node, RewindConsumer(consumer="/scribe", after=plan.after))
    assert info.name == "/scribe"
    probe(lambda: node.ears.of("/scribe") == ["a", "b", "c", "b", "c"])
    assert node.ears.of("/sage") == ["a", "b", "c"]
    node.settle()


def test_a_consumer_can_only_be_set_back_as_a_whole(node: LogNode) -> None:
    for order in (
        ReplayOrder(to="/scribe", types=("asked",)),
        ReplayOrder(to="/scribe", until=5.0),
        ReplayOrder(to="/scribe", last=5),
    ):
        with pytest.raises(EventLogError, match="gets all its events from there on"):
            ask(node, PlanReplay(order=order))
    with pytest.raises(NoSuchConsumer):
        ask(node, RewindConsumer(consumer="nobody", after=0))


def test_a_plan_is_never_to_go_forward(node: LogNode) -> None:
    node.publish(Asked(text="a"))
    cursor = node.consumer("/scribe").cursor
    plan = ask(node, PlanReplay(order=ReplayOrder(to="/scribe", since=9e9)))
    assert (plan.events, plan.after, plan.cursor) == (0, cursor, cursor)
    plan = ask(node, PlanReplay(order=ReplayOrder(to="/scribe", after=cursor + 1000)))
    assert (plan.events, plan.after) == (0, cursor)


def test_a_plan_says_what_would_come_too_late_for_an_actor(node: LogNode) -> None:
    node.system.subscribe(Answered, lambda _: None, durable="late")
    old(node, "x", 2 * HOUR)
    node.publish(Answered(text="new"))
    plan = ask(node, PlanReplay(order=ReplayOrder(to="late")))
    assert (plan.events, plan.too_old) == (2, 1)
    node.settle()


def test_a_plan_counts_no_further_than_it_has_to(
    node: LogNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.publish(Asked(text="a"), Asked(text="b"), Asked(text="c"))
    monkeypatch.setattr(log_desk, "COUNTED", 2)
    plan = ask(node, PlanReplay(order=ReplayOrder(to="/scribe")))
    assert (plan.events, plan.is_counted) == (2, False)
    plan = ask(node, PlanReplay(order=ReplayOrder(to="/sage", types=("asked",))))
    assert (plan.events, plan.is_counted) == (2, False)


def test_a_log_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck:
        trouble = "the disk is full"

    def never(then: Then[bool]) -> None:
        """Answer nothing."""

    monkeypatch.setattr(log_desk, "PATIENCE", 0.01)
    with pytest.raises(EventLogError, match=r"within 0\.01 s: the disk is full; it will when it"):
        log_desk._awaited(Stuck(), never)  # type: ignore[arg-type]  # all that it needs of a log
