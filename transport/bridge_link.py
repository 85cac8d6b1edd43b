"""One peer that a node reads from: what is agreed with it, and its streams that are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .bridge_view import StreamStatistics
from .healing import Progress
from .streams import Stream
from .wire import events_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .bridge_reader import Action, StreamReader
    from .introductions import KnownPeer
    from .wire_messages import Bye, Cursor, Hb, HelloOk, Message, Welcome

GREET: Final = 1.0
"""Seconds after which a greeting that has no answer is said again."""


class Link:
    """The way from a peer to this node. Has no thread and no socket: it returns what is to be sent.

    Attributes:
        peer: who it is, and where.
        epoch: of its start, as it says; 0 if it was never heard.
        version: of the protocol; 0 until it has answered the greeting.
        rtt: seconds between the last greeting and its answer; None if there was none.
        trouble: why it can't be read from, in words; empty if it can.
        is_open: whether there are sockets for it; if not, `trouble` says why.
        topics: that are subscribed to.

    Args:
        peer: who it is.
        reader_of: makes the reader of a stream.
    """

    def __init__(self, peer: KnownPeer, reader_of: Callable[[Stream], StreamReader]) -> None:
        self.peer = peer
        self._reader_of = reader_of
        self.epoch = self.version = 0
        self.rtt: float | None = None
        self.trouble = ""
        self.is_open = False
        self.topics: set[bytes] = set()
        self._readers: dict[str, StreamReader] = {}
        self._heads: dict[str, int] = {}
        self._wanted: frozenset[str] = frozenset()
        self._greeted = float("-inf")

    # ---------------------------------------------------------------- greetings

    def is_to_greet(self, now: float) -> bool:
        """Tell whether it is time to greet it; then it counts as done."""
        if self.version or now - self._greeted < GREET:
            return False
        self._greeted = now
        return True

    def agreed(self, epoch: int, version: int, now: float) -> None:
        """Take its answer to the greeting."""
        self.epoch, self.version, self.trouble = epoch, version, ""
        self.rtt = now - self._greeted

    def connected(self) -> None:
        """Take note that there is a connection: it is greeted as soon as may be.

        The greeting may be answered before one hears of the connection.
        """
        if not self.version:
            self.trouble, self._greeted = "", float("-inf")

    def lost(self, trouble: str = "") -> None:
        """Take note that it must be greeted again."""
        self.version, self.trouble = 0, trouble

    def cursors(self) -> list[Cursor]:
        """Return up to where its streams are committed here."""
        found = (reader.cursor() for reader in self._readers.values())
        return [cursor for cursor in found if cursor is not None]

    # ---------------------------------------------------------------- streams

    def want(self, groups: frozenset[str]) -> None:
        """Say which of its streams somebody here wants; one that is not wanted keeps its place.

        A reader goes when all that it has applied is on the disk: one that began anew before that
        would acknowledge what is not.
        """
        self._wanted = groups
        for group in self._readers.keys() - groups:
            if not self._readers[group].statistics().outstanding:
                del self._readers[group]

    def topics_wanted(self) -> set[bytes]:
        """Return what is to be subscribed to."""
        return {events_topic(group) for group in self._wanted}

    def heads(self, message: Hb | HelloOk | Welcome | Bye, now: float) -> list[Action]:
        """Take how far its streams are; of a stream that is new and wanted, begin to read."""
        for head in message.heads:
            if self._reader(head.group) is not None:
                self._heads[head.group] = head.head
        if not self.version:
            return []  # nothing may be asked before the greeting is answered
        return [action for r in self._active() for action in r.on(message, now)]

    def take(self, group: str, message: Message, now: float) -> list[Action]:
        """Take what it says about one of its streams."""
        reader = self._reader(group) if self.version else None
        return [] if reader is None else reader.on(message, now)

    def reset(self, group: str) -> None:
        """Begin to read a stream anew, where storage says: it was put back to an older state."""
        if self._readers.pop(group, None) is not None:
            self._reader(group)

    def committed(self, group: str, now: float) -> list[Action]:
        """Go on with a stream, of which something is committed here."""
        reader = self._readers.get(group)
        return [] if reader is None else reader.committed(now)

    def tick(self, now: float) -> list[Action]:
        """Do what time asks for."""
        if not self.version:
            return []
        return [action for reader in self._active() for action in reader.tick(now)]

    def _active(self) -> list[StreamReader]:
        return [reader for group, reader in self._readers.items() if group in self._wanted]

    def resync(self, groups: Collection[str] | None, now: float) -> tuple[int, list[Action]]:
        """Ask what there is, at once; return for how many streams."""
        mine = [r for group, r in self._readers.items() if groups is None or group in groups]
        return len(mine), [action for reader in mine for action in reader.resync(now)]

    def _reader(self, group: str) -> StreamReader | None:
        if group not in self._wanted:
            return None
        reader = self._readers.get(group)
        if reader is None:
            reader = self._readers[group] = self._reader_of(Stream(self.peer.node, group))
        return reader

    # ---------------------------------------------------------------- how it fares

    @property
    def progress(self) -> Progress:
        """How far this node is with all of its streams."""
        found = [stream for stream in self.statistics() if stream.direction == "in"]
        return Progress(
            lag=sum(stream.lag for stream in found),
            repaired=sum(stream.repairs for stream in found),
            declared=sum(stream.declared for stream in found),
        )

    def statistics(self) -> tuple[StreamStatistics, ...]:
        """Return how each of its streams fares."""
        found: list[StreamStatistics] = []
        for group, reader in sorted(self._readers.items()):
            told = reader.statistics()
            place = told.place
            found.append(
                StreamStatistics(
                    group=group,
                    direction="in",
                    epoch=0 if place is None else place.epoch,
                    head=max(told.heard, self._heads.get(group, 0)),
                    place=0 if place is None else place.next - 1,
                    gaps=told.gaps,
                    repairs=told.repairs,
                    declared=told.declared,
                    events=told.entries,
                    bytes=told.bytes,
                    duplicates=told.duplicates,
                    is_repairing=told.unanswered > 0,
                )
            )
        return tuple(found)
