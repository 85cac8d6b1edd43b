"""What this node reads of other nodes' streams: once, in order, and where it goes on."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

from . import inbox_places as places
from .imports import Import

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ringleader.actors.events.base import Event
    from ringleader.actors.publication import Publication

    from .event_store import EventStore
    from .sqlite import Tables
    from .streams import Entry, Loss, Place, Stream

    TakeIn: TypeAlias = Callable[[Sequence[Publication]], Callable[[], object] | None]


class SqliteInbox:
    """An `Inbox` in the file of the event log.

    One transaction has the events in the log, where an id that is known there already counts as a
    duplicate; the reader's place; and what is lost. Behind it the registry gets what is new.

    If the file was put back to an older state meanwhile (a backup), what comes next does not fit to
    the place that is in it: then nothing is written, `then` is not called, `on_reset` is, and
    `places` says where the reader has to go on.

    Args:
        store: of the file.
        decode: reads an event: a catalogue's `decode`.
        take_in: gives events that are committed to the registry: `EventHub.take_in`.
        declare: told of a loss when it is committed; must return at once.
        on_reset: told of a stream whose reader must begin anew at `places`. Called in the writer's
            thread; must return at once.

    Attributes:
        duplicates: by stream, entries whose events were in the log already.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        decode: Callable[[str, bytes], Event],
        take_in: TakeIn,
        declare: Callable[[Loss], object] | None = None,
        on_reset: Callable[[Stream], object] | None = None,
    ) -> None:
        self._store, self._decode, self._take_in = store, decode, take_in
        self._declare, self._on_reset = declare, on_reset
        self._lock = Lock()
        self._known: dict[Stream, dict[int, Place]] = {}
        self._resets: Counter[Stream] = Counter()
        self.duplicates: Counter[Stream] = Counter()

    def places(self, stream: Stream) -> list[Place]:
        """Return the places of all epochs that are known, the current one last.

        What `apply` was given counts, though it may not be committed yet.
        """
        with self._lock:
            return list(self._places(stream).values())

    def streams(self) -> list[Stream]:
        """Return the streams that were ever read."""
        return places.streams(self._store.reader)

    def hash_at(self, stream: Stream, epoch: int, seq: int) -> bytes | None:
        """Return the hash of an entry that was committed; None if it is not known (any more)."""
        with self._lock:
            place = self._places(stream).get(epoch)
        if place is not None and place.next == seq + 1:
            return place.hash
        return places.hash_at(self._store.reader, stream, epoch, seq)

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
        """Commit: entries that were read, where the reader is now, and what it declares lost.

        Entries have no gap between them, end before the place, and are of its epoch. If the disk
        refuses, all waits, in order, until it does not. Hashes that are given are trusted.

        Raises:
            EventLogError: the log is closed, or the file can't be read.
        """
        with self._lock:
            known, resets = self._places(stream), self._resets[stream]
            what = Import(
                stream,
                known.get(place.epoch),
                place,
                entries,
                losses,
                decode=self._decode,
                now=self._store.clock.time(),
                then=lambda done: self._committed(done, then),
                void=lambda done: self._void(done, resets),
                hashes=hashes,
            )
            self._store.log.bring_in(what)  # within the lock: in this order
            known.pop(place.epoch, None)
            known[place.epoch] = place

    def losses(self) -> list[Loss]:
        """Return all losses that were ever declared, in order."""
        return places.losses_of(self._store.reader)

    def untold(self) -> list[Loss]:
        """Return the losses of which no event is known to be in the log: the node was killed."""
        return places.losses_of(self._store.reader, untold=True)

    def told(self, loss: Loss) -> None:
        """Note that the event of a loss is in the log."""

        def tell(tables: Tables) -> None:
            places.told(tables, loss)

        self._store.writer.submit(tell)

    def _places(self, stream: Stream) -> dict[int, Place]:
        known = self._known.get(stream)
        if known is None:
            found = places.load(self._store.reader, stream)
            known = self._known[stream] = {place.epoch: place for place in found}
        return known

    def _committed(self, what: Import, then: Callable[[], object]) -> Callable[[], object] | None:
        if what.duplicates:
            self.duplicates[what.stream] += what.duplicates
        publications = what.publications
        try:
            return self._take_in(publications) if publications else None
        finally:  # it is committed, whatever the registry says
            then()
            if self._declare is not None:
                for loss in what.losses:
                    self._declare(loss)

    def _void(self, what: Import, resets: int) -> None:
        """Forget what was thought of a stream: the file, or the writer, knows better.

        What was under way behind it is void as well, and changes nothing more.
        """
        with self._lock:
            if self._resets[what.stream] != resets:
                return
            self._resets[what.stream] += 1
            self._known.pop(what.stream, None)
        if self._on_reset is not None:
            self._on_reset(what.stream)
