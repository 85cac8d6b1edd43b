"""A node without an event log, whose streams are in memory: what the bridge does without a disk.

This is no setting of Ringleader's: a node as it is keeps what crosses. Here the bridge is the same,
and so are its frames, its checks and its repair; only what it keeps things in is this module.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ringleader import System
from ringleader.actors.publication import Publication
from ringleader.bridging import exported
from ringleader.transport.bodies import pack_body, unpack_body
from ringleader.transport.bridge import Bridge
from ringleader.transport.keys import KeyRing
from ringleader.transport.sockets import Sockets
from ringleader.transport.streams import NO_HASH, Entry, Place, Segment, Stream, chained

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from ringleader.actors.events.base import Event
    from ringleader.actors.hub import EventHub
    from ringleader.config.settings import Settings
    from ringleader.transport.exports import Exports
    from ringleader.transport.streams import Loss

KEPT = 200_000
"""Entries that can be asked for again, and ids by which duplicates are known."""

_encode = msgspec.msgpack.Encoder().encode


class LightOutbox:
    """An `Outbox` that lives as long as its node, so that there is one epoch."""

    def __init__(self, epoch: int) -> None:
        self._epoch, self.head = epoch, 0
        self._kept: dict[int, tuple[Entry, bytes]] = {}
        self._last = NO_HASH

    def add(self, body: bytes) -> Entry:
        """Put an entry behind the newest one; in one thread only."""
        entry = Entry(self.head + 1, body)
        self._last = chained(self._last, self._epoch, entry)
        self._kept[entry.seq] = (entry, self._last)
        self._kept.pop(entry.seq - KEPT, None)
        self.head = entry.seq
        return entry

    @property
    def segments(self) -> Sequence[Segment]:
        """All epochs."""
        return (Segment(self._epoch, 1, None),)

    @property
    def low(self) -> int:
        """The oldest entry that can be read."""
        return max(1, self.head - KEPT + 2)

    def hash_at(self, epoch: int, seq: int) -> bytes | None:
        """Return the hash of an entry."""
        if epoch != self._epoch:
            return None
        found = self._kept.get(seq)
        return NO_HASH if not seq else found and found[1]

    def read(self, epoch: int, first: int, limit: int, most_bytes: int) -> list[Entry]:
        """Return entries from `first` on."""
        entries, size = list[Entry](), 0
        for seq in range(first, min(self.head, first + limit - 1) + 1):
            found = self._kept.get(seq) if epoch == self._epoch else None
            if found is None or (entries and size + len(found[0].body) > most_bytes):
                break
            entries.append(found[0])
            size += len(found[0].body)
        return entries

    def mint(self, then: Callable[[], object]) -> None:
        """Go on in this epoch: nobody can know more of it than this node."""
        then()

    def restamp(self, epoch: int, then: Callable[[], object]) -> None:
        """As `mint`."""
        del epoch
        then()


class LightInbox:
    """An `Inbox` that commits at once, and knows the last ids that came."""

    def __init__(self, hub: EventHub) -> None:
        self._hub, self._decode = hub, hub.catalogue.decode
        self._places: dict[Stream, Place] = {}
        self._ids: dict[str, None] = {}

    def places(self, stream: Stream) -> list[Place]:
        """Return the place of a stream."""
        found = self._places.get(stream)
        return [] if found is None else [found]

    def hash_at(self, stream: Stream, epoch: int, seq: int) -> bytes | None:
        """Return the hash of the newest entry; older ones are not known."""
        place = self._places.get(stream)
        is_newest = place is not None and (place.epoch, place.next) == (epoch, seq + 1)
        return place.hash if place is not None and is_newest else None

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
        """Take entries, but for duplicates, and give them to the registry."""
        del losses, hashes
        self._places[stream] = place
        new: list[Publication] = []
        ids, decode = self._ids, self._decode
        for entry in entries:
            envelope, payload = unpack_body(entry.body, stream.origin)
            if envelope.id not in ids:
                ids[envelope.id] = None
                event = decode(envelope.type, payload)
                new.append(Publication(event, payload, envelope, is_logged=True, is_own=False))
        while len(ids) > KEPT:
            del ids[next(iter(ids))]
        begin = self._hub.take_in(new) if new else None
        if begin is not None:
            begin()
        then()


class LightStore:
    """Outboxes and inbox of one node; takes what its registry has routed."""

    def __init__(self, hub: EventHub, epoch: int, exports: Exports) -> None:
        self.inbox = LightInbox(hub)
        self.on_reset: Callable[[Stream], object] = len  # never called: no file is put back
        self._exports = exports
        self._outboxes = {group: LightOutbox(epoch) for group in exports.groups}
        hub.traces.append(self._routed)

    def _routed(self, publication: Publication, _: Sequence[str]) -> None:
        """Put an event of this node into its stream; by the registry, in its turn."""
        event: Event = publication.event
        group = self._exports.group(type(event))
        if group is not None and publication.envelope.origin is None:
            envelope = _encode(publication.envelope)
            entry = self._outboxes[group].add(pack_body(envelope, publication.payload))
            self._exports.committed(group, (entry,))

    def outbox(self, group: str) -> LightOutbox:
        """Return what this node exports of a group."""
        return self._outboxes[group]

    def consumers(self) -> list[tuple[str, ...] | None]:
        """Return no durable consumers: there is no log."""
        return []

    def prune(self, acked: Mapping[str, int | None]) -> None:
        """Keep what there is room for, whoever has had it."""

    def kept(self) -> tuple[int, int]:
        """Return how many entries there were."""
        return sum(outbox.head for outbox in self._outboxes.values()), 0


class Light(NamedTuple):
    """A node whose streams are in memory."""

    system: System
    bridge: Bridge

    def start(self) -> None:
        """Start to talk to others."""
        self.bridge.start()


@contextmanager
def light(settings: Settings, keys: Path) -> Generator[Light]:
    """Run a node; as `Bridging` joins one, but for what it keeps.

    Args:
        settings: of the node.
        keys: the directory of its keys.
    """
    system = System(settings.node.id)
    crosses = exported(settings, system)
    if crosses is None:
        raise ValueError(f"{settings.node.id} has neither `bind` nor peers, so there is no bridge")
    context, options = system.context, settings.bridge
    ring = KeyRing(keys, context.clock.time)
    held = ring if ring.has_pair else None
    bridge = Bridge(
        node=context.node_id,
        epoch=system.epoch,
        advertise="",
        peers=settings.peers,
        keys=held,
        options=options,
        hub=system.hub,
        exports=crosses.exports,
        store=LightStore(system.hub, system.epoch, crosses.exports),
        context=context,
        sockets_of=lambda handler: Sockets(
            bind=settings.node.bind,
            keys=held,
            clock=context.clock,
            spawn=context.spawn,
            handler=handler,
            options=options.sockets,
        ),
    )
    with system:
        try:
            yield Light(system, bridge)
        finally:
            bridge.close(5.0)
