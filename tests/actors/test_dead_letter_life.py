"""The life of dead letters, whatever happens in whatever order: memory and SQLite agree on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import apsw
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringleader.actors import dead_letter_rules as rules
from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.dead_letters import LetterQuery, StoredLetter
from ringleader.actors.dead_letters_memory import MemoryLetters
from ringleader.actors.events import Catalogue, TrainingCompleted
from ringleader.actors.events.base import Envelope
from ringleader.actors.letters import DeadLetter, Outcome
from ringleader.transport.dead_letters import SqliteLetters
from ringleader.transport.event_schema import SCHEMA
from ringleader.transport.sqlite import Tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.dead_letters import LetterStore

R = TypeVar("R")
NOW = 1_000_000.0
CATALOGUE = Catalogue()
OPTIONS = DeadLetterOptions(abandon_after=20_000)
MAX_AGE = 9_000.0
FAILURES = st.sampled_from(
    [Outcome.FAILED, Outcome.TIMED_OUT, Outcome.INTERRUPTED, Outcome.REJECTED]
)
ALL = LetterQuery(limit=1000, full=True)


class Inline:
    """A writer without a thread or a disk."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def submit(
        self, operation: Callable[[Tables], R], then: Callable[[Any], object] | None = None
    ) -> None:
        result = operation(self._tables)
        if then is not None:
            then(result)

    def flush(self, timeout: float) -> bool:
        del timeout
        return True


class Life(RuleBasedStateMachine):
    """Deliveries fail, are tried again, dropped, forgotten; nodes end."""

    @initialize()
    def open(self) -> None:
        connection = apsw.Connection(":memory:")
        for script in SCHEMA:
            Tables(connection).rows(script)
        self.now = NOW
        self.tables = Tables(connection)
        self.sqlite = self.reopened()
        self.memory = MemoryLetters(CATALOGUE.encode, OPTIONS)
        self.failures: dict[tuple[str | None, str], int] = {}
        """Tries that failed since a delivery's letter began."""

    def reopened(self) -> SqliteLetters:
        encode = CATALOGUE.encode
        return SqliteLetters(self.tables, Inline(self.tables), encode, lambda: self.now, OPTIONS)

    @property
    def stores(self) -> list[LetterStore]:
        return [self.memory, self.sqlite]

    @property
    def letters(self) -> list[StoredLetter]:
        return self.memory.find(ALL)

    def change(
        self, query: LetterQuery, decide: Callable[[StoredLetter], StoredLetter | None]
    ) -> list[StoredLetter]:
        told: list[Any] = []
        for store in self.stores:
            store.change(query, decide, told.append)
        first, second = told
        assert first == second
        return list(first)

    def numbered(self, place: int, *statuses: str) -> LetterQuery:
        """Return a query for one of the letters that are so far."""
        found = [x.number for x in self.letters if not statuses or x.status in statuses]
        return LetterQuery(numbers=(found[place % len(found)],) if found else ())

    # ---------------------------------------------------------------- what happens

    @rule(event=st.integers(1, 3), path=st.sampled_from(["/a", "/b"]), reason=FAILURES)
    def a_delivery_fails(self, event: int, path: str, reason: Outcome) -> None:
        envelope = Envelope(id=f"e{event}", source="/p", type="training_completed", time=self.now)
        known = next((x for x in self.letters if (x.event_id, x.path) == (envelope.id, path)), None)
        letter = DeadLetter(
            path=path,
            message=TrainingCompleted(config_key="k", model_path="m"),
            reason=reason,
            time=self.now,
            detail=f"{reason} at {self.now}",
            event_id=envelope.id,
            envelope=envelope,
        )
        for store in self.stores:
            store.put(letter)
        if known is None or known.status == "recovered":
            self.failures[envelope.id, path] = 0

    @rule(text=st.text(max_size=3))
    def a_message_is_not_read(self, text: str) -> None:
        for store in self.stores:
            store.put(DeadLetter("/a", text, Outcome.UNDELIVERABLE, self.now))

    @rule(seconds=st.sampled_from([1.0, 60.0, 500.0, 4_000.0, 15_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(limit=st.integers(1, 3))
    def those_that_are_due_are_tried(self, limit: int) -> None:
        query = LetterQuery(statuses=("pending",), due=self.now, limit=limit)
        before = {x.number: x for x in self.letters}
        for letter in self.change(query, lambda x: rules.by_itself(x, MAX_AGE, self.now, OPTIONS)):
            was = before[letter.number]
            assert was.status == "pending"
            if letter.status == "retrying":
                assert was.retry_count < OPTIONS.retries
                assert self.now - (was.event_time or 0.0) <= MAX_AGE

    @rule(place=st.integers(0, 9))
    def a_person_has_one_tried(self, place: int) -> None:
        query = self.numbered(place)
        before = {x.number: x.status for x in self.letters}
        for letter in self.change(query, lambda x: rules.by_hand(x, self.now)):
            assert letter.status == "retrying"
            assert before[letter.number] not in ("retrying", "recovered")

    @rule(place=st.integers(0, 9), outcome=FAILURES)
    def a_try_fails(self, place: int, outcome: Outcome) -> None:
        query = self.numbered(place, "retrying")
        changed = self.change(query, lambda x: rules.after_try(x, outcome, self.now, OPTIONS))
        for letter in changed:
            self.failures[letter.event_id, letter.path] += 1
            count = self.failures[letter.event_id, letter.path]
            assert letter.retry_count == count
            assert (letter.status == "abandoned") == (count >= OPTIONS.retries)

    @rule(place=st.integers(0, 9))
    def a_try_succeeds(self, place: int) -> None:
        query = self.numbered(place, "retrying", "dropped")
        for letter in self.change(
            query, lambda x: rules.after_try(x, Outcome.HANDLED, self.now, OPTIONS)
        ):
            assert letter.status == "recovered"

    @rule(place=st.integers(0, 9))
    def a_person_drops_one(self, place: int) -> None:
        self.change(self.numbered(place), lambda x: rules.dropped(x, self.now))

    @rule()
    def old_ones_are_given_up(self) -> None:
        for letter in self.change(ALL, lambda x: rules.aged(x, self.now, OPTIONS)):
            assert self.now - letter.created_at > OPTIONS.abandon_after

    @rule(age=st.sampled_from([0.0, 1_000.0]))
    def closed_ones_are_forgotten(self, age: float) -> None:
        is_open = {x.number for x in self.letters if x.is_open}
        told: list[Any] = []
        for store in self.stores:
            store.purge(self.now - age, then=told.append)
        assert told[0] == told[1]
        assert is_open <= {x.number for x in self.letters}

    @precondition(lambda self: any(x.status == "retrying" for x in self.letters))
    @rule()
    def the_node_ends_and_begins(self) -> None:
        self.sqlite = self.reopened()
        self.memory.change(ALL, lambda x: rules.after_restart(x, self.now, OPTIONS))
        assert not [x for x in self.letters if x.status == "retrying"]

    # ---------------------------------------------------------------- what holds

    @invariant()
    def both_stores_tell_the_same(self) -> None:
        if hasattr(self, "memory"):
            letters = self.letters
            stored = self.sqlite.find(ALL)
            assert [_without_report(x) for x in stored] == [_without_report(x) for x in letters]
            assert self.sqlite.statistics() == self.memory.statistics()
            assert self.sqlite.groups() == self.memory.groups()

    @invariant()
    def a_delivery_has_one_letter_and_what_is_due_can_be_tried(self) -> None:
        if hasattr(self, "memory"):
            letters = self.letters
            deliveries = [(x.event_id, x.path) for x in letters if x.event_id is not None]
            assert len(set(deliveries)) == len(deliveries)
            for letter in letters:
                assert letter.next_retry_at is None or letter.status == "pending"
                assert letter.is_retryable or not letter.is_open


def _without_report(letter: StoredLetter) -> StoredLetter:
    assert letter.report == ""  # no death belongs to these
    return letter


Life.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase
