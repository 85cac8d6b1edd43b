"""After a cut it is told what was repaired, once nothing is missing any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.events.p2p import PartitionHealed
from ringleader.transport.healing import (
    Healed,
    Healing,
    HealingFailed,
    Progress,
    event_of,
    started,
)
from ringleader.transport.presence_changes import PeerChange

if TYPE_CHECKING:
    from ringleader.transport.presence_changes import PeerState


def change(
    peer: str, old: PeerState, new: PeerState, away: float = 30, *, is_anew: bool = False
) -> PeerChange:
    return PeerChange(peer=peer, old=old, new=new, epoch=1, reason="", away=away, is_anew=is_anew)


def back(peer: str, away: float = 30) -> PeerChange:
    return change(peer, "down", "online", away)


def test_a_cut_is_healed_when_all_that_came_back_are_caught_up_with() -> None:
    healing = Healing(settle=2)
    progress = {"b": Progress(lag=0, repaired=10, declared=1), "c": Progress()}

    assert healing.saw(back("b", away=30), progress["b"], 100)
    assert not healing.saw(back("c", away=40), progress["c"], 101)
    assert healing.tick(102.5, progress.__getitem__) is None  # c's heads may be old

    progress = {"b": Progress(5, 20, 1), "c": Progress(0, 3, 2)}
    assert healing.tick(104, progress.__getitem__) is None
    progress = {"b": Progress(0, 25, 1), "c": Progress(0, 3, 2)}
    assert healing.tick(105, progress.__getitem__) == Healed(("b", "c"), 18, 2, 40, 5)
    assert healing.tick(106, progress.__getitem__) is None


def test_without_a_cut_there_is_nothing_to_heal() -> None:
    healing = Healing(settle=0)

    assert not healing.saw(change("b", "suspect", "online"), Progress(), 1)
    assert not healing.saw(change("b", "expected", "online"), Progress(), 1)
    assert not healing.saw(change("b", "down", "online", is_anew=True), Progress(), 1)
    assert healing.tick(100, lambda _: Progress()) is None


def test_who_is_cut_off_again_is_not_waited_for() -> None:
    healing = Healing(settle=0)
    healing.saw(back("b"), Progress(), 100)
    healing.saw(back("c"), Progress(), 100)

    healing.saw(change("c", "suspect", "down"), Progress(), 110)

    assert healing.tick(111, lambda _: Progress()) == Healed(("b",), 0, 0, 30, 11)


def test_what_can_t_be_caught_up_with_in_time_has_failed_once() -> None:
    healing = Healing(settle=0, patience=60)
    healing.saw(back("b"), Progress(), 100)
    healing.saw(back("c"), Progress(), 100)
    progress = {"b": Progress(lag=4), "c": Progress()}

    assert healing.tick(159, progress.__getitem__) is None
    assert healing.tick(160, progress.__getitem__) == HealingFailed(("b",), 4, 60)
    assert healing.tick(300, progress.__getitem__) is None


def test_the_events_say_what_was_repaired() -> None:
    healed = event_of(Healed(("b", "c"), 18, 2, 40, 5))
    failed = event_of(HealingFailed(("b",), 4, 60))

    assert healed == PartitionHealed(
        partitions_healed=1,
        partitions_found=1,
        nodes_reconnected=2,
        duration_ms=5000,
        node_ids=("b", "c"),
        cut_seconds=40,
        events_repaired=18,
        events_lost=2,
    )
    assert failed.EVENT.name == "PARTITION_HEALING_FAILED"
    assert "4 events of b are not here yet after 60 s" in str(failed)
    for event in (healed, failed, started()):
        assert Catalogue().validated(event)[0] == event
