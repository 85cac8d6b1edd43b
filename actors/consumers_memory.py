"""Events and their consumers in dictionaries: what the event log in memory keeps."""

from __future__ import annotations

from bisect import bisect_right
from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from . import consumer_rules as rules
from .consumer_rules import Consumer, InHand, SetAside
from .event_log import Fetched, Record, packed
from .retention import OVERHEAD, Kept, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .event_log import ConsumerInfo, ConsumerSpec, LogQuery, Settled
    from .events.base import Envelope
    from .open_fetches import OpenFetches


class MemoryEvents:
    """Events by sequence.

    Attributes:
        head: sequence of the newest there ever was.
        size: bytes of all, as retention counts them.
    """

    def __init__(self) -> None:
        self.head = self.size = 0
        self._records: dict[int, Record] = {}
        self._order: list[int] = []
        self._ids: dict[str, int] = {}

    def add(self, envelope: Envelope, payload: bytes) -> int:
        """Keep an event; return its sequence, minus that of the one that has its id already."""
        if envelope.id in self._ids:
            return -self._ids[envelope.id]
        self.head += 1
        record = Record(self.head, replace(envelope, sequence=self.head), payload)
        self._records[self.head] = record
        self._ids[envelope.id] = self.head
        self._order.append(self.head)
        self.size += _size(record)
        return self.head

    def remove(self, sequences: Iterable[int]) -> None:
        """Forget some."""
        for sequence in sequences:
            record = self._records.pop(sequence)
            del self._ids[record.envelope.id]
            self.size -= _size(record)
        self._order = list(self._records)

    def get(self, sequence: int) -> Record | None:
        """Return an event."""
        return self._records.get(sequence)

    def after(self, sequence: int) -> Iterator[Record]:
        """Yield what comes behind, in order."""
        begin = bisect_right(self._order, sequence)
        return (self._records[each] for each in islice(self._order, begin, None))

    def find(self, query: LogQuery) -> list[Record]:
        """Return what matches a query, in order."""
        matching = [record for record in self.after(query.after) if _matches(record, query)]
        return matching[-query.limit :] if query.newest else matching[: query.limit]

    def kept(self) -> Iterator[tuple[Kept, float]]:
        """Yield what retention has to know of each, with its time, in order."""
        for record in self._records.values():
            envelope = record.envelope
            yield Kept(record.sequence, envelope.type, _size(record)), envelope.time

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._records)


def _size(record: Record) -> int:
    return len(packed(record.envelope)) + len(record.payload) + OVERHEAD


def _matches(record: Record, query: LogQuery) -> bool:
    envelope = record.envelope
    path = None if query.source is None else query.source.rstrip("/")
    return (
        (query.types is None or envelope.type in query.types)
        and (path is None or envelope.source == path or envelope.source.startswith(f"{path}/"))
        and (query.since is None or envelope.time >= query.since)
        and (query.until is None or envelope.time < query.until)
        and query.event_id in {None, envelope.id}
        and query.correlation in {None, envelope.correlationid, envelope.id}
    )


class MemoryConsumers:
    """Consumers by name, and what they have in hand.

    Args:
        events: what they are handed.
        aside: takes dead letters.
    """

    def __init__(self, events: MemoryEvents, aside: Callable[[SetAside], object]) -> None:
        self._events, self._aside = events, aside
        self._known: dict[str, Consumer] = {}
        self._hands: dict[str, dict[int, InHand]] = {}

    # ---------------------------------------------------------------- holding a consumer

    def attach(self, spec: ConsumerSpec, owner: str, now: float) -> ConsumerInfo:
        """Make `owner` the holder of a consumer."""
        known = self._known.get(spec.name)
        must_let_go = rules.must_let_go(known, owner, now)
        consumer = rules.attached(known, spec, owner, self._events.head, now)
        if must_let_go and known is not None:
            self._end(known, now)
        self._known[spec.name] = consumer
        self._hands.setdefault(spec.name, {})
        return self.info(consumer)

    def detach(self, name: str, owner: str, now: float) -> bool:
        """Let go of a consumer; tell whether `owner` held it."""
        known = self._known.get(name)
        if known is None or known.owner != owner:
            return False
        self._let_go(known, now)
        return True

    def reclaim(self, now: float) -> list[str]:
        """Let go of the consumers whose leases have run out; return their names."""
        gone = [c for c in self._known.values() if rules.is_run_out(c, now)]
        for consumer in gone:
            self._let_go(consumer, now)
        return [consumer.name for consumer in gone]

    def forget(self, name: str) -> bool:
        """Delete a consumer; tell whether there was one."""
        self._hands.pop(name, None)
        return self._known.pop(name, None) is not None

    def _let_go(self, consumer: Consumer, now: float) -> None:
        self._end(consumer, now)
        self._known[consumer.name] = rules.let_go(consumer, now)

    def _end(self, consumer: Consumer, now: float) -> None:
        hand = self._hands[consumer.name]
        ended = rules.ended(consumer, list(hand.values()))
        for held in ended.again:
            hand[held.sequence] = held
        for letter in ended.letters:
            del hand[letter.sequence]
            self._set_aside(consumer.name, letter, now)

    # ---------------------------------------------------------------- moving on

    def fetch(self, name: str, owner: str, limit: int, now: float) -> Fetched:
        """Hand out the next events."""
        rules.check_limit(limit)
        return self._next(rules.held(self._known.get(name), name, owner), limit, now)

    def hand_out(self, fetches: OpenFetches, names: list[str], now: float) -> dict[str, Fetched]:
        """Hand out the next events to those whose fetches wait, by name; not where none are."""
        handed: dict[str, Fetched] = {}
        for name in names:
            consumer, fetch = self._known.get(name), fetches.get(name)
            if consumer is None or fetch is None or not rules.is_there(consumer, fetch.owner, now):
                continue
            found = self._next(consumer, fetch.limit, now)
            if found.records:
                handed[name] = found
        return handed

    def move_on(self, names: list[str]) -> None:
        """Move the cursors of those whose fetches wait over what they do not want."""
        for name in names:
            consumer = self._known[name]
            behind = self._events.after(consumer.cursor)
            if not any(consumer.wants(record.envelope.type) for record in behind):
                head = self._events.head
                self._known[name] = rules.handed_out(consumer, [], head, more=False)

    def types_of(self, name: str) -> tuple[str, ...] | None:
        """Return what a consumer wants; None: all."""
        return self._known[name].types

    def _next(self, consumer: Consumer, limit: int, now: float) -> Fetched:
        name = consumer.name
        hand = self._hands[name]
        again = sorted(held.sequence for held in hand.values() if held.waits)
        behind = self._events.after(consumer.cursor)
        fresh = (r.sequence for r in behind if consumer.wants(r.envelope.type))
        found = again + list(islice(fresh, max(0, limit + 1 - len(again))))
        more, handed = len(found) > limit, found[:limit]
        for sequence in handed:
            attempt = hand[sequence].attempt if sequence in hand else 1
            hand[sequence] = InHand(sequence, attempt)
        new = handed[len(again) :]
        moved = rules.handed_out(consumer, new, self._events.head, more=more)
        self._known[name] = rules.heard_of(moved, now)
        return Fetched(tuple(r for r in map(self._events.get, handed) if r is not None), more)

    def settle(self, name: str, owner: str, outcomes: Sequence[Settled], now: float) -> int:
        """Note outcomes; return how many of the events were in hand still."""
        consumer = self._heard_of(name, owner, now)
        number = 0
        for settled in outcomes if consumer else ():
            hand = self._hands[name]
            held = hand.get(settled.sequence)
            if held is None or held.waits:
                continue
            number += 1
            if rules.puts_back(settled):
                hand[held.sequence] = held._replace(waits=True)
                continue
            del hand[held.sequence]
            if rules.is_letter(settled):
                letter = rules.Letter(held.sequence, settled.outcome, settled.detail)
                self._set_aside(name, letter, now)
        return number

    def hand_back(self, name: str, owner: str, sequences: Sequence[int], now: float) -> None:
        """Put events back that were not begun."""
        if self._heard_of(name, owner, now):
            hand = self._hands[name]
            for held in [hand[sequence] for sequence in sequences if sequence in hand]:
                hand[held.sequence] = held._replace(waits=True)

    def rewind(self, name: str, after: int) -> ConsumerInfo:
        """Set a consumer's cursor."""
        known = rules.existing(self._known.get(name), name)
        consumer = rules.rewound(known, after, self._events.head)
        self._known[name] = consumer
        hand = self._hands[name]
        for sequence in [sequence for sequence in hand if sequence > consumer.cursor]:
            del hand[sequence]
        return self.info(consumer)

    def _heard_of(self, name: str, owner: str, now: float) -> Consumer | None:
        """Renew the lease of a consumer; None if `owner` does not hold it."""
        consumer = self._known.get(name)
        if consumer is None or consumer.owner != owner:
            return None
        self._known[name] = rules.heard_of(consumer, now)
        return consumer

    def _set_aside(self, name: str, letter: rules.Letter, now: float) -> None:
        record = self._events.get(letter.sequence)
        if record is not None:  # else the cap has removed it
            self._aside(SetAside(record, name, letter.reason, letter.detail, now))

    # ---------------------------------------------------------------- to look at

    def info(self, consumer: Consumer) -> ConsumerInfo:
        """Say how far a consumer has come."""
        hand = self._hands[consumer.name].values()
        waits = sum(held.waits for held in hand)
        behind = self._events.after(consumer.cursor)
        lag = sum(consumer.wants(record.envelope.type) for record in behind)
        return rules.info(consumer, len(hand) - waits, lag + waits)

    def infos(self) -> list[ConsumerInfo]:
        """Say of all how far they have come, by name."""
        return [self.info(self._known[name]) for name in sorted(self._known)]

    def waiting(self) -> list[Waiting]:
        """Return what retention has to know of all."""
        return [
            Waiting(
                consumer,
                min(self._hands[name], default=0),
                frozenset(h.sequence for h in self._hands[name].values() if h.waits),
            )
            for name, consumer in self._known.items()
        ]

    def removed(self, sequences: Iterable[int]) -> None:
        """Forget that events are to be handed out again that are no more."""
        gone = set(sequences)
        for hand in self._hands.values():
            for held in [h for h in hand.values() if h.waits and h.sequence in gone]:
                del hand[held.sequence]
