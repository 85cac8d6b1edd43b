"""What goes through the event log's writer: events of this node, and what was read of others'."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from ringleader.actors.event_log import Record

from .event_queries import insert
from .imports import Import

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ringleader.actors.publication import Publication

    from .event_consumers import Aside
    from .event_queries import Row
    from .outbox_lines import Batch
    from .outboxes import Outboxes
    from .sqlite import Tables


class Appended:
    """A publication on its way through the writer; `sequence` as of the last try to write it.

    Attributes:
        head: the newest sequence before a try after which nobody knows whether it is written.
        group: in whose stream it goes to other nodes; None: it stays here.
        batches: what was put into outboxes with the events of which it is the first.
    """

    __slots__ = ("batches", "group", "head", "publication", "row", "sequence")

    def __init__(self, publication: Publication, row: Row | None, group: str | None = None) -> None:
        self.publication, self.row, self.group = publication, row, group
        self.batches: Sequence[Batch] = ()
        self.sequence = 0
        self.head: int | None = None

    @property
    def records(self) -> tuple[Record, ...]:
        """The event as it is in the log, if it is new there."""
        if self.sequence <= 0:
            return ()
        envelope = replace(self.publication.envelope, sequence=self.sequence)
        return (Record(self.sequence, envelope, self.publication.payload),)

    def committed(self) -> tuple[int, int, int]:
        """Set the publication's sequence; return 1, its bytes and the sequence if it is new."""
        row, sequence = self.row, self.sequence
        if row is None:
            return 0, 0, 0
        self.publication.sequence = sequence
        if sequence <= 0:
            return 0, 0, 0
        return 1, len(row.envelope) + len(row.payload), sequence


AnyItem: TypeAlias = Appended | Import


def is_bridged(item: AnyItem) -> bool:
    """Tell whether more than one row has to be written, because it crosses between nodes."""
    return isinstance(item, Import) or item.group is not None


def types_of(items: Iterable[AnyItem]) -> set[str]:
    """Return the wire values of the types of all events that are to be written."""
    found: set[str] = set()
    for item in items:
        if isinstance(item, Import):
            found.update([row.event_type for row in item.rows])
        elif item.row is not None:
            found.add(item.row.event_type)
    return found


def store_own(tables: Tables, items: Sequence[Appended], head: int) -> None:
    """Write events of this node; `head` is the newest sequence that is known to be committed."""
    rows = [item.row for item in items if item.row is not None]
    is_lasting = tables.is_lasting
    try:
        sequences = insert(tables, rows, [item.head for item in items])
    except BaseException:
        for item in items if is_lasting else ():
            item.head = head  # it may be written, and only reading has failed
        raise
    for item, sequence in zip(items, sequences, strict=True):
        item.sequence = sequence


def store_all(tables: Tables, items: Sequence[AnyItem], aside: Aside) -> None:
    """Write events of this node and of others, by as few statements as if they were alike."""
    rows: list[Row] = []
    heads: list[int | None] = []
    ends: list[int] = []
    for item in items:
        if isinstance(item, Import):
            rows += item.begin(tables)
        elif item.row is not None:
            rows.append(item.row)
        heads += [None] * (len(rows) - len(heads))
        if isinstance(item, Appended) and item.row is not None:
            heads[-1] = item.head
        ends.append(len(rows))
    sequences, start = insert(tables, rows, heads), 0
    for item, end in zip(items, ends, strict=True):
        if isinstance(item, Import):
            item.take(tables, sequences[start:end], aside)
        else:
            item.sequence = sequences[start]
        start = end


def stamp(tables: Tables, items: Iterable[AnyItem], outboxes: Outboxes) -> None:
    """Put the events of this node that are new, and that go to other nodes, into outboxes."""
    first: Appended | None = None
    events: list[tuple[str, Row]] = []
    for item in items:
        if isinstance(item, Import):
            continue
        item.batches, first = (), first or item  # of a try that has failed
        if item.group is not None and item.row is not None and item.sequence > 0:
            events.append((item.group, item.row))
    if first is not None and events:
        first.batches = outboxes.stamp(tables, events)
