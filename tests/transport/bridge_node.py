"""Nodes of a `bridge_net.Net`: real bridges, with a disk and a registry in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from ringleader.actors.context import Context
from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.topics import ALL, Topic
from ringleader.transport.bridge import Bridge
from ringleader.transport.bridge_options import BridgeOptions, PeerEntry
from ringleader.transport.bridge_reading import ReaderLimits
from ringleader.transport.exports import Exports
from ringleader.transport.streams import Stream
from ringleader.transport.wire import decode, published
from tests.transport.bridge_net import FakeSockets
from tests.transport.memory_boxes import MemoryInbox, MemoryOutbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from random import Random

    from ringleader.actors.events.base import Event
    from ringleader.actors.hub import EventHub
    from ringleader.transport.bridge_link import Link
    from ringleader.transport.bridge_view import StreamStatistics
    from ringleader.transport.keys import KeyRing
    from ringleader.transport.owner_desk import OwnerDesk
    from ringleader.transport.sockets import Sockets
    from ringleader.transport.streams import Entry, Inbox, Loss, Outbox, Place
    from ringleader.transport.wire_messages import Message
    from tests.transport.bridge_net import Net

GROUPS = ("pipeline", "p2p")
QUICK = BridgeOptions(reading=ReaderLimits(ack_interval=0.2, remember_after=0.2))


class NetInbox:
    """An `Inbox` of all streams; commits come when the store settles."""

    def __init__(self) -> None:
        self.boxes: dict[Stream, MemoryInbox] = {}

    def of(self, stream: Stream) -> MemoryInbox:
        return self.boxes.setdefault(stream, MemoryInbox())

    def places(self, stream: Stream) -> list[Place]:
        return self.of(stream).places(stream)

    def hash_at(self, stream: Stream, epoch: int, seq: int) -> bytes | None:
        return self.of(stream).hash_at(stream, epoch, seq)

    def apply(
        self,
        stream: Stream,
        place: Place,
        entries: Sequence[Entry],
        losses: Sequence[Loss],
        then: Callable[[], object],
        *,
        hashes: Sequence[bytes] = (),
    ) -> None:
        self.of(stream).apply(stream, place, entries, losses, then, hashes=hashes)


class MemoryStore:
    """What a bridge needs of a disk, in memory; it outlives the node."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.on_reset: Callable[[Stream], object] = lambda _: None
        self.boxes: dict[str, MemoryOutbox] = {}
        self.imports = NetInbox()
        self.durable: list[tuple[str, ...] | None] = []
        self.pruned: list[dict[str, int | None]] = []

    def outbox(self, group: str) -> Outbox:
        return self.box(group)

    def box(self, group: str) -> MemoryOutbox:
        return self.boxes.setdefault(group, MemoryOutbox(self._random))

    @property
    def inbox(self) -> Inbox:
        return self.imports

    def consumers(self) -> list[tuple[str, ...] | None]:
        return self.durable

    def prune(self, acked: Mapping[str, int | None]) -> None:
        self.pruned.append(dict(acked))

    def kept(self) -> tuple[int, int]:
        logs = [box.disk.log for box in self.boxes.values()]
        return sum(map(len, logs)), sum(len(e.body) for log in logs for e in log.values())

    def settle(self) -> bool:
        """Commit what waits; tell whether anything did."""
        outboxes = [box for box in self.boxes.values() if box.waiting]
        inboxes = [box for box in self.imports.boxes.values() if box.waiting]
        for outbox in outboxes:
            outbox.settle()
        for inbox in inboxes:
            inbox.settle()
        return bool(outboxes or inboxes)

    def restart(self) -> None:
        """Lose what was not committed, and begin new epochs."""
        for inbox in self.imports.boxes.values():
            inbox.crash()
        for box in self.boxes.values():
            box.open()


class Wish(msgspec.Struct):
    """A subscription."""

    topic: Topic


class FakeHub:
    """What a bridge uses of the registry."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self.catalogue = Catalogue()
        self.table = self
        self.wishes = [Wish(topic) for topic in topics]
        self.said: list[Event] = []

    def subscriptions(self) -> list[Wish]:
        return self.wishes

    def publish(self, event: Event, *, source: str) -> None:
        assert source == "/system/bridge"
        self.said.append(event)


class Remotes:
    """Keeps what the bridge tells remote refs."""

    def __init__(self) -> None:
        self.words: list[tuple[str, bytes]] = []
        self.news: list[tuple[str, str]] = []
        self.answer: Callable[[str], bool] | None = None
        """Called when a word has come, or a node was lost."""
        self.answered: list[bool] = []

    def received(self, node: str, data: bytes) -> None:
        self.words.append((node, data))
        if self.answer is not None:
            self.answered.append(self.answer(node))

    def met(self, node: str, epoch: int) -> None:
        del epoch
        self.news.append(("met", node))

    def back(self, node: str) -> None:
        self.news.append(("back", node))

    def lost(self, node: str, why: str) -> None:
        del why
        self.news.append(("lost", node))
        if self.answer is not None:
            self.answered.append(self.answer(node))

    def tick(self, now: float) -> None:
        """Nothing is due."""
        del now


class BridgeNode:
    """One node of a `Net`, over its lives. It wants everything unless told otherwise.

    Args:
        net: of which.
        name: its id.
        peers: of its settings.
        topics: that it is subscribed to.
        options: of its bridge.
        keys: its own, and those that it lets in.
        endpoint: where it listens; None is made of its name.
    """

    def __init__(
        self,
        net: Net,
        name: str,
        peers: Sequence[PeerEntry] = (),
        *,
        topics: Sequence[Topic] = (ALL,),
        options: BridgeOptions = QUICK,
        keys: KeyRing | None = None,
        endpoint: str | None = None,
    ) -> None:
        self.net, self.name, self.keys = net, name, keys
        self.endpoint = endpoint_of(name) if endpoint is None else endpoint
        self._peers, self._topics, self._options = peers, topics, options
        self.context = Context(node_id=name, clock=net.clock, seed=1)
        self.store = MemoryStore(self.context.random)
        self.epoch = 0
        self.writes = True
        """Whether what it reads is committed at once."""
        net.nodes.append(self)
        self.begin()

    def begin(self) -> None:
        """Begin a life."""
        self.epoch += 1
        self.hub, self.remotes = FakeHub(self._topics), Remotes()
        self.exports = Exports(groups=GROUPS)
        self.sockets: FakeSockets
        self.bridge = Bridge(
            node=self.name,
            epoch=(sum(self.name.encode()) << 8) + self.epoch,
            advertise="",
            peers=self._peers,
            keys=self.keys,
            options=self._options,
            hub=cast("EventHub", self.hub),
            exports=self.exports,
            store=self.store,
            context=self.context,
            sockets_of=self._sockets_of,
            remote=self.remotes,
        )
        self.bridge.start()

    def _sockets_of(self, handler: Bridge) -> Sockets:
        user = "" if self.keys is None else self.keys.pair.public
        self.sockets = FakeSockets(self.net, self.name, self.endpoint, handler, user)
        return cast("Sockets", self.sockets)

    def settle(self) -> bool:
        """Commit what waits for the disk; tell whether anything did."""
        return self.writes and self.store.settle()

    def crash(self) -> None:
        """End without a word."""
        self.sockets.is_open = False
        self.net.close(self.sockets)

    def restart(self) -> None:
        """Crash, if that was not done, and begin again with what is on the disk."""
        if self.sockets.is_open:
            self.crash()
        self.store.restart()
        self.begin()

    # ---------------------------------------------------------------- events

    def commit(self, *bodies: bytes, group: str = "pipeline") -> None:
        """Have events committed; the bridge is told."""
        box = self.store.box(group)
        self.exports.committed(group, [box.commit(body) for body in bodies])

    def commit_silently(self, *bodies: bytes, group: str = "pipeline") -> None:
        """Have events committed of which the bridge is not told."""
        for body in bodies:
            self.store.box(group).commit(body)

    def got(self, origin: str, group: str = "pipeline") -> list[bytes]:
        """Return what it has of another node's stream, in order."""
        return self.store.imports.of(Stream(origin, group)).applied

    def said(self, kind: type[Event]) -> list[Event]:
        """Return what the bridge has published of a type."""
        return [event for event in self.hub.said if isinstance(event, kind)]

    # ---------------------------------------------------------------- looks inside

    def link(self, peer: str) -> Link:
        link = self.bridge._links.get(peer)
        assert link is not None
        return link

    @property
    def owner(self) -> OwnerDesk:
        return self.bridge._owner

    def state(self, peer: str) -> str:
        """Return how a peer fares, as presence has it."""
        seen = self.bridge._presence.seen(peer)
        return "" if seen is None else seen.state


def endpoint_of(name: str) -> str:
    """Return where a node listens."""
    return f"ipc:///tmp/{name}"


def peer(name: str) -> PeerEntry:
    """Return a node as the settings of others name it."""
    return PeerEntry(id=name, endpoint=endpoint_of(name))


def pair(net: Net) -> tuple[BridgeNode, BridgeNode]:
    """Return two nodes that know each other, and have greeted."""
    a, b = BridgeNode(net, "a", [peer("b")]), BridgeNode(net, "b", [peer("a")])
    net.run(2)
    assert a.link("b").version == b.link("a").version == 1
    return a, b


def triangle(net: Net) -> tuple[BridgeNode, BridgeNode, BridgeNode]:
    names = ("a", "b", "c")
    a, b, c = (BridgeNode(net, n, [peer(m) for m in names if m != n]) for n in names)
    net.run(2)
    return a, b, c


def incoming(node: BridgeNode, origin: str, group: str = "pipeline") -> StreamStatistics:
    (found,) = (each for each in node.link(origin).statistics() if each.group == group)
    return found


def bodies(number: int, word: str = "event") -> list[bytes]:
    return [f"{word} {n}".encode() for n in range(number)]


def messages(frames: list[bytes]) -> list[Message]:
    """Read what is under way, published or not."""
    return [decode(f) if f.startswith(b"RB") else published(f)[1] for f in frames]
