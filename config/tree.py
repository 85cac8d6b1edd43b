"""The declared supervision tree: checked, put in order, and planned, without loading a class."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import ConfigError, Problem, nearest
from .order import faults, ordered
from .schema import KeyPath
from .toml import dotted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ringleader.supervisors.options import SupervisionOptions
    from ringleader.supervisors.spec import AutoShutdown, Grace, Restart

    from .settings import Dispatcher, Strategy, TreeEntry

Where = Callable[[KeyPath], str]

_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_OF_ACTORS = ("dispatcher", "options")
_OF_SUPERVISORS = ("intensity", "period", "auto_shutdown", "children")


@dataclass(frozen=True, slots=True)
class PlannedChild:
    """An actor of the tree.

    Attributes:
        path: its actor path.
        key: where it is declared, below the root of the settings.
        actor: its class as `module:Class`.
        shutdown: None leaves it to what the class is, a worker or a supervisor.
    """

    path: str
    key: KeyPath
    id: str
    actor: str
    restart: Restart = "permanent"
    shutdown: Grace | None = None
    significant: bool = False
    dispatcher: Dispatcher | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class PlannedSupervisor:
    """A supervisor of the tree, with its children in the order in which they start."""

    path: str
    key: KeyPath
    id: str
    strategy: Strategy
    intensity: int
    period: int
    auto_shutdown: AutoShutdown = "never"
    restart: Restart = "permanent"
    shutdown: Grace = "infinity"
    significant: bool = False
    children: tuple[PlannedChild | PlannedSupervisor, ...] = ()


Planned = PlannedChild | PlannedSupervisor


def plan(
    tree: Mapping[str, TreeEntry], supervision: SupervisionOptions, where: Where
) -> tuple[Planned, ...]:
    """Return what of the tree is enabled, in the order in which it starts.

    Args:
        tree: the top level, by name.
        supervision: what holds where an entry says nothing.
        where: names the place of a key, for errors.

    Raises:
        ConfigError: with everything that is wrong with the tree.
    """
    problems = check_tree(tree, where)
    if problems:
        raise ConfigError(problems)
    return _level(tree, supervision, "", ("tree",))


def flatten(planned: Iterable[Planned]) -> Iterator[Planned]:
    """Yield every planned node, each supervisor before its children."""
    for node in planned:
        yield node
        if isinstance(node, PlannedSupervisor):
            yield from flatten(node.children)


def check_tree(tree: Mapping[str, TreeEntry], where: Where) -> list[Problem]:
    """Return all that is wrong with the enabled part of a tree, and disabled entries of no kind.

    `after` may name a disabled sibling: its place in the order still counts.
    """
    return list(_problems(tree, "never", where, ("tree",)))


def _level(
    entries: Mapping[str, TreeEntry], supervision: SupervisionOptions, parent: str, key: KeyPath
) -> tuple[Planned, ...]:
    names = ordered({name: entry.after for name, entry in entries.items()})
    return tuple(
        _planned(name, entries[name], supervision, f"{parent}/{name}", (*key, name))
        for name in names
        if entries[name].enabled
    )


def _planned(
    name: str, entry: TreeEntry, supervision: SupervisionOptions, path: str, key: KeyPath
) -> Planned:
    if entry.supervisor is None:
        return PlannedChild(
            path=path,
            key=key,
            id=name,
            actor=entry.actor or "",
            restart=entry.restart,
            shutdown=entry.shutdown,
            significant=entry.significant,
            dispatcher=entry.dispatcher,
            options=entry.options,
        )
    return PlannedSupervisor(
        path=path,
        key=key,
        id=name,
        strategy=entry.supervisor,
        intensity=supervision.intensity if entry.intensity is None else entry.intensity,
        period=supervision.period if entry.period is None else entry.period,
        auto_shutdown=entry.auto_shutdown or "never",
        restart=entry.restart,
        shutdown="infinity" if entry.shutdown is None else entry.shutdown,
        significant=entry.significant,
        children=_level(entry.children, supervision, path, (*key, "children")),
    )


def _problems(
    entries: Mapping[str, TreeEntry], auto_shutdown: AutoShutdown, where: Where, key: KeyPath
) -> Iterator[Problem]:
    for name, wrong, right in faults({name: entry.after for name, entry in entries.items()}):
        place = (*key, name, "after")
        yield Problem(where(place), dotted(place), wrong, right)
    for name, entry in entries.items():
        here = (*key, name)
        if entry.supervisor is None and entry.actor is None:
            yield Problem(where(here), dotted(here), *_nothing(name, entries))
            continue
        if not entry.enabled:
            continue
        for wrong, right in _faults_of(name, entry, auto_shutdown):
            yield Problem(where(here), dotted(here), wrong, right)
        inner = entry.auto_shutdown or "never"
        yield from _problems(entry.children, inner, where, (*here, "children"))


def _faults_of(
    name: str, entry: TreeEntry, auto_shutdown: AutoShutdown
) -> Iterator[tuple[str, str]]:
    if not name or "/" in name:
        yield f"{name!r} can't be part of a path", "use a name without '/'"
    if entry.significant and auto_shutdown == "never":
        yield "is significant, but its supervisor never shuts down", "set its auto_shutdown"
    if entry.significant and entry.restart == "permanent":
        yield "is significant and permanent", 'restart = "transient" or "temporary"'
    yield from _faults_of_kind(entry)


def _nothing(name: str, entries: Mapping[str, TreeEntry]) -> tuple[str, str]:
    """Answer an entry without a kind: probably another one, with its name misspelt."""
    near = nearest(
        name, (other for other, entry in entries.items() if entry.actor or entry.supervisor)
    )
    remedy = f"did you mean {near}?" if near else 'set actor = "module:Class" or a supervisor'
    return "is neither an actor nor a supervisor", remedy


def _faults_of_kind(entry: TreeEntry) -> Iterator[tuple[str, str]]:
    if entry.supervisor is not None and entry.actor is not None:
        yield "is an actor and a supervisor", "remove `actor` or `supervisor`"
        return
    kind, foreign = (
        ("an actor", _OF_SUPERVISORS) if entry.supervisor is None else ("a supervisor", _OF_ACTORS)
    )
    for name in foreign:
        if getattr(entry, name):
            yield f"{name} says nothing to {kind}", f"remove {name}"
    if entry.actor is not None and not _CLASS.fullmatch(entry.actor):
        yield f"actor = {entry.actor!r} is not a class's name", 'expected "module:Class"'
