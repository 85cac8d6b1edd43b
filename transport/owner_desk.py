"""The owner's desk of a bridge: what peers that read from this node ask, and what they get."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from .bridge_owner import StreamOwner
from .bridge_view import StreamStatistics
from .streams import Stream
from .wire import VersionMismatch, WireError, agree, decode, encode, events_topic, publication
from .wire_messages import Ack, Bye, Hb, Head, Hello, HelloOk, Pull, Refused, Remote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .bridge_readers import RepairLimits
    from .streams import Entry, Outbox
    from .wire import WireLimits
    from .wire_messages import Message, Peer

MOST_ASKERS: Final = 1_000
"""Connections that are known; one more, and the one that was silent for longest is forgotten."""
UNREAD: Final = 3600.0
"""Seconds after which a peer that is there, and reads nothing of a group, is not waited for."""


class Who(NamedTuple):
    """Who asks.

    Attributes:
        node: its id.
        epoch: of its start.
    """

    node: str
    epoch: int


class Greeting(NamedTuple):
    """What is decided about a greeting.

    Attributes:
        refusal: why it is refused; empty if it is welcome.
        peers: whom to introduce it to.
    """

    refusal: str = ""
    peers: Sequence[Peer] = ()


class OwnerDesk:
    """Answers what comes over the ROUTER. Used on the sockets' thread.

    Args:
        node: the id of this node.
        epoch: of its start.
        outbox_of: returns the outbox of a group.
        reply: sends a frame to whoever asked; tells whether it was taken.
        greet: decides about a greeting, given who signs for it (the public key).
        remote: takes a word of remote refs, and from whom.
        alive: hears of a sign of life of who has greeted this node, and of which epoch.
        bye: hears who has said goodbye, and of which epoch.
        wake: called in any thread when answers that waited for the log may be there.
        repair: what repair may cost.
        limits: of frames.
    """

    def __init__(
        self,
        node: str,
        epoch: int,
        *,
        groups: Sequence[str],
        outbox_of: Callable[[str], Outbox],
        reply: Callable[[bytes, bytes], bool],
        greet: Callable[[Hello, str], Greeting],
        remote: Callable[[str, bytes], object],
        alive: Callable[[str, int], object],
        bye: Callable[[str, int], object],
        wake: Callable[[], object],
        repair: RepairLimits,
        limits: WireLimits,
    ) -> None:
        self._node, self._epoch = node, epoch
        self._outbox_of, self._reply, self._greet = outbox_of, reply, greet
        self._remote, self._alive, self._bye, self._wake = remote, alive, bye, wake
        self._repair, self._limits = repair, limits
        self._owners: dict[str, StreamOwner] = {}
        self._askers: OrderedDict[bytes, Who] = OrderedDict()
        self._identities: dict[str, bytes] = {}
        self._there: dict[str, float] = {}  # since when each has been there
        self.refused: dict[str, int] = {}
        """Frames that were of no use, by reason."""
        for group in groups:
            self._owner(group)

    # ---------------------------------------------------------------- what comes

    def asked(self, identity: bytes, user: str, frame: bytes, now: float) -> None:
        """Take a frame and answer it."""
        try:
            message = decode(frame, self._limits)
        except VersionMismatch as error:
            self._refuse(identity, "version", f"version: it {error}")
            return
        except WireError:
            self._count("not a frame")
            return
        who = self._askers.get(identity)
        if isinstance(message, Hello):
            self._hello(identity, user, message, now)
        elif who is None:
            self._refuse(identity, "no greeting", "unknown: say hello first")
        else:
            self._askers.move_to_end(identity)
            self._identities.setdefault(who.node, identity)  # it was lost, and is back
            self._serve(identity, who, message, now)

    def _serve(self, identity: bytes, who: Who, message: Message, now: float) -> None:
        match message:
            case Pull():
                owner = self._owners.get(message.group)
                if owner is None:
                    self._count("no such group")
                    return
                answer = owner.pull(who.node, message, now)
                if answer is not None:
                    self._reply(identity, encode(answer))
            case Ack():
                owner = self._owners.get(message.group)
                if owner is not None:
                    owner.acked(who.node, message.epoch, message.seq, now)
            case Remote():
                self._remote(who.node, message.data)
            case Bye():
                self.lost(who.node)
                self._bye(who.node, message.epoch)
            case Hb():  # of a node that does not listen, and so publishes nothing
                self._alive(who.node, who.epoch)
            case _:
                self._count("out of place")

    def _hello(self, identity: bytes, user: str, hello: Hello, now: float) -> None:
        version = agree(hello.versions)
        if version is None:
            low, high = hello.versions
            self._refuse(identity, "version", f"version: it speaks {low} to {high}")
            return
        greeting = self._greet(hello, user)
        if greeting.refusal:
            self._refuse(identity, greeting.refusal.partition(":")[0], greeting.refusal)
            return
        self._know(identity, Who(hello.node, hello.epoch), now)
        for cursor in hello.cursors:
            owner = self._owners.get(cursor.group)
            if owner is not None:
                owner.acked(hello.node, cursor.epoch, cursor.next - 1, now)
        peers = list(greeting.peers)
        answer = HelloOk(self._node, self._epoch, version, self.heads(), peers)
        self._reply(identity, encode(answer))

    def _know(self, identity: bytes, who: Who, now: float) -> None:
        before = self._identities.get(who.node)
        if before != identity and before is not None:
            self._askers.pop(before, None)
        self._askers[identity] = who
        self._identities[who.node] = identity
        self._there.setdefault(who.node, now)
        if len(self._askers) > MOST_ASKERS:
            _, silent = self._askers.popitem(last=False)
            self.lost(silent.node)

    def _refuse(self, identity: bytes, reason: str, words: str) -> None:
        self._count(reason)
        self._reply(identity, encode(Refused(words)))

    def _count(self, reason: str) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1

    # ---------------------------------------------------------------- what goes

    def announce(self, group: str, entries: Sequence[Entry]) -> list[bytes]:
        """Return the frames that publish entries which were just committed."""
        owner, topic = self._owner(group), events_topic(group)
        return [publication(topic, event) for event in owner.announce(entries)]

    def heads(self) -> list[Head]:
        """Return how far all streams are."""
        return [owner.head() for owner in self._owners.values()]

    def late_answers(self, now: float) -> None:
        """Give the answers that have waited for the log."""
        for owner in self._owners.values():
            for node, answer in owner.answers(now):
                identity = self._identities.get(node)
                if identity is not None:
                    self._reply(identity, encode(answer))

    def say(self, node: str, message: Message) -> bool:
        """Send a message to who has asked something before; tell whether it was taken."""
        identity = self._identities.get(node)
        return identity is not None and self._reply(identity, encode(message))

    def known(self) -> frozenset[str]:
        """Return who has greeted this node, and was not lost since."""
        return frozenset(self._identities)

    def lost(self, node: str) -> None:
        """Say nothing more to a peer until it asks again: it is down, or has ended."""
        self._identities.pop(node, None)
        self._there.pop(node, None)

    def forget(self, node: str) -> None:
        """Expect no more of a reader, which does not come back."""
        for owner in self._owners.values():
            owner.forget(node)

    # ---------------------------------------------------------------- how it stands

    def slowest(self, expected: Sequence[str], now: float) -> dict[str, int | None]:
        """Return for each group up to where all readers have everything; None: not known.

        A peer that is there and has read nothing of a group for `UNREAD` seconds does not want it,
        and nothing is kept for it: who reads acknowledges twice a minute, idle too. For one that is
        away everything is kept.
        """
        return {group: self._slowest(owner, expected, now) for group, owner in self._owners.items()}

    def _slowest(self, owner: StreamOwner, expected: Sequence[str], now: float) -> int | None:
        awaited: list[str] = []
        for node in expected:
            state = owner.reader(node)
            there = now - self._there.get(node, now)
            if there < UNREAD or (state is not None and now - state.since < UNREAD):
                awaited.append(node)
            else:
                owner.forget(node)
        if expected and not awaited:
            return owner.head().head
        return owner.slowest(awaited)

    def streams(self, node: str) -> tuple[StreamStatistics, ...]:
        """Return how far a peer is with the streams of this node."""
        found: list[StreamStatistics] = []
        for group, owner in sorted(self._owners.items()):
            reader = owner.reader(node)
            if reader is not None and reader.epoch:
                head = owner.head()
                told = StreamStatistics(
                    group=group,
                    direction="out",
                    epoch=reader.epoch,
                    head=head.head,
                    place=head.head - reader.lag,
                )
                found.append(told)
        return tuple(found)

    def _owner(self, group: str) -> StreamOwner:
        owner = self._owners.get(group)
        if owner is None:
            stream, outbox = Stream(self._node, group), self._outbox_of(group)
            owner = StreamOwner(stream, outbox, limits=self._repair, wake=self._wake)
            self._owners[group] = owner
        return owner
