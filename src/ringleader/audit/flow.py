"""What leads to what: a handler makes an event or a message, and another handler takes it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, TypeAlias

from .body import last_name
from .model import Node, Step
from .source import Class, Function

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .body import Bodies, Body
    from .emissions import Made
    from .handling import Handler
    from .resolve import Project
    from .scope import Scope

BORDERS: Final = frozenset({"publish", "publish_named", "tell", "ask"})
"""Calls that hand something over: what they do with it is the receiver's, or the router's."""


def leaf_for(function: Function, leaf: Class | None, project: Project) -> Class | None:
    """Return whose instance runs a method that is called from a method of `leaf`."""
    if function.owner is None or leaf is None or function.owner not in project.line(leaf):
        return None
    return leaf


class Flow:
    """Follows handlers through the functions that they call.

    Args:
        bodies: of all functions.
        made: by function, what it makes.
    """

    def __init__(self, bodies: Bodies, made: Mapping[Function, Iterable[Made]]) -> None:
        self._bodies, self._made = bodies, made
        self._callees: dict[tuple[Function, Class | None], tuple[Place, ...]] = {}

    def steps(self, handlers: Iterable[Handler]) -> list[Step]:
        """Return the steps from handler to handler."""
        taken: dict[str | Class, dict[tuple[Node, bool], None]] = {}
        made: dict[Node, dict[Made, None]] = {}
        for handler in handlers:
            mine = list(self.made_by(handler))
            takings: list[str | Class] = [*handler.wish.topic.events, *handler.wish.messages]
            for takes in takings:
                node = Node(handler.owner, _label(takes))
                taken.setdefault(takes, {})[node, handler.wish.echo] = None
                made.setdefault(node, {}).update(dict.fromkeys(mine))
        steps: dict[tuple[Node, Node, str], Step] = {}
        for source, things in made.items():
            for found in things:
                for target, echo in taken.get(found.thing, ()):
                    is_event, same = isinstance(found.thing, str), target.owner == source.owner
                    if (is_event and same and not echo) or (found.own and not same):
                        continue  # nobody hears its own echo
                    step = Step(source, target, _label(found.thing), is_event, found.site)
                    steps.setdefault((source, target, step.carries), step)
        return list(steps.values())

    def made_by(self, handler: Handler) -> Iterator[Made]:
        """Return what a handler makes, with all that it calls."""
        seen: set[Place] = set()
        waiting: list[Place] = [(handler.function, handler.leaf), *self._prepared(handler.leaf)]
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            yield from self._made.get(place[0], ())
            waiting.extend(self._called(place))

    def _prepared(self, leaf: Class | None) -> Iterator[Place]:
        """Return where a supervisor says which actors it starts: any of its turns may do it."""
        project = self._bodies.project
        if leaf is None or not any(n.endswith("Supervisor") for n in project.ancestry(leaf)):
            return
        for name in ("__init__", "init"):
            method = project.method(leaf, name)
            if method is not None:
                yield method, leaf

    def _called(self, place: Place) -> tuple[Place, ...]:
        found = self._callees.get(place)
        if found is None:
            found = self._callees[place] = tuple(dict.fromkeys(self._look(*place)))
        return found

    def _look(self, function: Function, leaf: Class | None) -> Iterator[Place]:
        body, project = self._bodies.body(function), self._bodies.project
        scope = self._bodies.scope(function, leaf)
        for call in body.calls:
            if last_name(call.func) not in BORDERS:
                for called in project.callables(call.func, scope):
                    yield from self._enter(called, leaf)
        for function_named in self._passed_on(body, scope):
            yield from self._enter(function_named, leaf)

    def _passed_on(self, body: Body, scope: Scope) -> Iterator[Function]:
        """Return methods and functions that are named without being called, and properties."""
        project = self._bodies.project
        values = [
            v
            for node in body.attributes
            if isinstance(node.value, ast.Name) and node.value.id == scope.self_name
            for v in project.values(node, scope)
        ]
        values += [
            v
            for node in body.names
            if node.id not in scope.values and node.id in scope.module.symbols
            for v in project.name(scope.module, node.id)
        ]
        yield from (v for v in values if isinstance(v, Function))

    def _enter(self, called: Class | Function, leaf: Class | None) -> Iterator[Place]:
        project = self._bodies.project
        if isinstance(called, Function):
            yield called, leaf_for(called, leaf, project)
            return
        init = project.method(called, "__init__")
        if init is not None:
            yield init, called


Place: TypeAlias = "tuple[Function, Class | None]"


def _label(thing: str | Class) -> str:
    return thing if isinstance(thing, str) else thing.dotted
