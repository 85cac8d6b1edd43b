"""Who answers a node's clients about the bridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ringleader.actors.errors import RingleaderError
from ringleader.config.errors import did_you_mean

from .bridge_questions import AskBridge, BridgeQuestion, ResyncBridge, Resynced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ringleader.transport.bridge_view import BridgeStatistics, BridgeView

HOW_TO: Final = (
    'give it one: [node] bind = "tcp://127.0.0.1:7400" in its configuration, and for each node '
    "that it is to talk to a table [[peers]] with id and endpoint; then start it again"
)


class NoBridge(RingleaderError):  # noqa: N818  # a state of the node
    """The node talks to no others.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code = 1


class NoSuchPeer(RingleaderError):  # noqa: N818  # the answer of a node
    """There is no such peer, or no such stream.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code = 1


def answer_about_bridge(
    bridge: BridgeView | None, question: BridgeQuestion, node: str
) -> BridgeStatistics | Resynced:
    """Answer a question, or do what is ordered; may wait for the bridge.

    Args:
        bridge: None if the node has none.
        question: which one.
        node: the node's id, for errors.

    Raises:
        NoBridge: there is none; says how to get one.
        NoSuchPeer: nobody, and nothing, goes by this name; says what is near.
    """
    if bridge is None:
        raise NoBridge(f"node {node} has no bridge to other nodes; {HOW_TO}")
    match question:
        case AskBridge():
            return bridge.statistics()
        case ResyncBridge(peer=peer, group=group):
            check_names(bridge.statistics(), peer, group)
            return Resynced(streams=bridge.resync(peer, group))


def check_names(found: BridgeStatistics, peer: str | None, group: str | None) -> None:
    """Refuse a peer or a group that there is not.

    Raises:
        NoSuchPeer: says what is near.
    """
    peers = {one.node: one for one in found.peers}
    if peer is not None and peer not in peers:
        raise NoSuchPeer(f"node {found.node} has no peer {peer!r}; {_near(peer, peers, 'peers')}")
    chosen = found.peers if peer is None else (peers[peer],)
    groups = {stream.group for one in chosen for stream in one.streams if stream.direction == "in"}
    if group is not None and group not in groups:
        of = "its peers" if peer is None else peer
        near = _near(group, groups, "streams")
        raise NoSuchPeer(f"node {found.node} reads no stream {group!r} of {of}; {near}")


def _near(name: str, known: Iterable[str], what: str) -> str:
    names = sorted(known)
    return did_you_mean(name, names) if names else f"there are no {what} yet"
