"""The bridge of a node: it joins storage, sockets, presence and remote refs.

    event log ──committed──► OwnerDesk ──► sockets ──► peers
    peers ──► sockets ──► Links ──► StreamReader ──► inbox ──► registry

All decisions are made on the thread of the sockets; other threads hand in what they have through
`Sockets.call`, and get a snapshot.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from ringleader.actors.dispatch import here
from ringleader.actors.errors import RingleaderError

from .bridge_events import SOURCE
from .bridge_links import Links
from .bridge_reader import StreamReader
from .bridge_view import BridgeStatistics, PeerStatistics
from .complaints import Complaints
from .healing import Healing, Progress, event_of, started
from .interest import Interest
from .introductions import Introductions
from .owner_desk import Greeting, OwnerDesk
from .presence import Presence
from .presence_changes import PeerChange, events_of
from .wire import CONTROL_TOPIC, VERSIONS, publication
from .wire_messages import Bye, Hb, Hello, Peer, Remote, Welcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ringleader.actors.context import Context
    from ringleader.actors.events.base import Event
    from ringleader.actors.hub import EventHub

    from .bridge_options import BridgeOptions, PeerEntry
    from .exports import Exports
    from .introductions import KnownPeer
    from .keys import KeyRing
    from .sockets import Sockets
    from .streams import Entry, Inbox, Outbox, Stream

logger = logging.getLogger("ringleader.bridge")

LOOK: Final = 0.5
"""Seconds between two looks at what changes slowly: subscriptions, healing, what is shown."""
KEEP_HOUSE: Final = 5.0
"""Seconds between two looks at what peers have, so that it need not be kept for them."""
MOST_ANNOUNCED: Final = 50_000
"""Entries that wait to be published, at most; of others peers learn by the next heartbeat."""


class RemoteEnd(Protocol):
    """Takes what the bridge carries for remote refs."""

    def received(self, node: str, data: bytes) -> None:
        """Take a word of another node."""
        ...

    def met(self, node: str, epoch: int) -> None:
        """Take note that a node is there, in which life."""
        ...

    def back(self, node: str) -> None:
        """Take note that there is a link to a node again."""
        ...

    def lost(self, node: str, why: str) -> None:
        """Take note that a node is down, or has ended."""
        ...

    def tick(self, now: float) -> None:
        """Do what time asks for."""
        ...


class Store(Protocol):
    """What a bridge needs of the event log's file."""

    on_reset: Callable[[Stream], object]

    def outbox(self, group: str) -> Outbox:
        """Return what this node exports of a group."""
        ...

    @property
    def inbox(self) -> Inbox:
        """How far this node is in the streams of others."""
        ...

    def consumers(self) -> list[tuple[str, ...] | None]:
        """Return for each durable consumer the wire values of its types; None: all."""
        ...

    def prune(self, acked: Mapping[str, int | None]) -> None:
        """Remove what is not kept any longer, given up to where all readers have each group."""
        ...

    def kept(self) -> tuple[int, int]:
        """Return how many entries are kept for peers, and their bytes."""
        ...


class Bridge:
    """One node's end of all bridges. `start` it, and `close` it in the end.

    Args:
        node: its id.
        epoch: of its start.
        advertise: where others reach it, if that is not where it is bound.
        peers: of the settings.
        keys: its own and those it lets in; None for none, on one host.
        options: of the bridge.
        hub: where events come from and go to.
        exports: says which events cross.
        store: keeps streams.
        context: of the system.
        sockets_of: makes the sockets, given their handler.
        remote: takes what is carried for remote refs.
    """

    def __init__(
        self,
        *,
        node: str,
        epoch: int,
        advertise: str,
        peers: Sequence[PeerEntry],
        keys: KeyRing | None,
        options: BridgeOptions,
        hub: EventHub,
        exports: Exports,
        store: Store,
        context: Context,
        sockets_of: Callable[[Bridge], Sockets],
        remote: RemoteEnd | None = None,
    ) -> None:
        self._node, self._epoch, self._advertise = node, epoch, advertise
        self._keys, self._options, self._hub = keys, options, hub
        self._exports, self._store, self._context = exports, store, context
        self._clock, self.remote_end = context.clock, remote
        now = self._clock.now()
        self._sockets = sockets_of(self)
        store.on_reset = self._reset
        self._presence = Presence(node, epoch, options, now)
        self._introductions = Introductions(
            node, peers, self._is_allowed, learns=options.introductions
        )
        self._healing = Healing(settle=2 * options.heartbeat)
        self._interest = Interest(hub.catalogue, exports)
        self._complaints = Complaints(self._clock)
        self._owner = OwnerDesk(
            node,
            epoch,
            groups=exports.groups,
            outbox_of=store.outbox,
            reply=self._sockets.reply,
            greet=self._greet,
            remote=self._remote,
            bye=self.left,
            wake=lambda: self._sockets.call(self._late_answers),
            repair=options.repair,
            limits=options.wire,
        )
        self._links = Links(self._hello, self._sockets, self, self._reader_of, options.wire)
        self._announced: deque[tuple[str, Sequence[Entry]]] = deque()
        self._waiting = 0
        self._is_called = False
        self._beat = self._looked = self._kept = float("-inf")
        self._trouble: dict[str, str] = {}
        self._statistics = BridgeStatistics(node=node, epoch=epoch)
        self._is_closed, self._is_reading = False, True
        self._linked: frozenset[str] = frozenset()
        self._announced_key = "" if keys is None else keys.announced

    # ---------------------------------------------------------------- from start to end

    def start(self) -> None:
        """Listen, and connect to all peers.

        Raises:
            BindError: the place is taken.
            KeysError: there is no key pair, or it can't be used.
        """
        self._sockets.start()
        self._exports.committed = self._committed
        self._sockets.call(self._begin)

    def stop_reading(self) -> None:
        """Take nothing in any more: those who would get it are about to stop."""
        self._is_reading = False
        self._sockets.call(lambda: self._links.want(frozenset()))

    def close(self, timeout: float) -> bool:
        """Say goodbye, and end; tell whether that was in time. May be repeated."""
        if not self._is_closed:
            self._is_closed = True
            self._exports.committed = lambda _group, _entries: None
            self._sockets.call(self._farewell)
        return self._sockets.close(timeout)

    def _begin(self) -> None:
        here.is_loop = True  # what this thread publishes must not make it wait
        now = self._clock.now()
        self._sockets.set_welcome(
            publication(CONTROL_TOPIC, Welcome(self._node, self._epoch, self._owner.heads()))
        )
        self._look(now)

    def _farewell(self) -> None:
        bye = Bye(self._node, self._epoch, self._owner.heads())
        self._sockets.publish(publication(CONTROL_TOPIC, bye))
        self._links.bye(bye)

    # ---------------------------------------------------------------- events that go

    def _committed(self, group: str, entries: Sequence[Entry]) -> None:
        """Take entries that are on the disk; in the writer's thread."""
        if self._waiting > MOST_ANNOUNCED:
            return  # heartbeats carry the head: peers ask for it
        self._waiting += len(entries)
        self._announced.append((group, entries))
        if not self._is_called:
            self._is_called = True
            self._sockets.call(self._announce)

    def _announce(self) -> None:
        self._is_called = False  # first: what comes meanwhile calls again
        while self._announced:
            group, entries = self._announced.popleft()
            self._waiting -= len(entries)
            for frame in self._owner.announce(group, entries):
                self._sockets.publish(frame)

    def _late_answers(self) -> None:
        self._owner.late_answers(self._clock.now())

    # ---------------------------------------------------------------- what the sockets bring

    def asked(self, identity: bytes, user: str, frame: bytes) -> None:
        """Take what a peer asks."""
        self._owner.asked(identity, user, frame, self._clock.now())

    def answered(self, peer: str, frame: bytes) -> None:
        """Take what a peer answers."""
        self._links.answered(peer, frame, self._clock.now())

    def heard(self, peer: str, frame: bytes) -> None:
        """Take what a peer has published."""
        self._links.heard(peer, frame, self._clock.now())

    def linked(self, peer: str, is_up: bool) -> None:  # noqa: FBT001  # the sockets' way
        """Learn that a connection is made, or has ended: then there is a greeting due."""
        link = self._links.get(peer)
        if link is not None:
            link.lost("" if is_up else link.trouble)

    def refused(self, peer: str, why: str) -> None:
        """Learn that a handshake failed; the log has it already."""
        self._trouble[peer] = why
        link = self._links.get(peer)
        if link is not None:
            link.trouble = why

    def tick(self, now: float) -> None:
        """Do what time asks for."""
        if now - self._beat >= self._options.heartbeat:
            self._beat = now
            beat = Hb(self._node, self._epoch, self._clock.time(), self._owner.heads())
            self._sockets.publish(publication(CONTROL_TOPIC, beat))
        self._links.tick(now)
        self._note_links()
        self._follow(now)
        if self.remote_end is not None:
            self.remote_end.tick(now)
        if now - self._looked >= LOOK:
            self._look(now)

    def _look(self, now: float) -> None:
        self._looked = now
        if self._is_reading:
            topics = [subscription.topic for subscription in self._hub.table.subscriptions()]
            self._links.want(self._interest.groups(topics, self._store.consumers()))
        known = self._introductions.known()
        for node, peer in known.items():
            self._presence.expect(node, peer.endpoint, now)
        self._presence.retain(known)
        self._links.follow(known)
        if self._keys is not None and self._keys.announced != self._announced_key:
            self._announced_key = self._keys.announced
            self._links.greet_again()  # peers must know the next key before it is used
        outcome = self._healing.tick(now, self._progress)
        if outcome is not None:
            self._publish(event_of(outcome))
        if now - self._kept >= KEEP_HOUSE:
            self._kept = now
            self._store.prune(self._owner.slowest([*known]))
        self._statistics = self._snapshot()

    # ---------------------------------------------------------------- peers

    def _hello(self) -> Hello:
        key = "" if self._keys is None else self._keys.announced
        return Hello(self._node, self._epoch, VERSIONS, self._endpoint, key)

    @property
    def _endpoint(self) -> str:
        return self._advertise or self._sockets.endpoint

    def _is_allowed(self, node: str, key: str) -> bool:
        if self._keys is None:
            return not key
        standing = self._keys.standing(key)
        return standing.word == "allowed" and standing.name == node

    def _greet(self, hello: Hello, user: str) -> Greeting:
        """Decide about who greets this node."""
        node = hello.node
        if self._keys is not None:
            if self._keys.standing(user).name != node:
                return Greeting(f"not allowed: the key is not {node}'s")
            if hello.public_key and hello.public_key != user:
                self._keys.learn(node, hello.public_key)
        now = self._clock.now()
        conflict = self._presence.greeted(node, hello.epoch, hello.endpoint, now)
        if conflict is not None:
            return Greeting(f"taken: {conflict.words}")
        if hello.endpoint:
            self._introductions.greeted(node, hello.endpoint, hello.public_key)
        online = [seen.peer for seen in self._presence.peers() if seen.state == "online"]
        known = self._introductions.to_tell(node, online) if self._options.introductions else []
        return Greeting(peers=[Peer(p.node, p.endpoint, p.public_key) for p in known])

    def alive(self, node: str, epoch: int) -> None:
        """Take a sign of life of a peer."""
        self._presence.heard(node, epoch, self._clock.now())

    def introduced(self, node: str, peers: Sequence[Peer]) -> None:
        """Take what a peer tells of others."""
        self._introductions.told(node, peers)

    def left(self, node: str, epoch: int) -> None:
        """Take a goodbye."""
        self._presence.said_bye(node, epoch, self._clock.now())

    def warn(self, node: str, words: str) -> None:
        """Say something about a peer in the log, once a minute."""
        self._complaints.about("peer", f"{node}: {words}", f"{node} {words}")

    def _follow(self, now: float) -> None:
        """Tell what has changed among the peers."""
        for change in self._presence.tick(now):
            if isinstance(change, PeerChange):
                self._changed(change, now)
            for event in events_of(change, self._clock.time()):
                self._publish(event)

    def _changed(self, change: PeerChange, now: float) -> None:
        if self._healing.saw(change, self._progress(change.peer), now):
            self._publish(started())
        if change.new == "down":
            self._links.rebuild(change.peer)
        if change.new == "offline":
            self._introductions.gone(change.peer)
        if self.remote_end is None:
            return
        if change.is_loss:
            self.remote_end.lost(change.peer, change.reason)
        elif change.new == "online":
            self.remote_end.met(change.peer, change.epoch)

    def _progress(self, node: str) -> Progress:
        link = self._links.get(node)
        return Progress() if link is None else link.progress

    def _publish(self, event: Event) -> None:
        try:
            self._hub.publish(event, source=SOURCE)
        except RingleaderError as error:
            logger.warning("%s not published: %s", event.EVENT.name, error)

    # ---------------------------------------------------------------- streams that come in

    def _reader_of(self, stream: Stream) -> StreamReader:
        def committed() -> None:
            self._links.committed(stream, self._clock.now())

        return StreamReader(
            stream,
            self._store.inbox,
            self._context.random,
            limits=self._options.reading,
            wake=lambda: self._sockets.call(committed),
        )

    def _reset(self, stream: Stream) -> None:
        """Begin to read a stream anew: its file was put back; in the writer's thread."""
        self._sockets.call(lambda: self._links.reset(stream))

    # ---------------------------------------------------------------- remote refs

    def send(self, node: str, data: bytes) -> bool:
        """Carry a word of remote refs to another node; from any thread, in order.

        False: there is no link to it now.
        """
        if node not in self._linked:
            return False
        self._sockets.call(lambda: self._send(node, Remote(data)))
        return True

    def _send(self, node: str, message: Remote) -> None:
        if not self._links.say(node, message):
            self._owner.say(node, message)

    def _note_links(self) -> None:
        """Take note of whom something can be said to, and tell remote refs of who is new there."""
        linked = frozenset(self._links.linked()) | self._owner.known()
        new, self._linked = linked - self._linked, linked
        for node in new:
            if self.remote_end is not None:
                self.remote_end.back(node)

    def remote(self, node: str, data: bytes) -> None:
        """Take a word of remote refs."""
        self._remote(node, data)

    def _remote(self, node: str, data: bytes) -> None:
        if self.remote_end is not None:
            self.remote_end.received(node, data)

    # ---------------------------------------------------------------- what is seen of it

    def statistics(self) -> BridgeStatistics:
        """Return how the bridge fares, as of half a second ago; from any thread."""
        return self._statistics

    def resync(self, peer: str | None, group: str | None) -> int:
        """Ask peers what there is, now; return for how many streams. From any thread."""
        groups = None if group is None else [group]

        def ask() -> None:
            self._links.resync(peer, groups, self._clock.now())

        self._sockets.call(ask)
        peers = (one for one in self._statistics.peers if peer in (None, one.node))
        streams = (stream for one in peers for stream in one.streams)
        return sum(s.direction == "in" and group in (None, s.group) for s in streams)

    def _snapshot(self) -> BridgeStatistics:
        kept, kept_bytes = self._store.kept()
        known = self._introductions.known()
        refused = {**self._links.refused}
        for reason, number in self._owner.refused.items():
            refused[reason] = refused.get(reason, 0) + number
        return BridgeStatistics(
            node=self._node,
            epoch=self._epoch,
            endpoint=self._endpoint,
            public_key="" if self._keys is None else self._keys.pair.public,
            is_healthy=self._presence.network.is_healthy if known else None,
            kept=kept,
            kept_bytes=kept_bytes,
            refused={**refused, **self._sockets.statistics().refused},
            peers=tuple(self._peer(node, known.get(node)) for node in sorted(known)),
        )

    def _peer(self, node: str, known: KnownPeer | None) -> PeerStatistics:
        seen, link = self._presence.seen(node), self._links.get(node)
        return PeerStatistics(
            node=node,
            state="expected" if seen is None else seen.state,
            endpoint="" if known is None else known.endpoint,
            source="settings" if known is None else known.source,
            epoch=0 if seen is None else seen.epoch,
            since=0.0 if seen is None else seen.since,
            silence=0.0 if seen is None else seen.silence,
            rtt=None if link is None else link.rtt,
            version=0 if link is None else link.version,
            is_encrypted=self._keys is not None,
            trouble="" if link is None else link.trouble,
            streams=(() if link is None else link.statistics()) + self._owner.streams(node),
        )
