"""Consumers of the event log in its file: what `consumer_rules` decides, read and written.

Everything here runs within a transaction, and checks before it changes anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from ringleader.actors import consumer_rules as rules
from ringleader.actors.consumer_rules import Consumer, InHand, SetAside
from ringleader.actors.event_log import Fetched

from .event_queries import head_of, numbers, records, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ringleader.actors.event_log import ConsumerInfo, ConsumerSpec, Record, Settled

    from .sqlite import Readable, Tables

Aside: TypeAlias = "Callable[[Tables, SetAside], object]"
"""Keeps a dead letter, in the same transaction."""

_COLUMNS: Final = "name, types, idempotent, cursor, owner, lease, lease_until, created_at, seen_at"
_types = msgspec.json.Decoder(tuple[str, ...]).decode


def load(tables: Readable, name: str) -> Consumer | None:
    """Return a consumer; None if there is none of this name."""
    found = _load(tables, "WHERE name = ?", name)
    return found[0] if found else None


def load_all(tables: Readable) -> list[Consumer]:
    """Return all consumers, by name."""
    return _load(tables, "ORDER BY name")


def in_hand(tables: Readable, name: str) -> list[InHand]:
    """Return what a consumer has in hand, and what waits to be handed out again, in order."""
    found = tables.rows(
        "SELECT sequence, attempt, handed_back FROM in_hand WHERE consumer = ? ORDER BY sequence",
        (name,),
    )
    return [InHand(sequence, attempt, bool(waits)) for sequence, attempt, waits in found]


def info(tables: Readable, consumer: Consumer) -> ConsumerInfo:
    """Say how far a consumer has come."""
    ((held, back),) = tables.rows(
        "SELECT count(*) FILTER (WHERE NOT handed_back), count(*) FILTER (WHERE handed_back) "
        "FROM in_hand WHERE consumer = ?",
        (consumer.name,),
    )
    if consumer.types is None:
        ((lag,),) = tables.rows(
            "SELECT count(*) FROM events WHERE sequence > ?", (consumer.cursor,)
        )
    else:
        ((lag,),) = tables.rows(
            "SELECT count(*) FROM json_each(?) AS t CROSS JOIN events AS e "
            "ON e.event_type = t.value AND e.sequence > ?",
            (_text(consumer.types), consumer.cursor),
        )
    return rules.info(consumer, held, lag + back)


class Consumers:
    """The consumers, within one transaction.

    Args:
        tables: the file.
        now: seconds UTC.
        aside: keeps dead letters.
    """

    def __init__(self, tables: Tables, now: float, aside: Aside) -> None:
        self._tables, self._now, self._aside = tables, now, aside

    # ---------------------------------------------------------------- holding a consumer

    def attach(self, spec: ConsumerSpec, owner: str) -> ConsumerInfo:
        """Make `owner` the holder of a consumer."""
        known = load(self._tables, spec.name)
        must_let_go = rules.must_let_go(known, owner, self._now)
        consumer = rules.attached(known, spec, owner, head_of(self._tables), self._now)
        if must_let_go and known is not None:
            self._end(known)
        self._save(consumer)
        return info(self._tables, consumer)

    def detach(self, name: str, owner: str) -> bool:
        """Let go of a consumer; tell whether `owner` held it."""
        known = load(self._tables, name)
        if known is None or known.owner != owner:
            return False
        self._let_go(known)
        return True

    def reclaim(self) -> list[str]:
        """Let go of the consumers whose leases have run out; return their names."""
        found = _load(self._tables, "WHERE lease_until <= ?", self._now)
        gone = [consumer for consumer in found if rules.is_run_out(consumer, self._now)]
        for consumer in gone:
            self._let_go(consumer)
        return [consumer.name for consumer in gone]

    def let_go_of_the_dead(self) -> None:
        """Let go of the consumers whose holders lived no longer than the node, which starts now."""
        for consumer in _load(self._tables, "WHERE owner <> '' AND lease IS NULL"):
            self._let_go(consumer)

    def forget(self, name: str) -> bool:
        """Delete a consumer; tell whether there was one."""
        self._tables.write("DELETE FROM in_hand WHERE consumer = ?", (name,))
        return bool(self._tables.write("DELETE FROM consumers WHERE name = ?", (name,)))

    def _let_go(self, consumer: Consumer) -> None:
        self._end(consumer)
        self._save(rules.let_go(consumer, self._now))

    def _end(self, consumer: Consumer) -> None:
        """Treat what a consumer's holder had in hand as after a kill."""
        ended = rules.ended(consumer, in_hand(self._tables, consumer.name))
        for held in ended.again:
            self._tables.write(
                "UPDATE in_hand SET attempt = ?, handed_back = 1 "
                "WHERE consumer = ? AND sequence = ?",
                (held.attempt, consumer.name, held.sequence),
            )
        for letter in ended.letters:
            self._set_aside(consumer.name, letter)
        self._drop(consumer.name, [letter.sequence for letter in ended.letters])

    # ---------------------------------------------------------------- moving on

    def fetch(self, name: str, owner: str, limit: int) -> Fetched:
        """Hand out the next events."""
        rules.check_limit(limit)
        return self._next(rules.held(load(self._tables, name), name, owner), limit)

    def hand_out(
        self, name: str, owner: str, limit: int, news: Sequence[Record] = ()
    ) -> Fetched | None:
        """Hand out the next events to a fetch that has waited; None if its owner may be gone.

        Args:
            name: of the consumer.
            owner: who fetches.
            limit: events at most.
            news: what this transaction has written, if nothing else can be there for it.
        """
        consumer = load(self._tables, name)
        if consumer is None or not rules.is_there(consumer, owner, self._now):
            return None
        found = tuple(
            record
            for record in news
            if record.sequence > consumer.cursor and consumer.wants(record.envelope.type)
        )
        if not news or len(found) > limit:
            return self._next(consumer, limit)
        if found:
            self._hand_over(consumer, [], [r.sequence for r in found], news[-1].sequence)
        return Fetched(found, more=False)

    def move_on(self, names: Iterable[str]) -> None:
        """Move the cursors of those whose fetches wait over what they do not want."""
        head = head_of(self._tables)
        for name in names:
            consumer = load(self._tables, name)
            if consumer is not None and not wanted(
                self._tables, consumer.types, consumer.cursor, head, 1
            ):
                self._save_changed(consumer, rules.handed_out(consumer, [], head, more=False))

    def types_of(self, name: str) -> tuple[str, ...] | None:
        """Return what a consumer wants; None: all."""
        return rules.existing(load(self._tables, name), name).types

    def _next(self, consumer: Consumer, limit: int) -> Fetched:
        name, tables = consumer.name, self._tables
        head = head_of(tables)
        again = numbers(
            tables,
            "SELECT sequence FROM in_hand WHERE consumer = ? AND handed_back "
            "ORDER BY sequence LIMIT ?",
            (name, limit + 1),
        )
        left = limit + 1 - len(again)
        fresh = wanted(tables, consumer.types, consumer.cursor, head, left) if left else []
        more = len(again) + len(fresh) > limit
        again, fresh = again[:limit], fresh[: max(0, limit - len(again))]
        found = tuple(records(tables, again + fresh))  # first: what can't be read changes nothing
        self._hand_over(consumer, again, fresh, head, more=more)
        return Fetched(found, more)

    def _hand_over(
        self,
        consumer: Consumer,
        again: list[int],
        fresh: list[int],
        head: int,
        *,
        more: bool = False,
    ) -> None:
        """Note what is in hand from now on, and how far the consumer has come."""
        name = consumer.name
        if again:
            self._tables.write(
                "UPDATE in_hand SET handed_back = 0 "
                "WHERE consumer = ? AND sequence IN (SELECT value FROM json_each(?))",
                (name, _text(again)),
            )
        if fresh:
            self._tables.write(
                "INSERT INTO in_hand (consumer, sequence, attempt) "
                "SELECT ?, value, 1 FROM json_each(?)",
                (name, _text(fresh)),
            )
        self._save_changed(
            consumer, rules.heard_of(rules.handed_out(consumer, fresh, head, more=more), self._now)
        )

    def settle(self, name: str, owner: str, outcomes: Sequence[Settled]) -> int:
        """Note outcomes; return how many of the events were in hand still."""
        consumer = load(self._tables, name)
        if consumer is None or consumer.owner != owner:
            return 0
        letters = [settled for settled in outcomes if rules.is_letter(settled)]
        if letters:
            held = {each.sequence for each in in_hand(self._tables, name) if not each.waits}
            for sequence, outcome, detail, _ in letters:
                if sequence in held:
                    self._set_aside(name, rules.Letter(sequence, outcome, detail))
        back = [settled.sequence for settled in outcomes if rules.puts_back(settled)]
        done = [settled.sequence for settled in outcomes if not rules.puts_back(settled)]
        self._save_changed(consumer, rules.heard_of(consumer, self._now))
        return self._put_back(name, back) + self._drop(name, done)

    def hand_back(self, name: str, owner: str, sequences: Sequence[int]) -> int:
        """Put events back that were not begun; return how many were in hand still."""
        consumer = load(self._tables, name)
        if consumer is None or consumer.owner != owner:
            return 0
        self._save_changed(consumer, rules.heard_of(consumer, self._now))
        return self._put_back(name, sequences)

    def rewind(self, name: str, after: int) -> ConsumerInfo:
        """Set a consumer's cursor."""
        consumer = rules.existing(load(self._tables, name), name)
        moved = rules.rewound(consumer, after, head_of(self._tables))
        self._tables.write(
            "DELETE FROM in_hand WHERE consumer = ? AND sequence > ?", (name, moved.cursor)
        )
        self._save(moved)
        return info(self._tables, moved)

    def _put_back(self, name: str, sequences: Sequence[int]) -> int:
        if not sequences:
            return 0
        return self._tables.write(
            "UPDATE in_hand SET handed_back = 1 WHERE consumer = ? AND NOT handed_back "
            "AND sequence IN (SELECT value FROM json_each(?))",
            (name, _text(sequences)),
        )

    def _drop(self, name: str, sequences: Sequence[int]) -> int:
        if not sequences:
            return 0
        return self._tables.write(
            "DELETE FROM in_hand WHERE consumer = ? AND NOT handed_back "
            "AND sequence IN (SELECT value FROM json_each(?))",
            (name, _text(sequences)),
        )

    def _set_aside(self, name: str, letter: rules.Letter) -> None:
        for record in records(self._tables, [letter.sequence]):  # none if the cap has removed it
            self._aside(
                self._tables, SetAside(record, name, letter.reason, letter.detail, self._now)
            )

    def _save_changed(self, known: Consumer, consumer: Consumer) -> None:
        if consumer != known:
            self._save(consumer)

    def _save(self, consumer: Consumer) -> None:
        # An update where there is a row: REPLACE would delete it first.
        self._tables.write(
            f"INSERT INTO consumers ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608  # our own words
            "ON CONFLICT (name) DO UPDATE SET types = excluded.types, "
            "idempotent = excluded.idempotent, cursor = excluded.cursor, owner = excluded.owner, "
            "lease = excluded.lease, lease_until = excluded.lease_until, "
            "seen_at = excluded.seen_at",
            (
                consumer.name,
                None if consumer.types is None else _text(consumer.types),
                int(consumer.idempotent),
                consumer.cursor,
                consumer.owner,
                consumer.lease,
                consumer.lease_until,
                consumer.created_at,
                consumer.seen_at,
            ),
        )


def _load(tables: Readable, condition: str, *bindings: object) -> list[Consumer]:
    found = tables.rows(f"SELECT {_COLUMNS} FROM consumers {condition}", bindings)  # noqa: S608  # our own words
    return [_consumer(*row) for row in found]


def _consumer(name: str, types: str | None, idempotent: int, *rest: Any) -> Consumer:
    cursor, owner, lease, lease_until, created_at, seen_at = rest
    return Consumer(
        name=name,
        types=None if types is None else _types(types),
        idempotent=bool(idempotent),
        cursor=cursor,
        owner=owner,
        lease=lease,
        lease_until=lease_until,
        created_at=created_at,
        seen_at=seen_at,
    )


def _text(values: Iterable[int] | Iterable[str]) -> str:
    return msgspec.json.encode(values).decode()
