"""Writes `docs/events.md`: `python -m ringleader.actors.events.docs > docs/events.md`."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from inspect import cleandoc
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from .aliases import ALIASES, REJECTED
from .catalogue import load
from .fields import FIELD_ALIASES
from .names import DataEventType
from .scales import PressureLevel, Priority
from .stages import STAGE_EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .base import Dedup, Event, EventType

INTRODUCTION = """\
# Event types

<!-- Written by `python -m ringleader.actors.events.docs > docs/events.md`; change the structs. -->

An event is a frozen struct; its fields are its payload, and its constructor is its emitter. Each
type is known by its name (`TRAINING_COMPLETED`), by its value on the wire (`training_completed`),
and by its class (`from ringleader.actors.events import TrainingCompleted`). `source` and `time` are
in the envelope, not in the payload.

How to read an entry:

- **Fields** that are bold are required; the others are left out (`None`, or empty) unless a default
  is given. *One of* names fields of which at least one is needed.
- **bridged** events go to other nodes; **durable** ones are in the event log before they are
  delivered; after **max age** an event is not delivered any more.
- **duplicates**: within the deduplication window, *equal payload* drops an event that says the same
  again; *same key* drops one with equal key fields; *same id* drops only a second copy of the very
  event, because equal payloads are different facts there.
- **priority** is *normal* unless given; *high*, *urgent* and *critical* events are routed before
  all that waits, *low* ones are the first to be left out under pressure.
- **under pressure** says what a publisher meets while the registry is behind, unless its event is
  taken as always: *slow* makes it wait (a coroutine awaits, a thread blocks; in an actor's turn the
  event is taken, because an actor must not block); *shed* turns the event into a dead letter,
  because the next one says the same; *refuse* is an error, and the publisher may ask again later.
- Times are seconds UTC. Units are in the names: `_seconds`, `_hours`, `_ms`, `_gb`, `_usd`;
  `_percent` is of 100, `_ratio` and win rates are of 1.
- `config_key` is `<board>_<N>p`, as in `hex8_2p`; `node_id` is who, `hostname` (of `DAEMON_*` only)
  is the machine that a process runs on.

What can't arrive as what it is gets refused where it is published, by type and field: numbers that
are not finite, integers beyond 64 bits, keys that are not text, text that is not Unicode, objects
other than plain data, and more bytes or levels than the settings allow (1 MiB, 32 levels).

Where unknown names are allowed (lenient validation), what comes under one is published as
`UnknownEvent` (`UNKNOWN_EVENT`), with the name as `type` and the payload as `fields`.
"""

SPELLING_RULES = """\
Accepted in payloads that come by name, where the type has the field and has not the spelling as a
field of its own. Two spellings of one field that contradict each other are an error. Besides,

- `source` and `timestamp` move into the envelope;
- `board_type` and `num_players` together stand for `config_key`;
- ISO-8601 times become seconds;"""


def render() -> str:
    """Write the whole page."""
    return "\n".join([INTRODUCTION, *_contents(), *_modules(), *_spellings()])


def _modules() -> Iterator[str]:
    for module, members in groupby(DataEventType, key=lambda member: member.module):
        yield f"## {module}\n"
        yield f"{_summary(import_module(f'.{module}', __package__).__doc__)}\n"
        for member in members:
            yield from _entry(load(member))


def _contents() -> Iterator[str]:
    yield f"The {len(DataEventType)} types, by module:\n"
    for module, members in groupby(DataEventType, key=lambda member: member.module):
        yield f"- [{module}](#{module}): {len(list(members))}"
    yield "- [old names](#old-names), [stages](#stages), [field spellings](#field-spellings)\n"


def _entry(event_class: type[Event]) -> Iterator[str]:
    kind = event_class.EVENT
    yield f"### {kind.name}\n"
    yield f"{_summary(event_class.__doc__)}\n"
    facts = [f"`{event_class.__name__}`", f"`{kind.value}`", f"category {kind.category}"]
    yield " · ".join([*facts, *_facts(kind)]) + "\n"
    yield _fields(event_class) + "\n"


def _facts(kind: EventType) -> Iterator[str]:
    if kind.bridged:
        yield "bridged"
    if kind.durable:
        yield "durable"
    if kind.max_age is not None:
        yield f"max age {kind.max_age:g} s"
    if kind.priority is not Priority.NORMAL:
        yield f"priority {kind.priority}"
    if kind.on_pressure != "accept":
        yield f"under pressure: {kind.on_pressure}"
    yield f"duplicates: {_duplicates(kind.dedup)}"


def _duplicates(dedup: Dedup) -> str:
    if dedup.kind == "key":
        return f"same {' + '.join(f'`{field}`' for field in dedup.fields)}"
    return {"content": "equal payload", "id": "same id"}[dedup.kind]


def _fields(event_class: type[Event]) -> str:
    listed = [_field(field) for field in msgspec.structs.fields(event_class)]
    if event_class.EVENT.one_of:
        choice = " or ".join(f"`{name}`" for name in event_class.EVENT.one_of)
        listed.append(f"*one of* {choice}")
    return f"Fields: {', '.join(listed)}." if listed else "No fields."


def _field(field: msgspec.structs.FieldInfo) -> str:
    kind = type_name(field.type)
    if field.required:
        return f"**`{field.name}`** {kind}"
    if field.default is None or field.default == ():
        return f"`{field.name}` {kind}"
    default = str(field.default) if isinstance(field.default, bool) else repr(field.default)
    if isinstance(field.default, Priority | PressureLevel):
        default = f'"{field.default}"'
    return f"`{field.name}` {kind} = {default}"


def type_name(annotation: Any) -> str:
    """Write a field's type as a reader writes it; that it may be left out is said otherwise."""
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    text = str(annotation) if "[" in str(annotation) else text
    text = re.sub(r"\b(?:\w+\.)+(\w+)", r"\1", text)
    return text.removesuffix(" | None").replace("|", "or")


def _summary(docstring: str | None) -> str:
    return cleandoc(docstring or "").split("\n\n")[0].replace("\n", " ")


def _spellings() -> Iterator[str]:
    yield "## Old names\n"
    yield "Spellings that are translated where they come in, in either case:\n"
    yield from _table(("old", "catalogue"), ((f"`{o}`", f"`{n}`") for o, n in ALIASES.items()))
    yield "\nNames that are refused:\n"
    yield from _table(("name", "answer"), ((f"`{n}`", hint) for n, hint in REJECTED.items()))
    yield "\n## Stages\n"
    yield "The pipeline's stages are views of events:\n"
    rows = ((f"`{s}`", ", ".join(f"`{e}`" for e in events)) for s, events in STAGE_EVENTS.items())
    yield from _table(("stage", "events it is seen in"), rows)
    yield "\n## Field spellings\n"
    yield SPELLING_RULES
    yield f"- `priority` as a word is one of {_scale(Priority)};"
    yield f"- the level of backpressure is one of {_scale(PressureLevel)}.\n"
    rows = ((f"`{old}`", ", ".join(f"`{n}`" for n in new)) for old, new in FIELD_ALIASES.items())
    yield from _table(("spelling", "field"), rows)
    yield ""


def _scale(scale: type[Priority | PressureLevel]) -> str:
    return " < ".join(scale)


def _table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |"
    yield "|---|---|"
    for left, right in rows:
        yield f"| {left} | {right} |"


if __name__ == "__main__":
    sys.stdout.write(render())
