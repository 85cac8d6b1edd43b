"""What changes among a node's peers, and the events that tell it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from ringleader.actors.events.health import (
    HealthAlert,
    NodeRecovered,
    P2PClusterHealthy,
    P2PClusterUnhealthy,
)
from ringleader.actors.events.p2p import (
    HostOffline,
    HostOnline,
    NodeSuspect,
    P2PNodeDead,
    P2PNodesDead,
)
from ringleader.actors.events.sync import SyncNodeUnreachable

from .identity import Conflict

if TYPE_CHECKING:
    from ringleader.actors.events.base import Event

PeerState: TypeAlias = Literal["expected", "absent", "online", "suspect", "down", "offline"]
"""How a peer fares, as far as this node can tell.

- `expected`: it was not heard yet; `absent`: nor within the time after which a peer is down.
- `online`: it is heard. `suspect`: for a while it was not. `down`: for too long it was not.
- `offline`: it stopped in order, or is known to have ended.
"""

CONFLICT_ALERT: Final = "identity_conflict"
_PORT: Final = re.compile(r"^tcp://.*:([0-9]+)$")


class PeerChange(NamedTuple):
    """One peer's state changed.

    Attributes:
        peer: its node id.
        old: how it was.
        new: how it is.
        epoch: of its start; 0 if it was never heard.
        reason: in words.
        endpoint: where it listens; empty if that is not known.
        silence: seconds of listening without a sign of it, up to now.
        away: seconds since the last sign of it, 0 if there was none.
        is_anew: whether it has started since it was heard last; whatever it had in memory is gone.
    """

    peer: str
    old: PeerState
    new: PeerState
    epoch: int
    reason: str
    endpoint: str = ""
    silence: float = 0.0
    away: float = 0.0
    is_anew: bool = False

    @property
    def is_loss(self) -> bool:
        """Whether nobody can count on the peer from here on: its actors are as good as ended."""
        return self.new in ("absent", "down", "offline")

    @property
    def is_return(self) -> bool:
        """Whether a peer that was down is back and had lived on: the network was cut."""
        return self.old == "down" and self.new == "online" and not self.is_anew


class PeersLost(NamedTuple):
    """Several peers went down at once, which often means that this node is cut off.

    Attributes:
        peers: who; each has its own change as well.
        reason: in words.
    """

    peers: tuple[str, ...]
    reason: str


class Network(NamedTuple):
    """How many of the nodes are there, as far as this one can tell.

    Attributes:
        is_healthy: whether more than half of them are.
        online: how many are, this one included.
        total: of how many; those that stopped in order do not count.
        missing: who is not there.
    """

    is_healthy: bool
    online: int
    total: int
    missing: tuple[str, ...]


class Seen(NamedTuple):
    """What is known of a peer.

    Attributes:
        peer: its node id.
        state: how it fares.
        epoch: of its start; 0 if it was never heard.
        endpoint: where it listens; empty if that is not known.
        since: seconds for which it has been in this state.
        silence: seconds of listening without a sign of it, or since it is expected.
    """

    peer: str
    state: PeerState
    epoch: int
    endpoint: str
    since: float
    silence: float


Change: TypeAlias = PeerChange | PeersLost | Network | Conflict


def events_of(change: Change, time: float) -> list[Event]:
    """Return the events of the catalogue that tell a change, in order; there may be none.

    Args:
        change: what `Presence.tick` returned.
        time: seconds UTC, now.
    """
    match change:
        case PeerChange():
            return _events_of_peer(change, time)
        case PeersLost(peers, reason):
            return [P2PNodesDead(node_ids=peers, reason=reason)]
        case Network():
            return [_event_of_network(change)]
        case Conflict():
            return [
                HealthAlert(
                    alert=change.words,
                    alert_type=CONFLICT_ALERT,
                    action=f"the second {change.peer} is refused",
                    reason="two nodes have one id",
                )
            ]


def _events_of_peer(change: PeerChange, time: float) -> list[Event]:
    if change.new == "online":
        return _back(change)
    if change.new == "suspect":
        return [_suspect(change, time)]
    if change.new == "down":
        return [_offline(change, time), _dead(change, time), _unreachable(change)]
    if change.new == "absent":
        return [_unreachable(change)]
    was_there = change.old in ("online", "suspect")
    return [_offline(change, time)] if was_there else []


def _back(change: PeerChange) -> list[Event]:
    if change.old == "suspect":
        return [_recovered(change, "heard_again")]
    if change.old == "down":
        recovery = "restarted" if change.is_anew else "reconnected"
        return [_online(change), _recovered(change, recovery)]
    return [_online(change)]


def _suspect(change: PeerChange, time: float) -> Event:
    return NodeSuspect(
        node_id=change.peer,
        last_seen=time - change.away,
        seconds_since_heartbeat=change.silence,
    )


def _offline(change: PeerChange, time: float) -> Event:
    return HostOffline(node_id=change.peer, reason=change.reason, last_seen=time - change.away)


def _dead(change: PeerChange, time: float) -> Event:
    return P2PNodeDead(
        node_id=change.peer,
        reason=change.reason,
        last_seen=time - change.away,
        offline_duration_seconds=change.silence,
    )


def _unreachable(change: PeerChange) -> Event:
    return SyncNodeUnreachable(
        target_node=change.peer, old_state=change.old, new_state=change.new, error=change.reason
    )


def _online(change: PeerChange) -> Event:
    port = _PORT.match(change.endpoint)
    return HostOnline(node_id=change.peer, port=None if port is None else int(port[1]))


def _recovered(change: PeerChange, recovery: str) -> Event:
    return NodeRecovered(
        node_id=change.peer,
        recovery_type=recovery,
        recovery_source="bridge",
        address=change.endpoint or None,
        offline_duration_seconds=change.away,
    )


def _event_of_network(network: Network) -> Event:
    online, total = network.online, network.total
    if network.is_healthy:
        return P2PClusterHealthy(
            healthy_nodes=online, node_count=total, alive_peers=online - 1, quorum_met=True
        )
    missing = ", ".join(network.missing)
    return P2PClusterUnhealthy(
        healthy_nodes=online,
        node_count=total,
        alive_peers=online - 1,
        quorum_met=False,
        reason=f"{online} of {total} nodes are there; missing: {missing}",
        alerts=tuple(f"{node} is missing" for node in network.missing),
    )
