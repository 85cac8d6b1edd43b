"""What actors take without `@handles`: messages that a method looks for, and being started."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from .handling import Handler, Wish
from .model import Site
from .source import Class
from .vocabulary import Topic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from .body import Bodies
    from .source import Function

AMONG_THEMSELVES: Final = ("Supervisor", "DynamicSupervisor")
"""Classes whose messages are about starting and ending actors, and no concern of events."""


def receivers(bodies: Bodies, handled: Collection[Class]) -> list[Handler]:
    """Return what takes messages that nobody declares to handle, and what starts actors.

    A method of an actor that asks whether its parameter is an instance of a class takes messages
    of it. A start is modelled as a message, too: its class is the actor's own.

    Args:
        bodies: of all functions.
        handled: the classes that are declared to be handled.
    """
    project = bodies.project
    classes = [c for m in project.modules.values() for c in m.classes]
    derived = {base for c in classes for base in project.line(c)[1:]}
    found: list[Handler] = []
    for leaf in classes:
        if leaf in derived or not is_actor(leaf, bodies):
            continue
        start = project.method(leaf, "on_start")
        if start is not None:
            found.append(_handler(leaf, start, leaf))
        for base in project.line(leaf):
            if base.name in AMONG_THEMSELVES:
                continue
            for function in base.methods.values():
                messages = [m for m in _looked_for(function, leaf, bodies) if m not in handled]
                found += [_handler(leaf, function, message) for message in messages]
    return found


def is_actor(owner: Class, bodies: Bodies) -> bool:
    """Tell whether a class is derived from an actor's."""
    ancestry = bodies.project.ancestry(owner)
    return any(name.endswith(("Actor", *AMONG_THEMSELVES)) for name in ancestry)


def _handler(leaf: Class, function: Function, message: Class) -> Handler:
    site = Site(function.module.path, getattr(function.node, "lineno", 0))
    return Handler(Wish(Topic(), (message,), (), echo=False, site=site), function, leaf, leaf.name)


def _looked_for(function: Function, leaf: Class, bodies: Bodies) -> Iterator[Class]:
    parameters = {p.arg for p in function.parameters[1:]}
    for node in function.nodes:
        match node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), kinds]):
                if name in parameters:
                    yield from _classes(bodies, kinds, function, leaf)
            case ast.Match(subject=ast.Name(id=name), cases=cases) if name in parameters:
                for case in cases:
                    for pattern in ast.walk(case.pattern):
                        if isinstance(pattern, ast.MatchClass):
                            yield from _classes(bodies, pattern.cls, function, leaf)
            case _:
                pass


def _classes(bodies: Bodies, node: ast.expr, function: Function, leaf: Class) -> Iterator[Class]:
    for value in bodies.project.values(node, bodies.scope(function, leaf)):
        if isinstance(value, Class):
            yield value
