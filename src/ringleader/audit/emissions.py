"""Where events are made: by their constructor, or by name."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .body import last_name
from .model import Emission, Site
from .scope import External, Text
from .source import Class, Import

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .body import Bodies
    from .model import Spelling
    from .scope import Scope, Value
    from .source import Function
    from .vocabulary import Vocabulary

BY_NAME: Final = frozenset({"publish", "publish_named"})
"""Calls that take the name of an event."""

SPAWNING: Final = frozenset({"ChildSpec", "start_child", "start"})
"""Calls that are given the class of an actor to be started."""


@dataclass(frozen=True, slots=True)
class Made:
    """Something that a function makes.

    Attributes:
        thing: an event type by its name, or the class of a message.
        site: where.
        own: whether the actor tells it itself.
    """

    thing: str | Class
    site: Site
    own: bool


class Emissions:
    """Finds where events are made.

    Attributes:
        found: the places.
        spellings: names and fields in other spellings than the catalogue's.
        opaque: where a name is only known when the code runs.
        made: by function, what it makes.

    Args:
        bodies: of all functions.
        vocabulary: the event types.
        wanted: other classes, whose instances are messages that somebody handles.
    """

    def __init__(self, bodies: Bodies, vocabulary: Vocabulary, wanted: set[Class]) -> None:
        self._bodies, self._vocabulary, self._wanted = bodies, vocabulary, wanted
        self._names = {e.class_name for e in vocabulary.events.values()}
        self._names |= {c.name for c in wanted}
        self.found: list[Emission] = []
        self.spellings: list[Spelling] = []
        self.opaque: list[Site] = []
        self.made: dict[Function, list[Made]] = {}
        for function in bodies.functions():
            self._read(function)

    def _read(self, function: Function) -> None:
        scope: Scope | None = None
        for call in self._bodies.body(function).calls:
            name = last_name(call.func)
            if name in SPAWNING:
                self._spawned(function, call)
            is_local = not name or (
                isinstance(call.func, ast.Name) and not self._is_global(function, name)
            )
            if name in BY_NAME or name == "replace" or self._may_make(function, name) or is_local:
                scope = scope or self._bodies.scope(function)
                self._call(function, call, scope)
        self._constants(function)

    def _is_global(self, function: Function, name: str) -> bool:
        return name in function.module.symbols or name in _BUILTINS

    def _may_make(self, function: Function, name: str) -> bool:
        symbol = function.module.symbols.get(name)
        real = symbol.name if isinstance(symbol, Import) and symbol.name else name
        return real in self._names or name in self._names

    def _call(self, function: Function, call: ast.Call, scope: Scope) -> None:
        name = last_name(call.func)
        if name in BY_NAME and isinstance(call.func, ast.Attribute | ast.Name):
            self._by_name(function, call, scope)
        if name == "replace" and call.args:
            for value in _instances(call.args[0], scope, self._bodies):
                event = self._vocabulary.event(value)
                if event is not None:
                    self._add(function, event, call, set(), is_open=True)
            return
        for value in dict.fromkeys(self._bodies.project.values(call.func, scope)):
            event = self._vocabulary.event(value)
            if event is not None:
                fields, is_open = _keywords(call)
                self._add(function, event, call, fields, is_open=is_open)
            elif isinstance(value, Class) and value in self._wanted:
                self._make(function, value, call)

    def _add(
        self, function: Function, event: str, call: ast.Call, fields: set[str], *, is_open: bool
    ) -> None:
        site = Site(function.module.path, call.lineno)
        self.found.append(Emission(event, frozenset(fields), is_open, function.where, site))
        self._make(function, event, call)

    def _make(self, function: Function, thing: str | Class, node: ast.expr) -> None:
        site = Site(function.module.path, node.lineno)
        own = id(node) in self._bodies.body(function).to_itself
        self.made.setdefault(function, []).append(Made(thing, site, own=own))

    def _spawned(self, function: Function, call: ast.Call) -> None:
        """Take in actors that are started: that is a message to them, too."""
        scope = self._bodies.scope(function)
        for node in [*call.args, *(k.value for k in call.keywords)]:
            for value in self._bodies.project.values(node, scope):
                if isinstance(value, Class) and value in self._wanted:
                    self._make(function, value, call)

    def _constants(self, function: Function) -> None:
        """Take in messages that are made once and told often: `RECHECK`."""
        project = self._bodies.project
        for node in self._bodies.body(function).names:
            symbol = function.module.symbols.get(node.id)
            if node.id.isupper() and symbol is not None and not isinstance(symbol, Class):
                scope = project.body(function.module)
                for made in self._constant_instances(node, scope):
                    self._make(function, made, node)

    def _constant_instances(self, node: ast.Name, scope: Scope) -> Iterator[Class]:
        for made in self._bodies.project.constant(scope.module, node.id):
            if made in self._wanted:
                yield made

    # ---------------------------------------------------------------- by name

    def _by_name(self, function: Function, call: ast.Call, scope: Scope) -> None:
        if not call.args:
            return
        values = self._bodies.project.values(call.args[0], scope)
        names = [v for v in values if _is_name(v) or _is_member(v)]
        payload = _payload(call)
        if not names:
            if payload is not None and not isinstance(call.args[0], ast.Call):
                self.opaque.append(Site(function.module.path, call.lineno))
            return
        for name in names:
            event = self._event(name, call.lineno, function.module.path)
            if event is not None:
                fields, is_open = self._payload_fields(event, payload, function, scope)
                self._add(function, event, call, fields, is_open=is_open)

    def _event(self, name: Value, line: int, path: str) -> str | None:
        if isinstance(name, External):
            name = Text(name.last, line)
        assert isinstance(name, Text)  # noqa: S101  # for type checkers: `names` holds no others
        event, spelling = self._vocabulary.named(Text(name.value, line), path)
        if spelling is not None:
            self.spellings.append(spelling)
        return event

    def _payload_fields(
        self, event: str, payload: ast.expr | None, function: Function, scope: Scope
    ) -> tuple[set[str], bool]:
        if payload is None:
            return set(), False
        if isinstance(payload, ast.Name):
            given = scope.values.get(payload.id, ())
            payload = given[0] if len(given) == 1 else payload
        if not isinstance(payload, ast.Dict):
            return set(), True
        fields: set[str] = set()
        is_open = False
        for key, value in zip(payload.keys, payload.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                text = Text(key.value, key.lineno)
                meant, spelling = self._vocabulary.field(event, text, function.module.path)
                self.spellings += [] if spelling is None else [spelling]
                fields |= set() if meant is None or _is_none(value) else {meant}
            else:
                is_open = True
        return fields, is_open


_BUILTINS: Final = frozenset(dir(builtins))


def _keywords(call: ast.Call) -> tuple[set[str], bool]:
    """Return the fields that a constructor sets, and whether it may set more."""
    fields = {k.arg for k in call.keywords if k.arg is not None and not _is_none(k.value)}
    more = [k.value for k in call.keywords if k.arg is None]
    is_open = bool(call.args)
    for values in more:
        if isinstance(values, ast.Dict) and all(isinstance(k, ast.Constant) for k in values.keys):
            fields |= {str(k.value) for k in values.keys if isinstance(k, ast.Constant)}
        else:
            is_open = True
    return fields, is_open


def _payload(call: ast.Call) -> ast.expr | None:
    named = (k.value for k in call.keywords if k.arg == "payload")
    return next(named, call.args[1] if len(call.args) > 1 else None)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_name(value: Value) -> bool:
    """Tell whether it may be an event's name: other things are published by other libraries."""
    return isinstance(value, Text) and value.value.isidentifier()


def _is_member(value: Value) -> bool:
    return isinstance(value, External) and value.holder == "DataEventType"


def _instances(node: ast.expr, scope: Scope, bodies: Bodies) -> list[Value]:
    if not isinstance(node, ast.Name):
        return []
    said = scope.annotations.get(node.id, ())
    return [v for a in said for v in bodies.project.annotated(a, scope)]
