"""The last events, and who handled them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader import Actor, ChildSpec, Outcome, handles
from ringleader.actors.events import EvaluationStarted, ModelPromoted, TrainingCompleted
from ringleader.actors.history import NOTES, Handling, Notes
from ringleader.actors.message import Note
from ringleader.actors.options import EventOptions
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Iterator

DONE = TrainingCompleted(config_key="hex8_2p", model_path="m.npz")


def numbered(number: int) -> TrainingCompleted:
    return TrainingCompleted(config_key="hex8_2p", model_path=f"{number}.npz")


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100, events=EventOptions(history=10)) as system:
        system.run()
        system.hub.history.entries.clear()
        yield system


class Evaluator(Actor):
    """Takes two seconds, and publishes."""

    @handles(TrainingCompleted)
    async def evaluate(self, event: TrainingCompleted) -> None:
        await self.sleep(2.0)
        self.publish(EvaluationStarted(config_key=event.config_key, model_path=event.model_path))


class Quick(Actor):
    """Does nothing."""

    @handles(TrainingCompleted)
    def hear(self, event: TrainingCompleted) -> None:
        del event


class Failing(Actor):
    """Fails at every event."""

    @handles(TrainingCompleted)
    def fail(self, event: TrainingCompleted) -> None:
        raise ValueError(event.config_key)


def test_the_history_keeps_the_last_events_only(system: TestSystem) -> None:
    for number in range(25):
        system.publish(numbered(number))
    system.run()

    assert len(system.hub.history) == 10
    events = [past.event for past in system.history(TrainingCompleted)]
    assert events == [numbered(number) for number in range(15, 25)]


def test_a_duplicate_is_not_in_the_history(system: TestSystem) -> None:
    system.publish(DONE)
    system.publish(DONE)
    system.run()

    assert [past.event for past in system.history()] == [DONE]


def test_events_are_found_by_type_source_time_and_number(system: TestSystem) -> None:
    system.publish(numbered(1), source="/a/b")
    system.publish(ModelPromoted(config_key="hex8_2p", model_path="m"), source="/a")
    system.run()
    system.advance(10.0)
    now = system.context.clock.time()
    system.publish(numbered(2), source="/ab")
    system.run()

    def found(**query: Any) -> list[str]:
        return [past.envelope.source for past in system.history(**query)]

    assert found() == ["/a/b", "/a", "/ab"]
    assert found(topic="training_complete") == ["/a/b", "/ab"]
    assert found(source="/a") == ["/a/b", "/a"]
    assert found(since=now) == ["/ab"]
    assert found(limit=2) == ["/a", "/ab"]


@pytest.mark.usefixtures("quiet")
def test_it_tells_who_handled_an_event_how_it_ended_and_how_long_it_took(
    system: TestSystem,
) -> None:
    system.start_child(ChildSpec("evaluator", Evaluator))
    system.start_child(ChildSpec("failing", Failing))
    system.publish(DONE)
    system.run()

    (past,) = system.history(TrainingCompleted)
    assert past.handlings[0] == Handling("/evaluator", "", 0.0)

    system.advance(2.0)
    (past,) = system.history(TrainingCompleted)
    assert past.handlings == (
        Handling("/evaluator", "handled", 2.0),
        Handling("/failing", "failed", 0.0),
    )


def test_how_deliveries_ended_is_kept_for_a_bounded_number_of_them(system: TestSystem) -> None:
    for name in ("a", "b"):
        system.start_child(ChildSpec(name, Quick))
    for number in range(300):
        system.publish(numbered(number))
        if not number % 7:  # turns of different lengths
            system.run()
    system.run()

    notes = system.hub.history.notes.all()
    assert sum(len(note.items) for note in notes) <= 10 * NOTES
    for past in system.history(TrainingCompleted):
        assert [handling.outcome for handling in past.handlings] == ["handled", "handled"]


def test_of_more_notes_than_there_is_room_for_the_oldest_go() -> None:
    notes = Notes(10)
    given: list[Any] = [None] * 4
    for path in ("/a", "/b", "/c", "/d"):
        notes.append(Note(path, given, 0.0, Outcome.HANDLED))
    assert [note.path for note in notes.all()] == ["/c", "/d"]

    notes.append(Note("/much", given * 3, 0.0, Outcome.HANDLED))
    assert notes.all() == []


def test_an_undertaking_is_all_that_one_event_led_to(system: TestSystem) -> None:
    system.start_child(ChildSpec("evaluator", Evaluator))
    system.publish(ModelPromoted(config_key="x", model_path="m"))
    first = system.publish(DONE)
    system.run()
    system.advance(2.0)

    def names(event_id: str) -> list[str]:
        return [past.event.EVENT.name for past in system.hub.history.undertaking(event_id)]

    chain = ["TRAINING_COMPLETED", "EVALUATION_STARTED"]
    assert names(first.id) == chain
    (second,) = system.history(EvaluationStarted)
    assert names(second.envelope.id) == chain
    assert names("no such event") == []
