from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, cast

import pytest

from ringleader.transport.bridge_owner import StreamOwner
from ringleader.transport.bridge_readers import Allowance, RepairLimits
from ringleader.transport.streams import NO_HASH, Entry, Segment, chained
from ringleader.transport.wire_messages import (
    MOST_ITEMS,
    Ahead,
    Batch,
    Busy,
    Diverged,
    Gone,
    Next,
    Pull,
    Start,
    Unknown,
)
from tests.transport.hostile import STREAM
from tests.transport.hostile_pair import bodies
from tests.transport.memory_boxes import MemoryOutbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringleader.transport.streams import Outbox

GROUP = STREAM.group
OTHER = b"differs."


class Stage:
    """An owner with entries 1 to 5 in one epoch and 6 to 8 in the next."""

    def __init__(self, limits: RepairLimits | None = None) -> None:
        self.outbox = MemoryOutbox(Random(1))  # noqa: S311  # a test
        self.commit(*bodies(1, 5))
        self.outbox.open()
        self.commit(*bodies(6, 8))
        self.wakes = 0
        self.owner = StreamOwner(
            STREAM, self.outbox, limits=limits or RepairLimits(), wake=self._wake
        )

    @property
    def epochs(self) -> list[int]:
        return [segment.epoch for segment in self.outbox.segments]

    def commit(self, *contents: bytes) -> list[Entry]:
        return [self.outbox.commit(body) for body in contents]

    def hash(self, epoch: int, seq: int) -> bytes:
        found = self.outbox.hash_at(epoch, seq)
        assert found is not None
        return found

    def pull(
        self, epoch: int, place: int, before: bytes | None = None, heard: int = 0, now: float = 0.0
    ) -> object:
        mine = before or self.outbox.hash_at(epoch, place - 1) or NO_HASH
        return self.owner.pull("node-b", Pull(7, GROUP, epoch, place, mine, heard), now)

    def _wake(self) -> None:
        self.wakes += 1


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_pull_gets_what_follows_and_where_the_epoch_ends(stage: Stage) -> None:
    first, _ = stage.epochs

    answer = stage.pull(first, 3)

    before = stage.hash(first, 2)
    assert answer == Batch(7, GROUP, first, 3, before, bodies(3, 5), 5, is_last=False)


def test_a_batch_is_bounded_by_entries_and_by_bytes() -> None:
    few, small = Stage(RepairLimits(batch_entries=2)), Stage(RepairLimits(batch_bytes=8))
    one = Stage(RepairLimits(batch_bytes=1))

    def given(stage: Stage) -> list[bytes]:
        answer = stage.pull(stage.epochs[0], 1)
        assert isinstance(answer, Batch)
        return answer.bodies

    assert given(few) == bodies(1, 2)
    assert given(small) == given(one) == bodies(1, 1)


def test_a_pull_at_the_end_gets_the_next_epoch_or_an_empty_batch(stage: Stage) -> None:
    first, last = stage.epochs

    assert stage.pull(first, 6) == Next(7, GROUP, first, 5, last, 6)
    before = stage.hash(last, 8)
    assert stage.pull(last, 9) == Batch(7, GROUP, last, 9, before, [], 8, is_last=True)


def test_a_pull_of_an_unknown_epoch_gets_those_that_are_known(stage: Stage) -> None:
    first, last = stage.epochs
    starts = [Start(first, 1), Start(last, 6)]

    assert stage.pull(0, 1) == Unknown(7, GROUP, starts, 1)
    assert stage.pull(last, 5) == Unknown(7, GROUP, starts, 1)


def test_no_more_epochs_are_told_than_a_message_holds(stage: Stage) -> None:
    for _ in range(MOST_ITEMS + 5):
        stage.outbox.open()

    answer = stage.pull(0, 1)

    assert isinstance(answer, Unknown)
    assert [each.epoch for each in answer.segments] == stage.epochs[-MOST_ITEMS:]


def test_a_pull_beyond_retention_gets_what_is_gone_of_its_epoch(stage: Stage) -> None:
    first, last = stage.epochs
    stage.outbox.prune(6)

    assert stage.pull(first, 2, OTHER) == Gone(7, GROUP, first, 5, NO_HASH)
    assert stage.pull(first, 6, OTHER) == Next(7, GROUP, first, 5, last, 6)
    assert stage.pull(last, 6) == Gone(7, GROUP, last, 6, stage.hash(last, 6))


def test_a_reader_that_knows_more_than_a_closed_epoch_is_told_so_at_once(stage: Stage) -> None:
    first, last = stage.epochs

    answer = stage.pull(first, 4, heard=6)

    assert answer == Ahead(7, GROUP, first, 5, stage.hash(first, 5), last, 6)
    assert stage.pull(first, 8, OTHER) == answer


def test_a_reader_that_knows_more_than_the_open_epoch_has_it_closed_first(stage: Stage) -> None:
    _, last = stage.epochs

    assert stage.pull(last, 9, heard=12) is None
    assert stage.owner.answers(0.0) == []
    assert stage.wakes == 0
    stage.outbox.settle()

    assert stage.wakes == 1
    new = stage.epochs[-1]
    ahead = Ahead(7, GROUP, last, 8, stage.hash(last, 8), new, 9)
    assert stage.owner.answers(0.0) == [("node-b", ahead)]
    assert stage.owner.answers(0.0) == []


def test_other_content_has_the_epoch_written_anew(stage: Stage) -> None:
    first, _ = stage.epochs

    assert stage.pull(first, 4, OTHER) is None
    stage.outbox.settle()

    new = stage.epochs[-1]
    diverged = Diverged(7, GROUP, first, new, 1, 1, 0)
    assert stage.owner.answers(0.0) == [("node-b", diverged)]
    assert [each.body for each in stage.outbox.read(new, 1, 99, 999)] == bodies(1, 8)


def test_what_retention_took_of_an_epoch_with_other_content_is_named(stage: Stage) -> None:
    first, last = stage.epochs
    stage.outbox.prune(2)

    assert stage.pull(first, 5, OTHER) is None
    stage.outbox.settle()

    new = stage.epochs[-1]
    diverged = Diverged(7, GROUP, first, new, 3, 1, 2)
    assert stage.owner.answers(0.0) == [("node-b", diverged)]
    assert last not in stage.epochs


def test_other_content_of_which_nothing_is_left_needs_no_writing(stage: Stage) -> None:
    first, last = stage.epochs
    stage.outbox.prune(5)

    assert stage.pull(first, 6, OTHER) == Diverged(7, GROUP, first, last, 6, 1, 5)
    assert stage.owner.statistics().restamps == 0


def test_one_change_of_epochs_at_a_time_and_then_all_who_waited_are_answered(stage: Stage) -> None:
    _, last = stage.epochs
    owner = stage.owner
    for reader in ("b", "c", "d"):
        pull = Pull(1, GROUP, last, 9, stage.hash(last, 8), 20)
        assert owner.pull(reader, pull, 0.0) is None

    assert len(stage.outbox.waiting) == 1
    stage.outbox.settle()
    answers = owner.answers(0.0)

    assert [reader for reader, _ in answers] == ["b", "c", "d"]
    assert all(isinstance(answer, Ahead) for _, answer in answers)
    assert owner.statistics().mints == 1


def test_a_change_of_epochs_that_was_never_heard_of_again_is_asked_for_again(stage: Stage) -> None:
    _, last = stage.epochs
    assert stage.pull(last, 9, heard=20, now=1.0) is None
    stage.outbox.waiting.clear()

    assert stage.pull(last, 9, heard=20, now=30.0) is None
    assert not stage.outbox.waiting
    assert stage.pull(last, 9, heard=20, now=62.0) is None
    stage.outbox.settle()

    ((_, answer),) = stage.owner.answers(63.0)
    assert isinstance(answer, Ahead)


def test_an_answer_never_mixes_two_states_of_the_log(stage: Stage) -> None:
    class Moving:
        """Has its epochs changed by another thread, once, in the middle of an answer."""

        def __init__(self, inner: MemoryOutbox) -> None:
            self.inner = inner
            self.has_moved = False

        # All else is as it is.
        def __getattr__(self, name: str) -> object:
            return getattr(self.inner, name)

        def read(self, epoch: int, first: int, limit: int, most_bytes: int) -> list[Entry]:
            if not self.has_moved:
                self.has_moved = True
                self.inner._restamp(epoch)
            return self.inner.read(epoch, first, limit, most_bytes)

    first, _ = stage.epochs
    owner = StreamOwner(STREAM, cast("Outbox", Moving(stage.outbox)))

    answer = owner.pull("b", Pull(1, GROUP, first, 3, stage.hash(first, 2), 5), 0.0)

    assert isinstance(answer, Ahead)
    assert (answer.end, answer.next_epoch) == (0, stage.epochs[-1])


def test_what_was_committed_is_announced_with_the_hash_before_it(stage: Stage) -> None:
    last = stage.epochs[-1]
    entries = stage.commit(*bodies(9, 10))

    (evt,) = stage.owner.announce(entries)

    assert (evt.epoch, evt.first, evt.bodies) == (last, 9, bodies(9, 10))
    assert evt.prev == stage.hash(last, 8)
    assert chained(chained(evt.prev, last, entries[0]), last, entries[1]) == stage.hash(last, 10)


def test_an_announcement_is_cut_where_a_frame_is_full_or_an_epoch_begins() -> None:
    stage = Stage(RepairLimits(batch_entries=2, batch_bytes=1_000, entry_bytes=100))
    entries = stage.commit(b"9", b"10", b"11", b"x" * 101, b"13")
    stage.outbox.open()
    entries += stage.commit(b"14")

    told = stage.owner.announce(entries)

    assert [(evt.first, evt.bodies) for evt in told] == [
        (9, [b"9", b"10"]),
        (11, [b"11"]),
        (13, [b"13"]),
        (14, [b"14"]),
    ]
    assert [evt.epoch for evt in told] == [*[stage.epochs[-2]] * 3, stage.epochs[-1]]


def test_nothing_is_announced_of_what_the_log_does_not_have(stage: Stage) -> None:
    assert stage.owner.announce([]) == []
    assert stage.owner.announce([Entry(12, b"rolled back meanwhile")]) == []


def test_a_reader_that_pulls_too_much_is_put_off_until_its_budget_is_there_again() -> None:
    stage = Stage(RepairLimits(reader_rate=1_000, burst=0.1, pull_bytes=500))
    first, _ = stage.epochs

    assert isinstance(stage.pull(first, 1, now=10.0), Batch)
    busy = stage.pull(first, 1, now=10.1)
    assert isinstance(busy, Busy)
    assert 0 < busy.retry_after < 1
    assert isinstance(stage.pull(first, 1, now=10.1 + busy.retry_after), Batch)
    assert (stage.owner.statistics().busy, stage.owner.statistics().pulls) == (1, 2)


def test_a_clock_that_goes_back_gives_no_budget_and_takes_none() -> None:
    allowance = Allowance(100.0, 1.0)
    assert allowance.wait(1_000.0) == 0
    allowance.spend(150)

    assert allowance.wait(900.0) == pytest.approx(0.5, abs=0.01)
    assert allowance.wait(901.0) == 0


def test_the_slowest_reader_says_what_must_be_kept(stage: Stage) -> None:
    first, last = stage.epochs
    owner = stage.owner
    assert owner.slowest() is None

    owner.acked("b", last, 8, 1.0)
    owner.acked("c", first, 4, 2.0)

    assert owner.slowest() == 4
    assert owner.slowest(["b", "c"]) == 4
    assert owner.slowest(["b", "c", "d"]) is None
    assert [(r.reader, r.seq, r.lag, r.since) for r in owner.readers()] == [
        ("b", 8, 0, 1.0),
        ("c", 4, 4, 2.0),
    ]
    owner.forget("c")
    assert owner.slowest() == 8


def test_an_acknowledgement_counts_only_for_what_this_log_has(stage: Stage) -> None:
    first, _ = stage.epochs
    owner = stage.owner

    owner.acked("b", first, 9, 1.0)
    assert owner.slowest() == 5
    owner.acked("b", first, 3, 2.0)
    assert owner.slowest() == 5
    owner.acked("b", 12345, 9, 3.0)
    assert owner.slowest() == 0


def test_the_head_has_the_hash_of_the_newest_entry(stage: Stage) -> None:
    last = stage.epochs[-1]
    head = stage.owner.head()

    assert (head.group, head.epoch, head.head, head.low) == (GROUP, last, 8, 1)
    assert head.hash == stage.hash(last, 8)
    told = stage.owner.statistics()
    assert (told.stream, told.epoch, told.head, told.low) == (STREAM, last, 8, 1)


def test_segments_are_as_the_contract_of_an_outbox_has_them(stage: Stage) -> None:
    segments: Sequence[Segment] = stage.outbox.segments

    assert [(each.start, each.end) for each in segments] == [(1, 5), (6, None)]
