"""What a node reads of others: the contract of every inbox, and what is done in one transaction."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
import pytest

from ringleader.actors.event_log import ConsumerSpec, EventLogError, Fetched, LogQuery
from ringleader.transport.bodies import pack_body
from ringleader.transport.streams import NO_HASH, Entry, Loss, Place, Stream, chained
from tests.event_logs import answer
from tests.transport.bridge_files import (
    EPOCH,
    PATIENCE,
    STREAM,
    InboxStand,
    Side,
    SqliteInboxStand,
    body_of,
    chain,
    envelope_of,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from ringleader.actors.errors import RingleaderError
    from ringleader.actors.event_log import ConsumerInfo
    from ringleader.actors.publication import Publication


@pytest.fixture(params=["memory", "sqlite"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[InboxStand]:
    made = SqliteInboxStand(tmp_path) if request.param == "sqlite" else InboxStand()
    yield made
    made.close()


@pytest.fixture
def side(tmp_path: Path) -> Generator[Side]:
    made = Side(tmp_path)
    yield made
    made.close()


def ids_in(side: Side) -> list[str]:
    return [record.envelope.id for record in side.store.log.read(LogQuery(limit=10_000))]


def apply(side: Side, place: Place, entries: list[Entry], *losses: Loss) -> None:
    side.inbox.apply(STREAM, place, entries, losses, list)
    side.settle()


def attach(side: Side) -> None:
    spec = ConsumerSpec(name="c")
    info: ConsumerInfo = answer(partial(side.store.log.attach, spec, "o"))
    assert info.active


def fetched_by(side: Side) -> list[str]:
    fetched: Fetched = answer(partial(side.store.log.fetch, "c", "o", 10))
    return [record.envelope.id for record in fetched.records]


def nobody(_: Sequence[Publication]) -> None:
    """Hear of nothing."""


def letters(side: Side) -> list[tuple[str, str, str]]:
    found = side.store.reader.rows(
        "SELECT event_id, event_type, reason FROM dead_letters ORDER BY number"
    )
    return [tuple(row) for row in found]


# ---------------------------------------------------------------- the contract


def test_a_stream_that_was_never_read_has_no_place(stand: InboxStand) -> None:
    assert stand.inbox.places(STREAM) == []
    assert stand.inbox.hash_at(STREAM, EPOCH, 1) is None


def test_what_was_applied_is_there_once_it_is_committed_and_then_is_called(
    stand: InboxStand,
) -> None:
    told: list[int] = []
    first, there = chain([body_of("a"), body_of("b")])
    second, place = chain([body_of("c")], 3, there.hash)
    stand.apply(there, first, then=lambda: told.append(1))
    stand.apply(place, second, then=lambda: told.append(2))
    stand.settle()
    assert told == [1, 2]
    assert stand.applied == ["a", "b", "c"]
    assert stand.inbox.places(STREAM) == [place]


def test_an_id_enters_once_whatever_epoch_it_comes_in(stand: InboxStand) -> None:
    entries, place = chain([body_of("a"), body_of("b")])
    stand.apply(place, entries)
    again, there = chain([body_of("b"), body_of("b"), body_of("c")], 2, epoch=EPOCH + 1)
    stand.apply(there, again)
    stand.settle()
    assert stand.applied == ["a", "b", "c"]


def test_places_of_all_epochs_are_known_the_current_one_last(stand: InboxStand) -> None:
    one, two = Place(1, 5, b"1" * 8, 4), Place(2, 9, b"2" * 8, 30)
    stand.apply(one)
    stand.apply(two)
    stand.settle()
    assert stand.inbox.places(STREAM) == [one, two]
    back = one._replace(heard=12)
    stand.apply(back)
    stand.settle()
    assert stand.inbox.places(STREAM) == [two, back]
    stand.restart()
    assert stand.inbox.places(STREAM) == [two, back]


def test_the_hashes_of_what_was_applied_are_known(stand: InboxStand) -> None:
    entries, place = chain([body_of(event_id) for event_id in "abcde"])
    half, there = chain([entry.body for entry in entries[:3]])
    stand.apply(there, half)
    stand.apply(place, entries[3:])
    stand.settle()
    stand.restart()
    before = NO_HASH
    for entry in entries:
        before = chained(before, EPOCH, entry)
        assert stand.inbox.hash_at(STREAM, EPOCH, entry.seq) == before
    assert stand.inbox.hash_at(STREAM, EPOCH, 6) is None
    assert stand.inbox.hash_at(STREAM, EPOCH + 1, 1) is None


def test_losses_are_kept_with_the_place_behind_them(stand: InboxStand) -> None:
    loss = Loss(STREAM, EPOCH, 1, 7, "gone")
    stand.apply(Place(EPOCH, 8, b"h" * 8, 9), losses=[loss])
    stand.settle()
    stand.restart()
    assert stand.losses == [loss]
    assert stand.inbox.places(STREAM) == [Place(EPOCH, 8, b"h" * 8, 9)]


# ---------------------------------------------------------------- in the file


def test_streams_have_places_of_their_own(side: Side) -> None:
    other = Stream("node-c", STREAM.group)
    entries, place = chain([body_of("a")])
    side.inbox.apply(STREAM, place, entries, (), list)
    entries, there = chain([body_of("x"), body_of("y")])
    side.inbox.apply(other, there, entries, (), list)
    side.settle()
    side.restart()
    assert side.inbox.places(STREAM) == [place]
    assert side.inbox.places(other) == [there]
    assert side.inbox.streams() == [STREAM, other]


def test_events_come_as_they_were_with_the_node_that_they_came_from(side: Side) -> None:
    body = body_of("a", source="/pipeline/x", subject="s", correlationid="c", epoch=9, depth=3)
    entries, place = chain([body])
    apply(side, place, entries)
    (record,) = side.store.log.read(LogQuery())
    assert record.envelope == envelope_of(
        "a",
        source="/pipeline/x",
        subject="s",
        correlationid="c",
        epoch=9,
        depth=3,
        sequence=1,
        origin=STREAM.origin,
    )


def test_what_came_from_others_is_not_exported(side: Side) -> None:
    entries, place = chain([body_of("a"), body_of("b")])
    apply(side, place, entries)
    side.publish("mine")
    assert side.outbox.head == 1
    side.publish("b")
    assert side.outbox.head == 1
    assert ids_in(side) == ["a", "b", "mine"]


def test_what_this_node_said_itself_is_a_duplicate(side: Side) -> None:
    side.publish("a")
    entries, place = chain([body_of("a"), body_of("b")])
    apply(side, place, entries)
    assert side.taken == ["b"]
    assert side.inbox.duplicates[STREAM] == 1


def test_many_entries_are_a_few_statements(side: Side) -> None:
    entries, place = chain([body_of(f"e{number}") for number in range(1_500)])
    with side.held() as statements:
        side.inbox.apply(STREAM, place, entries, (), list)
    assert side.taken == [f"e{number}" for number in range(1_500)]
    assert len(statements) < 20, statements


def test_imports_and_own_events_in_one_transaction_reach_a_consumer_in_order(side: Side) -> None:
    log = side.store.log
    attach(side)
    got: list[Fetched | RingleaderError] = []
    log.fetch("c", "o", 10, got.append, wait=True)
    side.settle()
    entries, place = chain([body_of("a"), body_of("b")])
    with side.held():
        side.append("1")
        side.inbox.apply(STREAM, place, entries, (), list)
        side.append("2")
    side.settle()
    (fetched,) = got
    assert isinstance(fetched, Fetched)
    found = [record.envelope.id for record in fetched.records]
    while len(found) < 4:
        more = fetched_by(side)
        assert more
        found += more
    assert found == ["1", "a", "b", "2"] == ids_in(side)


def test_a_kill_between_commit_and_dispatch_leaves_the_events_to_durable_consumers(
    side: Side,
) -> None:
    attach(side)
    side.inbox._take_in = nobody
    entries, place = chain([body_of("a"), body_of("b")])
    apply(side, place, entries)
    side.restart()
    assert side.inbox.places(STREAM) == [place]
    attach(side)
    assert fetched_by(side) == ["a", "b"]


def test_old_hashes_go(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringleader.transport.inbox_places.HASHES", 20)
    monkeypatch.setattr("ringleader.transport.inbox_places.SWEEP", 10)
    seq, before = 1, NO_HASH
    for number in range(20):
        entries, place = chain([body_of(f"{number}-{n}") for n in range(5)], seq, before)
        side.inbox.apply(STREAM, place, entries, (), list)
        seq, before = place.next, place.hash
    side.settle()
    assert side.inbox.hash_at(STREAM, EPOCH, 85) is not None
    assert side.inbox.hash_at(STREAM, EPOCH, 50) is None
    ((kept,),) = side.store.reader.rows("SELECT count(*) FROM inbox_hashes")
    assert kept <= 7


def test_old_places_go(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringleader.transport.inbox_places.PLACES", 3)
    for epoch in range(1, 10):
        side.inbox.apply(STREAM, Place(epoch, 1), (), (), list)
    side.settle()
    side.restart()
    assert [place.epoch for place in side.inbox.places(STREAM)] == [7, 8, 9]


def test_behind_a_gap_only_the_place_has_a_hash(side: Side) -> None:
    entries, place = chain([body_of("a"), body_of("b")], 5, b"unknown!")
    apply(side, place, entries)
    side.restart()
    assert side.inbox.hash_at(STREAM, EPOCH, 6) == place.hash
    assert side.inbox.hash_at(STREAM, EPOCH, 5) is None


def test_losses_are_told_when_they_are_committed_and_untold_until_somebody_says_so(
    side: Side,
) -> None:
    losses = [Loss(STREAM, EPOCH, 1, 3, "gone"), Loss(STREAM, EPOCH, 9, 9, "rolled_back")]
    apply(side, Place(EPOCH, 10, b"h" * 8, 9), [], *losses)
    assert side.declared == losses
    side.inbox.told(losses[0])
    side.settle()
    side.restart()
    assert side.inbox.untold() == losses[1:]
    assert side.inbox.losses() == losses


# ---------------------------------------------------------------- what nobody here understands


def test_an_unknown_type_is_kept_set_aside_and_passed(side: Side) -> None:
    entries, place = chain([body_of("a"), body_of("new", "of_tomorrow"), body_of("b")])
    apply(side, place, entries)
    assert side.taken == ["a", "b"]
    assert ids_in(side) == ["a", "new", "b"]
    assert letters(side) == [("new", "of_tomorrow", "unknown_type")]
    assert side.inbox.places(STREAM) == [place]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode({"number": "of a newer schema"}),
        msgspec.msgpack.encode([1, 2]),
        b"\x81\xa4text" * 5_000,
        b"\x81\xa4text\xa3\xed\xa0\x80",
        b"\x80\x80",
    ],
)
def test_a_payload_that_does_not_fit_is_kept_set_aside_and_passed(
    side: Side, payload: bytes
) -> None:
    entries, place = chain([body_of("a"), body_of("bad", payload=payload), body_of("b")])
    apply(side, place, entries)
    assert side.taken == ["a", "b"]
    assert ids_in(side) == ["a", "bad", "b"]
    assert letters(side) == [("bad", "crossing", "poison")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0\0\0",
        b"\0\0\0\xff\x80",
        b"\xff\xff\xff\xff",
        b"\0\0\0\1\x80rest",
        pack_body(b"\x91\x01", b""),
        pack_body(msgspec.msgpack.encode({"id": "", "source": "s", "type": "t", "time": 1.0}), b""),
        pack_body(msgspec.msgpack.encode({"id": "i", "source": "s", "type": "", "time": 1.0}), b""),
        body_of("i", time=float("nan")),
        body_of("i", time=float("inf")),
        pack_body(b"\x84\xa2id\xa1\xff\xa6source\xa1s\xa4type\xa1t\xa4time\x01", b""),
        pack_body(b"\x84\xa2id\xa3\xed\xa0\x80\xa6source\xa1s\xa4type\xa1t\xa4time\x01", b""),
        pack_body(b"\x91" * 5_000, b""),
    ],
)
def test_what_can_not_be_read_at_all_is_a_dead_letter_and_passed(side: Side, body: bytes) -> None:
    entries, place = chain([body_of("a"), body, body_of("b")])
    apply(side, place, entries)
    assert side.taken == ["a", "b"]
    assert ids_in(side) == ["a", "b"]
    assert letters(side) == [(f"{STREAM}/{EPOCH:x}/2", "unreadable", "poison")]
    assert side.inbox.places(STREAM) == [place]
    assert side.resets == []


def test_what_is_odd_but_an_event_is_kept(side: Side) -> None:
    odd = [
        body_of("nul\0", source="\0", subject=""),
        body_of("old", time=-1e300),
        body_of("deep", depth=2**63, epoch=2**64 - 1),
        body_of("x" * 10_000),
        body_of("seq", sequence=5, origin="node-z"),
    ]
    entries, place = chain(odd)
    apply(side, place, entries)
    assert len(side.taken) == 5
    assert letters(side) == []
    records = side.store.log.read(LogQuery())
    assert {record.envelope.origin for record in records} == {STREAM.origin}
    assert [record.envelope.sequence for record in records] == [1, 2, 3, 4, 5]


# ---------------------------------------------------------------- put back to an older state


def test_a_file_from_a_backup_says_where_to_go_on_after_a_start(side: Side) -> None:
    entries, place = chain([body_of("a"), body_of("b")])
    apply(side, place, entries)
    data = side.backup()
    more, there = chain([body_of("c")], 3, place.hash)
    apply(side, there, more)
    assert side.store.close()
    side.restore(data)
    side.open()
    assert side.inbox.places(STREAM) == [place]
    apply(side, there, more)
    assert ids_in(side) == ["a", "b", "c"]


def test_a_file_from_a_backup_has_its_reader_begin_anew_without_a_start(side: Side) -> None:
    told: list[str] = []
    entries, place = chain([body_of("a"), body_of("b")])
    apply(side, place, entries)
    data = side.backup()
    more, there = chain([body_of("c")], 3, place.hash)
    apply(side, there, more)
    side.restore(data)
    rest, end = chain([body_of("d")], 4, there.hash)
    late, last = chain([body_of("e")], 5, end.hash)
    side.inbox.apply(STREAM, end, rest, (), lambda: told.append("d"))
    side.inbox.apply(STREAM, last, late, (), lambda: told.append("e"))
    side.settle()
    assert side.resets == [STREAM]
    assert told == []
    assert ids_in(side) == ["a", "b"]
    assert side.inbox.places(STREAM) == [place]
    again, end = chain([entry.body for entry in [*more, *rest, *late]], 3, place.hash)
    side.inbox.apply(STREAM, end, again, (), lambda: told.append("all"))
    side.settle()
    assert told == ["all"]
    assert ids_in(side) == ["a", "b", "c", "d", "e"]


# ---------------------------------------------------------------- disks that refuse


def test_a_disk_that_refuses_delays_and_changes_nothing(side: Side) -> None:
    told: list[str] = []
    connection = side.store.database._connection
    connection.pragma("query_only", 1)
    entries, place = chain([body_of("a"), body_of("new", "of_tomorrow")])
    loss = Loss(STREAM, EPOCH, 7, 8, "gone")
    side.inbox.apply(STREAM, place, entries, [loss], lambda: told.append("then"))
    side.append("mine")
    assert not side.store.writer.flush(0.2)
    assert "can't be written" in side.store.log.trouble
    assert told == []
    assert side.taken == []
    connection.pragma("query_only", 0)
    side.clock.advance(1.0)
    side.settle()
    assert told == ["then"]
    assert ids_in(side) == ["a", "new", "mine"]
    assert side.declared == [loss]
    assert len(letters(side)) == 1
    assert side.outbox.head == 1
    assert side.resets == []


def test_after_the_end_nothing_is_applied(side: Side) -> None:
    assert side.store.close(PATIENCE)
    with pytest.raises(EventLogError, match="closed"):
        side.inbox.apply(Stream("x", "y"), Place(1, 1), (), (), list)


def test_an_id_is_known_when_its_event_is_in_the_log_no_more(side: Side) -> None:
    entries, place = chain([body_of("a"), body_of("b")])
    apply(side, place, entries)
    side.publish("mine")
    side.clock.advance(2 * 86_400.0)
    side.store.log.prune(side.clock.time())
    side.settle()
    assert ids_in(side) == []
    assert side.store.reader.rows("SELECT event_id FROM inbox_ids") == [("a",), ("b",)]
    again, there = chain([body_of("b"), body_of("c"), body_of("a"), body_of("d")], epoch=EPOCH + 1)
    apply(side, there, again)
    assert side.taken == ["a", "b", "c", "d"]
    assert ids_in(side) == ["c", "d"]
    assert side.inbox.duplicates[STREAM] == 2
    side.clock.advance(15 * 86_400.0)
    side.store.log.prune(side.clock.time())
    side.settle()
    assert side.store.reader.rows("SELECT event_id FROM inbox_ids") == [("c",), ("d",)]
