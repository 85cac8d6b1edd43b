"""The declared supervision tree: checked, put in order, and planned, without loading a class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from msgspec import structs

from .entry import TreeEntry
from .errors import ConfigError
from .faults import check_tree, in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ringleader.supervisors.options import SupervisionOptions
    from ringleader.supervisors.spec import AutoShutdown, Grace, Restart

    from .entry import Dispatcher, Strategy
    from .faults import Where
    from .schema import KeyPath


@dataclass(frozen=True, slots=True)
class PlannedChild:
    """An actor of the tree.

    Attributes:
        path: its actor path.
        key: where it is declared, below the root of the settings.
        actor: its class as `module:Class`.
        shutdown: None leaves it to what the class is, a worker or a supervisor.
        entry: what was declared, for all that goes beyond OTP.
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
    entry: TreeEntry = field(default=TreeEntry(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PlannedSupervisor:
    """A supervisor of the tree, with its children in the order in which they start.

    Attributes:
        path: its actor path.
        key: where it is declared, below the root of the settings.
        entry: what was declared, for all that goes beyond OTP.
    """

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
    entry: TreeEntry = field(default=TreeEntry(), compare=False, repr=False)


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
    problems = check_tree(tree, where, supervision.cascade.categories)
    if problems:
        raise ConfigError(problems)
    return _level(tree, supervision, "", ("tree",))


def flatten(planned: Iterable[Planned]) -> Iterator[Planned]:
    """Yield every planned node, each supervisor before its children."""
    for node in planned:
        yield node
        if isinstance(node, PlannedSupervisor):
            yield from flatten(node.children)


def _level(
    entries: Mapping[str, TreeEntry], supervision: SupervisionOptions, parent: str, key: KeyPath
) -> tuple[Planned, ...]:
    enabled = {name for name, entry in entries.items() if entry.enabled}
    return tuple(
        _planned(
            name, _without(entries[name], enabled), supervision, f"{parent}/{name}", (*key, name)
        )
        for name in in_order(entries)
        if name in enabled
    )


def _without(entry: TreeEntry, enabled: set[str]) -> TreeEntry:
    """Return an entry that waits for nobody who is not there."""
    soft = tuple(name for name in entry.soft_depends_on if name in enabled)
    return entry if soft == entry.soft_depends_on else structs.replace(entry, soft_depends_on=soft)


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
            entry=entry,
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
        entry=entry,
    )
