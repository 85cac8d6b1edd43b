"""The bridge of a node: it joins storage, sockets, presence and remote refs.

    event log ──committed──► OwnerDesk ──► sockets ──► peers
    peers ──► sockets ──► Links ──► StreamReader ──► inbox ──► registry

All decisions are made on the thread of the sockets; other threads hand in what they have through
`Sockets.call`, and get a snapshot.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from ringleader.actors.dispatch import here
from ringleader.actors.errors import RingleaderError

from .bridge_events import SOURCE
from .bridge_links import Links
from .bridge_picture import peer_statistics
from .bridge_reader import StreamReader
from .bridge_view import BridgeStatistics
from .complaints import Complaints
from .endpoints import unreachable
from .healing import Healing, Progress, event_of, started
from .interest import Interest
from .introductions import Introductions, is_node
from .owner_desk import Greeting, OwnerDesk
from .presence import Presence
from .presence_changes import PeerChange, events_of
from .wire import CONTROL_TOPIC, VERSIONS, publication
from .wire_messages import Bye, Hb, Hello, Peer, Remote, Welcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ringleader.actors.context import Context
    from ringleader.actors.events.base import Event
    from ringleader.actors.hub import EventHub

    from .bridge_ends import RemoteEnd, Store
    from .bridge_options import BridgeOptions, PeerEntry
    from .exports import Exports
    from .keys import KeyRing
    from .sockets import Sockets
    from .streams import Entry, Stream

logger = logging.getLogger("ringleader.bridge")

LOOK: Final = 0.5
"""Seconds between two looks at what changes slowly: subscriptions, healing, what is shown."""
KEEP_HOUSE: Final = 5.0
"""Seconds between two looks at what peers have, so that it need not be kept for them."""
MOST_ANNOUNCED: Final = 50_000
"""Entries that wait to be published, at most; of others peers learn by the next heartbeat."""
AT_ONCE: Final = 5_000
"""Entries, or words, that are sent before the sockets are looked at again, about."""
MOST_WORDS: Final = 100_000
"""Words of remote refs that wait to be sent, at most."""


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
            alive=self.alive,
            bye=self.left,
            wake=lambda: self._sockets.call(self._late_answers),
            repair=options.repair,
            limits=options.wire,
        )
        self._links = Links(self._hello, self._sockets, self, self._reader_of, options.wire)
        self._announced: deque[tuple[str, Sequence[Entry]]] = deque()
        self._taken = self._told = 0  # entries; the one by the writer's thread, the other here
        self._is_called = False
        self._words: deque[tuple[str, Remote]] = deque()
        self._is_saying = False
        self._beat = self._looked = self._kept = float("-inf")
        self._statistics = BridgeStatistics(node=node, epoch=epoch)
        self._is_closed, self._is_reading = False, True
        self._linked: frozenset[str] = frozenset()
        self._away: set[str] = set()
        self._announced_key = "" if keys is None else keys.announced

    # ---------------------------------------------------------------- from start to end

    def start(self) -> None:
        """Listen, and connect to all peers.

        Raises:
            BindError: the place is taken.
            KeysError: there is no key pair, or it can't be used.
        """
        if self._is_closed:
            return  # the node was ordered to stop while it started
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
        if self._taken - self._told > MOST_ANNOUNCED:
            return  # heartbeats carry the head: peers ask for it
        self._taken += len(entries)
        self._announced.append((group, entries))
        if not self._is_called:
            self._is_called = True
            self._sockets.call(self._announce)

    def _announce(self) -> None:
        self._is_called = False  # first: what comes meanwhile calls again
        end = self._told + AT_ONCE
        together: dict[str, list[Entry]] = {}  # a frame costs more than an entry in it
        while self._announced and self._told < end:
            group, entries = self._announced.popleft()
            self._told += len(entries)
            together.setdefault(group, []).extend(entries)
        if self._announced:  # a writer that never rests must not keep peers waiting
            self._is_called = True
            self._sockets.call(self._announce)
        for group, entries in together.items():
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
        if link is not None and is_up:
            link.connected()
        elif link is not None:
            link.lost(link.trouble)

    def refused(self, peer: str, why: str) -> None:
        """Learn that a handshake failed; the log has it already."""
        link = self._links.get(peer)
        if link is not None:
            link.trouble = why

    def tick(self, now: float) -> None:
        """Do what time asks for."""
        if now - self._beat >= self._options.heartbeat:
            self._beat = now
            beat = Hb(self._node, self._epoch, self._clock.time(), self._owner.heads())
            self._sockets.publish(publication(CONTROL_TOPIC, beat))
            if not self._sockets.endpoint:
                self._links.beat(beat)
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
            self._store.prune(self._owner.slowest([*known], now))
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
        if not is_node(node):
            return Greeting("not allowed: no node can have such an id")
        if self._keys is not None:
            if self._keys.standing(user).name != node:
                return Greeting(f"not allowed: the key is not {node}'s")
            if hello.public_key and hello.public_key != user:
                self._keys.learn(node, hello.public_key)
        now = self._clock.now()
        conflict = self._presence.greeted(node, hello.epoch, hello.endpoint, now)
        self._tell_news(now)
        if conflict is not None:
            return Greeting(f"taken: {conflict.words}")
        self._meet(node, hello.epoch)
        if not unreachable(hello.endpoint):
            # With the key that it uses now; the one that it announces may be the next one.
            self._introductions.greeted(node, hello.endpoint, user)
        online = [seen.peer for seen in self._presence.peers() if seen.state == "online"]
        known = self._introductions.to_tell(node, online) if self._options.introductions else []
        return Greeting(peers=[Peer(p.node, p.endpoint, p.public_key) for p in known])

    def alive(self, node: str, epoch: int) -> None:
        """Take a sign of life of a peer."""
        now = self._clock.now()
        self._presence.heard(node, epoch, now)
        self._tell_news(now)
        self._meet(node, epoch)

    def _meet(self, node: str, epoch: int) -> None:
        if self.remote_end is not None:
            self.remote_end.met(node, epoch)

    def introduced(self, node: str, peers: Sequence[Peer]) -> None:
        """Take what a peer tells of others."""
        self._introductions.told(node, peers)

    def left(self, node: str, epoch: int) -> None:
        """Take a goodbye."""
        now = self._clock.now()
        self._presence.said_bye(node, epoch, now)
        self._tell_news(now)

    def warn(self, node: str, words: str) -> None:
        """Say something about a peer in the log, once a minute."""
        self._complaints.about("peer", f"{node}: {words}", f"{node} {words}")

    def _tell_news(self, now: float) -> None:
        """Tell of a change at once: of a new life remote refs must know before they hear it."""
        if self._presence.has_news:
            self._follow(now)

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
        if change.is_loss:
            self._away.add(change.peer)
            self._owner.lost(change.peer)
            self._note_links()  # first: who asks it from now on must not wait in vain
        elif change.new == "online":
            self._away.discard(change.peer)
        if change.is_loss and self.remote_end is not None:
            self.remote_end.lost(change.peer, change.reason)

    def _progress(self, node: str) -> Progress:
        link = self._links.get(node)
        return Progress() if link is None else link.progress

    def _publish(self, event: Event) -> None:
        try:
            self._hub.publish(event, source=SOURCE)
        except RingleaderError as error:
            level = logging.WARNING if self._is_reading else logging.DEBUG  # it is the end
            logger.log(level, "%s not published: %s", event.EVENT.name, error)

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

        False: there is no link to it now, or too much waits to be sent.
        """
        if node not in self._linked or len(self._words) >= MOST_WORDS:
            return False
        self._words.append((node, Remote(data)))
        if not self._is_saying:
            self._is_saying = True
            self._sockets.call(self._say)
        return True

    def _say(self) -> None:
        self._is_saying = False  # first: what comes meanwhile calls again
        for _ in range(min(len(self._words), AT_ONCE)):
            node, word = self._words.popleft()
            if not self._links.say(node, word):
                self._owner.say(node, word)
        if self._words and not self._is_saying:
            self._is_saying = True
            self._sockets.call(self._say)

    def _note_links(self) -> None:
        """Take note of whom something can be said to, and tell remote refs of who is new there."""
        linked = (self._owner.known() | frozenset(self._links.linked())) - self._away
        new, self._linked = linked - self._linked, linked
        for node in new:
            if self.remote_end is not None:
                self.remote_end.back(node)

    def remote(self, node: str, data: bytes) -> None:
        """Take a word of remote refs."""
        self._remote(node, data)

    def _remote(self, node: str, data: bytes) -> None:
        if node not in self._linked:
            self._note_links()  # or what is answered at once would have no way back
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
        refused = Counter(self._links.refused) + Counter(self._owner.refused)
        peers = (
            peer_statistics(
                peer, self._presence.seen(node), self._links.get(node), self._owner.streams(node)
            )
            for node, peer in sorted(known.items())
        )
        return BridgeStatistics(
            node=self._node,
            epoch=self._epoch,
            endpoint=self._endpoint,
            public_key="" if self._keys is None else self._keys.pair.public,
            is_healthy=self._presence.network.is_healthy if known else None,
            kept=kept,
            kept_bytes=kept_bytes,
            refused={**refused, **self._sockets.statistics().refused},
            peers=tuple(replace(peer, is_encrypted=self._keys is not None) for peer in peers),
        )
