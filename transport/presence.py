"""Who of a node's peers is there: decided by what was heard of them, and for how long nothing was.

Nothing here does I/O or reads a clock. Silence is measured in time in which this node listened: a
step between two looks counts as one heartbeat at most, so a clock that jumps, or a process that was
stopped for a while, declares nobody dead.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from .identity import Conflict, Conflicts
from .presence_changes import Change, Network, PeerChange, PeersLost, PeerState, Seen

if TYPE_CHECKING:
    from collections.abc import Collection

    from .bridge_options import BridgeOptions

_REMEMBERED: Final = 16
"""Epochs of a peer that are over, so that a frame which comes late does not bring them back."""
_ALIVE: Final = ("online", "suspect")


class _Peer:
    """What is known of one peer."""

    __slots__ = ("endpoint", "epoch", "heard_at", "past", "place", "seen_at", "since", "state")

    def __init__(self, endpoint: str, listened: float, now: float) -> None:
        self.endpoint = endpoint
        self.place = ""  # where it says it listens, which may be another name of the endpoint
        self.epoch = 0
        self.state: PeerState = "expected"
        self.past: deque[int] = deque(maxlen=_REMEMBERED)
        self.heard_at = listened
        self.since = self.seen_at = now


class Presence:
    """Follows the peers of a node; every change is told once, by `tick`.

    A peer is `expected` until it is heard, or `absent` after `down` seconds; then `online`,
    `suspect` after `suspect` seconds of silence, `down` after `down` seconds, `online` again
    whenever it is heard; `offline` when it said so, or when it is known to have ended.

    Args:
        node: the id of this node.
        epoch: of its start.
        options: the seconds.
        now: monotonic seconds, as in every other call.
    """

    def __init__(self, node: str, epoch: int, options: BridgeOptions, now: float) -> None:
        self._node, self._epoch, self._options = node, epoch, options
        self._peers: dict[str, _Peer] = {}
        self._conflicts = Conflicts()
        self._changes: list[Change] = []
        self._now, self._listened = now, 0.0
        self._healthy: bool | None = None

    # ---------------------------------------------------------------- what is heard

    def expect(self, peer: str, endpoint: str, now: float) -> None:
        """Begin to follow a peer, or take note of where else it is; its own id is left out."""
        self._advance(now)
        if peer != self._node:
            self._known(peer, endpoint).endpoint = endpoint

    def forget(self, peer: str) -> None:
        """Follow a peer no longer; nothing is told."""
        self._peers.pop(peer, None)

    def retain(self, known: Collection[str]) -> None:
        """Forget those who were never heard and are known no longer: somebody was mistaken."""
        for peer in [*self._peers]:
            if peer not in known and self._peers[peer].state in ("expected", "absent"):
                self.forget(peer)

    def greeted(self, peer: str, epoch: int, endpoint: str, now: float) -> Conflict | None:
        """Take a greeting, which is a sign of life, or say why it is to be refused.

        Two nodes have one identity if a greeting comes from another epoch and from another place
        while the first one lives: the second one is refused. From the same place it is the first
        one's successor, as two can't listen there; who listens nowhere has no place.

        Args:
            peer: who it says it is.
            epoch: of its start.
            endpoint: where it says it listens; empty if it does not.
            now: monotonic seconds.
        """
        self._advance(now)
        conflict = self._conflict(peer, epoch, endpoint)
        if conflict is not None:
            if self._conflicts.is_new(conflict, self._listened):
                self._changes.append(conflict)
            return conflict
        known = self._known(peer, endpoint)
        known.place = endpoint
        known.endpoint = known.endpoint or endpoint
        if epoch in known.past:
            if known.epoch == epoch and self._listened - known.heard_at < self._options.suspect:
                return None  # sent before the goodbye, on another socket
            known.past.remove(epoch)  # the second of two is gone, and the first one lives
        self._alive(peer, known, epoch, now)
        return None

    def heard(self, peer: str, epoch: int, now: float) -> None:
        """Take any other frame of a peer as a sign of life; one of a past epoch says nothing."""
        self._advance(now)
        known = self._peers.get(peer)
        if known is not None and known.epoch == epoch and known.state == "online":
            known.heard_at, known.seen_at = self._listened, now
        elif peer != self._node:
            known = self._known(peer, "")
            if epoch not in known.past:
                self._alive(peer, known, epoch, now)

    def said_bye(self, peer: str, epoch: int, now: float) -> None:
        """A peer stops in order; nothing that comes late from this epoch brings it back."""
        self._advance(now)
        known = self._peers.get(peer)
        if known is None or known.epoch not in (0, epoch) or epoch in known.past:
            return
        known.epoch = epoch
        known.past.append(epoch)
        known.heard_at, known.seen_at = self._listened, now
        self._change(peer, known, "offline", "it said goodbye")

    # ---------------------------------------------------------------- what follows from it

    def tick(self, now: float) -> list[Change]:
        """Look at the time; return all changes since the last look, in their order."""
        self._advance(now)
        lost = [name for name, peer in self._peers.items() if self._silent(name, peer)]
        if len(lost) > 1:
            reason = f"nothing was heard of them for {self._options.down:g} s"
            self._changes.append(PeersLost(tuple(lost), reason))
        self._judge()
        changes, self._changes = self._changes, []
        return changes

    @property
    def has_news(self) -> bool:
        """Whether something has changed that `tick` has not told yet."""
        return bool(self._changes)

    def seen(self, peer: str) -> Seen | None:
        """Return what is known of a peer; None if it is none."""
        known = self._peers.get(peer)
        return None if known is None else self._seen(peer, known)

    def peers(self) -> tuple[Seen, ...]:
        """Return what is known of all peers, by name."""
        return tuple(self._seen(name, self._peers[name]) for name in sorted(self._peers))

    @property
    def network(self) -> Network:
        """How many of the nodes are there, this one included; none that stopped in order count."""
        counted = {name: peer for name, peer in self._peers.items() if peer.state != "offline"}
        missing = sorted(name for name, peer in counted.items() if peer.state not in _ALIVE)
        total = 1 + len(counted)
        online = total - len(missing)
        return Network(2 * online > total, online, total, tuple(missing))

    # ---------------------------------------------------------------- parts

    def _advance(self, now: float) -> None:
        step, self._now = now - self._now, now
        if step > 0:
            self._listened += min(step, self._options.heartbeat)

    def _known(self, peer: str, endpoint: str) -> _Peer:
        known = self._peers.get(peer)
        if known is None:
            known = self._peers[peer] = _Peer(endpoint, self._listened, self._now)
        return known

    def _alive(self, peer: str, known: _Peer, epoch: int, now: float) -> None:
        is_anew = known.epoch not in (0, epoch)
        if is_anew:
            if known.state in _ALIVE:
                self._change(peer, known, "offline", "it ended without a word, and started anew")
            known.past.append(known.epoch)
        known.epoch = epoch
        if known.state != "online":
            reason = "it started anew" if is_anew else "it was heard"
            self._change(peer, known, "online", reason, is_anew=is_anew)
        known.heard_at, known.seen_at = self._listened, now

    def _silent(self, name: str, peer: _Peer) -> bool:
        """Take the next step, if it is time; tell whether the peer went down by it."""
        silence = self._listened - peer.heard_at
        options = self._options
        if peer.state == "online" and silence >= options.suspect:
            self._change(name, peer, "suspect", f"nothing was heard of it for {silence:.1f} s")
        elif peer.state == "suspect" and silence >= options.down:
            self._change(name, peer, "down", f"nothing was heard of it for {silence:.1f} s")
            return True
        elif peer.state == "expected" and silence >= options.down:
            self._change(name, peer, "absent", f"it was not heard within {options.down:g} s")
        return False

    def _change(
        self, name: str, peer: _Peer, state: PeerState, reason: str, *, is_anew: bool = False
    ) -> None:
        if peer.state == state:
            return
        old, peer.state = peer.state, state
        self._changes.append(
            PeerChange(
                peer=name,
                old=old,
                new=state,
                epoch=peer.epoch,
                reason=reason,
                endpoint=peer.endpoint,
                silence=self._listened - peer.heard_at,
                away=0.0 if old == "expected" else max(self._now - peer.seen_at, 0.0),
                is_anew=is_anew,
            )
        )
        peer.since = self._now

    def _judge(self) -> None:
        network = self.network
        is_open = any(peer.state == "expected" for peer in self._peers.values())
        if network.total == 1 or (is_open and not network.is_healthy):
            return
        if self._healthy is not network.is_healthy:
            self._healthy = network.is_healthy
            self._changes.append(network)

    def _conflict(self, peer: str, epoch: int, endpoint: str) -> Conflict | None:
        if peer == self._node:
            return Conflict(peer, epoch, endpoint, self._epoch, "", is_own=True)
        known = self._peers.get(peer)
        if known is None or known.epoch in (0, epoch):
            return None
        is_place_taken = bool(endpoint) and endpoint == (known.place or known.endpoint)
        is_over = epoch in known.past
        if (known.state == "online" and not is_place_taken) or (known.state in _ALIVE and is_over):
            return Conflict(peer, epoch, endpoint, known.epoch, known.place or known.endpoint)
        return None

    def _seen(self, name: str, peer: _Peer) -> Seen:
        return Seen(
            peer=name,
            state=peer.state,
            epoch=peer.epoch,
            endpoint=peer.endpoint,
            since=max(self._now - peer.since, 0.0),
            silence=self._listened - peer.heard_at,
        )
