"""What the bridge must survive of links and of crashes, one fault a test, without sockets."""

from __future__ import annotations

import pytest
from msgspec import msgpack

from ringleader.transport.bridge_readers import RepairLimits
from ringleader.transport.wire import HEADER, MAGIC, WireError, decode, events_topic, published
from ringleader.transport.wire_messages import Batch, Busy, Hb, HelloOk, Pull
from tests.transport.hostile import READING, STREAM
from tests.transport.hostile_pair import Pair, bodies


def test_a_slow_joiner_gets_what_was_published_before_it_came() -> None:
    pair = Pair()
    pair.lose(*bodies(1, 20))

    pair.exchange()

    assert pair.applied == bodies(1, 20)


def test_a_tail_that_is_lost_while_nothing_else_happens_is_repaired() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    pair.lose(b"the last one")
    pair.exchange(5)
    assert pair.applied == bodies(1, 3)

    pair.beat()

    assert pair.applied == [*bodies(1, 3), b"the last one"]
    assert pair.reading.reader.statistics().gaps == 1


def test_what_a_full_socket_drops_in_the_middle_is_repaired_in_order() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    pair.lose(*bodies(4, 9))
    pair.publish(*bodies(10, 12))

    pair.exchange()

    assert pair.applied == bodies(1, 12)
    assert pair.reading.reader.statistics().repairs >= 1
    assert not pair.reading.inbox.losses


def test_a_reconnect_that_doubles_and_reorders_everything_changes_nothing() -> None:
    pair = Pair()
    pair.exchange()
    for number in range(1, 9):
        pair.publish(b"event %d" % number)
    frames = pair.reading.news.frames
    frames[:] = [*frames[::-1], *frames, *frames[::-1]]

    pair.exchange()

    assert pair.applied == bodies(1, 8)
    assert pair.reading.reader.statistics().duplicates > 0


@pytest.mark.parametrize("way", range(3), ids=["news", "up", "down"])
def test_a_link_that_is_dead_one_way_and_tells_nobody_is_made_good_when_it_is_rebuilt(
    way: int,
) -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    pair.reading.links[way].is_dead = True
    pair.publish(*bodies(4, 6))
    pair.lose(*bodies(7, 9))
    pair.exchange(30)
    assert len(pair.applied) < 9

    for link in pair.reading.links:
        link.heal()
    greeting = HelloOk("node-a", 7, 1, [pair.owning.owner.head()])
    pair.reading.do(pair.reading.reader.on(greeting, pair.now))
    pair.exchange(1)

    assert pair.applied == bodies(1, 9)
    assert not pair.reading.inbox.losses


def test_a_reader_that_is_killed_before_its_commit_reads_again() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 5))
    pair.exchange(commits=False)
    assert pair.reading.inbox.waiting

    pair.reading.crash()
    pair.exchange()

    assert pair.applied == bodies(1, 5)


def test_a_reader_that_is_killed_after_its_commit_reads_nothing_twice() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 5))
    pair.exchange(commits=False)

    pair.reading.inbox.settle()
    pair.reading.crash()
    pair.exchange()

    assert pair.applied == bodies(1, 5)
    assert pair.reading.reader.statistics().entries == 0


def test_a_reader_acknowledges_only_what_is_on_its_disk() -> None:
    pair = Pair()
    pair.exchange()
    pair.publish(*bodies(1, 5))
    pair.exchange(commits=False)
    assert pair.owning.owner.slowest() == 0

    pair.exchange()

    assert pair.owning.owner.slowest() == 5


def test_an_owner_that_is_killed_between_its_commit_and_sending_sends_it_after_all() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    pair.commit(b"event 4")
    pair.owning.crash()
    pair.owning.start()

    pair.beat()

    assert pair.applied == bodies(1, 4)


def test_an_owner_that_starts_again_goes_on_in_a_new_epoch() -> None:
    pair = Pair()
    for life in range(4):
        pair.publish(*bodies(life * 3 + 1, life * 3 + 3))
        pair.exchange()
        pair.owning.crash()
        pair.owning.start()

    pair.beat()

    assert pair.applied == bodies(1, 12)
    assert len(pair.reading.inbox.places(STREAM)) == 5
    assert not pair.reading.inbox.losses


@pytest.mark.parametrize("jump", [86_400.0 * 365, -900.0])
def test_a_clock_that_jumps_changes_nothing(jump: float) -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange(0.2, serves=False)
    pair.now += jump
    pair.lose(*bodies(4, 6))

    pair.beat()
    pair.exchange(5)

    assert pair.applied == bodies(1, 6)


def test_an_owner_that_only_heartbeats_is_asked_ever_more_slowly_and_named() -> None:
    pair = Pair()
    pair.exchange(60, serves=False)
    pulls = [message for message in pair.asked() if isinstance(message, Pull)]

    assert len(pulls) < 60 / READING.pace.most_patience + 5
    assert len({pull.req for pull in pulls}) == len(pulls)
    assert pair.reading.warnings == ["node-a/pipeline: 5 pulls in a row were not answered"]
    assert pair.reading.reader.statistics().unanswered == len(pulls)

    pair.lose(*bodies(1, 3))
    pair.exchange(5)
    assert pair.applied == bodies(1, 3)


def test_a_newer_version_may_add_fields_and_an_older_one_reads_on() -> None:
    pair = Pair()
    pair.exchange()
    pair.publish(*bodies(1, 3))
    pair.lose(b"event 4")
    pair.reading.news.put(pair.owning.heartbeat(pair.now))
    links = pair.reading.links
    for _ in range(20):
        for link in links:
            link.frames[:] = [newer(frame) for frame in link.frames]
        pair.exchange(0.05)

    assert pair.applied == bodies(1, 4)


def newer(frame: bytes) -> bytes:
    """Return a frame as a node of the next version sends it."""
    topic, _, rest = frame.partition(HEADER)
    return topic + MAGIC + bytes((1, 2)) + msgpack.encode([*msgpack.decode(rest), {"new": 1}])


def test_a_hundred_readers_that_repair_at_once_are_served_by_and_by() -> None:
    limits = RepairLimits(
        batch_entries=10, reader_rate=4_000, total_rate=40_000, burst=0.1, pull_bytes=100
    )
    pair = Pair(100, limits=limits)
    pair.lose(*bodies(1, 40))
    pair.beat()
    pair.exchange(20)

    assert all(reading.inbox.applied == bodies(1, 40) for reading in pair.readings)
    statistics = pair.owning.owner.statistics()
    assert statistics.busy > 100
    # Each took what it needed once: being put off made nobody ask for the same again.
    assert statistics.entries == 100 * 40


def test_readers_that_miss_the_same_do_not_ask_at_the_same_moment() -> None:
    pair = Pair(100)
    pair.beat()
    pair.exchange(3)
    pair.lose(b"missed by all")
    heartbeat = pair.owning.heartbeat(pair.now)
    for reading in pair.readings:
        reading.news.put(heartbeat)
        reading.take_news(pair.now)
    asked: list[int] = []
    for _ in range(10):
        pair.now += READING.pace.jitter / 10
        for reading in pair.readings:
            reading.tick(pair.now)
        asked.append(sum(bool(reading.up.frames) for reading in pair.readings))

    assert asked[-1] == 100
    assert asked[0] < 30
    assert 30 < asked[4] < 70


def test_a_reader_that_commits_nothing_takes_no_more_than_its_limit_and_slows_nobody() -> None:
    pair = Pair(2)
    slow, quick = pair.readings
    for number in range(1, 101):
        pair.publish(b"event %d" % number)
        pair.exchange(0.1, commits=False)
        quick.settle(pair.now)
    pair.exchange(5, commits=False)

    most = READING.outstanding_entries + 6  # a batch
    assert READING.outstanding_entries <= slow.reader.statistics().outstanding <= most
    assert len(slow.reader._early) <= READING.early_entries
    assert len(quick.inbox.applied) > 90
    assert slow.reader.statistics().lag == 100

    pair.exchange(10)
    assert slow.inbox.applied == quick.inbox.applied == bodies(1, 100)


def test_frames_of_a_stranger_change_nothing() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    good = pair.reading.news.frames[0]
    for at in range(len(good)):
        bad = good[:at] + bytes((good[at] ^ 0x55,)) + good[at + 1 :]
        try:
            message = published(bad)[1]
        except WireError:
            continue
        # What can be read still comes from the owner's own socket, so it may be believed; but
        # never for longer than until the next answer.
        pair.reading.do(pair.reading.reader.on(message, pair.now))
    with pytest.raises(WireError):
        decode(b"\x80\x02}q\x00.")  # a pickle

    pair.reading.crash()
    pair.exchange(20)

    assert pair.applied == bodies(1, 3)


def test_another_epoch_on_the_wire_is_hearsay() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange()
    stranger = Pair(seed=2)
    stranger.publish(*bodies(101, 105))
    pair.reading.news.frames += stranger.reading.news.frames

    pair.exchange()
    pair.publish(b"event 4")
    pair.exchange()

    assert pair.applied == bodies(1, 4)
    assert len(pair.reading.inbox.places(STREAM)) == 1


def test_a_busy_owner_is_asked_again_after_the_time_that_it_names() -> None:
    pair = Pair()
    pair.exchange(0.2, serves=False)
    (pull,) = pair.asked()
    assert isinstance(pull, Pull)
    pair.reading.up.frames.clear()
    pair.reading.do(pair.reading.reader.on(Busy(pull.req, STREAM.group, 2.0), pair.now))

    pair.exchange(1.9, serves=False)
    assert pair.asked() == []
    pair.exchange(2.2, serves=False)
    assert len(pair.asked()) >= 1


def test_a_resync_asks_at_once_even_if_nothing_is_missing() -> None:
    pair = Pair()
    pair.publish(*bodies(1, 3))
    pair.exchange(3)
    assert pair.asked() == []

    pair.reading.do(pair.reading.reader.resync(pair.now))

    (pull,) = pair.asked()
    assert isinstance(pull, Pull)
    assert (pull.next, pull.heard) == (4, 3)


def test_what_is_about_another_stream_is_ignored() -> None:
    pair = Pair()
    pair.publish(b"event 1")
    pair.exchange(3)
    reader = pair.reading.reader
    before = reader.statistics()

    assert reader.on(Hb("node-a", 1, 0.0), pair.now) == []
    assert reader.on(Batch(1, "other", 1, 1, bytes(8), [b"x"], 1, is_last=True), pair.now) == []

    assert reader.statistics() == before
    assert events_topic("other") != events_topic("others")
