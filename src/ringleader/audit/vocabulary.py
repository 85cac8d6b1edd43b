"""Which event types there are, and what is meant by the names that code uses for them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ringleader.actors import events as shapes
from ringleader.actors.events.aliases import ALIASES, REJECTED, STAGES, canonical
from ringleader.actors.events.base import Event
from ringleader.actors.events.catalogue import load
from ringleader.actors.events.errors import UnknownEventTypeError, did_you_mean, nearest
from ringleader.actors.events.fields import FIELD_ALIASES
from ringleader.actors.events.names import DataEventType

from .model import EventInfo, Site, Spelling
from .scope import External, Text
from .source import Class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .model import Default
    from .resolve import Project
    from .scope import Value

OURS: Final = "ringleader."
_BESIDE: Final = frozenset({"source", "timestamp"})
"""What a payload may say for the envelope."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What is subscribed to.

    Attributes:
        events: the names of the types.
        exact: whether each type was named; else they come of a category or a base class.
        is_all: whether it is every event: `events` is empty then.
    """

    events: tuple[str, ...] = ()
    exact: bool = True
    is_all: bool = False


class Vocabulary:
    """The catalogue's types, and those that the scanned code declares.

    Args:
        project: the scanned code.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self.events: dict[str, EventInfo] = {}
        self._by_class: dict[str, str] = {m.class_name: m.name for m in DataEventType}
        self._runtime: dict[str, type[Event]] = {}
        for member in DataEventType:
            kind = self._runtime[member.name] = load(member)
            self.events[member.name] = EventInfo(
                name=member.name,
                class_name=member.class_name,
                fields=_fields(kind),
                attributes=frozenset(dir(kind)),
                category=str(member.category),
                module=member.module,
            )
        self._declared: dict[Class, str | None] = {}
        for module in project.modules.values():
            for found in module.classes:
                self._declare(found)

    # ---------------------------------------------------------------- classes

    def event(self, value: Value) -> str | None:
        """Return the name of the event type that a class is."""
        if isinstance(value, Class):
            return self._declared.get(value)
        if isinstance(value, External) and value.dotted.startswith(OURS):
            return self._by_class.get(value.last)
        return None

    def _declare(self, found: Class) -> str | None:
        if found in self._declared:
            return self._declared[found]
        self._declared[found] = None
        said = found.constants.get("EVENT")
        name = None if said is None else _name_in(said)
        if name is None or not self.is_event_class(found):
            return None
        site = Site(found.module.path, found.node.lineno)
        known = self.events.get(name)
        if known is not None and known.class_name == found.name:
            self.events[name] = replace(known, site=site)
        else:
            fields = self._declared_fields(found)
            methods = {m for base in self._project.line(found) for m in base.methods}
            attributes = frozenset({"EVENT", *self._inherited(found), *fields, *methods})
            self.events[name] = EventInfo(
                name, found.name, fields, attributes, module=found.module.name, site=site
            )
        self._declared[found] = name
        return name

    def is_event_class(self, value: Value) -> bool:
        """Tell whether a class is derived from `Event`."""
        if isinstance(value, External):
            return value.dotted.startswith(OURS) and self._struct(value.last) is not None
        if not isinstance(value, Class):
            return False
        line = self._project.line(value)
        return any(
            (c.name == "Event" and c.module.name.startswith(OURS))
            or any(
                isinstance(b, External) and self.is_event_class(b) for b in self._project.bases(c)
            )
            for c in line
        )

    def _struct(self, class_name: str) -> type[Event] | None:
        kind: Any = getattr(shapes, class_name, None)
        return kind if isinstance(kind, type) and issubclass(kind, Event) else None

    def _inherited(self, found: Class) -> set[str]:
        """Return what a class has of bases that were not scanned."""
        bases = [b for c in self._project.line(found) for b in self._project.bases(c)]
        structs = [self._struct(b.last) for b in bases if isinstance(b, External)]
        return {name for struct in (Event, *structs) if struct is not None for name in dir(struct)}

    def _declared_fields(self, found: Class) -> dict[str, Default]:
        fields: dict[str, Default] = {}
        for base in reversed(self._project.line(found)):
            for above in self._project.bases(base):
                kind = self._struct(above.last) if isinstance(above, External) else None
                fields |= {} if kind is None else _fields(kind)
            for node in base.node.body:
                match node:
                    case ast.AnnAssign(target=ast.Name(id=name), annotation=said, value=value):
                        if "ClassVar" not in ast.unparse(said):
                            fields[name] = _default_in(value)
                    case _:
                        pass
        fields.pop("EVENT", None)
        return fields

    # ---------------------------------------------------------------- topics and names

    def topic(self, value: Value) -> Topic | None:
        """Return what is subscribed to by a class, a category or `ALL`; None if it is none."""
        name = self.event(value)
        if name is not None:
            return Topic((name,))
        if isinstance(value, External):
            if value.last == "ALL":
                return Topic(is_all=True)
            if value.holder == "EventCategory":
                wanted = value.last.lower()
                found = (e.name for e in self.events.values() if e.category == wanted)
                return Topic(tuple(found), exact=False)
            if value.holder == "DataEventType" and value.last in self.events:
                return Topic((value.last,))
        return self._base_topic(value) if self.is_event_class(value) else None

    def _base_topic(self, value: Value) -> Topic:
        name = value.name if isinstance(value, Class) else getattr(value, "last", "")
        if name == "Event":
            return Topic(is_all=True)
        kind = self._struct(name)
        events = [n for n, k in self._runtime.items() if kind is not None and issubclass(k, kind)]
        if isinstance(value, Class):
            own = (n for c, n in self._declared.items() if n and value in self._project.line(c))
            events += own
        return Topic(tuple(dict.fromkeys(events)), exact=False)

    def named(self, text: Text, path: str) -> tuple[str | None, Spelling | None]:
        """Return the type that a name means, and what is wrong with the name.

        The name and the wire value are right; other spellings are aliases.
        """
        spelling, site = text.value.upper(), Site(path, text.line)
        if spelling in self.events:
            return spelling, None
        try:
            name = canonical(text.value, self.events)
        except UnknownEventTypeError as error:
            advice = error.hint or did_you_mean(error.suggestions).removeprefix("; ")
            return None, Spelling("unregistered", text.value, "", advice, site)
        if text.value == str(DataEventType[name]) or spelling not in ALIASES:
            return name, None
        return name, Spelling("alias", text.value, name, f"write {name}", site)

    def stage(self, text: Text, path: str) -> tuple[str | None, Spelling | None]:
        """Return the event type that a stage of the pipeline is seen in."""
        if text.value in STAGES:
            return STAGES[text.value], None
        near = did_you_mean(nearest(text.value, STAGES)).removeprefix("; ")
        advice = near or f"stages are {', '.join(STAGES)}"
        return None, Spelling("unregistered", text.value, "", advice, Site(path, text.line))

    def field(self, event: str, text: Text, path: str) -> tuple[str | None, Spelling | None]:
        """Return the field that a payload's key means; None if it belongs into the envelope."""
        fields, key = self.events[event].fields, text.value
        if key in fields:
            return key, None
        if key in _BESIDE:
            return None, None
        if key in {"board_type", "num_players"} and "config_key" in fields:
            return "config_key", None
        meant = next((f for f in FIELD_ALIASES.get(key, ()) if f in fields), None)
        if meant is None:
            return key, None
        site = Site(path, text.line)
        return meant, Spelling("alias", key, event, f"write {meant}", site)


def rejected_because(name: str) -> str:
    """Return what to say of a name that is met in documents, but is no event; else nothing."""
    why = REJECTED.get(name.upper(), "")
    return f": {why}" if why else ""


def _fields(kind: type[Event]) -> dict[str, Default]:
    return {f.name: _default(f) for f in msgspec.structs.fields(kind)}


def _default(found: msgspec.structs.FieldInfo) -> Default:
    if found.required:
        return "required"
    if found.default is msgspec.NODEFAULT:
        return "nothing"  # an empty collection
    return "nothing" if found.default in (None, "", ()) else "meaning"


def _default_in(value: ast.expr | None) -> Default:
    match value:
        case None:
            return "required"
        case ast.Constant(value=None) | ast.Constant(value=""):
            return "nothing"
        case ast.Tuple(elts=[]) | ast.Dict(keys=[]) | ast.List(elts=[]) | ast.Call():
            return "nothing"
        case _:
            return "meaning"


def _name_in(node: ast.expr) -> str | None:
    """Return the name in `EventType.custom("NAME", ...)` or `EventType(name="NAME", ...)`."""
    if not isinstance(node, ast.Call):
        return None
    said: Iterable[ast.expr] = [
        *node.args[:1],
        *(k.value for k in node.keywords if k.arg == "name"),
    ]
    names = [n.value for n in said if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return names[0].upper() if names else None
