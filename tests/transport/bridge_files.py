"""Files with outboxes and inboxes for tests, on a clock that is moved by hand."""

from __future__ import annotations

from contextlib import contextmanager
from random import Random
from typing import TYPE_CHECKING, ClassVar

import apsw
import msgspec

from ringleader.actors.dispatch import spawn
from ringleader.actors.events.base import Dedup, Envelope, Event, EventType
from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.publication import Publication
from ringleader.testing import ManualClock
from ringleader.transport.bodies import pack_body
from ringleader.transport.event_store import EventStore
from ringleader.transport.exports import Exports
from ringleader.transport.inbox import SqliteInbox
from ringleader.transport.outbox import SqliteOutbox
from ringleader.transport.streams import NO_HASH, Entry, Place, Stream, chained
from tests.transport.hostile import MemoryInbox, MemoryOutbox

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from ringleader.transport.outboxes import OutboxLimits
    from ringleader.transport.streams import Inbox, Loss, Outbox

PATIENCE = 20.0
GROUP = "user"
STREAM = Stream("node-b", GROUP)
EPOCH = 77


class Crossing(Event, frozen=True, kw_only=True):
    """Something that goes to other nodes."""

    EVENT: ClassVar[EventType] = EventType.custom("CROSSING", bridged=True, dedup=Dedup.id())

    number: int = 0
    text: str = ""


class Staying(Event, frozen=True, kw_only=True):
    """Something that is kept, and stays here."""

    EVENT: ClassVar[EventType] = EventType.custom("STAYING", durable=True, dedup=Dedup.id())

    number: int = 0


def catalogue() -> Catalogue:
    known = Catalogue()
    for kind in (Crossing, Staying):
        known.register(kind)
    return known


def envelope_of(event_id: str, kind: str = "crossing", **fields: object) -> Envelope:
    told = {"source": "/a", "time": ManualClock().time(), "epoch": 7, **fields}
    return Envelope(id=event_id, type=kind, **told)  # type: ignore[arg-type]  # as the tests say


def body_of(
    event_id: str,
    kind: str = "crossing",
    payload: bytes | None = None,
    **fields: object,
) -> bytes:
    """Return an entry's body as another node makes it."""
    envelope = msgspec.msgpack.encode(envelope_of(event_id, kind, **fields))
    return pack_body(envelope, b"\x80" if payload is None else payload)


def chain(
    bodies: Sequence[bytes], first: int = 1, before: bytes = NO_HASH, epoch: int = EPOCH
) -> tuple[list[Entry], Place]:
    """Return entries, and the place behind them."""
    entries = [Entry(seq, body) for seq, body in enumerate(bodies, first)]
    for entry in entries:
        before = chained(before, epoch, entry)
    end = first + len(entries)
    return entries, Place(epoch, end, before, end - 1)


class Side:
    """A node's file, over its lives.

    Attributes:
        taken: ids that were given to the registry, in order.
        said: what `Exports.committed` was told.
        unread: what went before peers had it.
        declared: losses.
        resets: streams whose readers had to begin anew.
    """

    def __init__(self, path: Path, limits: OutboxLimits | None = None, *, epoch: int = 0) -> None:
        self.path, self.limits = path / "events.db", limits
        self.clock = ManualClock()
        self.epoch = epoch
        self.catalogue = catalogue()
        self.taken: list[str] = []
        self.said: list[tuple[str, list[Entry]]] = []
        self.unread: list[tuple[str, int, int]] = []
        self.declared: list[Loss] = []
        self.resets: list[Stream] = []
        self.open()

    def open(self) -> None:
        self.epoch += 1
        self.exports = Exports(groups=(GROUP,))
        self.exports.committed = lambda group, entries: self.said.append((group, list(entries)))
        self.store = EventStore(
            self.path,
            clock=self.clock,
            spawn=spawn,
            epoch=self.epoch,
            exports=self.exports,
            limits=self.limits,
            on_unread=self._miss,
        )
        self.outbox = SqliteOutbox(self.store, GROUP)
        self.inbox = SqliteInbox(
            self.store,
            decode=self.catalogue.decode,
            take_in=self._take_in,
            declare=self.declared.append,
            on_reset=self.resets.append,
        )

    def _miss(self, group: str, first: int, last: int) -> None:
        self.unread.append((group, first, last))

    def _take_in(self, publications: Sequence[Publication]) -> None:
        self.taken += [publication.id for publication in publications]

    def restart(self) -> None:
        assert self.store.close(PATIENCE)
        self.open()

    def close(self) -> None:
        self.store.close(PATIENCE)

    def settle(self) -> None:
        assert self.store.writer.flush(PATIENCE)

    def append(self, event_id: str, event: Event | None = None) -> None:
        """Append an event to the log."""
        value, payload = self.catalogue.validated(event or Crossing())
        envelope = envelope_of(event_id, value.EVENT.value)
        self.store.log.append(Publication(value, payload, envelope, is_logged=True))

    def publish(self, *ids: str, event: Event | None = None) -> None:
        """Append events to the log, and see them committed."""
        for event_id in ids:
            self.append(event_id, event)
        self.settle()

    @contextmanager
    def held(self) -> Generator[list[str]]:
        """Keep the writer from writing meanwhile; tell which statements it executes then."""
        statements: list[str] = []
        database = self.store.database

        def trace(_: object, statement: str, __: object) -> bool:
            statements.append(statement)
            return True

        with database._lock:
            yield statements
            database._connection.exec_trace = trace
        self.settle()
        database._connection.exec_trace = None

    def backup(self) -> Path:
        """Return a copy of the file as it is now."""
        path = self.path.with_name("backup.db")
        path.unlink(missing_ok=True)
        _copy(self.path, path)
        return path

    def restore(self, backup: Path) -> None:
        """Put the file back to an older state, while the node lives or between two lives."""
        _copy(backup, self.path)


def _copy(source: Path, target: Path) -> None:
    # With the same SQLite as the store: another one in this process would undo its locks.
    old, new = apsw.Connection(str(source)), apsw.Connection(str(target))
    with new.backup("main", old, "main") as backup:
        backup.step()
    old.close()
    new.close()


class OutboxStand:
    """An outbox in memory, for the contract."""

    def __init__(self) -> None:
        self._memory = MemoryOutbox(Random(1))  # noqa: S311  # to be repeated
        self.outbox: Outbox = self._memory
        self.entries: list[Entry] = []

    def commit(self, *ids: str) -> list[Entry]:
        new = [self._memory.commit(body_of(event_id)) for event_id in ids]
        self.entries += new
        return new

    def settle(self) -> None:
        self._memory.settle()

    def prune(self, upto: int) -> None:
        self._memory.prune(upto)

    def restart(self) -> None:
        self._memory.open()

    def close(self) -> None:
        """Nothing is open."""


class SqliteOutboxStand(OutboxStand):
    """One in a file."""

    def __init__(self, path: Path) -> None:
        self.side = Side(path)
        self.outbox = self.side.outbox
        self.entries = []

    def commit(self, *ids: str) -> list[Entry]:
        before = len(self.side.said)
        self.side.publish(*ids)
        new = [entry for _, entries in self.side.said[before:] for entry in entries]
        self.entries += new
        return new

    def settle(self) -> None:
        for _ in range(3):
            self.side.settle()

    def prune(self, upto: int) -> None:
        self.side.outbox.prune(upto)
        self.settle()

    def restart(self) -> None:
        self.side.restart()
        self.outbox = self.side.outbox

    def close(self) -> None:
        self.side.close()


class InboxStand:
    """An inbox in memory, for the contract."""

    def __init__(self) -> None:
        self._memory = MemoryInbox()
        self.inbox: Inbox = self._memory

    @property
    def applied(self) -> list[str]:
        """Ids of what is new, in order."""
        decode = msgspec.msgpack.Decoder(Envelope).decode
        return [decode(body[4 : 4 + int.from_bytes(body[:4])]).id for body in self._memory.applied]

    @property
    def losses(self) -> list[Loss]:
        return self._memory.losses

    def apply(
        self,
        place: Place,
        entries: Sequence[Entry] = (),
        losses: Sequence[Loss] = (),
        then: Callable[[], object] = list,
    ) -> None:
        self.inbox.apply(STREAM, place, entries, losses, then)

    def settle(self) -> None:
        self._memory.settle()

    def restart(self) -> None:
        """Nothing is lost: it is in memory."""

    def close(self) -> None:
        """Nothing is open."""


class SqliteInboxStand(InboxStand):
    """One in a file."""

    def __init__(self, path: Path) -> None:
        self.side = Side(path)
        self.inbox = self.side.inbox

    @property
    def applied(self) -> list[str]:
        return self.side.taken

    @property
    def losses(self) -> list[Loss]:
        return self.side.inbox.losses()

    def settle(self) -> None:
        self.side.settle()

    def restart(self) -> None:
        self.side.restart()
        self.inbox = self.side.inbox

    def close(self) -> None:
        self.side.close()
