"""Whatever is heard, and whenever: what presence tells makes sense."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from hypothesis import given, settings, strategies as st

from ringleader.transport.bridge_options import BridgeOptions
from ringleader.transport.presence import Presence
from ringleader.transport.presence_changes import Network, PeerChange, PeersLost, events_of

if TYPE_CHECKING:
    from ringleader.transport.presence_changes import Change

OPTIONS: Final = BridgeOptions()
STEP: Final = 0.25
NEXT: Final = {
    "expected": {"online", "absent", "offline"},
    "absent": {"online", "offline"},
    "online": {"suspect", "offline"},
    "suspect": {"online", "down", "offline"},
    "down": {"online", "offline"},
    "offline": {"online"},
}
"""What may follow what."""

peers = st.sampled_from(["b", "c", "d"])
epochs = st.integers(min_value=1, max_value=3)
places = st.sampled_from(["", "tcp://x:1", "tcp://y:1"])
acts = st.one_of(
    st.tuples(st.just("hear"), peers, epochs, places),
    st.tuples(st.just("greet"), peers, epochs, places),
    st.tuples(st.just("bye"), peers, epochs, places),
    st.tuples(st.just("wait"), peers, st.integers(min_value=1, max_value=60), places),
    st.tuples(st.just("jump"), peers, st.integers(min_value=-4000, max_value=4000), places),
)


def told(history: list[tuple[str, str, int, str]]) -> list[Change]:
    now = 0.0
    presence = Presence("a", 9, OPTIONS, now)
    presence.expect("b", "tcp://x:1", now)
    found: list[Change] = []
    for act, peer, number, place in history:
        if act == "hear":
            presence.heard(peer, number, now)
        elif act == "greet":
            presence.greeted(peer, number, place, now)
        elif act == "bye":
            presence.said_bye(peer, number, now)
        elif act == "jump":
            now += number
        for _ in range(number if act == "wait" else 1):
            now += STEP
            found += presence.tick(now)
    return found


def of_peer(changes: list[Change], peer: str) -> list[PeerChange]:
    return [change for change in changes if isinstance(change, PeerChange) and change.peer == peer]


@given(st.lists(acts, max_size=60))
@settings(max_examples=300, deadline=None)
def test_each_peer_s_changes_follow_from_each_other(
    history: list[tuple[str, str, int, str]],
) -> None:
    changes = told(history)
    for peer in ("b", "c", "d"):
        states = of_peer(changes, peer)
        assert all(change.new in NEXT[change.old] for change in states)
        assert all(one.new == other.old for one, other in pairwise(states))
        if states:
            assert states[0].old == "expected"


@given(st.lists(acts, max_size=60))
@settings(max_examples=200, deadline=None)
def test_nobody_is_dead_who_was_not_suspect_and_nothing_is_told_twice(
    history: list[tuple[str, str, int, str]],
) -> None:
    there: dict[str, bool] = {}
    suspect: dict[str, bool] = {}
    for change in told(history):
        for event in events_of(change, 1000.0):
            node = getattr(event, "node_id", "")
            match event.EVENT.name:
                case "HOST_ONLINE":
                    assert not there.get(node)
                    there[node] = True
                case "HOST_OFFLINE":
                    assert there.get(node)
                    there[node] = False
                case "NODE_SUSPECT":
                    assert there.get(node)
                    assert not suspect.get(node)
                    suspect[node] = True
                case "P2P_NODE_DEAD":
                    assert suspect.get(node)
                case _:
                    pass
        if isinstance(change, PeerChange) and change.new != "suspect":
            suspect[change.peer] = False


@given(st.lists(acts, max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_network_s_health_alternates_and_losses_have_been_told_one_by_one(
    history: list[tuple[str, str, int, str]],
) -> None:
    changes = told(history)
    verdicts = [change.is_healthy for change in changes if isinstance(change, Network)]
    assert all(one != other for one, other in pairwise(verdicts))
    for lost in (change for change in changes if isinstance(change, PeersLost)):
        before = changes[: changes.index(lost)]
        for peer in lost.peers:
            assert of_peer(before, peer)[-1].new == "down"


@given(
    st.lists(st.floats(min_value=-1e6, max_value=1e6), max_size=30),
    st.integers(min_value=1, max_value=4),
)
@settings(max_examples=200, deadline=None)
def test_a_clock_that_jumps_decides_nothing(jumps: list[float], beats: int) -> None:
    now = 50.0
    presence = Presence("a", 9, OPTIONS, now)
    presence.heard("b", 1, now)
    assert len(presence.tick(now)) == 2

    for jump in jumps:
        for _ in range(beats):  # a heartbeat, a look at the clock, and whatever the clock does
            now += STEP
            assert presence.tick(now) == []
        now += jump
        assert presence.tick(now) == []
        presence.heard("b", 1, now)


@given(st.lists(acts, max_size=40))
@settings(max_examples=200, deadline=None)
def test_a_peer_that_stays_silent_is_told_of_no_more_than_twice(
    history: list[tuple[str, str, int, str]],
) -> None:
    before, after = told(history), told([*history, *[("wait", "b", 60, "")] * 4])
    for peer in ("b", "c", "d"):
        last = [change.new for change in of_peer(after, peer)[len(of_peer(before, peer)) :]]
        assert last in ([], ["suspect", "down"], ["down"], ["absent"])
