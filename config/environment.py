"""Settings from environment variables and from `--set`, as nested tables of text."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import Problem, nearest
from .layers import Leaves, Origin, check, known, overlay
from .text import from_text, rescale
from .toml import dotted, inline, is_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import msgspec

    from .schema import KeyPath

PREFIX = "RINGLEADER_"
OLD_PREFIX = "RINGRIFT_"
CONFIG = PREFIX + "CONFIG"
# Named by the documents of the old system without its prefix.
OLD_NAMES = frozenset({"COORDINATOR_CROSS_PROCESS_POLL_INTERVAL"})


@dataclass(frozen=True, slots=True)
class FromText:
    """What a layer of text says.

    Attributes:
        ignored: variables of the old system that set nothing here.
    """

    leaves: Leaves
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...] = ()


def variable(path: KeyPath) -> str:
    """Return the name of the variable that sets a key: `RINGLEADER_EVENTS__DEDUP_WINDOW`."""
    return PREFIX + "__".join(path).upper()


def from_environment(struct: type[msgspec.Struct], environment: Mapping[str, str]) -> FromText:
    """Read all variables that are meant for us; today's names win over old ones."""
    collector = _Collector(struct)
    old = _old_names(struct)
    for name in [name for name in old if name in environment]:
        collector.old(name, environment[name], *old[name])
    for name in sorted(environment):
        if name.startswith(PREFIX) and name != CONFIG:
            collector.native(name, environment[name])
    ignored = [name for name in environment if name.startswith(OLD_PREFIX) and name not in old]
    ignored += [name for name in environment if name in OLD_NAMES and name not in old]
    return collector.finish(ignored)


def from_arguments(struct: type[msgspec.Struct], arguments: Iterable[str]) -> FromText:
    """Read `section.key=value` arguments; the last one wins."""
    collector = _Collector(struct)
    for argument in arguments:
        collector.argument(argument)
    return collector.finish()


def aliases(struct: type[msgspec.Struct]) -> Mapping[str, KeyPath]:
    """Return the old variables that still work, each with the key that it sets."""
    return {name: path for name, (path, _) in _old_names(struct).items()}


def _old_names(struct: type[msgspec.Struct]) -> dict[str, tuple[KeyPath, object]]:
    return {
        name: (path, conversion)
        for path, key in known(struct)
        for name, conversion in key.aliases.items()
    }


class _Collector:
    """Gathers values and problems, one text after the other."""

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        self._struct = struct
        self._layers: list[Leaves] = []
        self._problems: list[Problem] = []

    def old(self, name: str, text: str, path: KeyPath, conversion: object) -> None:
        try:
            today = rescale(text, conversion)
        except ValueError as error:
            self._problems.append(Problem(name, dotted(path), f"got {inline(text)}", str(error)))
            return
        if today is not None:
            self._add(path, today, Origin("environment", name))

    def native(self, name: str, text: str) -> None:
        path = tuple(name.removeprefix(PREFIX).lower().split("__"))
        fixed = [path for path, _ in known(self._struct)]
        if all(path) and path[0] in {path[0] for path in fixed}:
            self._add(path, text, Origin("environment", name))
            return
        tails = [variable(path).removeprefix(PREFIX) for path in fixed]
        near = nearest(name.removeprefix(PREFIX), tails)  # the prefix makes any two names alike
        right = f"did you mean {PREFIX}{near}?" if near else f"expected {PREFIX}SECTION__KEY"
        self._problems.append(Problem(name, "", "sets nothing", right))

    def argument(self, argument: str) -> None:
        name, equals, text = argument.partition("=")
        path = _key_path(name)
        where = f"--set {argument}"
        if path is None or not equals:
            wrong = Problem(where, "", "not a setting", "expected section.key=value")
            self._problems.append(wrong)
        else:
            self._add(path, text, Origin("command line", where))

    def finish(self, ignored: Iterable[str] = ()) -> FromText:
        leaves = overlay(*self._layers)
        return FromText(leaves, tuple(self._problems), tuple(sorted(ignored)))

    def _add(self, path: KeyPath, text: str, origin: Origin) -> None:
        values: object = text
        for name in reversed(path):
            values = {name: values}
        leaves, problems = check(self._struct, values, lambda _path: origin, from_text)
        self._layers.append(leaves)
        self._problems.extend(problems)


def _key_path(name: str) -> KeyPath | None:
    """Split a dotted key as TOML does, quoted parts too."""
    try:
        table: object = tomllib.loads(f"{name} = 0")
    except tomllib.TOMLDecodeError:
        return None
    path: KeyPath = ()
    while is_table(table) and table:
        ((part, table),) = table.items()
        path += (part,)
    return path or None
