"""The catalogue as data: for people, for programs, and for tools that know AsyncAPI."""

from __future__ import annotations

from inspect import cleandoc
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ringleader.actors.events import ALIASES, REJECTED, STAGE_EVENTS, Catalogue, Dedup, Envelope
from ringleader.actors.events.base import CONTENT_TYPE
from ringleader.actors.events.docs import type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ringleader.actors.events import Event

ASYNCAPI: Final = "3.1.0"
SCHEMAS: Final = "#/components/schemas/{name}"


class FieldEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field of an event type.

    Attributes:
        name: of the field.
        type: as a reader writes it: `str`, `Mapping[str, float]`.
        required: whether it must be given.
        default: what it is if it is not given.
    """

    name: str
    type: str
    required: bool = False
    default: Any = None


class TypeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event type, as the catalogue declares it; see `EventType` for the words.

    Attributes:
        name: `TRAINING_COMPLETED`.
        value: `training_completed`.
        class_name: `TrainingCompleted`.
        description: what happened when one is published.
        category: what it is about.
        module: where its struct stands.
        bridged: whether it goes to other nodes.
        durable: whether it is in the event log before it is delivered.
        max_age: seconds after which it is not delivered any more; None: always delivered.
        dedup: when two of them are one.
        priority: which ones are routed first.
        on_pressure: what a publisher meets under pressure.
        one_of: fields of which at least one must be given.
        fields: its payload.
    """

    name: str
    value: str
    class_name: str
    description: str
    category: str
    module: str
    bridged: bool
    durable: bool
    max_age: float | None
    dedup: Dedup
    priority: str
    on_pressure: str
    one_of: tuple[str, ...]
    fields: tuple[FieldEntry, ...]


def entry(event_class: type[Event]) -> TypeEntry:
    """Describe an event type."""
    kind = event_class.EVENT
    return TypeEntry(
        name=kind.name,
        value=kind.value,
        class_name=event_class.__name__,
        description=cleandoc(event_class.__doc__ or "").split("\n\n")[0].replace("\n", " "),
        category=str(kind.category),
        module=kind.module,
        bridged=kind.bridged,
        durable=kind.durable,
        max_age=kind.max_age,
        dedup=kind.dedup,
        priority=str(kind.priority),
        on_pressure=kind.on_pressure,
        one_of=kind.one_of,
        fields=tuple(map(_field, msgspec.structs.fields(event_class))),
    )


def _field(field: msgspec.structs.FieldInfo) -> FieldEntry:
    kind = type_name(field.type)
    if field.required:
        return FieldEntry(name=field.name, type=kind, required=True)
    return FieldEntry(name=field.name, type=kind, default=field.default)


def as_data(catalogue: Catalogue) -> dict[str, Any]:
    """Return all types, and the names that are translated, refused, or views of them."""
    return {
        "types": [entry(event_class) for event_class in catalogue],
        "aliases": ALIASES,
        "rejected": REJECTED,
        "stages": STAGE_EVENTS,
    }


def asyncapi(catalogue: Catalogue, version: str) -> dict[str, Any]:
    """Return the catalogue as an AsyncAPI document; each type has a channel, message and schema.

    The application that it describes is a node: it receives what is published, and sends it to
    those who subscribed. What AsyncAPI has no word for stands in `x-` fields of the message.

    Args:
        catalogue: whose types.
        version: of this package.
    """
    types = tuple(catalogue)
    return {
        "asyncapi": ASYNCAPI,
        "id": "urn:ringleader:events",
        "info": {
            "title": "Ringleader events",
            "version": version,
            "description": "The event types of a node. Headers are CloudEvents 1.0 context "
            "attributes and extensions; `time`, `sequence` and `epoch` are numbers.",
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {kind.EVENT.name: _channel(kind) for kind in types},
        "operations": dict(pair for kind in types for pair in _operations(kind)),
        "components": {
            "messages": {kind.EVENT.name: _message(kind) for kind in types},
            "schemas": _schemas(types),
        },
    }


def _channel(event_class: type[Event]) -> dict[str, Any]:
    kind = event_class.EVENT
    return {
        "address": kind.value,
        "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"}},
    }


def _operations(event_class: type[Event]) -> Iterable[tuple[str, dict[str, Any]]]:
    name = event_class.EVENT.name
    for action, operation in (("receive", "publish"), ("send", "deliver")):
        yield (
            f"{operation}_{event_class.EVENT.value}",
            {
                "action": action,
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            },
        )


def _message(event_class: type[Event]) -> dict[str, Any]:
    kind, described = event_class.EVENT, entry(event_class)
    return {
        "name": kind.value,
        "title": kind.name,
        "summary": described.description,
        "tags": [{"name": described.category}],
        "headers": {
            "type": "object",
            "allOf": [{"$ref": SCHEMAS.format(name=Envelope.__name__)}],
            "properties": {"type": {"const": kind.value}},
        },
        "payload": {"$ref": SCHEMAS.format(name=described.class_name)},
        "x-module": described.module,
        "x-bridged": described.bridged,
        "x-durable": described.durable,
        "x-max-age": described.max_age,
        "x-dedup": msgspec.to_builtins(described.dedup),
        "x-priority": described.priority,
        "x-on-pressure": described.on_pressure,
    }


def _schemas(types: Iterable[type[Event]]) -> dict[str, Any]:
    events = tuple(types)
    _, schemas = msgspec.json.schema_components((*events, Envelope), ref_template=SCHEMAS)
    for event_class in events:
        if event_class.EVENT.one_of:
            schemas[event_class.__name__]["anyOf"] = _any_required(event_class.EVENT.one_of)
    schemas[Envelope.__name__]["description"] = _summary(schemas[Envelope.__name__])
    return schemas


def _any_required(fields: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in fields
    ]


def _summary(schema: Mapping[str, Any]) -> str:
    return cleandoc(str(schema["description"])).split("\n\n")[0]
