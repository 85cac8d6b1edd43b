"""The bridge's promise on 10,000 seeded lives, which would notice a weaker protocol."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from ringleader.transport.bridge_owner import StreamOwner
from ringleader.transport.bridge_places import Places
from ringleader.transport.wire import CONTROL_TOPIC, publication
from ringleader.transport.wire_messages import Answer, Hb, Pull
from tests.transport.hostile import Owning
from tests.transport.hostile_world import run
from tests.transport.memory_boxes import MemoryInbox

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from ringleader.transport.streams import Entry, Loss, Place, Stream

SEEDS = 10_000
PARTS = 10
"""Of the seeds, so that one test is some seconds."""
ENOUGH = 1_500
"""Seeds among which a mutation must be noticed; each is, by far fewer."""


@contextmanager
def untraced() -> Generator[None, None, None]:
    """Leave out the measuring of coverage, which takes three times as long as what is measured."""
    trace = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(trace)


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_goes_wrong_all_is_applied_once_in_order_or_declared(part: int) -> None:
    happened: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    size = SEEDS // PARTS
    with untraced() if part else nullcontext():
        for seed in range(part * size, (part + 1) * size):
            world = run(seed)
            happened.update(world.happened)
            for reading in world.readings:
                reasons.update(loss.reason for loss in reading.inbox.losses)
            reasons["restamp"] += world.owning.owner.statistics().restamps

    assert len(happened) == 12, "some faults never happened"
    assert reasons.keys() == {"gone", "rolled_back", "diverged", "reset", "restamp"}


def test_the_same_seed_is_the_same_life() -> None:
    def life() -> list[object]:
        world = run(4)
        return [
            (each.inbox.applied, each.inbox.losses, each.reader.statistics())
            for each in world.readings
        ]

    assert life() == life()


def _without_head(patch: pytest.MonkeyPatch) -> None:
    def mute(self: Owning, now: float) -> bytes:
        del self
        return publication(CONTROL_TOPIC, Hb("node-a", 7, now))

    patch.setattr(Owning, "heartbeat", mute)


def _without_prev(patch: pytest.MonkeyPatch) -> None:
    take, pull = Places.take, StreamOwner.pull

    def credulous(self: Places, first: int, prev: bytes, bodies: Sequence[bytes]) -> int | None:
        place = self.current
        if place is not None and first <= place.next < first + len(bodies):
            return take(self, place.next, place.hash, bodies[place.next - first :])
        return take(self, first, prev, bodies)

    def agreeing(self: StreamOwner, reader: str, asked: Pull, now: float) -> Answer | None:
        mine = self._outbox.hash_at(asked.epoch, asked.next - 1)
        return pull(self, reader, replace(asked, hash=mine or asked.hash), now)

    patch.setattr(Places, "take", credulous)
    patch.setattr(StreamOwner, "pull", agreeing)


def _without_heard(patch: pytest.MonkeyPatch) -> None:
    pull = StreamOwner.pull

    def deaf(self: StreamOwner, reader: str, asked: Pull, now: float) -> Answer | None:
        return pull(self, reader, replace(asked, heard=0), now)

    def forgetful(self: Places, place: Place | None, reason: str, upto: int) -> list[Loss]:
        del self, place, reason, upto
        return []

    patch.setattr(StreamOwner, "pull", deaf)
    patch.setattr(Places, "_unheard", forgetful)


def _without_gone(patch: pytest.MonkeyPatch) -> None:
    missing = Places._missing

    def silent(self: Places, place: Place, first: int, last: int, reason: str) -> list[Loss]:
        return [] if reason == "gone" else missing(self, place, first, last, reason)

    patch.setattr(Places, "_missing", silent)


def _without_durable_cursor(patch: pytest.MonkeyPatch) -> None:
    apply = MemoryInbox.apply

    def hasty(  # noqa: PLR0917  # the protocol's
        self: MemoryInbox,
        stream: Stream,
        place: Place,
        entries: Sequence[Entry],
        losses: Sequence[Loss],
        then: Callable[[], object],
        *,
        hashes: Sequence[bytes],
    ) -> None:
        self.put(place)
        apply(self, stream, place, entries, losses, then, hashes=hashes)

    patch.setattr(MemoryInbox, "apply", hasty)


@pytest.mark.parametrize(
    "take_out",
    [_without_head, _without_prev, _without_heard, _without_gone, _without_durable_cursor],
    ids=lambda take_out: take_out.__name__.removeprefix("_"),
)
def test_a_protocol_without_one_of_its_parts_is_noticed(
    take_out: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_out(monkeypatch)

    assert any(_fails(seed) for seed in range(ENOUGH))


def _fails(seed: int) -> bool:
    try:
        run(seed)
    except AssertionError:
        return True
    return False
