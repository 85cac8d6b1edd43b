"""Whom a node knows: from its settings, from the peers themselves, and from what peers tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol, TypeAlias

from .bridge_options import NODE_ID
from .endpoints import is_local, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from .bridge_options import PeerEntry

MOST: Final = 1_000
"""Peers that are known by introduction, at most."""

Source: TypeAlias = Literal["settings", "itself", "introduction"]
"""Who says where a peer is: earlier ones win over later ones."""

_NODE: Final = re.compile(NODE_ID)
_KEY: Final = re.compile(r"([!-~]{40})?")


class Introduced(Protocol):
    """A peer as another one tells of it: `wire_messages.Peer`."""

    @property
    def node(self) -> str:
        """Its id."""
        ...

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        ...

    @property
    def public_key(self) -> str:
        """Its key; empty without encryption."""
        ...


class KnownPeer(NamedTuple):
    """A peer, and who says so.

    Attributes:
        node: its id.
        endpoint: where it listens; empty if it does not, as far as is known.
        public_key: its key; empty without encryption.
        source: who says so.
        by: the peer that told of it, if one did.
    """

    node: str
    endpoint: str
    public_key: str
    source: Source
    by: str = ""


Allowed: TypeAlias = "Callable[[str, str], bool]"
"""Says whether a node id may have a key."""


class Introductions:
    """What a node has been told of its peers.

    Args:
        node: its own id, which is nobody's peer.
        configured: the peers of the settings; they win.
        is_allowed: says of a node id and a key whether they may be talked to.
        learns: whether introductions count at all; what peers say of themselves does.
    """

    def __init__(
        self,
        node: str,
        configured: Iterable[PeerEntry],
        is_allowed: Allowed,
        *,
        learns: bool = True,
    ) -> None:
        self._node, self._is_allowed, self._learns = node, is_allowed, learns
        self._configured = {
            entry.id: KnownPeer(entry.id, entry.endpoint, entry.public_key, "settings")
            for entry in configured
            if entry.id != node
        }
        self._itself: dict[str, KnownPeer] = {}
        self._told: dict[str, dict[str, KnownPeer]] = {}

    def greeted(self, node: str, endpoint: str, public_key: str) -> None:
        """Take what a peer says of itself; it talks to this node, so it may."""
        if node != self._node and (node in self._itself or len(self._itself) < MOST):
            self._itself[node] = KnownPeer(node, endpoint, public_key, "itself")

    def told(self, by: str, peers: Sequence[Introduced]) -> int:
        """Take what a peer tells of others, in place of what it told before.

        Returns:
            How many of them are of no use: malformed, not allowed, or only reachable from there.
        """
        if not self._learns:
            return 0
        is_near = self._is_near(by)
        useful = [peer for peer in peers if self._is_useful(peer, is_near=is_near)]
        self._told[by] = {
            peer.node: KnownPeer(peer.node, peer.endpoint, peer.public_key, "introduction", by)
            for peer in useful[:MOST]
        }
        return len(peers) - len(useful)

    def gone(self, node: str) -> None:
        """A peer has stopped in order: what it told and said of itself counts no longer."""
        self._told.pop(node, None)
        self._itself.pop(node, None)

    def known(self) -> Mapping[str, KnownPeer]:
        """Return all peers by name, each as the best source has it."""
        return merged(self._configured, self._itself, self._told)

    def to_tell(self, to: str, online: Collection[str]) -> list[KnownPeer]:
        """Return whom to introduce to a peer: those that are talked to, and not hearsay."""
        return [
            peer
            for node, peer in self.known().items()
            if node != to and node in online and peer.endpoint
        ]

    def _is_useful(self, peer: Introduced, *, is_near: bool) -> bool:
        return (
            peer.node != self._node
            and is_peer(peer)
            and (is_near or not is_local(peer.endpoint))
            and self._is_allowed(peer.node, peer.public_key)
        )

    def _is_near(self, by: str) -> bool:
        """Say whether a peer is on this host, so that what is local to it is reachable."""
        peer = self._configured.get(by) or self._itself.get(by)
        return peer is not None and is_local(peer.endpoint)


def merged(
    configured: Mapping[str, KnownPeer],
    itself: Mapping[str, KnownPeer],
    told: Mapping[str, Mapping[str, KnownPeer]],
) -> dict[str, KnownPeer]:
    """Lay what is known over each other: settings, then a peer's own word, then introductions.

    Of several introductions the one counts that most peers agree on, and among equals that of the
    peer whose name comes first, so that the order in which they came does not matter.
    """
    votes: dict[str, dict[tuple[str, str], list[str]]] = {}
    for by in sorted(told):
        for peer in told[by].values():
            word = peer.endpoint, peer.public_key
            votes.setdefault(peer.node, {}).setdefault(word, []).append(by)
    found = dict[str, KnownPeer]()
    for node in sorted(votes)[:MOST]:
        (endpoint, key), witnesses = max(votes[node].items(), key=lambda item: len(item[1]))
        found[node] = KnownPeer(node, endpoint, key, "introduction", witnesses[0])
    return {**found, **itself, **configured}


def is_node(name: str) -> bool:
    """Say whether this can be the id of a node."""
    return _NODE.fullmatch(name) is not None


def is_peer(peer: Introduced) -> bool:
    """Say whether an introduction is well-formed, and names a place that can be reached."""
    return (
        is_node(peer.node)
        and _KEY.fullmatch(peer.public_key) is not None
        and not unreachable(peer.endpoint)
    )
