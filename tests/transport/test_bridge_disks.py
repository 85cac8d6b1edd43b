"""What the bridge must survive of disks, one fault a test: the owner's log is not what it was."""

from __future__ import annotations

import pytest

from ringleader.transport.bridge_readers import RepairLimits
from ringleader.transport.streams import Loss
from tests.transport.hostile import STREAM
from tests.transport.hostile_pair import Pair, bodies


def test_a_reader_that_was_away_for_longer_than_retention_declares_what_is_gone() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    epoch = pair.owning.outbox.segments[0].epoch
    pair.lose(*bodies(4, 9))
    pair.owning.outbox.prune(7)

    pair.beat()

    assert pair.applied == [*bodies(1, 3), *bodies(8, 9)]
    assert pair.reading.inbox.losses == [Loss(STREAM, epoch, 4, 7, "gone")]
    assert pair.reading.reader.statistics().declared == 4
    assert pair.reading.warnings == ["node-a/pipeline: 4 to 7 can't be read any more"]


def test_a_new_reader_misses_nothing_of_what_retention_took_before_it_came() -> None:
    pair = Pair()
    pair.lose(*bodies(1, 9))
    pair.owning.outbox.prune(7)

    pair.exchange()

    assert pair.applied == bodies(8, 9)
    assert not pair.reading.inbox.losses


def test_an_owner_that_lost_its_disk_begins_anew_and_what_was_heard_of_is_declared() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    epoch = pair.owning.outbox.segments[0].epoch
    pair.lose(*bodies(4, 5))
    pair.reading.news.put(pair.owning.heartbeat(pair.now))
    pair.exchange(serves=False)
    pair.owning.outbox.disk = type(pair.owning.outbox.disk)()
    pair.owning.start()
    pair.commit(*bodies(6, 7))

    pair.beat()
    pair.exchange(5)

    assert pair.applied == [*bodies(1, 3), *bodies(6, 7)]
    assert pair.reading.inbox.losses == [Loss(STREAM, epoch, 4, 5, "reset")]


def test_an_owner_whose_disk_was_put_back_declares_nothing_that_the_reader_has() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    backup = pair.owning.outbox.disk.copy()
    pair.publish(*bodies(4, 6))
    pair.exchange()
    pair.owning.outbox.disk = backup
    pair.owning.start()
    pair.commit(*bodies(7, 9))

    pair.beat()

    assert pair.applied == bodies(1, 9)
    assert not pair.reading.inbox.losses
    assert pair.reading.warnings == ["node-a/pipeline: its log was rolled back to 3, this is at 6"]


def test_a_disk_that_was_put_back_under_the_owner_is_found_out_by_what_was_heard() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    epoch = pair.owning.outbox.segments[0].epoch
    backup = pair.owning.outbox.disk.copy()
    pair.lose(*bodies(4, 6))
    pair.reading.news.put(pair.owning.heartbeat(pair.now))
    pair.exchange(serves=False)
    pair.owning.outbox.disk = backup

    pair.exchange(5)
    pair.publish(b"event 7")
    pair.exchange()

    assert pair.applied == [*bodies(1, 3), b"event 7"]
    assert pair.reading.inbox.losses == [Loss(STREAM, epoch, 4, 6, "rolled_back")]
    assert pair.owning.owner.statistics().mints == 1


@pytest.mark.parametrize("number", [1, 3, 5], ids=["fewer", "as many", "more"])
def test_other_entries_under_the_same_numbers_are_found_out_and_read(number: int) -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    backup = pair.owning.outbox.disk.copy()
    pair.publish(*bodies(4, 6))
    pair.exchange()
    pair.owning.outbox.disk = backup
    pair.lose(*bodies(101, 100 + number))

    pair.beat()
    pair.exchange(5)

    assert pair.applied == [*bodies(1, 6), *bodies(101, 100 + number)]
    assert pair.owning.owner.statistics().restamps == 1
    # Under the numbers that were heard of there may have been other entries, which are gone.
    lost = [(each.first, each.last) for each in pair.reading.inbox.losses]
    assert lost == ([(7, 8)] if number == 5 else [])


def test_an_entry_that_is_too_large_for_a_frame_is_declared_and_passed() -> None:
    pair = Pair(limits=RepairLimits(entry_bytes=100))
    pair.publish(b"event 1")
    pair.exchange()
    pair.publish(b"x" * 101, b"event 3")

    pair.exchange()

    assert pair.applied == [b"event 1", b"event 3"]
    assert [(each.first, each.last) for each in pair.reading.inbox.losses] == [(2, 2)]


def test_what_was_heard_of_is_not_forgotten_in_a_crash() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    backup = pair.owning.outbox.disk.copy()
    pair.lose(*bodies(4, 9))
    pair.reading.news.put(pair.owning.heartbeat(pair.now))
    pair.exchange(1, serves=False)
    pair.reading.crash()
    pair.owning.outbox.disk = backup
    pair.owning.start()

    pair.beat()
    pair.exchange(5)

    assert [(each.first, each.last) for each in pair.reading.inbox.losses] == [(4, 9)]


def test_an_owner_whose_disk_is_full_still_serves_those_who_need_no_new_epoch() -> None:
    pair = Pair(2)
    ahead, other = pair.readings
    backup = pair.owning.outbox.disk.copy()
    pair.publish(*bodies(1, 3))
    other.news.frames.clear()
    other.up.is_dead = True
    pair.exchange()
    pair.owning.outbox.disk = backup
    ahead.do(ahead.reader.resync(pair.now))
    pair.owning.serve(ahead, pair.now)
    other.up.is_dead = False
    other.do(other.reader.resync(pair.now))
    pair.owning.serve(other, pair.now)

    assert not ahead.down.frames
    assert other.down.frames
    assert len(pair.owning.outbox.waiting) == 1
