"""Constructor arguments of declared actors, found by parameter name, as a test's fixtures are."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec

from .errors import ConfigError, Problem
from .layers import Origin, check, nested, overlay
from .schema import keys, struct_of
from .toml import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .faults import Where
    from .schema import KeyPath
    from .tree import PlannedChild

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_MISSING = object()


class Provider:
    """Finds what the constructors of actor classes ask for.

    A parameter gets, in this order: what is provided under its name; the section of the settings
    that has the parameter's type (of several, the one of its name), with the entry's `options` laid
    over it when the parameter is called `options`; for `options` of any other struct, the entry's
    `options` converted to it, or the bare table where no struct is asked for; its own default.

    Args:
        settings: the whole tree.
        provide: values by parameter name.
        where: names the place of a key, for errors.
    """

    def __init__(
        self, settings: msgspec.Struct, provide: Mapping[str, object], where: Where
    ) -> None:
        self._provide = provide
        self._where = where
        self._sections = list(_sections(settings))

    def arguments(self, child: PlannedChild, actor_class: type) -> dict[str, object]:
        """Return the keyword arguments for a planned child.

        Raises:
            ConfigError: with every parameter that can't be provided and every wrong option.
        """
        found: dict[str, object] = {}
        problems: list[Problem] = []
        parameters = list(_parameters(actor_class))
        for parameter in parameters:
            try:
                value = self._argument(child, actor_class, parameter)
            except ConfigError as error:
                problems.extend(error.problems)
                continue
            if value is not _MISSING:
                found[parameter.name] = value
        if child.options and not any(parameter.name == "options" for parameter in parameters):
            wrong = f"{child.actor} takes no options"
            problems.append(self._problem((*child.key, "options"), wrong, "remove them"))
        if problems:
            raise ConfigError(problems)
        return found

    def _argument(
        self, child: PlannedChild, actor_class: type, parameter: inspect.Parameter
    ) -> object:
        name = parameter.name
        if name in self._provide:
            return self._provide[name]
        hint = self._hint(child, actor_class, parameter)
        struct = struct_of(hint)
        section = None if struct is None else self._section(struct, name)
        if name == "options" and struct is not None:
            return self._options(child, struct, section)
        if section is not None:
            return section
        if name == "options":
            return dict(child.options)
        if parameter.default is not inspect.Parameter.empty:
            return _MISSING
        wrong = f"parameter {name} of {child.actor} can't be provided"
        raise ConfigError([self._problem(child.key, wrong, self._available())])

    def _section(self, struct: type[msgspec.Struct], name: str) -> msgspec.Struct | None:
        fitting = [(path, value) for path, value in self._sections if type(value) is struct]
        named = [value for path, value in fitting if path[-1] == name]
        if len(fitting) == 1:
            return fitting[0][1]
        return named[0] if len(named) == 1 else None

    def _options(
        self, child: PlannedChild, struct: type[msgspec.Struct], section: msgspec.Struct | None
    ) -> msgspec.Struct:
        key = (*child.key, "options")
        origin = Origin("default")
        own, problems = check(
            struct, child.options, lambda path: Origin("file", self._where(path)), prefix=key
        )
        if problems:
            raise ConfigError(problems)
        base: object = {} if section is None else msgspec.to_builtins(section)
        below, _ = check(struct, base, lambda _path: origin, prefix=key)
        merged: Any = nested(overlay(below, own))
        for name in key:
            merged = merged.get(name, {})
        try:
            return msgspec.convert(merged, struct)
        except msgspec.ValidationError as error:  # a required one is missing: all else is checked
            raise ConfigError([self._problem(key, str(error), "set it")]) from error

    def _hint(self, child: PlannedChild, actor_class: type, parameter: inspect.Parameter) -> object:
        """Evaluate one annotation; the others may name what is imported for type checkers only."""
        if not isinstance(parameter.annotation, str):
            return parameter.annotation
        constructor = inspect.unwrap(_constructor(actor_class))
        lone = SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
        try:
            return get_type_hints(lone, getattr(constructor, "__globals__", {}))[parameter.name]
        except NameError as error:
            wrong = (
                f"parameter {parameter.name} of {child.actor} can't be provided: its annotation "
                f"{parameter.annotation!r} names nothing at run time"
            )
            right = "import it outside `if TYPE_CHECKING:`"
            raise ConfigError([self._problem(child.key, wrong, right)]) from error

    def _available(self) -> str:
        named = ", ".join(sorted({*self._provide, "options"}))
        return f"available: {named}, and every section of the settings by its type"

    def _problem(self, key: KeyPath, wrong: str, right: str) -> Problem:
        return Problem(self._where(key), dotted(key), wrong, right)


def _constructor(actor_class: type) -> Callable[..., object]:
    constructor: Callable[..., object] = vars(_owner(actor_class))["__init__"]
    return constructor


def _owner(actor_class: type) -> type:
    return next(base for base in actor_class.__mro__ if "__init__" in vars(base))


def _parameters(actor_class: type) -> Iterator[inspect.Parameter]:
    parameters = inspect.signature(_constructor(actor_class)).parameters.values()
    for parameter in list(parameters)[1:]:  # the first one is self
        if parameter.kind not in _VARIADIC:
            yield parameter


def _sections(
    struct: msgspec.Struct, path: KeyPath = ()
) -> Iterator[tuple[KeyPath, msgspec.Struct]]:
    for name in keys(type(struct)):
        value = getattr(struct, name)
        if isinstance(value, msgspec.Struct):
            yield (*path, name), value
            yield from _sections(value, (*path, name))
