"""What a node exports: the contract of every outbox, and what a file of them outlives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from ringleader.actors.event_log import EventLogError, LogQuery
from ringleader.transport.outbox import SqliteOutbox
from ringleader.transport.outboxes import OutboxLimits
from ringleader.transport.streams import NO_HASH, Segment, chained
from tests.transport.bridge_files import (
    GROUP,
    Crossing,
    OutboxStand,
    Side,
    SqliteOutboxStand,
    Staying,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from ringleader.transport.streams import Entry, Outbox

EVERYTHING = 1_000_000


@pytest.fixture(params=["memory", "sqlite"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[OutboxStand]:
    made = SqliteOutboxStand(tmp_path) if request.param == "sqlite" else OutboxStand()
    yield made
    made.close()


@pytest.fixture
def side(tmp_path: Path) -> Generator[Side]:
    made = Side(tmp_path)
    yield made
    made.close()


def read(outbox: Outbox, epoch: int, first: int = 1, limit: int = 100) -> list[Entry]:
    return outbox.read(epoch, first, limit, EVERYTHING)


def open_epoch(outbox: Outbox) -> int:
    return outbox.segments[-1].epoch


def seqs(entries: list[Entry]) -> list[int]:
    return [entry.seq for entry in entries]


def check_chain(outbox: Outbox) -> None:
    """Each entry that can be read has the hash that follows from the one before it."""
    for epoch, start, end in outbox.segments:
        first = max(start, outbox.low)
        last = outbox.head if end is None else end
        before = outbox.hash_at(epoch, first - 1)
        for entry in read(outbox, epoch, first, last - first + 1) if first <= last else ():
            assert before is not None
            before = chained(before, epoch, entry)
            assert outbox.hash_at(epoch, entry.seq) == before


# ---------------------------------------------------------------- the contract


def test_an_outbox_begins_with_an_open_epoch_and_nothing_in_it(stand: OutboxStand) -> None:
    outbox = stand.outbox
    assert outbox.segments == (Segment(open_epoch(outbox), 1, None),)
    assert (outbox.head, outbox.low) == (0, 1)
    assert open_epoch(outbox) > 0
    assert outbox.hash_at(open_epoch(outbox), 0) == NO_HASH
    assert outbox.hash_at(open_epoch(outbox), 1) is None
    assert read(outbox, open_epoch(outbox)) == []


def test_what_is_committed_can_be_read_in_order(stand: OutboxStand) -> None:
    entries = stand.commit("a", "b") + stand.commit("c")
    outbox = stand.outbox
    assert seqs(entries) == [1, 2, 3]
    assert (outbox.head, outbox.low) == (3, 1)
    assert read(outbox, open_epoch(outbox)) == entries
    assert read(outbox, open_epoch(outbox), 2) == entries[1:]
    assert read(outbox, open_epoch(outbox), 2, 1) == entries[1:2]
    assert read(outbox, open_epoch(outbox) + 1) == []
    check_chain(outbox)


def test_reading_ends_where_it_would_be_too_much_but_gives_one(stand: OutboxStand) -> None:
    entries = stand.commit("a", "b", "c")
    epoch, size = open_epoch(stand.outbox), len(entries[0].body)
    assert stand.outbox.read(epoch, 1, 10, 2 * size) == entries[:2]
    assert stand.outbox.read(epoch, 1, 10, 2 * size - 1) == entries[:1]
    assert stand.outbox.read(epoch, 1, 10, 1) == entries[:1]


def test_minting_closes_the_epoch_and_numbers_go_on(stand: OutboxStand) -> None:
    told: list[int] = []
    first = stand.commit("a", "b")
    old = open_epoch(stand.outbox)
    end_hash = stand.outbox.hash_at(old, 2)
    stand.outbox.mint(lambda: told.append(open_epoch(stand.outbox)))
    stand.settle()
    new = open_epoch(stand.outbox)
    assert told == [new]
    assert new != old
    second = stand.commit("c")
    assert seqs(second) == [3]
    assert stand.outbox.segments == (Segment(old, 1, 2), Segment(new, 3, None))
    assert read(stand.outbox, old) == first
    assert read(stand.outbox, new, 3) == second
    assert stand.outbox.hash_at(old, 2) == end_hash
    assert stand.outbox.hash_at(new, 2) == NO_HASH
    check_chain(stand.outbox)


def test_a_start_mints(stand: OutboxStand) -> None:
    entries = stand.commit("a")
    old = open_epoch(stand.outbox)
    stand.restart()
    assert stand.outbox.segments[0] == Segment(old, 1, 1)
    assert stand.outbox.segments[1].start == 2
    assert read(stand.outbox, old) == entries
    assert stand.commit("b")[0].seq == 2
    check_chain(stand.outbox)


def test_restamping_keeps_numbers_and_bodies_in_a_new_epoch(stand: OutboxStand) -> None:
    told: list[int] = []
    stand.commit("a", "b")
    old = open_epoch(stand.outbox)
    stand.restart()
    stand.commit("c", "d")
    dead = open_epoch(stand.outbox)
    stand.restart()
    stand.commit("e")
    stand.outbox.restamp(dead, lambda: told.append(open_epoch(stand.outbox)))
    stand.settle()
    new = open_epoch(stand.outbox)
    assert told == [new]
    assert stand.outbox.segments == (
        Segment(old, 1, 2),
        Segment(dead, 3, 2),
        Segment(new, 3, None),
    )
    assert read(stand.outbox, new, 3) == stand.entries[2:]
    assert read(stand.outbox, dead, 3) == []
    assert stand.outbox.head == 5
    assert stand.commit("f")[0].seq == 6
    check_chain(stand.outbox)


def test_restamping_an_epoch_that_is_not_known_mints(stand: OutboxStand) -> None:
    stand.commit("a")
    old = open_epoch(stand.outbox)
    stand.outbox.restamp(12345, list)
    stand.settle()
    assert stand.outbox.segments[0] == Segment(old, 1, 1)
    assert stand.outbox.segments[1].start == 2


def test_what_was_removed_can_not_be_read_but_the_last_hash_of_it_is_known(
    stand: OutboxStand,
) -> None:
    stand.commit("a", "b", "c", "d")
    epoch = open_epoch(stand.outbox)
    boundary = stand.outbox.hash_at(epoch, 2)
    stand.prune(2)
    assert (stand.outbox.low, stand.outbox.head) == (3, 4)
    assert stand.outbox.hash_at(epoch, 2) == boundary
    assert read(stand.outbox, epoch, 1) == []
    assert read(stand.outbox, epoch, 3) == stand.entries[2:]
    check_chain(stand.outbox)
    stand.prune(4)
    assert (stand.outbox.low, stand.outbox.head) == (5, 4)
    assert stand.commit("e")[0].seq == 5
    check_chain(stand.outbox)


def test_restamping_leaves_what_was_removed(stand: OutboxStand) -> None:
    stand.commit("a", "b", "c")
    dead = open_epoch(stand.outbox)
    stand.prune(1)
    boundary = stand.outbox.hash_at(dead, 1)
    stand.outbox.restamp(dead, list)
    stand.settle()
    assert stand.outbox.segments[0] == Segment(dead, 1, 1)
    assert stand.outbox.hash_at(dead, 1) == boundary
    assert read(stand.outbox, open_epoch(stand.outbox), 2) == stand.entries[1:]
    check_chain(stand.outbox)


# ---------------------------------------------------------------- both are alike


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("commit"), st.integers(1, 4)),
            st.tuples(st.just("prune"), st.integers(0, 12)),
            st.tuples(st.just("mint"), st.just(0)),
            st.tuples(st.just("restart"), st.just(0)),
            st.tuples(st.just("restamp"), st.integers(0, 5)),
        ),
        max_size=12,
    )
)
def test_the_file_and_the_memory_say_the_same(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    stands = (OutboxStand(), SqliteOutboxStand(tmp_path_factory.mktemp("outbox")))
    try:
        for number, (what, argument) in enumerate(steps):
            for each in stands:
                do(each, what, argument, number)
            shapes = [[(s.start, s.end) for s in each.outbox.segments] for each in stands]
            assert shapes[0] == shapes[1]
            bounds = [(each.outbox.head, each.outbox.low) for each in stands]
            assert bounds[0] == bounds[1]
            for each in stands:
                check_chain(each.outbox)
            contents = [
                [read(x.outbox, s.epoch, max(s.start, x.outbox.low)) for s in x.outbox.segments]
                for x in stands
            ]
            assert contents[0] == contents[1]
    finally:
        for each in stands:
            each.close()


def do(stand: OutboxStand, what: str, argument: int, number: int) -> None:
    segments = stand.outbox.segments
    match what:
        case "commit":
            stand.commit(*(f"{number}-{n}" for n in range(argument)))
        case "prune":
            stand.prune(argument)
        case "mint":
            stand.outbox.mint(list)
        case "restart":
            stand.restart()
        case _:
            stand.outbox.restamp(segments[argument % len(segments)].epoch, list)
    stand.settle()


# ---------------------------------------------------------------- with the log


def test_what_crosses_is_in_the_log_and_in_the_outbox_and_what_stays_is_not(side: Side) -> None:
    side.publish("a", "b")
    side.publish("c", event=Staying())
    side.publish("d")
    assert [r.envelope.id for r in side.store.log.read(LogQuery())] == ["a", "b", "c", "d"]
    assert side.outbox.head == 3
    assert [entry.seq for _, entries in side.said for entry in entries] == [1, 2, 3]
    assert {group for group, _ in side.said} == {GROUP}


def test_an_id_that_is_known_is_not_exported_again(side: Side) -> None:
    side.publish("a", "a")
    side.publish("a", "b")
    assert side.outbox.head == 2


def test_many_events_at_once_are_a_few_statements(side: Side) -> None:
    with side.held() as statements:
        for number in range(1_500):
            side.append(f"e{number}")
    assert side.outbox.head == 1_500
    check_chain(side.outbox)
    assert len(statements) < 40, statements


def test_a_store_without_exports_has_no_outbox(side: Side, tmp_path: Path) -> None:
    del tmp_path
    side.store.outboxes = None
    with pytest.raises(EventLogError, match="open its store with exports"):
        SqliteOutbox(side.store, GROUP)


def test_a_group_that_nobody_named_gets_its_outbox_when_it_is_asked_for(side: Side) -> None:
    other = SqliteOutbox(side.store, "pipeline")
    assert len(other.segments) == 1
    side.restart()
    assert len(SqliteOutbox(side.store, "pipeline").segments) == 2


# ---------------------------------------------------------------- put back to an older state


def test_a_file_from_a_backup_goes_on_in_a_new_epoch_after_a_start(side: Side) -> None:
    side.publish("a", "b")
    old = open_epoch(side.outbox)
    data = side.backup()
    side.publish("c", "d")
    assert side.store.close()
    side.restore(data)
    side.open()
    assert side.outbox.segments[0] == Segment(old, 1, 2)
    assert side.outbox.segments[-1].start == 3
    assert open_epoch(side.outbox) != old
    check_chain(side.outbox)


def test_a_file_from_a_backup_goes_on_in_a_new_epoch_without_a_start(side: Side) -> None:
    side.publish("a", "b")
    old = open_epoch(side.outbox)
    data = side.backup()
    side.publish("c", "d")
    side.restore(data)
    side.publish("e", "f")
    assert side.outbox.segments == (Segment(old, 1, 2), Segment(open_epoch(side.outbox), 3, None))
    assert side.outbox.head == 4
    check_chain(side.outbox)
    side.publish("g")
    assert side.outbox.head == 5
    assert len(side.outbox.segments) == 2


def test_a_reader_who_asks_for_what_went_with_a_backup_makes_it_known(side: Side) -> None:
    side.publish("a", "b")
    data = side.backup()
    side.publish("c", "d")
    epoch = open_epoch(side.outbox)
    side.restore(data)
    assert read(side.outbox, epoch, 3) == []
    side.settle()
    assert side.outbox.head == 2
    assert open_epoch(side.outbox) != epoch


def test_a_backup_of_before_the_group_leaves_an_empty_outbox(side: Side) -> None:
    data = side.backup()
    pipeline = SqliteOutbox(side.store, "pipeline")
    old = open_epoch(pipeline)
    side.restore(data)
    pipeline.mint(list)
    side.settle()
    assert open_epoch(pipeline) != old
    assert (pipeline.head, pipeline.low) == (0, 1)


# ---------------------------------------------------------------- what is kept


def test_nothing_is_removed_that_a_reader_has_not_had(side: Side) -> None:
    side.publish("a", "b", "c")
    side.outbox.prune(None)
    side.settle()
    assert side.outbox.low == 1
    side.outbox.prune(2)
    side.settle()
    assert side.outbox.low == 3
    side.outbox.prune(1)
    side.settle()
    assert side.outbox.low == 3
    assert side.unread == []


def test_what_is_too_old_goes_and_that_is_an_alarm_if_a_reader_misses_it(tmp_path: Path) -> None:
    side = Side(tmp_path, OutboxLimits(age=100.0))
    side.publish("a", "b")
    side.clock.advance(60.0)
    side.publish("c")
    side.clock.advance(60.0)
    side.outbox.prune(1)
    side.settle()
    side.settle()
    assert side.outbox.low == 3
    assert side.unread == [(GROUP, 2, 2)]
    side.clock.advance(60.0)
    side.outbox.prune(None)
    side.settle()
    assert side.outbox.low == 4
    assert side.unread == [(GROUP, 2, 2)], "no reader is known that misses it"
    side.close()


def test_what_is_too_much_goes_with_the_commit_that_is_too_much(tmp_path: Path) -> None:
    side = Side(tmp_path, OutboxLimits(size=20_000))
    side.outbox.prune(0)
    for number in range(40):
        side.publish(f"e{number}", event=Crossing(text="x" * 1_000))
    for _ in range(3):
        side.settle()
    assert side.outbox.size <= 20_000
    assert side.outbox.low > 20
    assert side.unread[0][:2] == (GROUP, 1)
    assert side.unread[-1][2] == side.outbox.low - 1
    check_chain(side.outbox)
    low, size = side.outbox.low, side.outbox.size
    side.restart()
    assert (side.outbox.low, side.outbox.size, side.outbox.head) == (low, size, 40)
    side.close()


def test_much_is_removed_a_part_at_a_time(side: Side) -> None:
    for number in range(4_500):
        side.append(f"e{number}")
    side.settle()
    side.outbox.prune(4_400)
    for _ in range(4):
        side.settle()
    assert (side.outbox.low, side.outbox.head) == (4_401, 4_500)
    ((number,),) = side.store.reader.rows("SELECT count(*) FROM outbox")
    assert number == 101


def test_epochs_of_which_nothing_is_left_are_known_for_long_but_not_for_ever(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringleader.transport.outbox_lines.EPOCHS", 5)
    for number in range(12):
        side.publish(f"e{number}")
        side.outbox.mint(list)
    side.settle()
    side.outbox.prune(10)
    side.settle()
    assert len(side.outbox.segments) == 5
    assert side.outbox.head == 12
    known = side.outbox.segments
    side.restart()
    assert list(side.outbox.segments[:4]) == list(known[:4])


def test_the_largest_outbox_lets_go_when_all_together_are_too_large(tmp_path: Path) -> None:
    side = Side(tmp_path, OutboxLimits(size=20_000))
    small = SqliteOutbox(side.store, "pipeline")
    side.exports._known[Staying] = "pipeline"
    for number in range(5):
        side.publish(f"s{number}", event=Staying())
    small.prune(0)
    for number in range(30):
        side.publish(f"e{number}", event=Crossing(text="x" * 1_000))
    side.outbox.prune(None)
    small.prune(0)
    for _ in range(3):
        side.settle()
    assert small.low == 1
    assert small.size + side.outbox.size <= 20_000
    side.close()


def test_an_epoch_is_never_given_twice(stand: OutboxStand) -> None:
    for number, what in enumerate(("commit", "restart", "commit", "restamp", "restamp")):
        before = open_epoch(stand.outbox)
        do(stand, what, 0 if what == "restamp" else 1, number)
        assert what == "commit" or open_epoch(stand.outbox) != before
        check_chain(stand.outbox)
