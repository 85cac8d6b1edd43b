"""Which classes other nodes may name: those that were registered, and nothing is ever imported."""

from __future__ import annotations

import builtins
import dataclasses
import inspect
import pathlib
import typing
from contextlib import suppress
from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import pykka

from ringleader.actors.class_names import class_name
from ringleader.actors.errors import CannotCross, RingleaderError

from .remote_exports import is_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OURS: Final = "ringleader."
_PATHS: Final = (
    pathlib.PurePath,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
    pathlib.Path,
    pathlib.PosixPath,
)


class KnownClasses:
    """Finds classes by name among those that are known.

    Known are: Python's exceptions and Ringleader's own errors, paths, what was registered, and
    what the exported actors handle: the types that their `@handles` and the annotations of their
    public methods name, with the types of the fields of those. Safe to use from several threads.
    """

    def __init__(self, classes: Iterable[type[Any]] = ()) -> None:
        self._lock = Lock()
        self._classes: dict[str, type[Any]] = {}
        self._learned: set[object] = set()
        for kind in vars(builtins).values():
            if isinstance(kind, type) and issubclass(kind, Exception):
                self._add(kind)
        for kind in (*_PATHS, pykka.ActorDeadError, pykka.Timeout):
            self._add(kind)
        self.register(*classes)

    def register(self, *classes: type[Any]) -> None:
        """Let values of these classes, and of their fields' classes, come from other nodes."""
        for kind in classes:
            self._learn(kind)

    def learn(self, actor_class: type[Any]) -> None:
        """Let come what the actors of a class handle, and what their methods take and return."""
        if actor_class in self._learned:
            return
        self._learned.add(actor_class)
        for kind in getattr(actor_class, "handlers", {}):
            self._learn(kind)
        for name, function in inspect.getmembers(actor_class, inspect.isfunction):
            if is_open(name):
                self.learn_method(function)

    def learn_method(self, function: Callable[..., Any]) -> None:
        """Let come what a method takes and returns, as far as its annotations say so."""
        if function in self._learned:
            return
        self._learned.add(function)
        for hint in _hints(function):
            self._learn(hint)

    def find(self, name: str) -> type[Any]:
        """Return the class of a name.

        Raises:
            ValueError: none is known by it.
        """
        found = self._classes.get(name)
        if found is None and name.startswith(OURS):
            self._add_errors()
            found = self._classes.get(name)
        if found is None:
            raise ValueError(
                f"the class {name[:200]!r} is not known here: let an exported actor handle it, "
                "or register it with the bridge"
            )
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._classes

    def _learn(self, hint: Any) -> None:
        """Register a class, or those in a type expression, and go on with their fields."""
        for part in typing.get_args(hint):
            self._learn(part)
        kind = typing.get_origin(hint) or hint
        if not isinstance(kind, type) or kind in self._learned or not _is_data(kind):
            return
        self._learned.add(kind)
        self._add(kind)
        for field in _hints(kind):
            self._learn(field)

    def _add(self, kind: type[Any]) -> None:
        with suppress(CannotCross), self._lock:  # nobody could name it, so nobody will
            self._classes[class_name(kind)] = kind

    def _add_errors(self) -> None:
        """Register our errors, as far as their modules are loaded."""
        waiting: list[type[RingleaderError]] = [RingleaderError]
        while waiting:
            kind = waiting.pop()
            waiting.extend(kind.__subclasses__())
            if kind.__module__.startswith(OURS):
                self._add(kind)


def _is_data(kind: type[Any]) -> bool:
    """Tell whether values of a class can cross by its name."""
    return (
        dataclasses.is_dataclass(kind)
        or hasattr(kind, "__struct_fields__")
        or issubclass(kind, Enum)
        or (tuple in kind.__mro__ and hasattr(kind, "_fields"))
        or (issubclass(kind, Exception) and kind is not Exception)
    )


def _hints(thing: Any) -> list[Any]:
    """Return the annotations of a class or a function, as far as they can be resolved."""
    try:
        return list(typing.get_type_hints(thing).values())
    except (NameError, TypeError, AttributeError):
        return []  # names that exist for type checkers only
