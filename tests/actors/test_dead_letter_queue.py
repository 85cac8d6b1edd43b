"""The dead letter queue in a system: who failed gets the event again, and nobody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from ringleader import Outcome
from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.dead_letters import LetterError, LetterQuery
from ringleader.actors.errors import PublishError
from ringleader.actors.events import DlqEventsPurged
from ringleader.actors.events.base import Envelope
from ringleader.actors.letters import DeadLetter
from tests.actors.letters_place import DONE, Note, Place, Refusing, a_queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader import Event


@pytest.fixture
def options() -> DeadLetterOptions:
    return DeadLetterOptions()


@pytest.fixture
def place(options: DeadLetterOptions) -> Iterator[Place]:
    place = Place(options)
    with place.system:
        yield place


# ------------------------------------------------------------------- one letter


def test_a_retry_touches_only_the_subscriber_that_failed(place: Place) -> None:
    place.start("a", "b", "c")
    place.fail("/b")
    event_id = place.publish()
    assert place.mood.seen == {"/a": 1, "/b": 1, "/c": 1}
    (letter,) = place.queue.pending()
    assert (letter.path, letter.event_id, letter.reason) == ("/b", event_id, Outcome.FAILED)

    place.fail()
    assert place.queue.retry(letter.number)
    place.system.run()

    assert place.mood.seen == {"/a": 1, "/b": 2, "/c": 1}
    assert place.letter().status == "recovered"
    assert place.queue.pending_count() == 0


def test_a_retry_keeps_id_and_envelope(place: Place) -> None:
    place.start("a")
    place.fail("/a")
    event_id = place.publish()
    place.system.advance(1000)
    assert place.queue.retry(event_id)
    place.system.run()
    (_, first), (_, second) = place.mood.envelopes
    assert first == second
    assert (second.id, second.source) == (event_id, "/test")


def test_a_retry_that_fails_counts_once_and_has_no_second_letter(place: Place) -> None:
    place.start("a")
    place.fail("/a")
    place.publish()
    place.system.advance(10)
    place.queue.retry(1)
    assert place.letter().status == "retrying"
    place.system.run()
    (letter,) = place.queue.find()
    assert (letter.status, letter.retry_count) == ("pending", 1)
    now = place.system.manual.time()
    assert (letter.last_retry_at, letter.next_retry_at) == (now, now + 120)
    assert json.loads(place.letter().report)["number"] == 2  # of the second death


def test_after_five_failures_a_letter_is_abandoned_and_a_person_can_have_it_tried_again(
    place: Place,
) -> None:
    place.start("a")
    place.fail("/a")
    place.publish()
    for _ in range(5):
        place.queue.retry(1)
        place.system.run()
    assert (place.letter().status, place.letter().retry_count) == ("abandoned", 5)
    place.fail()
    assert place.queue.retry(1)
    place.system.run()
    assert place.letter().status == "recovered"


def test_what_is_under_way_is_not_tried_twice_and_what_is_recovered_never(place: Place) -> None:
    place.start("a")
    place.fail("/a")
    place.publish()
    place.fail()
    assert place.queue.retry(1).under_way == (1,)
    again = place.queue.retry(1)
    assert not again
    assert again.refused == {1: "a try is under way"}
    place.system.run()
    assert place.mood.seen["/a"] == 2
    refused = place.queue.retry(1)
    assert not refused
    assert "it is recovered" in refused.refused[1]


def test_an_unknown_letter_is_false(place: Place) -> None:
    assert not place.queue.retry(77)
    assert not place.queue.retry("nothing")
    assert place.queue.get(77) is None
    assert place.queue.get("nothing") == []
    assert place.queue.drop(77) == 0


def test_a_message_is_kept_and_can_not_be_tried_again(place: Place) -> None:
    place.start("a")
    ref = place.system.ref("/a")
    ref.stop(block=False)
    place.store.put(DeadLetter("/a", "hello", Outcome.UNDELIVERABLE, 1.0))
    assert place.queue.pending() == []
    assert "it is a message" in place.queue.retry(1).refused[1]


def test_all_letters_of_an_event_are_tried_again_by_its_id(place: Place) -> None:
    place.start("a", "b", "c")
    place.fail("/a", "/c")
    event_id = place.publish()
    assert [x.path for x in place.queue.get(event_id)] == ["/a", "/c"]
    place.fail("/c")
    assert place.queue.retry(event_id).begun == (1, 2)
    place.system.run()
    assert [x.status for x in place.queue.find()] == ["recovered", "pending"]


# ------------------------------------------------------------------- where it can't go


def test_a_subscriber_that_is_gone_is_said_and_counts_as_no_try(place: Place) -> None:
    place.start("a")
    place.fail("/a")
    place.publish()
    place.system.hub.unsubscribe(place.system.ref("/a"))
    refused = place.queue.retry(1)
    assert refused.refused == {1: "nobody at /a subscribes to TRAINING_COMPLETED any more"}
    letter = place.letter()
    assert (letter.status, letter.retry_count, letter.note) == (
        "pending",
        0,
        "nobody at /a subscribes to TRAINING_COMPLETED any more",
    )
    assert letter.error == "ValueError: /a can't"


def test_a_consumer_of_another_process_is_named(place: Place) -> None:
    envelope = Envelope(id="x", source="/p", type="note", time=1.0)
    place.store.put(
        DeadLetter("trainer", Note(), Outcome.FAILED, 1.0, event_id="x", envelope=envelope)
    )
    assert (
        "hand it the event again with: ringleader events replay --to trainer"
        in (place.queue.retry(1).refused[1])
    )


def test_a_full_mailbox_is_left_alone(place: Place) -> None:
    place.start("a")
    place.fail("/a")
    place.publish()
    cell = place.system.ref("/a").cell
    cell.mailbox.capacity = 0
    assert "the mailbox of /a is full" in place.queue.retry(1).refused[1]
    cell.mailbox.capacity = 1


def a_letter(place: Place, *, kind: str = "note", payload: bytes = b"\x80") -> None:
    """Keep a letter as an earlier version may have left it."""
    place.start("a")
    place.fail("/a")
    place.publish(Note())
    letters = place.store._letters
    letters[1] = replace(letters[1], event_type=kind, payload=payload, size=len(payload))


def test_a_type_that_is_known_no_more_is_said(place: Place) -> None:
    a_letter(place, kind="no_such_type")
    assert "'no_such_type' is not an event type" in place.queue.retry(1).refused[1]
    letter = place.letter()
    assert (letter.status, letter.reason) == ("pending", Outcome.UNKNOWN_TYPE)


def test_an_event_that_can_not_be_read_any_more_is_poison(place: Place) -> None:
    a_letter(place, payload=b"\x81\xa6number\xa1x")
    assert "the event can't be read any more: NOTE.number" in place.queue.retry(1).refused[1]
    letter = place.letter()
    assert (letter.status, letter.reason) == ("pending", Outcome.POISON)


def test_an_event_that_was_shed_is_published_again(place: Place) -> None:
    envelope = Envelope(id="x", source="/p", type="note", time=1.0)
    letter = DeadLetter("", Note(), Outcome.REJECTED, 1.0, event_id="x", envelope=envelope)
    place.store.put(letter)
    assert place.letter().status == "dropped"
    place.start("a", "b")
    retried = place.queue.retry("x")
    assert retried.recovered == (1,)
    place.system.run()
    assert [(path, e.id, e.source) for path, e in place.mood.envelopes] == [
        ("/a", "x", "/p"),
        ("/b", "x", "/p"),
    ]


def test_a_try_that_nobody_reads_any_more_was_none(place: Place) -> None:
    place.start("a")
    place.fail("/a")
    place.publish()
    with place.system.stepper.hold(place.system.ref("/a").cell):
        place.queue.retry(1)
        place.system.ref("/a").cell.close()
    assert (place.letter().status, place.letter().retry_count) == ("pending", 0)


# ------------------------------------------------------------------- many letters


def many(place: Place) -> None:
    place.start("a", "b")
    place.fail("/a", "/b")
    for number in range(3):
        place.publish(Note(number=number))
    place.publish(DONE)


def test_letters_are_asked_for_by_type_in_any_spelling(place: Place) -> None:
    many(place)
    assert place.queue.pending_count() == 8
    assert place.queue.pending_count(type="NOTE") == 6
    assert len(place.queue.pending(type="TRAINING_COMPLETE")) == 2
    assert [x.number for x in place.queue.pending(limit=3)] == [1, 2, 3]
    query = place.queue.query(handler="/a", reason=Outcome.FAILED, limit=2)
    assert [x.path for x in place.queue.find(query)] == ["/a", "/a"]


def test_all_are_tried_again_that_are_meant(place: Place) -> None:
    many(place)
    place.fail("/b")
    retried = place.queue.retry_all(type="note", handler="/a")
    assert len(retried.begun) == 3
    place.system.run()
    assert place.queue.statistics().by_status == {"recovered": 3, "pending": 5}
    assert len(place.queue.retry_all(limit=2).begun) == 2
    place.system.run()
    assert place.queue.retry_each([1, 99]).begun == ()


def test_errors_are_summed_up(place: Place) -> None:
    many(place)
    groups = [(g.path, g.event_type, g.error, g.count) for g in place.queue.error_summary()]
    assert groups == [
        ("/a", "note", "ValueError: /a can't", 3),
        ("/b", "note", "ValueError: /b can't", 3),
        ("/a", "training_completed", "ValueError: /a can't", 1),
        ("/b", "training_completed", "ValueError: /b can't", 1),
    ]


def test_letters_are_dropped_and_forgotten_and_that_is_told(place: Place) -> None:
    many(place)
    place.listen()
    assert place.queue.drop(place.queue.query(type="note")) == 6
    assert place.queue.drop(1) == 0
    assert place.queue.cleanup(older_than_hours=1) == 0
    place.system.advance(3601)
    assert place.queue.cleanup(older_than_hours=1) == 6
    assert place.queue.pending_count() == place.queue.statistics().total == 2
    place.system.run()
    assert place.told == [DlqEventsPurged(count=6, reason="nothing happened to them for 1 h")]
    assert place.queue.cleanup(seconds=0) == 0


def test_health_is_that_of_the_letters(place: Place) -> None:
    many(place)
    assert place.queue.health().status == "healthy"


def test_an_export_has_everything_as_json_page_by_page(place: Place) -> None:
    many(place)
    for number in range(60):
        place.publish(Note(number=number))
    exported = list(place.queue.export())
    assert [letter["number"] for letter in exported] == list(range(1, 129))
    first = json.loads(json.dumps(exported[0]))
    assert first["payload"] == {}
    assert exported[2]["payload"] == {"number": 1}
    assert first["envelope"]["source"] == "/test"
    assert first["report"]["cause"] == "ValueError: /a can't"
    assert len(list(place.queue.export(LetterQuery(limit=70)))) == 70


# ------------------------------------------------------------------- in trouble


def test_a_disk_that_refuses_is_an_error_for_who_asks() -> None:
    with pytest.raises(LetterError, match="full"):
        a_queue(LetterError("the disk is full")).retry(1)


def test_a_disk_that_does_not_answer_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringleader.actors.dead_letter_queue.PATIENCE", 0.01)
    with pytest.raises(LetterError, match=r"not changed within 0\.01 s"):
        a_queue(None).retry(1)


def test_news_that_nobody_takes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    def refuse(_: Event) -> None:
        raise PublishError("the registry is not running")

    a_queue(None, announce=refuse).announce(DlqEventsPurged(count=1))
    a_queue(None).announce(DlqEventsPurged(count=1))
    assert caplog.text.count("DLQ_EVENTS_PURGED is not published") == 1


def test_a_try_is_waited_for(place: Place) -> None:
    place.start("a")
    place.fail("/a")
    place.publish()
    place.queue.retry(1)
    assert not place.queue.tries.wait([1], 0.0)
    assert place.queue.tries.under_way == 1
    place.system.run()
    assert place.queue.tries.wait([1], 0.0)
    assert place.queue.tries.under_way == 0


def test_a_consumer_that_lives_elsewhere_now_gets_its_letters(place: Place) -> None:
    place.start("b")
    (subscription,) = place.system.hub.table.routes(Note)
    subscription.consumer = "trainer"
    envelope = Envelope(id="x", source="/p", type="note", time=1.0)
    letter = DeadLetter(
        path="/gone",
        message=Note(),
        reason=Outcome.FAILED,
        time=1.0,
        event_id="x",
        envelope=envelope,
        consumer="trainer",
    )
    place.store.put(letter)
    assert place.queue.retry(1)
    place.system.run()
    assert place.mood.seen == {"/b": 1}
    subscription.consumer = ""


class Unread:
    """A table whose subscriber has just gone for good."""

    def __init__(self, place: Place) -> None:
        self.subscriptions = place.system.hub.table.routes(Note)

    def routes(self, kind: type[Event]) -> Any:
        del kind
        return self.subscriptions


def test_a_subscriber_that_goes_in_this_moment_has_not_had_a_try(place: Place) -> None:
    a_letter(place, payload=b"\x80")
    place.queue.tries._subscribers = Unread(place)
    place.system.ref("/a").cell.close()
    assert "stopped" in place.queue.retry(1).refused[1] or place.letter().retry_count == 0
    assert (place.letter().status, place.queue.tries.under_way) == ("pending", 0)


def test_what_was_shed_is_not_published_again_where_nobody_can(place: Place) -> None:
    envelope = Envelope(id="x", source="/p", type="note", time=1.0)
    letter = DeadLetter("", Note(), Outcome.REJECTED, 1.0, event_id="x", envelope=envelope)
    place.store.put(letter)
    place.queue.tries._republish = None
    assert "publish it again" in place.queue.retry(1).refused[1]


def test_a_letter_that_is_dropped_while_it_is_tried_stays_dropped(place: Place) -> None:
    place.start("a")
    place.fail("/a")
    place.publish()
    assert place.queue.retry(1)
    assert place.queue.drop(1) == 1
    place.system.run()
    assert (place.letter().status, place.letter().retry_count) == ("dropped", 0)


def test_an_outcome_that_is_not_noted_is_logged(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    place.start("a")
    place.fail("/a")
    place.publish()
    place.fail()
    assert place.queue.retry(1)
    with monkeypatch.context() as patch:
        refuse = Refusing(place.system.catalogue, LetterError("the disk is full"))
        patch.setattr(place.store, "change", refuse.change)
        place.system.run()
    assert "dead letter 1: handled is not noted: the disk is full" in caplog.text
    assert place.queue.tries.under_way == 0
