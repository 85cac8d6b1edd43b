"""The protocol on real files: what one node commits is what the other has, or it is declared."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.event_log import LogQuery
from ringleader.transport.bridge_owner import StreamOwner
from ringleader.transport.bridge_reader import Send, StreamReader
from ringleader.transport.outbox_lines import load
from ringleader.transport.streams import Stream
from ringleader.transport.wire_messages import Ack, Hb, Pull
from tests.transport.bridge_files import GROUP, Side
from tests.transport.test_outbox import check_chain

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from ringleader.transport.bridge_reader import Action

STREAM = Stream("node-a", GROUP)


class Two:
    """A node that exports and one that reads it, with nothing but calls between them."""

    def __init__(self, path: Path) -> None:
        for name in ("a", "b"):
            (path / name).mkdir()
        self.a, self.b = Side(path / "a"), Side(path / "b")
        self.now = 0.0
        self.start_a()
        self.start_b()

    def start_a(self) -> None:
        self.owner = StreamOwner(STREAM, self.a.outbox)

    def start_b(self) -> None:
        rng = Random(3)  # noqa: S311  # to be repeated
        self.reader = StreamReader(STREAM, self.b.inbox, rng)

    def sync(self) -> None:
        """Heartbeats, pulls and answers, until the reader has what there is."""
        for _ in range(40):
            self.now += 20.0
            self.do(self.reader.on(Hb("node-a", 1, self.now, [self.owner.head()]), self.now))
            self.do(self.reader.tick(self.now))
            if self.b.resets:
                self.b.resets.clear()
                self.start_b()

    def do(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if not isinstance(action, Send):
                continue
            if isinstance(action.message, Ack):
                ack = action.message
                self.owner.acked("b", ack.epoch, ack.seq, self.now)
            elif isinstance(action.message, Pull):
                self.answer(action.message)

    def answer(self, pull: Pull) -> None:
        answer = self.owner.pull("b", pull, self.now)
        answers = [] if answer is None else [("b", answer)]
        for _ in range(5):
            self.a.settle()
            answers += self.owner.answers(self.now)
        for _, each in answers:
            self.do(self.reader.on(each, self.now))
            self.b.settle()
            self.do(self.reader.committed(self.now))

    def ids(self, side: Side) -> list[str]:
        return [record.envelope.id for record in side.store.log.read(LogQuery(limit=100_000))]

    def close(self) -> None:
        self.a.close()
        self.b.close()


@pytest.fixture
def two(tmp_path: Path) -> Generator[Two]:
    made = Two(tmp_path)
    yield made
    made.close()


def test_what_one_commits_the_other_has_in_order(two: Two) -> None:
    ids = [f"e{number}" for number in range(300)]
    for event_id in ids:
        two.a.append(event_id)
    two.a.settle()
    two.sync()
    assert two.ids(two.b) == two.b.taken == ids
    assert two.b.declared == []
    two.owner.slowest()


def test_both_may_be_restarted_at_any_time(two: Two) -> None:
    for number in range(6):
        two.a.publish(f"e{number}", f"f{number}")
        if number % 2:
            two.sync()
        if number % 3 == 0:
            two.a.restart()
            two.start_a()
        else:
            two.b.restart()
            two.start_b()
    two.sync()
    assert two.ids(two.b) == [f"{x}{number}" for number in range(6) for x in "ef"]
    assert two.b.declared == []


@pytest.mark.parametrize("restart", [True, False])
def test_an_owner_from_a_backup_goes_on_and_what_it_forgot_stays_at_its_reader(
    two: Two, *, restart: bool
) -> None:
    two.a.publish("a", "b")
    two.sync()
    data = two.a.backup()
    two.a.publish("c", "d")
    two.sync()
    put_back(two, two.a, data, restart=restart)
    two.a.publish("e")
    two.sync()
    assert two.ids(two.b) == ["a", "b", "c", "d", "e"]
    assert two.b.declared == []
    check_chain(two.a.outbox)


@pytest.mark.parametrize("restart", [True, False])
def test_what_a_reader_only_heard_of_before_its_owner_forgot_it_is_declared(
    two: Two, *, restart: bool
) -> None:
    two.a.publish("a")
    two.sync()
    data = two.a.backup()
    two.a.publish("b", "c")
    heartbeat = Hb("node-a", 1, two.now, [two.owner.head()])
    two.reader.on(heartbeat, two.now)  # and what it asks for gets lost
    put_back(two, two.a, data, restart=restart)
    two.a.publish("d")
    two.sync()
    assert two.ids(two.b) == ["a", "d"]
    assert [(loss.first, loss.last, loss.reason) for loss in two.b.declared] == [
        (2, 3, "rolled_back")
    ]


@pytest.mark.parametrize("restart", [True, False])
def test_a_reader_from_a_backup_reads_again_what_it_forgot(two: Two, *, restart: bool) -> None:
    two.a.publish("a", "b")
    two.sync()
    data = two.b.backup()
    two.a.publish("c", "d")
    two.sync()
    put_back(two, two.b, data, restart=restart)
    two.a.publish("e")
    two.sync()
    assert two.ids(two.b) == ["a", "b", "c", "d", "e"]
    assert two.b.declared == []


def put_back(two: Two, side: Side, data: Path, *, restart: bool) -> None:
    if restart:
        assert side.store.close()
    side.restore(data)
    if restart:
        side.open()
        two.start_a() if side is two.a else two.start_b()


def test_a_reader_that_was_away_for_too_long_declares_what_is_gone(two: Two) -> None:
    two.a.publish("a")
    two.sync()
    two.a.publish("b", "c", "d")
    two.a.outbox.prune(3)
    two.a.settle()
    two.sync()
    assert two.ids(two.b) == ["a", "d"]
    assert [(loss.first, loss.last, loss.reason) for loss in two.b.declared] == [(2, 3, "gone")]


def test_an_owner_that_lost_its_disk_is_read_from_its_new_beginning(two: Two) -> None:
    two.a.publish("a", "b")
    two.sync()
    assert two.a.store.close()
    for path in two.a.path.parent.iterdir():
        path.unlink()
    two.a.epoch = 40  # of another start
    two.a.open()
    two.start_a()
    two.a.publish("c")
    two.sync()
    assert two.ids(two.b) == ["a", "b", "c"]


def test_a_copy_of_a_disk_that_went_another_way_is_read_without_duplicates(two: Two) -> None:
    """Same epoch, same numbers, other content: the file is put back and goes on unnoticed."""
    two.a.publish("a", "b")
    two.sync()
    data = two.a.backup()
    two.a.publish("c")
    two.sync()
    two.a.restore(data)
    outboxes, line = two.a.store.outboxes, load(two.a.store.reader, GROUP)
    assert outboxes is not None
    assert line is not None
    outboxes._committed[GROUP] = line  # as it may be after a start with an epoch of old
    two.a.publish("x", "y")
    assert len(two.a.outbox.segments) == 1
    two.sync()
    assert sorted(two.ids(two.b)) == ["a", "b", "c", "x", "y"]
    check_chain(two.a.outbox)
