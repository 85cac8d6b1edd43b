"""The catalogue as data, and as an AsyncAPI document that its own schema takes."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from jsonschema import Draft7Validator

from ringleader.actors.events import Catalogue, DataEventType, Event, EventType
from ringleader.actors.events.catalogue import load
from ringleader.catalogue_export import as_data, asyncapi, entry
from tests.actors.events.making import events_of

#: `schemas/3.1.0-without-$id.json` of the npm package @asyncapi/specs 6.11.1; see NOTICE beside it.
SCHEMA = Path(__file__).parent / "data" / "asyncapi-3.1.0.json"

VALIDATOR: Any = Draft7Validator  # its stubs are typed in part


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    written: dict[str, Any] = json.loads(msgspec.json.encode(asyncapi(Catalogue(), "1.2.3")))
    return written


@pytest.fixture(scope="module")
def validator() -> Any:
    return VALIDATOR(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_document_is_asyncapi(document: dict[str, Any], validator: Any) -> None:
    assert document["asyncapi"] == "3.1.0"
    assert [error.message for error in validator.iter_errors(document)] == []


@pytest.mark.parametrize("part", ["operations", "channels"])
def test_a_document_that_is_not_is_noticed(
    part: str, document: dict[str, Any], validator: Any
) -> None:
    few = {"publish_new_games", "NEW_GAMES_AVAILABLE"}
    wrong = {**document, part: {k: copy.deepcopy(v) for k, v in document[part].items() if k in few}}
    next(iter(wrong[part].values()))["colour"] = "red"
    wrong["components"] = {}
    assert not validator.is_valid(wrong)


def test_each_type_has_a_channel_a_message_a_schema_and_two_operations(
    document: dict[str, Any],
) -> None:
    names = DataEventType.__members__.keys()
    assert document["channels"].keys() == document["components"]["messages"].keys() == names
    assert {member.class_name for member in DataEventType} < {*document["components"]["schemas"]}
    assert len(document["operations"]) == 2 * 253
    assert document["channels"]["NEW_GAMES_AVAILABLE"]["address"] == "new_games"
    assert document["operations"]["publish_new_games"]["action"] == "receive"
    assert document["operations"]["deliver_new_games"]["action"] == "send"


def test_a_message_says_what_the_catalogue_says(document: dict[str, Any]) -> None:
    message = document["components"]["messages"]["TASK_COMPLETED"]
    assert message["x-dedup"] == {"kind": "key", "fields": ["task_id"]}
    assert (message["x-durable"], message["x-bridged"]) == (True, True)
    assert (message["x-priority"], message["x-on-pressure"]) == ("normal", "accept")
    assert message["headers"]["properties"]["type"] == {"const": "task_completed"}


def test_all_references_lead_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


def references(value: Any) -> set[str]:
    whole: Any = value
    if isinstance(value, list):
        return {found for item in whole for found in references(item)}
    if not isinstance(value, dict):
        return set()
    own = {whole["$ref"]} if isinstance(whole.get("$ref"), str) else set[str]()
    return own | {found for item in whole.values() for found in references(item)}


@pytest.mark.parametrize("name", ["NEW_GAMES_AVAILABLE", "MODEL_PROMOTED", "SYNC_REQUEST", "ERROR"])
def test_events_meet_the_schema_of_their_payload(name: str, document: dict[str, Any]) -> None:
    event_class = load(DataEventType[name])
    schema = {**document, "$ref": f"#/components/schemas/{event_class.__name__}"}
    validator = VALIDATOR(schema)

    @settings(max_examples=10, deadline=None, database=None)
    @given(events_of(event_class))
    def meets(event: Event) -> None:
        validator.validate(json.loads(msgspec.json.encode(event)))

    meets()


def test_a_payload_without_any_of_the_fields_that_give_it_its_sense_does_not(
    document: dict[str, Any],
) -> None:
    schema = {**document, "$ref": "#/components/schemas/ModelPromoted"}
    assert not VALIDATOR(schema).is_valid({"elo": 1850})
    assert not VALIDATOR(schema).is_valid({"model_id": None})
    assert VALIDATOR(schema).is_valid({"model_id": "m1"})


def test_the_data_has_all_types_and_names() -> None:
    data = json.loads(msgspec.json.encode(as_data(Catalogue())))
    assert len(data["types"]) == 253
    assert data.keys() == {"types", "aliases", "rejected", "stages"}
    assert data["stages"]["iteration_complete"][0] == "MODEL_PROMOTED"
    started = next(t for t in data["types"] if t["name"] == "DAEMON_STARTED")
    assert started["fields"][2] == {"name": "pid", "type": "int", "required": True}
    assert (started["priority"], started["dedup"]["kind"]) == ("high", "id")


def test_a_type_of_ones_own_is_described_like_the_others() -> None:
    class OrderPaid(Event, frozen=True, kw_only=True):
        """An order was paid.

        In full.
        """

        EVENT = EventType.custom("ORDER_PAID", durable=True, max_age=60.0)

        order_id: str
        amount: float = 1.5

    described = entry(OrderPaid)
    assert described.description == "An order was paid."
    assert (described.durable, described.max_age, described.module) == (True, 60.0, "user")
    assert [field.default for field in described.fields] == [None, 1.5]
    catalogue = Catalogue()
    catalogue.register(OrderPaid)
    assert "ORDER_PAID" in asyncapi(catalogue, "1")["channels"]
