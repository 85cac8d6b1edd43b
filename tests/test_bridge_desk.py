"""A node answers about its bridge; one without says how to get one."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from ringleader.bridge_desk import NoBridge, NoSuchPeer, answer_about_bridge
from ringleader.bridge_questions import AskBridge, ResyncBridge, Resynced
from ringleader.desk import Desk
from ringleader.system import System
from ringleader.transport.bridge_view import BridgeStatistics
from tests.bridge_views import STATISTICS, FakeBridge, viewed

if TYPE_CHECKING:
    from ringleader.bridge_questions import BridgeQuestion
    from ringleader.record import Record


@pytest.mark.parametrize("question", [AskBridge(), ResyncBridge()])
def test_a_node_without_a_bridge_says_how_to_get_one(question: BridgeQuestion) -> None:
    with pytest.raises(NoBridge, match="node a has no bridge to other nodes; give it one: ") as no:
        answer_about_bridge(None, question, "a")

    assert '[node] bind = "tcp://' in str(no.value)
    assert "[[peers]]" in str(no.value)
    assert NoBridge.exit_code == 1


def test_what_the_bridge_shows_is_the_answer() -> None:
    assert answer_about_bridge(viewed(FakeBridge()), AskBridge(), "a") is STATISTICS


@pytest.mark.parametrize(
    ("peer", "group"), [(None, None), ("b", None), (None, "pipeline"), ("b", "p2p")]
)
def test_a_resync_is_passed_on(peer: str | None, group: str | None) -> None:
    bridge = FakeBridge()

    answer = answer_about_bridge(bridge, ResyncBridge(peer=peer, group=group), "a")

    assert answer == Resynced(streams=2)
    assert bridge.asked == [(peer, group)]


@pytest.mark.parametrize(
    ("peer", "group", "said"),
    [
        ("bb", None, "node a has no peer 'bb'; did you mean b?"),
        ("nobody", None, "node a has no peer 'nobody'; known: b, c"),
        ("b", "pipelin", "node a reads no stream 'pipelin' of b; did you mean pipeline?"),
        ("c", "pipeline", "node a reads no stream 'pipeline' of c; there are no streams yet"),
        (None, "x", "node a reads no stream 'x' of its peers; known: p2p, pipeline"),
    ],
)
def test_who_or_what_there_is_not_is_refused(
    peer: str | None, group: str | None, said: str
) -> None:
    bridge = FakeBridge()

    with pytest.raises(NoSuchPeer) as caught:
        answer_about_bridge(bridge, ResyncBridge(peer=peer, group=group), "a")

    assert str(caught.value) == said
    assert bridge.asked == []


def test_the_desk_of_a_node_asks_the_bridge_that_it_has_by_then() -> None:
    with System(node_id="a", seed=1) as system:
        desk = Desk(system, cast("Record", None), lambda: None)
        with pytest.raises(NoBridge):
            desk.answer(AskBridge()).find()

        desk.bridge = FakeBridge()

        assert desk.answer(AskBridge()).find() is STATISTICS


def test_a_bridge_without_peers_says_so() -> None:
    lonely = FakeBridge(BridgeStatistics(node="a"))

    with pytest.raises(NoSuchPeer, match="there are no peers yet"):
        answer_about_bridge(lonely, ResyncBridge(peer="b"), "a")
