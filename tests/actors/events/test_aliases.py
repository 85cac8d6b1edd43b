from __future__ import annotations

import pytest

from ringleader.actors.errors import RingleaderError
from ringleader.actors.events import (
    ALIASES,
    REJECTED,
    STAGES,
    DataEventType,
    UnknownEventTypeError,
    canonical,
)


@pytest.mark.parametrize("name", ["DATA_SYNC_COMPLETED", "data_sync_completed", "sync_completed"])
def test_a_name_its_value_and_either_case_mean_the_same(name: str) -> None:
    assert canonical(name) == "DATA_SYNC_COMPLETED"


def test_every_name_and_value_means_itself() -> None:
    for member in DataEventType:
        assert canonical(member.name) == canonical(member.value) == member.name


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_means_a_name_of_the_catalogue(alias: str) -> None:
    assert canonical(alias) == canonical(alias.lower()) == ALIASES[alias]
    assert ALIASES[alias] in DataEventType.__members__
    assert alias not in DataEventType.__members__


@pytest.mark.parametrize("name", REJECTED)
def test_a_rejected_name_is_answered_with_what_to_do(name: str) -> None:
    with pytest.raises(UnknownEventTypeError, match="is not an event type") as caught:
        canonical(name.lower())
    assert caught.value.hint == REJECTED[name]
    assert REJECTED[name] in str(caught.value)


def test_an_unknown_name_is_answered_with_the_nearest_ones() -> None:
    with pytest.raises(UnknownEventTypeError) as caught:
        canonical("TRAINING_COMPLETID")
    assert caught.value.name == "TRAINING_COMPLETID"
    assert caught.value.suggestions[0] == "TRAINING_COMPLETED"
    assert "did you mean TRAINING_COMPLETED" in str(caught.value)


def test_a_name_like_no_other_gets_no_suggestion() -> None:
    with pytest.raises(UnknownEventTypeError, match=r"not an event type of the catalogue$"):
        canonical("xyzzy")


def test_names_of_ones_own_are_suggested_too() -> None:
    with pytest.raises(UnknownEventTypeError, match="ORDER_PAID"):
        canonical("ORDER_PAYED", ["ORDER_PAID"])


def test_the_error_is_a_lookup_error_of_ringleader() -> None:
    assert issubclass(UnknownEventTypeError, LookupError)
    assert issubclass(UnknownEventTypeError, RingleaderError)


def test_stages_are_seen_in_events_of_the_catalogue_but_for_the_end_of_an_iteration() -> None:
    assert {stage for stage, event in STAGES.items() if event is None} == {"iteration_complete"}
    assert {event for event in STAGES.values() if event} <= {*DataEventType.__members__}
    assert len(STAGES) == 21
    assert len(ALIASES) == 42
    assert len(REJECTED) == 10
