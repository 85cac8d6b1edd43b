from __future__ import annotations

import pytest

from ringleader.actors.events import (
    Catalogue,
    DataEventType,
    Event,
    EventCategory,
    EventType,
    EventTypeError,
    EventValidationError,
    TrainingCompleted,
    UnknownEvent,
    UnknownEventTypeError,
)


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


def test_a_name_that_is_known_is_parsed_as_ever(catalogue: Catalogue) -> None:
    payload = {"config": "hex8_2p", "source": "trainer"}
    parsed = catalogue.parse_leniently("training_complete", payload)
    assert parsed == catalogue.parse("training_complete", payload)
    assert parsed.event == TrainingCompleted(config_key="hex8_2p")
    assert parsed.unknown is None


def test_an_unknown_name_becomes_an_unknown_event_that_keeps_all_it_came_with(
    catalogue: Catalogue,
) -> None:
    payload = {"config": "hex8_2p", "games": [1, {"won": True}]}
    parsed = catalogue.parse_leniently("Selfplay_Compleat", payload)
    event = parsed.event
    assert isinstance(event, UnknownEvent)
    assert event.type == "Selfplay_Compleat"
    assert event.fields == {"config": "hex8_2p", "games": (1, {"won": True})}
    assert parsed.renamed == ()


def test_it_says_why_the_name_is_unknown_and_what_is_near(catalogue: Catalogue) -> None:
    unknown = catalogue.parse_leniently("TRAINING_COMPLETID", {}).unknown
    assert isinstance(unknown, UnknownEventTypeError)
    assert unknown.suggestions[0] == "TRAINING_COMPLETED"


def test_a_name_that_is_known_to_be_wrong_is_unknown_too(catalogue: Catalogue) -> None:
    parsed = catalogue.parse_leniently("TRAINING_PAUSED", {"config_key": "a"})
    assert parsed.event == UnknownEvent(type="TRAINING_PAUSED", fields={"config_key": "a"})
    assert parsed.unknown is not None
    assert "NODE_UNHEALTHY says why" in parsed.unknown.hint


def test_who_and_when_are_taken_for_the_envelope_and_stay_where_they_are(
    catalogue: Catalogue,
) -> None:
    payload = {"source": "old-daemon", "timestamp": "2026-01-03T00:00:00Z"}
    parsed = catalogue.parse_leniently("NEVER_HEARD_OF", payload)
    assert (parsed.source, parsed.time) == ("old-daemon", 1767398400.0)
    assert isinstance(parsed.event, UnknownEvent)
    assert parsed.event.fields == payload


def test_a_source_and_a_time_that_make_no_sense_are_left_where_they_are(
    catalogue: Catalogue,
) -> None:
    payload = {"source": 7, "timestamp": "soon"}
    parsed = catalogue.parse_leniently("NEVER_HEARD_OF", payload)
    assert (parsed.source, parsed.time) == (None, None)
    assert isinstance(parsed.event, UnknownEvent)
    assert parsed.event.fields == payload


def test_a_payload_that_is_wrong_for_a_known_type_is_still_refused(catalogue: Catalogue) -> None:
    with pytest.raises(EventValidationError, match="no such field"):
        catalogue.parse_leniently("TRAINING_COMPLETED", {"config_key": "a", "colour": "red"})


@pytest.mark.parametrize("fields", [{"a": float("nan")}, {"a": object()}, {1: 2}, {"a": {1: 2}}])
def test_what_cannot_be_sent_at_all_is_refused_even_here(
    catalogue: Catalogue, fields: dict[str, object]
) -> None:
    with pytest.raises(EventValidationError, match=r"^UNKNOWN_EVENT\.fields"):
        catalogue.parse_leniently("NEVER_HEARD_OF", fields)


def test_every_catalogue_knows_it_and_none_counts_it(catalogue: Catalogue) -> None:
    assert catalogue.find("UNKNOWN_EVENT") is catalogue.find("unknown_event") is UnknownEvent
    assert UnknownEvent in catalogue
    assert len(catalogue) == 253
    assert UnknownEvent not in list(catalogue)
    assert UnknownEvent not in catalogue.of_category(EventCategory.OTHER)
    assert "UNKNOWN_EVENT" not in DataEventType.__members__


def test_it_survives_the_wire_and_two_alike_are_two(catalogue: Catalogue) -> None:
    event = UnknownEvent(type="X", fields={"a": [1]})
    received, data = catalogue.validated(event)
    assert catalogue.decode("unknown_event", data) == received
    assert received.fields == {"a": (1,)}
    assert UnknownEvent.EVENT.dedup.kind == "id"


def test_it_can_be_published_by_its_own_name(catalogue: Catalogue) -> None:
    parsed = catalogue.parse("UNKNOWN_EVENT", {"type": "X", "fields": {"a": 1}})
    assert parsed.event == UnknownEvent(type="X", fields={"a": 1})


def test_its_name_is_taken(catalogue: Catalogue) -> None:
    class Mine(Event, frozen=True, kw_only=True):
        EVENT = EventType.custom("UNKNOWN_EVENT")

    with pytest.raises(EventTypeError, match="give its EVENT another name"):
        catalogue.register(Mine)
    with pytest.raises(UnknownEventTypeError):
        catalogue.validated(Mine())
