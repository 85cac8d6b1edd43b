"""What every store of dead letters does: one suite, run on all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from ringleader.actors.clock import RealClock
from ringleader.actors.consumer_rules import SetAside
from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.dead_letter_records import as_plain
from ringleader.actors.dead_letter_rules import abandoned, begun, dropped
from ringleader.actors.dead_letters import (
    STATUSES,
    LetterQuery,
    LetterStore,
    StoredLetter,
    name_of,
    spellings,
)
from ringleader.actors.dead_letters_memory import MemoryLetters
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import EventLogError, Record
from ringleader.actors.events import Catalogue, HandlerFailed, TrainingCompleted
from ringleader.actors.events.base import Envelope
from ringleader.actors.events.unknown import UnknownEvent
from ringleader.actors.letters import DeadLetter, DeathReport, Outcome
from ringleader.transport.dead_letters import SqliteLetters, keeper_of_asides
from ringleader.transport.event_schema import SCHEMA, WHAT
from ringleader.transport.group_writer import GroupWriter
from ringleader.transport.sqlite import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ringleader.actors.dead_letters import LetterStatus

NOW = 1_000_000.0
CATALOGUE = Catalogue()
DONE = TrainingCompleted(config_key="hex8_2p", model_path="m.npz")


@dataclass
class Desk:
    """A store, and how to see what is in it."""

    store: LetterStore
    reopened: Callable[[], LetterStore] | None = None

    def put(self, number: int = 1, path: str = "/a", **fields: Any) -> None:
        self.store.put(failed(number, path, **fields))

    def all(self, **fields: Any) -> list[StoredLetter]:
        assert self.store.flush(5)
        return self.store.find(LetterQuery(**fields))

    def one(self, **fields: Any) -> StoredLetter:
        (letter,) = self.all(**fields)
        return letter

    def change(self, decide: Callable[[StoredLetter], StoredLetter | None], **which: Any) -> Any:
        told: list[Any] = []
        self.store.change(LetterQuery(**which), decide, told.append)
        assert self.store.flush(5)
        return told[0]

    def mark(self, status: LetterStatus, **which: Any) -> None:
        self.change(lambda x: msgspec.structs.replace(x, status=status, updated_at=NOW), **which)

    def purge(self, before: float, limit: int = 100) -> Any:
        told: list[Any] = []
        self.store.purge(before, limit=limit, then=told.append)
        assert self.store.flush(5)
        return told[0]


def failed(number: int = 1, path: str = "/a", **fields: Any) -> DeadLetter:
    envelope = Envelope(id=f"e{number}", source="/pub", type="training_completed", time=NOW - 1)
    letter = DeadLetter(
        path=path,
        message=DONE,
        reason=Outcome.FAILED,
        time=NOW,
        detail="ValueError: no",
        event_id=envelope.id,
        envelope=envelope,
    )
    return replace(letter, **fields)


class File:
    """A store in a file that can be closed and opened again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clock = RealClock(spawn)

    def open(self) -> SqliteLetters:
        self._database = Database(self._path, WHAT, SCHEMA, EventLogError)
        self.writer = GroupWriter(self._database, clock=self._clock, spawn=spawn)
        return SqliteLetters(self._database, self.writer, CATALOGUE.encode, lambda: NOW + 9)

    def close(self) -> None:
        assert self.writer.close(5)
        self._database.close()

    def reopen(self) -> SqliteLetters:
        self.close()
        return self.open()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path / "events.db")
    yield file
    file.close()


@pytest.fixture(params=["memory", "sqlite"])
def desk(request: pytest.FixtureRequest) -> Desk:
    if request.param == "memory":
        return Desk(MemoryLetters(CATALOGUE.encode))
    return Desk(request.getfixturevalue("file").open())


# ------------------------------------------------------------------- what is kept


def test_a_delivery_is_kept_with_all_that_a_second_try_needs(desk: Desk) -> None:
    desk.put(consumer="c")
    letter = desk.one(full=True)
    assert (letter.number, letter.event_id, letter.path) == (1, "e1", "/a")
    assert (letter.status, letter.reason, letter.error) == (
        "pending",
        Outcome.FAILED,
        "ValueError: no",
    )
    assert (letter.created_at, letter.event_time, letter.next_retry_at) == (NOW, NOW - 1, NOW + 60)
    assert (letter.source, letter.consumer) == ("/pub", "c")
    assert letter.payload is not None
    assert CATALOGUE.decode(letter.event_type, letter.payload) == DONE
    assert letter.envelope == failed().envelope
    assert letter.is_retryable


def test_a_look_that_is_not_full_leaves_payloads_and_reports_out(desk: Desk) -> None:
    report = DeathReport("/a", 1, ValueError("no"), NOW, 2.0, 3)
    desk.put(report=report)
    brief, full = desk.one(), desk.one(full=True)
    assert (brief.payload, brief.report) == (None, "")
    assert brief.size == full.size == len(full.payload or b"")
    assert brief.is_retryable
    said = json.loads(full.report)
    assert (said["path"], said["cause"], said["depth"]) == ("/a", "ValueError: no", 3)
    assert full.fingerprint == "ValueError"
    assert as_plain(full)["payload"] == {"config_key": "hex8_2p", "model_path": "m.npz"}
    assert as_plain(full)["report"] == said


def test_a_message_is_kept_in_words_and_there_is_nothing_to_wait_for(desk: Desk) -> None:
    letter = DeadLetter("/a", {"order": 1}, Outcome.UNDELIVERABLE, NOW, detail="nobody is there")
    desk.store.put(letter)
    desk.store.put(letter)  # twice the same, and yet two messages
    first, second = desk.all()
    assert (first.event_type, first.note, first.status) == ("dict", "{'order': 1}", "dropped")
    assert (first.number, second.number) == (1, 2)
    assert not first.is_retryable


class Silent:
    def __repr__(self) -> str:
        raise SystemExit


@pytest.mark.parametrize(
    ("message", "said"),
    [(Silent(), "(it can't be shown: SystemExit)"), ("\ud800", "'\\ud800'")],
)
def test_what_can_not_be_shown_is_kept_all_the_same(desk: Desk, message: object, said: str) -> None:
    desk.store.put(DeadLetter("/a", message, Outcome.FAILED, NOW, detail="half \udc80"))
    letter = desk.one()
    assert (letter.note, letter.error) == (said, "half \\udc80")


def test_an_event_that_can_not_be_written_is_kept_in_words_and_abandoned(desk: Desk) -> None:
    wrong: Any = object()
    desk.put(message=TrainingCompleted(config_key=wrong))
    letter = desk.one()
    assert (letter.status, letter.size, letter.event_id) == ("abandoned", 0, "e1")
    assert "TRAINING_COMPLETED.config_key" in letter.note


def test_an_event_of_a_type_that_was_unknown_is_kept_as_it_came(desk: Desk) -> None:
    envelope = Envelope(id="u", source="/p", type="strange", time=NOW)
    event = UnknownEvent(type="strange", fields={"a": 1})
    desk.put(path="", message=event, event_id="u", envelope=envelope, reason=Outcome.UNKNOWN_TYPE)
    letter = desk.one(full=True)
    assert (letter.event_type, letter.payload) == ("strange", msgspec.msgpack.encode({"a": 1}))


def aside(consumer: str, reason: Outcome = Outcome.INTERRUPTED) -> SetAside:
    envelope = Envelope(id="e1", source="/pub", type="training_completed", time=NOW - 1)
    return SetAside(Record(7, envelope, CATALOGUE.encode(DONE)), consumer, reason, "killed", NOW)


def test_what_the_event_log_sets_aside_is_a_letter_of_its_consumer(desk: Desk) -> None:
    desk.store.put_aside(aside("/a"))
    letter = desk.one(full=True)
    assert (letter.path, letter.consumer, letter.reason) == ("/a", "/a", Outcome.INTERRUPTED)
    assert (letter.status, letter.next_retry_at, letter.error) == ("pending", None, "killed")
    assert letter.payload is not None
    assert CATALOGUE.decode(letter.event_type, letter.payload) == DONE
    desk.put(path="/a", detail="again")
    assert desk.one().error == "again"


def test_what_came_from_outside_and_can_not_be_published_waits_for_a_person(desk: Desk) -> None:
    desk.store.put_aside(aside("", Outcome.REJECTED))
    letter = desk.one()
    assert (letter.path, letter.status, letter.next_retry_at) == ("", "pending", None)


def test_texts_have_a_bound(desk: Desk) -> None:
    desk.put(detail="x" * 100_000)
    assert len(desk.one().error) == 2_000


def test_the_listener_hears_of_each_letter_once_it_is_kept(desk: Desk) -> None:
    heard: list[StoredLetter] = []
    desk.store.listener = heard.append
    desk.put(1)
    desk.put(2)
    desk.put(1)
    desk.all()
    assert [(x.number, x.event_id) for x in heard] == [(1, "e1"), (2, "e2"), (1, "e1")]


# ------------------------------------------------------------------- one for each delivery


def test_a_delivery_that_fails_again_has_one_letter_with_the_new_error(desk: Desk) -> None:
    desk.put()
    desk.put(path="/b")
    desk.put(detail="KeyError: 1", time=NOW + 5, reason=Outcome.TIMED_OUT)
    first, second = desk.all()
    assert (first.number, first.error, first.reason) == (1, "KeyError: 1", Outcome.TIMED_OUT)
    assert (first.created_at, first.updated_at, first.retry_count) == (NOW, NOW + 5, 0)
    assert (second.number, second.path, second.error) == (2, "/b", "ValueError: no")


def test_a_failure_while_it_is_tried_again_leaves_it_to_the_try_to_count(desk: Desk) -> None:
    desk.put()
    desk.change(lambda x: begun(x, NOW + 60))
    desk.put(detail="KeyError: 1")
    letter = desk.one()
    assert (letter.status, letter.retry_count, letter.error) == ("retrying", 0, "KeyError: 1")


def test_a_recovered_delivery_that_fails_again_is_pending_again(desk: Desk) -> None:
    desk.put()
    desk.mark("recovered")
    desk.put(time=NOW + 100)
    letter = desk.one()
    assert (letter.number, letter.status, letter.next_retry_at) == (1, "pending", NOW + 160)


# ------------------------------------------------------------------- changes


def test_a_change_touches_what_is_meant_and_tells_what_was_changed(desk: Desk) -> None:
    for number in range(1, 6):
        desk.put(number)
    changed = desk.change(
        lambda x: abandoned(x, "why", NOW + 1) if x.number != 3 else None, numbers=(2, 3, 4, 77)
    )
    assert [letter.number for letter in changed] == [2, 4]
    assert [x.number for x in desk.all(statuses=("abandoned",))] == [2, 4]
    letter = desk.one(numbers=(2,), full=True)
    assert (letter.note, letter.updated_at, letter.next_retry_at) == ("why", NOW + 1, None)
    assert letter.payload is not None


def test_a_change_of_nothing_tells_of_nothing(desk: Desk) -> None:
    assert desk.change(lambda x: x) == []


def test_only_so_many_are_changed_as_are_asked_for_the_first_that_are_due_first(desk: Desk) -> None:
    for number in range(1, 5):
        desk.put(number, time=NOW - number)
    due = {"statuses": ("pending",), "due": NOW + 58.0}
    assert [x.number for x in desk.all(**due)] == [4, 3, 2]
    changed = desk.change(lambda x: begun(x, NOW), **due, limit=2)
    assert [x.number for x in changed] == [4, 3]
    assert [x.number for x in desk.all(**due)] == [2]


def test_purging_deletes_what_is_closed_for_long_and_never_what_is_open(desk: Desk) -> None:
    for number, status in enumerate(STATUSES):
        desk.put(number)
        desk.mark(status, numbers=(number + 1,))
    assert desk.purge(NOW) == 0
    assert desk.purge(NOW + 1, limit=1) == 1
    assert desk.purge(NOW + 1) == 2
    assert [x.status for x in desk.all()] == ["pending", "retrying"]
    desk.put(9)
    assert desk.one(event_id="e9").number == 6  # numbers are not used again


# ------------------------------------------------------------------- looks


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"limit": 2}, [1, 2]),
        ({"limit": 2, "newest": True}, [4, 5]),
        ({"after": 3}, [4, 5]),
        ({"numbers": (4, 2, 99)}, [2, 4]),
        ({"numbers": ()}, []),
        ({"event_id": "e1"}, [1, 2]),
        ({"types": ("handler_failed", "str")}, [3, 4]),
        ({"types": ()}, []),
        ({"handler": "/a"}, [1, 4]),
        ({"handler": "/a/"}, [1, 4]),
        ({"handler": "/"}, [1, 2, 3, 4, 5]),
        ({"handler": "/a/b"}, [4]),
        ({"reason": Outcome.TIMED_OUT}, [2]),
        ({"statuses": ("dropped",)}, [4]),
        ({"statuses": ("dropped", "pending"), "handler": "/a"}, [1, 4]),
        ({"since": NOW + 2}, [3, 4, 5]),
        ({"until": NOW + 2}, [1, 2]),
        ({"due": NOW + 62}, [1, 2]),  # never: what is no delivery, or news of failures
        ({"due": float("inf")}, [1, 2, 5]),
    ],
)
def test_letters_are_found_by_what_is_asked(
    desk: Desk, query: dict[str, Any], numbers: list[int]
) -> None:
    desk.put(1)
    desk.put(1, "/b", reason=Outcome.TIMED_OUT, time=NOW + 1)
    news = HandlerFailed(handler_name="/x", event_type="Y", error="z")
    envelope = Envelope(id="n", source="/x", type="handler_failed", time=NOW)
    desk.put(2, "/ab", message=news, event_id="n", envelope=envelope, time=NOW + 2)
    desk.store.put(DeadLetter("/a/b", "hello", Outcome.FAILED, NOW + 3))
    desk.put(3, "/c", time=NOW + 4)
    assert [letter.number for letter in desk.all(**query)] == numbers
    if "limit" not in query:
        assert desk.store.count(LetterQuery(**query)) == len(numbers)


def test_open_letters_that_are_alike_are_summed_up(desk: Desk) -> None:
    for number in range(1, 4):
        desk.put(number, time=NOW + number, detail=f"ValueError: {number}")
    desk.put(4, reason=Outcome.TIMED_OUT)
    desk.put(5, "/b", time=NOW - 1)
    desk.put(6)
    desk.change(lambda x: dropped(x, NOW), numbers=(6,))
    desk.all()
    groups = [(g.path, g.reason, g.error, g.count) for g in desk.store.groups()]
    assert groups == [
        ("/a", "failed", "ValueError: 3", 3),
        ("/b", "failed", "ValueError: no", 1),
        ("/a", "timed_out", "ValueError: no", 1),
    ]
    (largest,) = desk.store.groups(limit=1)
    assert (largest.first, largest.last) == (NOW + 1, NOW + 3)


def test_letters_are_counted_by_status_type_and_reason(desk: Desk) -> None:
    assert desk.store.statistics().total == 0
    desk.put(1, time=NOW + 5)
    desk.put(2, reason=Outcome.TIMED_OUT)
    desk.store.put(DeadLetter("/a", "hello", Outcome.FAILED, NOW - 9))
    desk.mark("recovered", numbers=(2,))
    statistics = desk.store.statistics()
    assert (statistics.total, statistics.pending, statistics.oldest) == (3, 1, NOW + 5)
    assert statistics.by_status == {"pending": 1, "recovered": 1, "dropped": 1}
    assert statistics.by_type == {"training_completed": 2, "str": 1}
    assert statistics.by_reason == {"failed": 2, "timed_out": 1}


def test_types_are_meant_in_any_spelling() -> None:
    assert spellings("TRAINING_COMPLETE", CATALOGUE)[0] == "training_completed"
    assert spellings("my.Message", CATALOGUE) == ("my.message", "my.Message")
    assert name_of("training_completed", CATALOGUE) == "TRAINING_COMPLETED"
    assert name_of("gone", CATALOGUE) == "gone"


# ------------------------------------------------------------------- each alone


def test_memory_has_an_end_and_what_is_closed_goes_first() -> None:
    desk = Desk(store := MemoryLetters(CATALOGUE.encode, capacity=2))
    desk.put(1)
    desk.put(2)
    desk.change(lambda x: dropped(x, NOW), numbers=(2,))
    desk.put(3)
    assert ([x.event_id for x in desk.all()], store.lost) == (["e1", "e3"], 0)
    desk.put(4)
    assert ([x.event_id for x in desk.all()], store.lost) == (["e3", "e4"], 1)
    desk.put(1)
    assert [(x.number, x.event_id) for x in desk.all()] == [(4, "e4"), (5, "e1")]


def test_the_event_log_keeps_what_it_sets_aside_in_its_own_transaction(file: File) -> None:
    desk = Desk(file.open())
    keep = keeper_of_asides(DeadLetterOptions())
    assert file.writer.call(lambda tables: keep(tables, aside("/a")), 5) is None
    assert desk.one().path == "/a"


def test_letters_outlive_their_process(file: File) -> None:
    desk = Desk(file.open())
    for number in range(1, 4):
        desk.put(number)
    desk.change(lambda x: dropped(x, NOW), numbers=(2,))
    before = desk.all(full=True)
    assert Desk(file.reopen()).all(full=True) == before


def test_a_try_that_was_under_way_when_the_node_ended_is_pending_again(file: File) -> None:
    desk = Desk(file.open())
    desk.put(1)
    desk.put(2)
    desk.change(lambda x: begun(x, NOW), numbers=(1,))
    first, second = Desk(file.reopen()).all()
    assert (first.status, first.reason, first.updated_at) == (
        "pending",
        Outcome.INTERRUPTED,
        NOW + 9,
    )
    assert (second.status, second.reason) == ("pending", Outcome.FAILED)


def test_what_comes_after_the_end_is_told_in_the_log(
    file: File, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(file.open())
    assert file.writer.close(5)
    desk.put()
    assert "a dead letter is not stored" in caplog.text
