"""Peers come from the settings, from themselves and from others, in this order."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, strategies as st

from ringleader.transport.bridge_options import PeerEntry
from ringleader.transport.introductions import MOST, Introductions, KnownPeer, is_peer, merged

KEY = "k" * 40


class Peer(NamedTuple):
    node: str
    endpoint: str = "tcp://10.0.0.9:1"
    public_key: str = ""


def anyone(_node: str, _key: str) -> bool:
    return True


def entry(node: str, endpoint: str = "tcp://10.0.0.2:1", key: str = "") -> PeerEntry:
    return PeerEntry(id=node, endpoint=endpoint, public_key=key)


def test_the_settings_win_over_what_anybody_says() -> None:
    known = Introductions("a", [entry("b", key=KEY)], anyone)
    known.greeted("b", "tcp://10.6.6.6:1", "")
    known.told("c", [Peer("b", "tcp://10.7.7.7:1")])

    assert known.known() == {"b": KnownPeer("b", "tcp://10.0.0.2:1", KEY, "settings")}


def test_what_a_peer_says_of_itself_wins_over_what_others_say() -> None:
    known = Introductions("a", [], anyone)
    known.told("c", [Peer("b", "tcp://10.7.7.7:1")])
    assert known.known()["b"] == KnownPeer("b", "tcp://10.7.7.7:1", "", "introduction", "c")

    known.greeted("b", "tcp://10.6.6.6:1", KEY)

    assert known.known()["b"] == KnownPeer("b", "tcp://10.6.6.6:1", KEY, "itself")


def test_a_node_is_left_out_of_its_own_peers() -> None:
    known = Introductions("a", [entry("a"), entry("b")], anyone)
    known.greeted("a", "tcp://10.6.6.6:1", "")
    known.told("b", [Peer("a")])

    assert list(known.known()) == ["b"]


def test_of_several_introductions_the_one_counts_that_most_agree_on() -> None:
    known = Introductions("a", [], anyone)
    known.told("x", [Peer("b", "tcp://10.0.0.8:1")])
    known.told("y", [Peer("b", "tcp://10.0.0.9:1")])
    assert known.known()["b"].by == "x"

    known.told("z", [Peer("b", "tcp://10.0.0.9:1")])

    assert known.known()["b"] == KnownPeer("b", "tcp://10.0.0.9:1", "", "introduction", "y")


def test_what_a_peer_tells_replaces_what_it_told_before() -> None:
    known = Introductions("a", [], anyone)
    known.told("x", [Peer("b"), Peer("c")])
    known.told("x", [Peer("c")])

    assert list(known.known()) == ["c"]


def test_what_is_of_no_use_is_left_out_and_counted() -> None:
    known = Introductions("a", [entry("x")], lambda node, _key: node != "stranger")
    told = [
        Peer("a"),
        Peer("b"),
        Peer("no name"),
        Peer("c", "tcp://0.0.0.0:1"),
        Peer("c", "tcp://10.0.0.9:0"),
        Peer("c", "http://10.0.0.9:1"),
        Peer("c", "tcp://127.0.0.1:7400"),  # of x's own host
        Peer("c", "ipc:///tmp/c"),
        Peer("c", public_key="short"),
        Peer("stranger"),
    ]

    assert known.told("x", told) == 9
    assert sorted(known.known()) == ["b", "x"]


def test_what_is_local_counts_if_who_tells_it_is_on_this_host() -> None:
    known = Introductions("a", [entry("x", "tcp://127.0.0.1:7400")], anyone)

    assert known.told("x", [Peer("c", "ipc:///tmp/c")]) == 0
    assert known.known()["c"].endpoint == "ipc:///tmp/c"


def test_a_node_that_does_not_learn_knows_its_settings_and_who_greets_it() -> None:
    known = Introductions("a", [entry("b")], anyone, learns=False)

    assert known.told("b", [Peer("c")]) == 0
    known.greeted("d", "", "")

    assert sorted(known.known()) == ["b", "d"]


def test_who_has_stopped_is_known_by_the_settings_only_and_vouches_for_nobody() -> None:
    known = Introductions("a", [entry("b")], anyone)
    known.greeted("c", "tcp://10.6.6.6:1", "")
    known.told("c", [Peer("d")])

    known.gone("c")
    known.gone("b")

    assert list(known.known()) == ["b"]


def test_only_those_who_are_there_and_listen_are_introduced_to_others() -> None:
    known = Introductions("a", [entry("b"), entry("c")], anyone)
    known.greeted("d", "", "")
    known.greeted("e", "tcp://10.6.6.6:1", "")

    told = known.to_tell("b", {"b", "d", "e"})

    assert [peer.node for peer in told] == ["e"]


def test_a_peer_can_t_fill_the_memory() -> None:
    known = Introductions("a", [], anyone)
    known.told("x", [Peer(f"n{number}") for number in range(2 * MOST)])
    known.told("y", [Peer(f"m{number}") for number in range(2 * MOST)])
    for number in range(2 * MOST):
        known.greeted(f"o{number}", "", "")

    assert len(known.known()) <= 2 * MOST


names = st.sampled_from(["b", "c", "d"])
peers = st.builds(
    Peer, names, st.sampled_from(["tcp://x:1", "tcp://y:1", "tcp://z:1"]), st.just("")
)


@given(st.dictionaries(st.sampled_from(["x", "y", "z"]), st.lists(peers, max_size=4)), st.data())
def test_the_order_in_which_peers_tell_does_not_matter(
    told: dict[str, list[Peer]], data: st.DataObject
) -> None:
    found = Introductions("a", [entry("d")], anyone)
    other = Introductions("a", [entry("d")], anyone)
    for by, known in told.items():
        found.told(by, known)
    for by in data.draw(st.permutations(list(told))):
        other.told(by, told[by])

    assert found.known() == other.known()
    assert "a" not in found.known()
    if "d" in found.known():
        assert found.known()["d"].source == "settings"


def test_nobody_known_is_nobody() -> None:
    assert merged({}, {}, {}) == {}


@pytest.mark.parametrize("endpoint", ["tcp://host:1", "ipc:///run/x", "tcp://[::1]:65534"])
def test_an_introduction_names_a_place_that_can_be_reached(endpoint: str) -> None:
    assert is_peer(Peer("b", endpoint, KEY))
