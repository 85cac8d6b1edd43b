"""What was read of another node's stream, on its way into the event log with the reader's place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import force_setattr

from ringleader.actors.consumer_rules import SetAside
from ringleader.actors.event_log import EventLogError, Record
from ringleader.actors.events.base import Envelope
from ringleader.actors.events.errors import EventValidationError, UnknownEventTypeError
from ringleader.actors.letters import Outcome
from ringleader.actors.publication import Publication

from . import inbox_places as places
from .bodies import BodyError, unpack_body
from .event_queries import Row
from .inbox_ids import known_ids
from .streams import NO_HASH, chain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ringleader.actors.events.base import Event

    from .event_consumers import Aside
    from .sqlite import Tables
    from .streams import Entry, Loss, Place, Stream

UNREADABLE: Final = "unreadable"
"""The type that the dead letter of an entry has whose envelope can't be read."""


class Import:
    """Entries of a stream, what is lost of it, and where its reader is then: committed as one.

    An event whose type is not known here, or whose payload does not fit what is known of its type,
    is kept in the log all the same, and is a dead letter; one whose envelope can't be read is a
    dead letter only. None of them keeps the reader from going on.

    Args:
        stream: of which.
        before: where its reader was; None: it was never in this epoch.
        place: where it is then.
        entries: in order, without a gap, all of the place's epoch.
        losses: what is declared lost.
        decode: reads an event: a catalogue's `decode`.
        now: seconds UTC.
        then: called when it is committed, with what is new; must return at once. What it returns
            is called when all else is told that was committed with it.
        void: called instead if the reader was not where it was thought to be: the file was put back
            to an older state.
        hashes: of the entries, if they are known already.

    Attributes:
        rows: events for the log, in order.
        is_void: whether nothing of it is written.
        duplicates: entries whose events were in the log already.
    """

    def __init__(
        self,
        stream: Stream,
        before: Place | None,
        place: Place,
        entries: Sequence[Entry],
        losses: Sequence[Loss],
        *,
        decode: Callable[[str, bytes], Event],
        now: float,
        then: Callable[[Import], Callable[[], object] | None],
        void: Callable[[Import], object],
        hashes: Sequence[bytes] = (),
    ) -> None:
        self.stream, self.before, self.place = stream, before, place
        self.losses, self.then, self.void = losses, then, void
        self._entries, self._decode, self._now = entries, decode, now
        self.first = entries[0].seq if entries else place.next
        self.is_void = self._is_ready = False
        self.rows: list[Row] = []
        self.hashes = b"".join(hashes)
        self.duplicates = 0
        self._events: list[tuple[Envelope, bytes, Event | None]] = []
        self._letters: list[SetAside] = []
        self._late: dict[int, tuple[Outcome, str]] = {}
        self._sequences: Sequence[int] = ()
        self._known: set[str] = set()

    # ---------------------------------------------------------------- before it is written

    def prepare(self) -> None:
        """Read the entries, once however often they are written; never raises."""
        if self._is_ready:
            return
        self._is_ready = True
        for entry in self._entries:
            try:
                envelope, payload = unpack_body(entry.body, self.stream.origin)
                row = Row.of(envelope, payload)
            except (BodyError, EventLogError) as error:
                self._letters.append(self._unreadable(entry, str(error)))
                continue
            self.rows.append(row)
            self._events.append((envelope, payload, self._event(envelope, payload)))
        self.hashes = self.hashes or self._chain()
        self._entries = ()

    def _event(self, envelope: Envelope, payload: bytes) -> Event | None:
        try:
            return self._decode(envelope.type, payload)
        except UnknownEventTypeError as error:
            why = Outcome.UNKNOWN_TYPE, str(error)
        except EventValidationError as error:
            why = Outcome.POISON, str(error)
        self._late[len(self._events)] = why
        return None

    def _unreadable(self, entry: Entry, why: str) -> SetAside:
        stream, epoch = self.stream, self.place.epoch
        envelope = Envelope(
            id=f"{stream}/{epoch:x}/{entry.seq}",
            source=str(stream),
            type=UNREADABLE,
            time=self._now,
            datacontenttype="application/octet-stream",
            origin=stream.origin,
        )
        return SetAside(Record(0, envelope, entry.body), "", Outcome.POISON, why, self._now)

    def _chain(self) -> bytes:
        """Return the hashes of all entries; the last one's, if the one before is not known."""
        entries, before, place = self._entries, self.before, self.place
        if not entries:
            return b""
        is_next = before is not None and before.next == entries[0].seq
        hash_ = before.hash if before and is_next else NO_HASH
        found = chain(hash_, place.epoch, entries[0].seq, (entry.body for entry in entries))
        if found[-1] == place.hash:
            return b"".join(found)
        self.first = place.next - 1  # behind a gap: its reader knows better
        return place.hash

    # ---------------------------------------------------------------- within the transaction

    def begin(self, tables: Tables) -> Sequence[Row]:
        """Write the place, before the events; return what else is to be written.

        Nothing is, if the reader was not where it should have been.
        """
        self.prepare()
        self._sequences = ()
        self.is_void = not places.move(tables, self.stream, self.before, self.place)
        if self.is_void:
            return ()
        if self.hashes:
            places.keep_hashes(tables, self.stream, self.place, self.first, self.hashes)
        if self.losses:
            places.keep_losses(tables, self.losses, self._now)
        self._known = known_ids(tables, [row.event_id for row in self.rows]) if self.rows else set()
        if self._known:
            return [row for row in self.rows if row.event_id not in self._known]
        return self.rows

    def take(self, tables: Tables, sequences: Sequence[int], aside: Aside) -> None:
        """Hear which sequences the rows have in the log; set aside what can't be delivered."""
        if self.is_void:
            return
        if self._known:  # 0: no place in the log
            rest = iter(sequences)
            known = self._known
            sequences = [0 if row.event_id in known else next(rest) for row in self.rows]
        self._sequences = sequences
        for letter in self._letters:
            aside(tables, letter)
        for index, (reason, detail) in self._late.items():
            sequence = sequences[index]
            if sequence > 0:
                envelope, payload, _ = self._events[index]
                force_setattr(envelope, "sequence", sequence)
                record = Record(sequence, envelope, payload)
                aside(tables, SetAside(record, "", reason, detail, self._now))

    @property
    def records(self) -> list[Record]:
        """The events that are new in the log, in order."""
        found: list[Record] = []
        for sequence, (envelope, payload, _) in self._new():
            found.append(Record(sequence, envelope, payload))
        return found

    # ---------------------------------------------------------------- once it is committed

    @property
    def publications(self) -> list[Publication]:
        """The events that are new, and that can be delivered."""
        found: list[Publication] = []
        if self.is_void:
            return found
        for sequence, (envelope, payload, event) in zip(self._sequences, self._events, strict=True):
            if sequence > 0 and event is not None:
                force_setattr(envelope, "sequence", sequence)
                found.append(Publication(event, payload, envelope, True, False, sequence))  # noqa: FBT003  # by name they take twice as long
        return found

    def _new(self) -> list[tuple[int, tuple[Envelope, bytes, Event | None]]]:
        found: list[tuple[int, tuple[Envelope, bytes, Event | None]]] = []
        if self.is_void:
            return found
        for sequence, event in zip(self._sequences, self._events, strict=True):
            if sequence > 0:
                force_setattr(event[0], "sequence", sequence)
                found.append((sequence, event))
        return found

    def committed(self) -> tuple[int, int, int]:
        """Return how many events are new, their bytes, and the newest sequence."""
        events = size = head = 0
        if self.is_void:
            return 0, 0, 0
        for sequence, row in zip(self._sequences, self.rows, strict=True):
            if sequence > 0:
                events, head = events + 1, sequence
                size += len(row.envelope) + len(row.payload)
        self.duplicates = len(self.rows) - events
        return events, size, head
