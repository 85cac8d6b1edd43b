"""What functions consist of, as far as events are concerned; each is gone through once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .resolve import Project
    from .source import Class, Function


@dataclass(frozen=True, slots=True)
class Body:
    """The parts of a function.

    Attributes:
        calls: all calls.
        names: other names that are read, such as constants and functions that are passed on.
        attributes: the same of attributes.
        to_itself: ids of the nodes inside what an actor tells itself.
    """

    calls: tuple[ast.Call, ...]
    names: tuple[ast.Name, ...]
    attributes: tuple[ast.Attribute, ...]
    to_itself: frozenset[int]


class Bodies:
    """The bodies of all functions, and their scopes, each made when it is first asked for.

    What a timer is set to tell is left out of a body: time is its cause, not what set it.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._bodies: dict[Function, Body] = {}
        self._scopes: dict[tuple[Function, Class | None], Scope] = {}

    def body(self, function: Function) -> Body:
        """Return what a function consists of."""
        found = self._bodies.get(function)
        if found is None:
            found = self._bodies[function] = _read(function)
        return found

    def scope(self, function: Function, leaf: Class | None = None) -> Scope:
        """Return what names mean in a function, run by an instance of `leaf`."""
        key = (function, leaf)
        found = self._scopes.get(key)
        if found is None:
            found = self._scopes[key] = Scope(function, leaf)
        return found

    def functions(self) -> Iterator[Function]:
        """Go through all functions."""
        for module in self.project.modules.values():
            yield from module.functions


def _read(function: Function) -> Body:
    calls: list[ast.Call] = []
    names: list[ast.Name] = []
    attributes: list[ast.Attribute] = []
    timed: set[int] = set()
    called: set[int] = set()
    own: set[int] = set()
    for node in function.nodes:
        match node:
            case ast.Call():
                calls.append(node)
                called.add(id(node.func))
                if is_timer(node):
                    timed.update(_ids(node))
                elif is_to_itself(node):
                    own.update(_ids(node))
            case ast.Name(ctx=ast.Load()):
                names.append(node)
            case ast.Attribute(ctx=ast.Load()):
                attributes.append(node)
            case _:
                pass
    return Body(
        calls=tuple(n for n in calls if id(n) not in timed),
        names=tuple(n for n in names if id(n) not in timed and id(n) not in called),
        attributes=tuple(n for n in attributes if id(n) not in timed and id(n) not in called),
        to_itself=frozenset(own),
    )


def _ids(call: ast.Call) -> set[int]:
    """Return the ids of the nodes inside a call's arguments."""
    arguments = [*call.args, *(k.value for k in call.keywords)]
    return {id(inner) for argument in arguments for inner in ast.walk(argument)}


def is_timer(node: ast.Call) -> bool:
    """Tell whether a call sets a timer of an actor."""
    match node.func:
        case ast.Attribute(value=ast.Attribute(attr="timers"), attr="once" | "periodic"):
            return True
        case _:
            return False


def is_to_itself(node: ast.Call) -> bool:
    """Tell whether an actor tells itself something."""
    match node.func:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(), attr="actor_ref"), attr="tell"):
            return True
        case _:
            return False


def last_name(node: ast.expr) -> str:
    """Return what a call's function is called, without where it comes from."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
