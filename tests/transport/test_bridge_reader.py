from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from ringleader.transport.bridge_early import Early
from ringleader.transport.bridge_pace import Pace, PaceLimits
from ringleader.transport.bridge_places import MOST_HEARSAY, Places
from ringleader.transport.bridge_reader import Send, StreamReader
from ringleader.transport.bridge_reading import ReaderLimits
from ringleader.transport.streams import NO_HASH, Entry, Loss, Place, chained
from ringleader.transport.wire_messages import (
    Ack,
    Ahead,
    Batch,
    Cursor,
    Evt,
    Gone,
    Hb,
    Head,
    HelloOk,
    Message,
    Next,
    Pull,
    Start,
    Unknown,
    Welcome,
)
from tests.transport.hostile import STREAM
from tests.transport.memory_boxes import MemoryInbox

if TYPE_CHECKING:
    from ringleader.transport.bridge_reader import Action

GROUP = STREAM.group
EPOCH = 77
LATER = 78


def hashes(*contents: bytes, epoch: int = EPOCH) -> list[bytes]:
    """Return the hash before the first entry, and that of each one."""
    found = [NO_HASH]
    for seq, body in enumerate(contents, 1):
        found.append(chained(found[-1], epoch, Entry(seq, body)))
    return found


class Stage:
    """A reader, what it says, and its disk."""

    def __init__(self, *places: Place, limits: ReaderLimits | None = None) -> None:
        self.inbox = MemoryInbox()
        for place in places:
            self.inbox.put(place)
        self.now = 100.0
        self.wakes = 0
        self.reader = StreamReader(
            STREAM,
            self.inbox,
            Random(1),  # noqa: S311  # a test
            limits=limits or ReaderLimits(),
            wake=self._wake,
        )

    def on(self, message: Message) -> list[Message]:
        return self._sent(self.reader.on(message, self.now))

    def wait(self, seconds: float = 0.1) -> list[Message]:
        before = self.reader.tick(self.now)
        self.now += seconds
        return self._sent([*before, *self.reader.tick(self.now)])

    def pulls(self, seconds: float = 0.1) -> list[Pull]:
        return [each for each in self.wait(seconds) if isinstance(each, Pull)]

    def ready(self, *contents: bytes) -> None:
        """Have the reader in the epoch, with these entries read and committed."""
        (pull,) = self.pulls()
        self.on(Unknown(pull.req, GROUP, [Start(EPOCH, 1)], 1))
        batch = Batch(
            pull.req + 1, GROUP, EPOCH, 1, NO_HASH, list(contents), len(contents), is_last=True
        )
        self.on(batch)
        self.commit()

    def commit(self) -> list[Message]:
        self.inbox.settle()
        return self._sent(self.reader.committed(self.now))

    def _sent(self, actions: list[Action]) -> list[Message]:
        return [each.message for each in actions if isinstance(each, Send)]

    def _wake(self) -> None:
        self.wakes += 1


def test_a_reader_asks_by_itself_and_begins_where_there_is_something_to_read() -> None:
    stage = Stage()

    (pull,) = stage.pulls()
    assert (pull.epoch, pull.next, pull.hash, pull.heard) == (0, 1, NO_HASH, 0)
    starts = [Start(1, 1), Start(2, 5), Start(3, 5), Start(4, 9)]
    (follow,) = stage.on(Unknown(pull.req, GROUP, starts, 6))

    assert isinstance(follow, Pull)
    assert (follow.epoch, follow.next) == (3, 5)
    assert stage.reader.cursor() is None


def test_what_is_published_in_order_is_applied_and_acknowledged_after_its_commit() -> None:
    stage = Stage()
    stage.ready(b"one")
    chain = hashes(b"one", b"two", b"three")
    wakes = stage.wakes

    assert stage.on(Evt(GROUP, EPOCH, 2, chain[1], [b"two", b"three"])) == []
    assert stage.inbox.applied == [b"one"]
    assert not [each for each in stage.wait(2.0) if each == Ack(GROUP, EPOCH, 3)]
    said = [*stage.commit(), *stage.wait(2.0)]

    assert stage.wakes == wakes + 1
    assert stage.inbox.applied == [b"one", b"two", b"three"]
    assert Ack(GROUP, EPOCH, 3) in said
    assert stage.reader.cursor() == Cursor(GROUP, EPOCH, 4)
    told = stage.reader.statistics()
    assert (told.entries, told.bytes, told.lag, told.outstanding) == (3, 11, 0, 0)
    assert told.place == Place(EPOCH, 4, chain[3], 3)


def test_an_acknowledgement_is_repeated_now_and_then_because_it_may_be_lost() -> None:
    stage = Stage(limits=ReaderLimits(ack_interval=1.0, ack_again=30.0))
    stage.ready(b"one")
    stage.wait(2)

    acks = [each for _ in range(100) for each in stage.wait(1.0) if isinstance(each, Ack)]

    assert len(acks) == 3


def test_a_publication_that_overlaps_is_checked_from_its_beginning() -> None:
    stage = Stage()
    stage.ready(b"one", b"two")
    chain = hashes(b"one", b"two", b"three")

    stage.on(Evt(GROUP, EPOCH, 1, NO_HASH, [b"one", b"TWO", b"three"]))
    assert not stage.inbox.waiting
    stage.on(Evt(GROUP, EPOCH, 1, NO_HASH, [b"one", b"two", b"three"]))
    stage.commit()

    assert stage.inbox.applied == [b"one", b"two", b"three"]
    assert stage.inbox.place_in(EPOCH) == Place(EPOCH, 4, chain[3], 3)
    assert stage.reader.statistics().duplicates == 2


def test_a_gap_that_closes_by_itself_within_the_jitter_is_not_asked_for() -> None:
    stage = Stage()
    stage.ready(b"one")
    chain = hashes(b"one", b"two", b"three")

    stage.on(Evt(GROUP, EPOCH, 3, chain[2], [b"three"]))
    stage.on(Evt(GROUP, EPOCH, 2, chain[1], [b"two"]))

    assert stage.pulls() == []
    stage.commit()
    assert stage.inbox.applied == [b"one", b"two", b"three"]
    assert stage.reader.statistics().gaps == 0


def test_ten_thousand_early_publications_are_taken_at_once_when_the_gap_is_closed() -> None:
    stage = Stage()
    contents = [b"%d" % n for n in range(1, 10_002)]
    chain = hashes(*contents)
    stage.ready()
    for seq in range(2, 10_002):
        stage.on(Evt(GROUP, EPOCH, seq, chain[seq - 1], [contents[seq - 1]]))
    assert not stage.inbox.waiting or not stage.inbox.applied

    stage.on(Evt(GROUP, EPOCH, 1, NO_HASH, contents[:1]))
    stage.commit()

    assert stage.inbox.applied == contents


def test_an_answer_to_an_older_pull_moves_nothing_but_its_entries_are_taken() -> None:
    stage = Stage()
    stage.ready(b"one")
    chain = hashes(b"one", b"two")
    stage.on(Hb("node-a", 1, 0.0, [Head(GROUP, EPOCH, 2, 1)]))
    (pull,) = stage.pulls()

    for word in (
        Gone(pull.req - 1, GROUP, EPOCH, 2, chain[2]),
        Next(pull.req - 1, GROUP, EPOCH, 1, LATER, 2),
        Ahead(pull.req - 1, GROUP, EPOCH, 1, chain[1], LATER, 2),
        Unknown(pull.req - 1, GROUP, [Start(LATER, 1)], 1),
    ):
        stage.on(word)
    assert not stage.inbox.waiting
    stage.on(Batch(pull.req - 1, GROUP, EPOCH, 2, chain[1], [b"two"], 2, is_last=True))
    stage.commit()

    assert stage.inbox.applied == [b"one", b"two"]


def test_a_new_connection_does_not_wait_for_answers_of_the_one_before() -> None:
    stage = Stage()
    for _ in range(6):
        stage.pulls(60.0)
    assert stage.pulls(1.0) == []

    stage.on(HelloOk("node-a", 5, 1, [Head(GROUP, EPOCH, 2, 1)]))

    assert len(stage.pulls()) == 1
    stage.on(Welcome("node-a", 5, []))
    assert len(stage.pulls()) == 1


def test_a_rollback_waits_until_what_was_applied_is_on_disk() -> None:
    stage = Stage()
    stage.ready(b"one")
    chain = hashes(b"one", b"two", b"three")
    stage.on(Evt(GROUP, EPOCH, 2, chain[1], [b"two", b"three"]))
    stage.reader.resync(stage.now)
    pull = stage.reader._pace.asked
    assert pull is not None

    assert stage.on(Ahead(pull.req, GROUP, EPOCH, 2, chain[2], LATER, 3)) == []
    (again,) = [each for each in stage.commit() if isinstance(each, Pull)]
    (onward,) = stage.on(Ahead(again.req, GROUP, EPOCH, 2, chain[2], LATER, 3))

    assert isinstance(onward, Pull)
    assert (onward.epoch, onward.next) == (LATER, 3)


def test_a_rollback_to_another_hash_is_probed_with_the_reader_s_own() -> None:
    stage = Stage()
    stage.ready(b"one", b"two")
    chain = hashes(b"one", b"two")
    stage.reader.resync(stage.now)
    pull = stage.reader._pace.asked
    assert pull is not None

    (probe,) = stage.on(Ahead(pull.req, GROUP, EPOCH, 1, b"differs.", LATER, 2))

    assert isinstance(probe, Pull)
    assert (probe.epoch, probe.next, probe.hash, probe.heard) == (EPOCH, 2, chain[1], 0)
    assert not stage.inbox.losses


def test_an_epoch_that_was_left_and_is_heard_of_beyond_its_end_was_rolled_back() -> None:
    stage = Stage(Place(EPOCH, 4, b"a hash..", 3), Place(LATER, 6, b"another.", 5))

    stage.on(Hb("node-a", 1, 0.0, [Head(GROUP, EPOCH, 3, 1)]))
    assert not stage.inbox.waiting
    stage.on(Hb("node-a", 1, 0.0, [Head(GROUP, EPOCH, 5, 1)]))
    stage.on(Hb("node-a", 1, 0.0, [Head(GROUP, EPOCH, 5, 1)]))
    stage.commit()

    assert stage.inbox.losses == [Loss(STREAM, EPOCH, 4, 5, "rolled_back")]
    assert stage.inbox.places(STREAM)[-1].epoch == LATER


def test_hearsay_of_epochs_is_bounded() -> None:
    places = Places(STREAM, MemoryInbox(), lambda: None)
    for epoch in range(1, 1_000):
        places.hear(epoch, 5)

    assert len(places._hearsay) == MOST_HEARSAY


def test_what_an_owner_says_about_nothing_is_stuck_and_asked_again_later() -> None:
    stage = Stage()
    stage.ready(b"one")
    stage.reader.resync(stage.now)
    pull = stage.reader._pace.asked
    assert pull is not None

    assert stage.on(Unknown(pull.req, GROUP, [Start(EPOCH, 1)], 1)) == []

    assert stage.pulls(0.9) == []
    assert len(stage.pulls(1.2)) == 1
    assert not stage.inbox.losses


def test_early_publications_are_kept_within_their_limits() -> None:
    early = Early(entries=4, size=10)
    early.keep(Evt(GROUP, EPOCH, 5, NO_HASH, [b"12345"]))
    early.keep(Evt(GROUP, EPOCH, 6, NO_HASH, [b"123456"]))
    assert len(early) == 1
    early.keep(Evt(GROUP, EPOCH, 5, NO_HASH, [b"1", b"2", b"3"]))
    early.keep(Evt(GROUP, EPOCH, 9, NO_HASH, [b"4", b"5"]))
    assert len(early) == 3

    assert early.take(4) is None
    overlapping = early.take(6)
    assert overlapping is not None
    assert overlapping.first == 5
    early.clear()
    assert len(early) == 0


def test_patience_doubles_up_to_its_limit_and_an_answer_brings_it_back() -> None:
    limits = PaceLimits(jitter=0.0, patience=1.0, most_patience=4.0)
    pace = Pace(Random(1), limits)  # noqa: S311  # a test
    now, waits = 0.0, list[float]()
    pace.want(now)
    for req in range(5):
        begun = now
        while not pace.is_due(now):
            now += 0.01
        waits.append(now - begun)
        pace.sent(Pull(req, GROUP, EPOCH, 1, NO_HASH, 0), now)

    assert waits[0] == 0
    for wait, patience in zip(waits[1:], (1, 2, 4, 4), strict=True):
        assert patience <= wait + 0.001 <= patience * 1.5 + 0.02
    assert not pace.is_answered(3)
    assert pace.is_answered(4)
    assert pace.tries == 0


@pytest.mark.parametrize("jump", [-10_000.0, 10_000.0])
def test_no_jump_of_the_clock_makes_a_wait_longer(jump: float) -> None:
    pace = Pace(Random(1), PaceLimits())  # noqa: S311  # a test
    pace.sent(Pull(1, GROUP, EPOCH, 1, NO_HASH, 0), 20_000.0)

    assert pace.is_due(20_000.0 + jump)
    pace.busy(1e12, 20_000.0)
    assert pace.is_answered(1)
    assert not pace.is_due(20_001.0)
    assert pace.is_due(20_000.0 + jump)
