"""All 253 types against the table of the reference system's events."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.events import DataEventType
from ringleader.actors.events.catalogue import load
from ringleader.actors.events.fields import FIELD_ALIASES
from ringleader.actors.events.registration import check_event_class

if TYPE_CHECKING:
    from ringleader.actors.events import Event

TABLE = Path(__file__).parents[2] / "data" / "events.tsv"

#: Payload fields that are not fields of the struct: the envelope has them, or config_key says them.
ELSEWHERE = {
    "source": None,
    "timestamp": None,
    "board_type": "config_key",
    "num_players": "config_key",
}


def rows() -> list[list[str]]:
    with TABLE.open(encoding="utf-8") as table:
        return [row for row in csv.reader(table, delimiter="\t") if not row[0].startswith("#")]


def seed_named(row: list[str]) -> list[str]:
    fields = row[6].split(", ") if len(row) > 6 and row[6] else []
    return [field.split(":")[0] for field in fields if field.endswith("*")]


def has_field(event_class: type[Event], name: str) -> bool:
    fields = event_class.__struct_fields__
    if name in fields:
        return True
    if name in ELSEWHERE:
        return ELSEWHERE[name] in {None, *fields}
    return any(field in fields for field in FIELD_ALIASES.get(name, ()))


every_row = pytest.mark.parametrize("row", rows(), ids=[row[0] for row in rows()])
every_type = pytest.mark.parametrize("member", DataEventType, ids=lambda member: member.name)


def test_the_table_and_the_catalogue_name_the_same_253_types() -> None:
    assert len(DataEventType) == 253
    assert [row[0] for row in rows()] != []
    assert {row[0] for row in rows()} == {member.name for member in DataEventType}


@every_row
def test_value_category_and_module_are_those_of_the_table(row: list[str]) -> None:
    name, value, category, module, bridged = row[:5]
    member = DataEventType[name]
    kind = load(member).EVENT
    assert (member.value, member.category, member.module) == (value, category, module)
    assert (kind.name, kind.value, kind.category, kind.module) == (name, value, category, module)
    assert kind.bridged == (bridged == "yes")


@every_row
def test_every_seed_named_field_exists_under_its_canonical_name(row: list[str]) -> None:
    event_class = load(DataEventType[row[0]])
    assert [name for name in seed_named(row) if not has_field(event_class, name)] == []


def test_the_table_names_fields_by_seed_at_all() -> None:
    assert sum(len(seed_named(row)) for row in rows()) > 150


@every_type
def test_every_type_meets_the_rules_for_event_types(member: DataEventType) -> None:
    check_event_class(load(member))


@every_type
def test_every_type_stands_in_its_module_and_says_what_happened(member: DataEventType) -> None:
    event_class = load(member)
    assert event_class.__module__ == f"ringleader.actors.events.{member.module}"
    assert event_class.__doc__ is not None
    assert event_class.__doc__.endswith(".")
    assert len(event_class.__doc__.splitlines()) == 1


@every_type
def test_no_type_has_a_field_that_belongs_into_the_envelope(member: DataEventType) -> None:
    assert not {"source", "timestamp"} & {*load(member).__struct_fields__}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("DAEMON_STARTED", "daemon_name hostname pid"),
        ("DAEMON_STOPPED", "daemon_name hostname reason"),
        ("DAEMON_STATUS_CHANGED", "daemon_name hostname old_status new_status reason error"),
        (
            "DAEMON_CRASH_LOOP_DETECTED",
            "daemon_name hostname restart_count window_minutes max_restarts severity message",
        ),
        (
            "DAEMON_PERMANENTLY_FAILED",
            "daemon_name hostname restart_count requires_intervention reason timeout_seconds",
        ),
        ("DEADLOCK_DETECTED", "resources holders"),
    ],
)
def test_lifecycle_events_have_the_fields_that_the_reference_system_sends(
    name: str, fields: str
) -> None:
    assert {*fields.split()} <= {*load(DataEventType[name]).__struct_fields__}


@pytest.mark.parametrize(
    "name",
    [
        "SELFPLAY_COMPLETE",
        "NEW_GAMES_AVAILABLE",
        "DATA_SYNC_COMPLETED",
        "NPZ_EXPORT_STARTED",
        "NPZ_EXPORT_COMPLETE",
        "NPZ_COMBINATION_STARTED",
        "NPZ_COMBINATION_COMPLETE",
        "NPZ_COMBINATION_FAILED",
        "TRAINING_STARTED",
        "TRAINING_COMPLETED",
        "TRAINING_FAILED",
        "EVALUATION_STARTED",
        "EVALUATION_COMPLETED",
        "EVALUATION_FAILED",
        "MODEL_PROMOTED",
        "PROMOTION_STARTED",
        "PROMOTION_FAILED",
        "PROMOTION_REJECTED",
        "TASK_SPAWNED",
        "WORK_QUEUED",
    ],
)
def test_events_of_a_stage_can_say_which_iteration_they_belong_to(name: str) -> None:
    assert "iteration" in load(DataEventType[name]).__struct_fields__


@pytest.mark.parametrize(
    "name",
    ["SELFPLAY_COMPLETE", "TRAINING_COMPLETED", "EVALUATION_COMPLETED", "NPZ_EXPORT_COMPLETE"],
)
def test_results_of_stages_are_durable_and_do_not_start_work_an_hour_later(name: str) -> None:
    kind = load(DataEventType[name]).EVENT
    assert kind.durable
    assert kind.max_age == 3600


@pytest.mark.parametrize("name", ["MODEL_PROMOTED", "PROMOTION_ROLLED_BACK", "WORK_COMPLETED"])
def test_decisions_are_durable_and_delivered_however_late(name: str) -> None:
    kind = load(DataEventType[name]).EVENT
    assert kind.durable
    assert kind.max_age is None


@pytest.mark.parametrize(
    "name",
    [
        "DAEMON_STARTED",
        "HOST_ONLINE",
        "TASK_HEARTBEAT",
        "TRAINING_PROGRESS",
        "NEW_GAMES_AVAILABLE",
        "SELFPLAY_COMPLETE",
        "BACKPRESSURE_ACTIVATED",
        "BACKPRESSURE_RELEASED",
        "PARTITION_HEALING_FAILED",
        "LEADER_ELECTED",
        "WORK_RETRY",
    ],
)
def test_types_whose_equal_payloads_are_different_facts_are_told_apart_by_id(name: str) -> None:
    assert load(DataEventType[name]).EVENT.dedup.kind == "id"


@pytest.mark.parametrize("name", ["MODEL_PROMOTED", "TRAINING_COMPLETED", "DEADLOCK_DETECTED"])
def test_types_that_say_the_same_again_are_told_apart_by_content(name: str) -> None:
    assert load(DataEventType[name]).EVENT.dedup.kind == "content"


def test_a_task_completes_once() -> None:
    dedup = load(DataEventType.TASK_COMPLETED).EVENT.dedup
    assert (dedup.kind, dedup.fields) == ("key", ("task_id",))
