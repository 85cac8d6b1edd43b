"""Events of the log are sent again, to whom is named and to nobody else."""

from __future__ import annotations

from threading import Event as Flag
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from msgspec import msgpack

from ringleader import Actor, handles
from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import (
    EventLogError,
    LogQuery,
)
from ringleader.actors.events.base import Envelope
from ringleader.connection import Connection
from ringleader.datadir import DataDir
from ringleader.errands import Later
from ringleader.log_questions import (
    BeginReplay,
    FindPast,
    GoOnReplaying,
    LogQuestion,
    PastQuery,
    PlanReplay,
    Replayed,
    ReplayOrder,
)
from ringleader.log_source import TIMEOUT, NodeEvents
from tests.log_node import Asked, Heard, LogNode, Pupil, Sage, Scribe
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


HOUR = 3600.0


class Slow(Actor):
    """Waits at each question until it may go on; has room for two more."""

    mailbox_capacity: ClassVar[int | None] = 2
    overflow = "reject"
    gate = Flag()

    def __init__(self, ears: Any) -> None:
        super().__init__()
        self.ears = ears

    @handles(Asked)
    def hear(self, event: Asked) -> None:
        assert self.gate.wait(20)
        self.ears.heard.append((self.path, event.text))


class Choosy(Actor):
    """Wants some questions only, and what it has said itself not at all."""

    def __init__(self, ears: Any) -> None:
        super().__init__()
        self.ears = ears

    @handles(Asked, where={"text": {"a", "b"}})
    def hear(self, event: Asked) -> None:
        self.ears.heard.append((self.path, event.text))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[LogNode]:
    node = LogNode(DataDir(tmp_path / "data"), Sage, Pupil, Scribe)
    yield node
    node.stop()


def ask(node: LogNode, question: LogQuestion) -> Any:
    return node.log.answer(question).find()


def replayed(node: LogNode, order: ReplayOrder, wait: float = 10.0) -> Replayed:
    """Replay to the end."""
    progress: Replayed = ask(node, BeginReplay(order=order))
    while not progress.is_done:
        progress = ask(node, GoOnReplaying(replay=progress.replay, wait=wait))
    return progress


def old(node: LogNode, text: str, age: float) -> None:
    """Put an answer into the log that was published long ago."""
    time = node.system.context.clock.time() - age
    envelope = Envelope(id=f"old-{text}", source="/outside", type="answered", time=time)
    node.log_only(envelope, msgpack.encode({"text": text}))


def test_a_subscriber_gets_events_again_and_nobody_else(node: LogNode) -> None:
    ids = node.publish(Asked(text="a"), Asked(text="b"))
    order = ReplayOrder(to="/sage", types=("asked",))
    plan = ask(node, PlanReplay(order=order))
    assert (plan.kind, plan.events, plan.unwanted, plan.too_old) == ("subscriber", 2, 0, 0)
    before = node.system.statistics().events
    done = replayed(node, order)
    assert (done.sent, done.outcomes, done.under_way) == (2, {"handled": 2}, 0)
    node.settle()
    assert node.ears.of("/sage") == ["a", "b", "a", "b"]
    assert node.ears.of("/scribe") == ["a", "b"]
    after = node.system.statistics().events
    assert after.deliveries - before.deliveries == 2  # of its answers, to the pupil
    effects = node.store.log.read(LogQuery(correlation=ids[0], types=("answered",)))
    assert [record.envelope.causationid for record in effects] == [ids[0], ids[0]]


def test_a_replay_has_an_end(node: LogNode) -> None:
    ids = node.publish(*[Asked(text=text) for text in "abcd"])
    places = [node.store.log.read(LogQuery(event_id=one))[0].sequence for one in ids]
    order = ReplayOrder(to="/sage", types=("asked",), after=places[0], last=places[2])
    done = replayed(node, order)
    assert (done.sent, node.ears.of("/sage")[4:]) == (2, ["b", "c"])
    assert replayed(node, ReplayOrder(to="/sage", until=1.0)).sent == 0
    node.settle()


def test_what_a_subscriber_would_not_get_now_is_left_out(node: LogNode) -> None:
    node.add(Choosy)
    node.publish(Asked(text="a"), Asked(text="z"))
    node.publish(Asked(text="b"), source="/choosy")
    order = ReplayOrder(to="/choosy", types=("asked",))
    assert ask(node, PlanReplay(order=order)).unwanted == 2
    done = replayed(node, order)
    assert (done.sent, done.unwanted) == (1, 2)
    assert node.ears.of("/choosy") == ["a", "a"]


def test_what_is_too_old_is_left_out_unless_it_is_asked_for(node: LogNode) -> None:
    old(node, "x", 2 * HOUR)
    before = len(node.ears.of("/pupil"))
    order = ReplayOrder(to="/pupil")
    assert ask(node, PlanReplay(order=order)).too_old == 1
    done = replayed(node, order)
    assert (done.sent, done.too_old) == (0, 1)
    done = replayed(node, ReplayOrder(to="/pupil", any_age=True))
    assert (done.sent, done.outcomes) == (1, {"handled": 1})
    assert len(node.ears.of("/pupil")) == before + 1
    node.settle()


def test_what_can_t_be_read_is_left_out(node: LogNode) -> None:
    node.log_only(Envelope(id="broken", source="/outside", type="asked", time=1.0), b"\xc1")
    done = replayed(node, ReplayOrder(to="/sage", types=("asked",)))
    assert (done.sent, done.unreadable) == (0, 1)


def test_what_fails_is_a_dead_letter_and_the_others_come_all_the_same(
    node: LogNode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    node.publish(Asked(text="a"), Asked(text="b"))
    node.ears.fails = {"a!"}
    done = replayed(node, ReplayOrder(to="/pupil"))
    assert done.outcomes == {"failed": 1, "handled": 1}
    node.settle()
    probe(lambda: [letter.path for letter in node.system.dlq.find()] == ["/pupil"])
    (failed,) = ask(node, FindPast(query=PastQuery(types=("answered",), limit=2)))[:1]
    assert [handling.outcome for handling in failed.handlings] == ["failed"]


def test_a_full_mailbox_is_waited_for_and_nobody_is_displaced(node: LogNode) -> None:
    Slow.gate.clear()
    for text in "abcde":
        node.publish(Asked(text=text))
    node.add(Slow)
    try:
        progress: Replayed = ask(node, BeginReplay(order=ReplayOrder(to="/slow", types=("asked",))))
        progress = ask(node, GoOnReplaying(replay=progress.replay, wait=0.3))
        assert progress.is_full
        assert not progress.is_done
        assert progress.under_way in (2, 3)
    finally:
        Slow.gate.set()
    while not progress.is_done:
        progress = ask(node, GoOnReplaying(replay=progress.replay, wait=10))
    assert (progress.sent, progress.outcomes) == (5, {"handled": 5})
    assert node.ears.of("/slow") == list("abcde")


def test_a_subscriber_that_is_gone_for_good_ends_a_replay(node: LogNode) -> None:
    Slow.gate.clear()
    for text in "abcde":
        node.publish(Asked(text=text))
    node.add(Slow)
    progress: Replayed = ask(node, BeginReplay(order=ReplayOrder(to="/slow", types=("asked",))))
    progress = ask(node, GoOnReplaying(replay=progress.replay, wait=0))
    ref = node.system.ref("/slow")
    ref.cell.close()
    Slow.gate.set()
    with pytest.raises(EventLogError, match="nobody at /slow is subscribed to anything any more"):
        ask(node, GoOnReplaying(replay=progress.replay, wait=10))
    assert [letter for letter in node.system.dlq.find() if letter.path == "/slow"] == []


def test_whom_nobody_knows_is_told_with_the_nearest(node: LogNode) -> None:
    for question in (
        PlanReplay(order=ReplayOrder(to="/sgae")),
        BeginReplay(order=ReplayOrder(to="/sgae")),
    ):
        with pytest.raises(EventLogError, match=r"'/sgae' is no durable consumer.*mean /sage"):
            ask(node, question)
    node.system.subscribe(Asked, lambda _: None, name="named", durable="theirs")
    path = next(s.path for s in node.system.hub.table.subscriptions() if s.consumer == "theirs")
    with pytest.raises(EventLogError, match="from the durable consumer theirs; replay them to"):
        ask(node, PlanReplay(order=ReplayOrder(to=path)))
    node.settle()


def test_a_replay_ends_with_its_connection(node: LogNode) -> None:
    node.publish(Asked(text="a"))
    later = node.log.answer(BeginReplay(order=ReplayOrder(to="/sage")))
    assert isinstance(later, Later)
    progress = later.find()
    assert later.ended is not None
    later.ended()
    with pytest.raises(EventLogError, match=r"there is no replay .* any more"):
        ask(node, GoOnReplaying(replay=progress.replay))
    gone = node.log.answer(BeginReplay(order=ReplayOrder(to="/sage")))
    assert gone.ended is not None
    gone.ended()  # before it was begun
    with pytest.raises(EventLogError, match="any more"):
        ask(node, GoOnReplaying(replay=gone.find().replay))


def test_through_the_socket_it_is_the_same(node: LogNode) -> None:
    node.publish(Asked(text="a"), Heard())
    with Connection(node.data.socket, TIMEOUT) as connection:
        events = NodeEvents(connection)
        assert [record.envelope.type for record in events.find(LogQuery(types=("asked",)))]
        assert events.past(PastQuery(types=("heard",)))
        assert [info.name for info in events.consumers()] == ["/scribe"]
        assert events.statistics().head > 0
        order = ReplayOrder(to="/sage", types=("asked",))
        assert events.plan(order).events == 1
        steps = list(events.replay(order, wait=5.0))
        assert steps[-1].outcomes == {"handled": 1}
        assert events.rewind("/scribe", 0).lag == 1
        probe(lambda: node.ears.of("/scribe") == ["a", "a"])
        refusals: list[Callable[[], object]] = [
            lambda: events.forget("/scribe"),
            lambda: events.plan(ReplayOrder(to="/nobody")),
        ]
        for refused in refusals:
            with pytest.raises(RingleaderError):
                refused()
    node.settle()
