"""The keeper of dead letters tries them again by itself, gives them up in time, and tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader import ChildSpec, Outcome
from ringleader.actors.dead_letter_keeper import DeadLetterKeeper
from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.dead_letters import LetterError
from ringleader.actors.events import (
    DlqEventsPurged,
    DlqEventsReplayed,
    DlqStaleEvents,
    HandlerFailed,
)
from ringleader.actors.events.base import Envelope
from ringleader.actors.letters import DeadLetter
from tests.actors.letters_place import Note, Ordered, Place, a_queue

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def options() -> DeadLetterOptions:
    return DeadLetterOptions()


@pytest.fixture
def place(options: DeadLetterOptions) -> Iterator[Place]:
    place = Place(options)
    with place.system:
        yield place


def test_letters_are_tried_again_by_themselves_when_they_are_due(place: Place) -> None:
    place.start("a", "b")
    place.keep()
    place.system.advance(1)
    place.fail("/a")
    place.publish()
    place.system.advance(118)
    assert place.mood.seen == {"/a": 1, "/b": 1}
    place.system.advance(2)
    assert place.mood.seen == {"/a": 2, "/b": 1}
    place.fail()
    place.system.advance(300)
    assert place.mood.seen == {"/a": 3, "/b": 1}
    assert place.letter().status == "recovered"
    assert place.told == [DlqEventsReplayed(recovered_count=1, event_types=("TRAINING_COMPLETED",))]


def test_at_each_look_only_so_many_are_tried(place: Place) -> None:
    place.start("a")
    place.keep()
    place.fail("/a")
    for number in range(25):
        place.publish(Note(number=number))
    place.fail()
    counts: list[int] = []
    for _ in range(3):
        place.system.advance(60)
        counts.append(place.queue.statistics().by_status.get("recovered", 0))
    assert counts == [10, 20, 25]


def test_what_its_type_says_is_too_old_is_abandoned_instead(place: Place) -> None:
    place.start("a")
    place.keep()
    place.fail("/a")
    place.publish(Ordered(number=1))
    place.system.advance(61)
    assert place.letter().retry_count == 1
    place.system.advance(120)
    letter = place.letter()
    assert (letter.status, letter.reason, letter.retry_count) == ("abandoned", Outcome.EXPIRED, 1)
    assert "published more than 100 s ago" in letter.note
    assert place.mood.seen["/a"] == 2


def earlier(place: Place, *ages: float) -> None:
    """Keep letters of an earlier run, of these ages."""
    now = place.system.manual.time()
    for number, age in enumerate(ages):
        envelope = Envelope(id=f"old{number}", source="/p", type="note", time=now - age)
        place.store.put(
            DeadLetter(
                path="/a",
                message=Note(number=number),
                reason=Outcome.FAILED,
                time=now - age,
                event_id=envelope.id,
                envelope=envelope,
            )
        )


def test_letters_of_earlier_runs_are_tried_at_the_start_unless_they_are_too_old(
    place: Place,
) -> None:
    place.start("a")
    place.store._options = DeadLetterOptions(backoff=100_000, backoff_max=100_000)  # none is due
    earlier(place, 4000, 3000, 500, 10)
    place.keep()
    place.system.advance(31)
    assert [x.status for x in place.queue.find()] == [
        "abandoned",
        "recovered",
        "recovered",
        "pending",
    ]
    assert place.told == [DlqEventsReplayed(recovered_count=2, event_types=("NOTE",))]


def test_a_keeper_that_is_restarted_replays_nothing_twice(place: Place) -> None:
    place.start("a")
    place.keep()
    place.system.advance(31)
    assert place.queue.is_replayed
    keeper = place.system.ref("/keeper").cell
    assert keeper.current is not None
    keeper.kill(keeper.current)
    place.system.run()
    place.store._options = DeadLetterOptions(backoff=100_000, backoff_max=100_000)
    earlier(place, 500)
    place.system.advance(40)
    assert place.letter().status == "pending"


class TestWithoutReplay:
    @pytest.fixture
    def options(self) -> DeadLetterOptions:
        return DeadLetterOptions(replay=False, interval=1000, replay_limit=1)

    def test_nothing_is_tried_at_the_start(self, place: Place) -> None:
        place.start("a")
        earlier(place, 500)
        place.keep()
        place.system.advance(500)
        assert place.letter().status == "pending"


class TestWithALimit:
    @pytest.fixture
    def options(self) -> DeadLetterOptions:
        return DeadLetterOptions(replay_limit=2, interval=1000)

    def test_only_so_many_are_tried_at_the_start(self, place: Place) -> None:
        place.start("a")
        earlier(place, *[500] * 5)
        place.keep()
        place.system.advance(100)
        assert [x.number for x in place.queue.find() if x.status == "recovered"] == [1, 2]


class TestOverWeeks:
    @pytest.fixture
    def options(self) -> DeadLetterOptions:
        return DeadLetterOptions(interval=3600)

    def test_after_a_week_letters_are_abandoned_and_a_week_later_forgotten(
        self, place: Place
    ) -> None:
        place.keep()
        earlier(place, 0)  # nobody is there who would take it
        place.system.advance(168 * 3600)
        assert place.letter().status == "pending"
        place.system.advance(2 * 3600)
        assert (place.letter().status, place.letter().reason) == ("abandoned", Outcome.EXPIRED)
        place.system.advance(169 * 3600)
        assert place.queue.get(1) is None
        assert [type(event) for event in place.told] == [DlqEventsPurged]


def test_many_letters_that_wait_for_long_are_told_once_an_hour(place: Place) -> None:
    place.keep()
    earlier(place, *[0] * 50)
    place.system.advance(3600)
    assert place.told == []
    place.system.advance(120)
    (told,) = place.told
    assert isinstance(told, DlqStaleEvents)
    assert (told.stale_count, told.event_types, told.threshold_hours) == (50, ("NOTE",), 1)
    assert told.max_stale_hours == pytest.approx(1, abs=0.05)
    place.system.advance(3600)
    assert len(place.told) == 2


def test_news_of_failures_make_no_news(place: Place) -> None:
    """Who fails at what the queue tells, or at the news of a failure, is left alone."""
    place.keep()

    def refuse(_: object) -> None:
        raise ValueError("not this")

    for kind in (DlqStaleEvents, DlqEventsReplayed, HandlerFailed):
        place.system.subscribe(kind, refuse)
    earlier(place, *[0] * 50)
    place.system.publish(HandlerFailed(handler_name="/x", event_type="X", error="y"))
    place.system.advance(60 * 60 + 120)
    assert place.queue.drop(place.queue.query(type="NOTE")) == 50
    place.publish(DlqStaleEvents(stale_count=1))
    by_type = place.queue.statistics().by_type
    place.system.advance(6 * 3600)
    assert place.queue.statistics().by_type == by_type
    news = place.queue.find(place.queue.query(type="HANDLER_FAILED"))
    assert {(x.status, x.retry_count, x.next_retry_at) for x in news} == {("pending", 0, None)}


def test_a_keeper_outlives_a_disk_that_refuses(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    queue = a_queue(LetterError("the disk is full"))
    place.system.start_child(ChildSpec("keeper", DeadLetterKeeper, (queue,)))
    place.system.advance(200)
    assert "dead letters: the disk is full" in caplog.text
    assert place.system.deaths.restarts == 0
