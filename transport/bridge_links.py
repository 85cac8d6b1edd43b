"""All peers that a node reads from: whom to connect to, and what comes from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ringleader.actors.errors import RingleaderError

from .bridge_link import Link
from .bridge_reader import Send, Warn
from .wire import CONTROL_TOPIC, VERSIONS, WireError, decode, encode, published
from .wire_messages import Bye, Evt, Hb, Hello, HelloOk, Refused, Remote, Welcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from .bridge_reader import Action, StreamReader
    from .introductions import KnownPeer
    from .streams import Stream
    from .wire import WireLimits
    from .wire_messages import Message, Peer


class Ways(Protocol):
    """What of the sockets is used here, on their thread."""

    def send(self, peer: str, frame: bytes) -> bool:
        """Send to a peer; tell whether it was taken."""
        ...

    def connect(
        self, peer: str, endpoint: str, public_key: str = "", topics: tuple[bytes, ...] = ()
    ) -> None:
        """Make a connection to a peer, and keep it up."""
        ...

    def disconnect(self, peer: str) -> None:
        """Let go of a peer."""
        ...

    def subscribe(self, peer: str, topic: bytes) -> None:
        """Have a peer send what it publishes on a topic."""
        ...

    def unsubscribe(self, peer: str, topic: bytes) -> None:
        """Have it send that no more."""
        ...


class Listener(Protocol):
    """Hears what peers say of themselves."""

    def alive(self, node: str, epoch: int) -> None:
        """Take a sign of life."""
        ...

    def introduced(self, node: str, peers: Sequence[Peer]) -> None:
        """Take what a peer tells of others."""
        ...

    def left(self, node: str, epoch: int) -> None:
        """Take a goodbye."""
        ...

    def remote(self, node: str, data: bytes) -> None:
        """Take a word of remote refs."""
        ...

    def warn(self, node: str, words: str) -> None:
        """Take what a person should know."""
        ...


class Links:
    """The links to all peers. Used on the sockets' thread.

    Args:
        hello: what this node says of itself; the cursors are added.
        ways: the sockets.
        listener: hears of peers.
        reader_of: makes the reader of a stream.
        limits: of frames.
    """

    def __init__(
        self,
        hello: Callable[[], Hello],
        ways: Ways,
        listener: Listener,
        reader_of: Callable[[Stream], StreamReader],
        limits: WireLimits,
    ) -> None:
        self._hello, self._ways, self._listener = hello, ways, listener
        self._reader_of, self._limits = reader_of, limits
        self._links: dict[str, Link] = {}
        self._wanted: frozenset[str] = frozenset()
        self.refused: dict[str, int] = {}
        """Frames that were of no use, by reason."""

    def get(self, node: str) -> Link | None:
        """Return the link to a peer, if there is one."""
        return self._links.get(node)

    def __iter__(self) -> Iterator[Link]:
        """Iterate over all links."""
        return iter(list(self._links.values()))

    # ---------------------------------------------------------------- connections

    def follow(self, known: Mapping[str, KnownPeer]) -> None:
        """Connect to those that listen, and let go of those that are known no more."""
        reachable = {node: peer for node, peer in known.items() if peer.endpoint}
        for node, link in list(self._links.items()):
            peer = reachable.get(node)
            if peer is None:
                self._ways.disconnect(node)
                del self._links[node]
            elif (peer.endpoint, peer.public_key) != (link.peer.endpoint, link.peer.public_key):
                link.peer = peer
                self.rebuild(node)
            elif not link.is_open:
                self._connect(link)
        for node in sorted(reachable.keys() - self._links.keys()):
            link = self._links[node] = Link(reachable[node], self._reader_of)
            link.want(self._wanted)
            self._connect(link)

    def rebuild(self, node: str) -> None:
        """Make the connection to a peer anew: the old one may be half open."""
        link = self._links.get(node)
        if link is not None:
            self._ways.disconnect(node)
            link.lost(link.trouble)
            self._connect(link)

    def _connect(self, link: Link) -> None:
        peer = link.peer
        link.topics = link.topics_wanted() | {CONTROL_TOPIC}
        try:
            self._ways.connect(peer.node, peer.endpoint, peer.public_key, tuple(link.topics))
        except RingleaderError as error:
            link.is_open, link.trouble = False, str(error)
            self._listener.warn(peer.node, f"can't be connected to: {error}")
        else:
            link.is_open = True

    def want(self, groups: frozenset[str]) -> None:
        """Say which groups somebody here wants."""
        self._wanted = groups
        for link in self._links.values():
            link.want(groups)
            self._subscribe(link)

    def _subscribe(self, link: Link) -> None:
        wanted = link.topics_wanted() | {CONTROL_TOPIC}
        for topic in wanted - link.topics:
            self._ways.subscribe(link.peer.node, topic)
        for topic in link.topics - wanted:
            self._ways.unsubscribe(link.peer.node, topic)
        link.topics = wanted

    # ---------------------------------------------------------------- what comes

    def heard(self, node: str, frame: bytes, now: float) -> None:
        """Take what a peer has published."""
        link = self._links.get(node)
        if link is None:
            return
        try:
            _, message = published(frame, self._limits)
        except WireError as error:
            self._useless(link, error)
            return
        match message:
            case Evt():
                self._do(link, link.take(message.group, message, now))
            case Hb() | Welcome():
                self._lives(link, message, now)
            case Bye() if message.node == node:
                self._listener.left(node, message.epoch)
                link.lost()
            case _:
                self._count("out of place")

    def answered(self, node: str, frame: bytes, now: float) -> None:
        """Take what a peer has answered."""
        link = self._links.get(node)
        if link is None:
            return
        try:
            message = decode(frame, self._limits)
        except WireError as error:
            self._useless(link, error)
            return
        match message:
            case HelloOk():
                self._welcomed(link, message, now)
            case Refused():
                link.lost(message.reason)
                self._listener.warn(node, f"refuses this node: {message.reason}")
            case Remote():
                self._listener.remote(node, message.data)
            case _:
                group = getattr(message, "group", "")
                self._do(link, link.take(group, message, now))

    def _welcomed(self, link: Link, message: HelloOk, now: float) -> None:
        node = link.peer.node
        if message.node != node:
            link.lost(f"{link.peer.endpoint} is {message.node}, not {node}")
            self._listener.warn(node, link.trouble)
            return
        link.agreed(message.epoch, message.version, now)
        self._listener.alive(node, message.epoch)
        self._listener.introduced(node, message.peers)
        self._do(link, link.heads(message, now))

    def _lives(self, link: Link, message: Hb | Welcome, now: float) -> None:
        if message.node != link.peer.node:
            self._count("another node")
            return
        self._listener.alive(message.node, message.epoch)
        if message.epoch != link.epoch:
            link.lost(link.trouble)  # it started anew: it must be greeted before it answers
        elif link.version:
            link.trouble = ""  # whatever could not be read, this could
        self._do(link, link.heads(message, now))

    def _useless(self, link: Link, error: WireError) -> None:
        self._count("not a frame")
        link.trouble = f"what it sends can't be read: {error}"
        self._listener.warn(link.peer.node, link.trouble)

    def _count(self, reason: str) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1

    # ---------------------------------------------------------------- what goes

    def reset(self, stream: Stream) -> None:
        """Begin to read a stream anew, where storage says."""
        link = self._links.get(stream.origin)
        if link is not None:
            link.reset(stream.group)

    def committed(self, stream: Stream, now: float) -> None:
        """Go on with a stream, of which something is committed here."""
        link = self._links.get(stream.origin)
        if link is not None:
            self._do(link, link.committed(stream.group, now))

    def tick(self, now: float) -> None:
        """Greet whom there is to greet, and ask what there is to ask."""
        for link in self._links.values():
            if link.is_to_greet(now):
                self._greet(link)
            self._do(link, link.tick(now))

    def _greet(self, link: Link) -> None:
        hello, cursors = self._hello(), link.cursors()
        message = Hello(
            hello.node, hello.epoch, VERSIONS, hello.endpoint, hello.public_key, cursors
        )
        self._ways.send(link.peer.node, encode(message))

    def resync(self, node: str | None, groups: Collection[str] | None, now: float) -> int:
        """Ask what there is, at once; return for how many streams."""
        number = 0
        for link in self._links.values():
            if node in (None, link.peer.node):
                streams, actions = link.resync(groups, now)
                number += streams
                self._do(link, actions)
        return number

    def say(self, node: str, message: Message) -> bool:
        """Send a message to a peer; tell whether it was taken."""
        link = self._links.get(node)
        return link is not None and bool(link.version) and self._ways.send(node, encode(message))

    def greet_again(self) -> None:
        """Say to all who this node is: something of it has changed."""
        for link in self._links.values():
            link.lost(link.trouble)

    def linked(self) -> list[str]:
        """Return the peers that have answered the greeting."""
        return [node for node, link in self._links.items() if link.version]

    def beat(self, message: Hb) -> None:
        """Say to all that this node reads from that it lives: it publishes nothing."""
        for node, link in self._links.items():
            if link.version:
                self._ways.send(node, encode(message))

    def bye(self, message: Bye) -> None:
        """Say goodbye to all that this node reads from."""
        for node in self._links:
            self._ways.send(node, encode(message))

    def _do(self, link: Link, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Send(message):
                    self._ways.send(link.peer.node, encode(message))
                case Warn(text):
                    self._listener.warn(link.peer.node, text)
