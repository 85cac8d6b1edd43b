from __future__ import annotations

from typing import Any

import pytest

from ringleader.actors.events import (
    FIELD_ALIASES,
    Catalogue,
    DaemonStarted,
    EventValidationError,
    HostOffline,
    NewGamesAvailable,
    TaskSpawned,
    TrainingCompleted,
    WorkQueued,
    canonical_fields,
)

CATALOGUE = Catalogue()
WORK = {"work_id": "w1", "work_type": "selfplay"}


@pytest.mark.parametrize("old", ["config", "config_id"])
def test_old_spellings_of_the_configuration_become_config_key(old: str) -> None:
    assert canonical_fields(TrainingCompleted, {old: "hex8_2p"}) == {"config_key": "hex8_2p"}


@pytest.mark.parametrize("old", ["host", "hostname", "host_id", "node", "node_name"])
def test_a_host_as_an_identity_becomes_node_id(old: str) -> None:
    assert canonical_fields(HostOffline, {old: "node-a"}) == {"node_id": "node-a"}


def test_a_hostname_stays_where_the_type_has_one() -> None:
    payload = {"daemon_name": "sync", "hostname": "box", "pid": 7}
    assert canonical_fields(DaemonStarted, payload) == payload


def test_a_spelling_that_is_a_field_of_the_type_is_left_alone() -> None:
    payload = {"task_id": "t1", "config": {"games": 50}}
    assert canonical_fields(TaskSpawned, payload) == payload


@pytest.mark.parametrize("old", ["new_games", "games", "games_generated"])
def test_the_number_of_games_gets_the_name_that_the_type_has(old: str) -> None:
    assert canonical_fields(NewGamesAvailable, {old: 50}) == {"count": 50}


def test_board_and_players_stand_for_the_configuration() -> None:
    payload = {**WORK, "board_type": "hex8", "num_players": 3}
    assert canonical_fields(WorkQueued, payload) == {**WORK, "config_key": "hex8_3p"}


def test_board_and_players_may_repeat_the_configuration() -> None:
    payload = {**WORK, "config_key": "hex8_2p", "board_type": "hex8", "num_players": 2}
    assert canonical_fields(WorkQueued, payload) == {**WORK, "config_key": "hex8_2p"}


def test_half_of_board_and_players_is_an_error() -> None:
    with pytest.raises(EventValidationError, match="num_players to derive it from is too"):
        canonical_fields(WorkQueued, {"board_type": "hex8"})


def test_half_of_board_and_players_beside_the_configuration_is_dropped() -> None:
    payload = {"config_key": "hex8_2p", "num_players": 2}
    assert canonical_fields(WorkQueued, payload) == {"config_key": "hex8_2p"}


def test_spellings_that_agree_are_one() -> None:
    payload = {"config": "hex8_2p", "config_key": "hex8_2p"}
    assert canonical_fields(WorkQueued, payload) == {"config_key": "hex8_2p"}


def test_spellings_that_contradict_each_other_are_an_error_that_names_both() -> None:
    with pytest.raises(EventValidationError, match="config='a' and config_key='b'") as caught:
        canonical_fields(WorkQueued, {"config": "a", "config_key": "b"})
    assert caught.value.field == "config_key"


def test_a_spelling_without_a_value_does_not_hide_the_other() -> None:
    assert canonical_fields(WorkQueued, {"config": None, "config_key": "b"})["config_key"] == "b"
    assert canonical_fields(WorkQueued, {"config_key": "b", "config": None})["config_key"] == "b"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00", 60.0),
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1970-01-02", 86400.0),
    ],
)
def test_times_as_text_become_seconds(text: str, seconds: float) -> None:
    assert canonical_fields(HostOffline, {"last_seen": text}) == {"last_seen": seconds}


@pytest.mark.parametrize("text", ["1970-99-99", "20240101", "soon"])
def test_text_that_is_no_time_is_left_for_validation(text: str) -> None:
    assert canonical_fields(HostOffline, {"last_seen": text}) == {"last_seen": text}


def test_words_of_a_scale_may_be_in_capitals() -> None:
    event = CATALOGUE.from_payload("SYNC_REQUEST", {"reason": "stale", "priority": "URGENT"})
    assert getattr(event, "priority", None) == "urgent"


def test_source_and_time_are_handed_to_the_envelope() -> None:
    payload = {"node": "a", "source": "monitor", "timestamp": "1970-01-01T00:01:00"}
    parsed = CATALOGUE.parse("host_offline", payload)
    assert parsed.event == HostOffline(node_id="a")
    assert (parsed.source, parsed.time) == ("monitor", 60.0)


@pytest.mark.parametrize(
    ("field", "value"), [("source", 3), ("timestamp", "soon"), ("timestamp", True)]
)
def test_an_unusable_source_or_time_is_an_error(field: str, value: Any) -> None:
    with pytest.raises(EventValidationError, match="expected") as caught:
        canonical_fields(HostOffline, {"node_id": "a", field: value})
    assert caught.value.field == field


def test_old_spellings_are_reported_for_counting() -> None:
    parsed = CATALOGUE.parse("TRAINING_COMPLETE", {"config": "hex8_2p", "epochs": 3, "source": "x"})
    assert parsed.renamed == ("TRAINING_COMPLETE", "config", "epochs", "source")
    assert CATALOGUE.parse("TRAINING_COMPLETED", {"config_key": "hex8_2p"}).renamed == ()


def test_no_spelling_stands_for_itself() -> None:
    assert [old for old, new in FIELD_ALIASES.items() if old in new] == []


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("TRAINING_COMPLETED", {"config_key": "hex8_2p", "model_path": "/path/to/model.pth"}),
        ("TRAINING_COMPLETED", {"config_key": "hex8_2p", "success": True, "epoch": 50}),
        ("TRAINING_COMPLETED", {"config_key": "hex8_2p"}),
        ("MODEL_PROMOTED", {"model_path": "models/hex8_2p.pth", "elo": 1850}),
        ("MODEL_PROMOTED", {"model": "foo"}),
        ("QUALITY_DEGRADED", {"config_key": "hex8_2p", "quality_drop_percent": 25}),
        ("ERROR", {"message": "Something failed"}),
        ("GAMES_GENERATED", {"config": "hex8_2p", "games": 12, "host": "a"}),
    ],
)
def test_payloads_of_the_reference_systems_documents_are_understood(
    name: str, payload: dict[str, Any]
) -> None:
    event = CATALOGUE.from_payload(name, payload)
    assert CATALOGUE.validated(event)[0] == event
