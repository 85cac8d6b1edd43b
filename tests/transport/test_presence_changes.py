"""Each change among the peers is told by the events of the catalogue that handlers wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.events.health import HealthAlert, NodeRecovered, P2PClusterUnhealthy
from ringleader.actors.events.p2p import HostOffline, HostOnline, NodeSuspect, P2PNodeDead
from ringleader.actors.events.sync import SyncNodeUnreachable
from ringleader.transport.identity import Conflict
from ringleader.transport.presence_changes import Network, PeerChange, PeersLost, events_of

if TYPE_CHECKING:
    from ringleader.transport.presence_changes import Change, PeerState

NOW = 1000.0
NETWORK = Network(is_healthy=False, online=1, total=3, missing=("b", "c"))
CONFLICT = Conflict("b", 8, "tcp://y:1", 7, "tcp://x:1")


def change(old: PeerState, new: PeerState, *, is_anew: bool = False) -> PeerChange:
    return PeerChange(
        peer="b",
        old=old,
        new=new,
        epoch=7,
        reason="for a reason",
        endpoint="tcp://x:7400",
        silence=10.5,
        away=12.0,
        is_anew=is_anew,
    )


TOLD: list[tuple[Change, list[str]]] = [
    (change("expected", "online"), ["HOST_ONLINE"]),
    (change("absent", "online"), ["HOST_ONLINE"]),
    (change("offline", "online"), ["HOST_ONLINE"]),
    (change("online", "suspect"), ["NODE_SUSPECT"]),
    (change("suspect", "online"), ["NODE_RECOVERED"]),
    (change("suspect", "down"), ["HOST_OFFLINE", "P2P_NODE_DEAD", "SYNC_NODE_UNREACHABLE"]),
    (change("down", "online"), ["HOST_ONLINE", "NODE_RECOVERED"]),
    (change("expected", "absent"), ["SYNC_NODE_UNREACHABLE"]),
    (change("online", "offline"), ["HOST_OFFLINE"]),
    (change("suspect", "offline"), ["HOST_OFFLINE"]),
    (change("down", "offline"), []),
    (change("expected", "offline"), []),
    (PeersLost(("b", "c"), "silence"), ["P2P_NODES_DEAD"]),
    (NETWORK, ["P2P_CLUSTER_UNHEALTHY"]),
    (Network(is_healthy=True, online=3, total=3, missing=()), ["P2P_CLUSTER_HEALTHY"]),
    (CONFLICT, ["HEALTH_ALERT"]),
]


@pytest.mark.parametrize(("found", "names"), TOLD, ids=lambda value: str(value)[:60])
def test_a_change_is_told_by_these_events(found: Change, names: list[str]) -> None:
    events = events_of(found, NOW)

    assert [event.EVENT.name for event in events] == names
    for event in events:
        assert Catalogue().validated(event)[0] == event


def test_the_events_say_when_it_was_heard_last_and_why_it_is_gone() -> None:
    assert events_of(change("online", "suspect"), NOW) == [
        NodeSuspect(node_id="b", last_seen=988, seconds_since_heartbeat=10.5)
    ]
    assert events_of(change("suspect", "down"), NOW) == [
        HostOffline(node_id="b", reason="for a reason", last_seen=988),
        P2PNodeDead(
            node_id="b", reason="for a reason", last_seen=988, offline_duration_seconds=10.5
        ),
        SyncNodeUnreachable(
            target_node="b", old_state="suspect", new_state="down", error="for a reason"
        ),
    ]


@pytest.mark.parametrize(("is_anew", "recovery"), [(False, "reconnected"), (True, "restarted")])
def test_a_recovery_says_whether_the_node_or_the_way_to_it_was_gone(
    is_anew: bool,  # noqa: FBT001  # a row
    recovery: str,
) -> None:
    online, recovered = events_of(change("down", "online", is_anew=is_anew), NOW)

    assert online == HostOnline(node_id="b", port=7400)
    assert isinstance(recovered, NodeRecovered)
    assert recovered.recovery_type == recovery
    assert recovered.offline_duration_seconds == 12


def test_a_node_on_the_same_host_has_no_port() -> None:
    [event] = events_of(change("expected", "online")._replace(endpoint="ipc:///tmp/b"), NOW)

    assert event == HostOnline(node_id="b", port=None)


def test_an_unhealthy_network_names_who_is_missing() -> None:
    [event] = events_of(NETWORK, NOW)

    assert event == P2PClusterUnhealthy(
        healthy_nodes=1,
        node_count=3,
        alive_peers=0,
        quorum_met=False,
        reason="1 of 3 nodes are there; missing: b, c",
        alerts=("b is missing", "c is missing"),
    )


def test_the_alarm_about_one_identity_says_where_both_are_and_what_to_do() -> None:
    [event] = events_of(CONFLICT, NOW)

    assert isinstance(event, HealthAlert)
    assert event.alert == (
        "two nodes call themselves b: tcp://x:1 (epoch 7) and tcp://y:1 (epoch 8), which is "
        "refused; give one of them another node.id"
    )
    assert event.action == "the second b is refused"


@pytest.mark.parametrize(
    ("conflict", "words"),
    [
        (Conflict("b", 8, "", 7, ""), "a node without endpoint (epoch 7) and a node without"),
        (Conflict("a", 8, "tcp://y:1", 7, "", is_own=True), "this node (epoch 7) and tcp://y:1"),
        (Conflict("a", 7, "tcp://y:1", 7, "", is_own=True), "a talks to itself at tcp://y:1"),
    ],
)
def test_a_conflict_says_who_it_is_between(conflict: Conflict, words: str) -> None:
    assert words in conflict.words


@pytest.mark.parametrize(
    ("state", "is_loss"),
    [("down", True), ("offline", True), ("absent", True), ("suspect", False), ("online", False)],
)
def test_only_a_peer_that_is_not_there_is_a_loss(
    state: PeerState,
    is_loss: bool,  # noqa: FBT001  # a row
) -> None:
    assert change("online", state).is_loss is is_loss
