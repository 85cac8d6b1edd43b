from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from ringleader.actors.events import (
    Catalogue,
    Dedup,
    Event,
    EventType,
    EventTypeError,
    ReadOnlyDict,
)
from ringleader.actors.events.registration import check_event_class

if TYPE_CHECKING:
    from collections.abc import Callable

PAID = EventType.custom("ORDER_PAID")


class Line(msgspec.Struct, frozen=True):
    article: str
    options: Mapping[str, str] = {}


class LooseLine(msgspec.Struct):
    article: str


class WithLines(Event, frozen=True, kw_only=True):
    EVENT = PAID

    lines: tuple[Line, ...]
    best: Line | None = None
    notes: Mapping[str, tuple[str, ...]]


def without_event() -> type[Any]:
    class NoEvent(Event, frozen=True, kw_only=True):
        pass

    return NoEvent


def inherited_event() -> type[Any]:
    class More(WithLines, frozen=True, kw_only=True):
        pass

    return More


def no_struct() -> type[Any]:
    class Plain:
        EVENT = PAID

    return Plain


def named(**data: Any) -> Callable[[], type[Any]]:
    def make() -> type[Any]:
        class Odd(Event, frozen=True, kw_only=True):
            EVENT = msgspec.structs.replace(EventType.custom("ODD"), **data)

            field: str | None = None

        return Odd

    return make


def changeable() -> type[Any]:
    return msgspec.defstruct("Odd", [], bases=(Event,), namespace={"EVENT": PAID}, frozen=False)


def with_field(kind: Any) -> Callable[[], type[Any]]:
    def make() -> type[Any]:
        return msgspec.defstruct(
            "Odd", [("field", kind)], bases=(Event,), namespace={"EVENT": PAID}, frozen=True
        )

    return make


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (no_struct, "subclass Event"),
        (without_event, "set EVENT"),
        (inherited_event, "set EVENT"),
        (changeable, "declare it with frozen=True"),
        (named(name="odd"), "use capitals"),
        (named(name="ODD-ONE"), "use capitals"),
        (named(max_age=0.0), "seconds above 0"),
        (named(dedup=Dedup.key("order_id")), "'order_id', which it has not"),
        (named(dedup=Dedup.key()), "needs field names"),
        (named(dedup=Dedup.key("field")), "'field', which may be None: two events without it"),
        (named(priority="high"), "priority 'high'; it is one of Priority.LOW, Priority.NORMAL"),
        (named(priority=3), "priority 3; it is one of"),
        (named(on_pressure="drop"), "on_pressure 'drop'; it is one of accept, slow, shed, refuse"),
        (named(on_pressure="shed", durable=True), "is durable, and may be shed"),
        (named(one_of=("order_id",)), "'order_id', which it has not"),
        (with_field(list[str]), r"use tuple\[X, ...\]"),
        (with_field(set[str]), r"use frozenset\[X\]"),
        (with_field(bytearray | None), "use bytes"),
        (with_field(tuple[list[str], ...]), "use tuple"),
        (with_field(Mapping[str, list[str]]), "use tuple"),
        (with_field(Mapping[int, str]), r"keys are text: use Mapping\[str, X\]"),
        (with_field(LooseLine), "declare LooseLine with frozen=True"),
        (with_field(int | Line | LooseLine), "can't be decoded"),
    ],
)
def test_a_class_that_can_be_no_event_type_is_refused_with_advice(
    make: Callable[[], type[Any]], advice: str
) -> None:
    with pytest.raises(EventTypeError, match=advice):
        check_event_class(make())


def test_structs_inside_an_event_arrive_read_only() -> None:
    catalogue = Catalogue()
    catalogue.register(WithLines)
    line = Line("pen", {"colour": "red"})
    event = WithLines(lines=(line,), best=line, notes={"gift": ("yes",)})
    received, _ = catalogue.validated(event)
    assert received == event
    assert type(received.lines[0].options) is ReadOnlyDict
    assert received.best is not None
    assert type(received.best.options) is ReadOnlyDict
    assert type(received.notes) is ReadOnlyDict
