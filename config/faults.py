"""What is wrong with a declared tree, and with what is set for all of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final

from . import backoff
from .entry import TreeEntry
from .errors import Problem, did_you_mean, nearest
from .order import faults, ordered
from .policies import process_limits
from .schema import KeyPath
from .toml import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ringleader.supervisors.options import SupervisionOptions
    from ringleader.supervisors.spec import AutoShutdown

Where = Callable[[KeyPath], str]
Fault = tuple[KeyPath, str, str]
"""A key below the entry, what is wrong with it, what would be right."""

_CLASS: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_OF_ACTORS: Final = (
    "dispatcher",
    "options",
    "signals_ready",
    "ready_timeout",
    "progress_deadline",
    "health",
    "isolation",
    "limits",
    "spares",
)
_OF_SUPERVISORS: Final = ("quarantine", "intensity", "period", "auto_shutdown", "children")
_OF_PROCESSES: Final = ("limits", "spares")
_ORDERS: Final = ("after", "depends_on", "soft_depends_on")
_DEFAULT: Final = TreeEntry()


def check_tree(
    tree: Mapping[str, TreeEntry], where: Where, categories: Collection[str]
) -> list[Problem]:
    """Return all that is wrong with the enabled part of a tree, and disabled entries of no kind.

    `after` may name a disabled sibling: its place in the order still counts.

    Args:
        tree: the top level, by name.
        where: names the place of a key, for errors.
        categories: those that the cascade breaker knows.
    """
    return list(_Tree(where, categories).level(tree, "never", ("tree",)))


def check_supervision(supervision: SupervisionOptions, where: Where) -> list[Problem]:
    """Return what is wrong with what is set for all declared children."""
    key = ("supervision", "backoff")
    return [
        Problem(where(path), dotted(path), wrong, right)
        for path, wrong, right in backoff.faults(supervision.backoff, key)
    ]


def in_order(entries: Mapping[str, TreeEntry]) -> tuple[str, ...]:
    """Return the names of siblings in the order in which they start."""
    return ordered(_needs(entries))


def _needs(entries: Mapping[str, TreeEntry]) -> dict[str, list[str]]:
    return {
        name: [*entry.after, *entry.depends_on, *entry.soft_depends_on]
        for name, entry in entries.items()
    }


class _Tree:
    """One walk over the tree."""

    def __init__(self, where: Where, categories: Collection[str]) -> None:
        self.where, self.categories = where, categories

    def level(
        self, entries: Mapping[str, TreeEntry], auto_shutdown: AutoShutdown, key: KeyPath
    ) -> Iterator[Problem]:
        for path, wrong, right in _faults_of_order(entries):
            yield self._problem((*key, *path), wrong, right)
        for name, entry in entries.items():
            here = (*key, name)
            if entry.supervisor is None and entry.actor is None:
                yield self._problem(here, *_nothing(name, entries))
                continue
            if not entry.enabled:
                continue
            for path, wrong, right in self._faults(name, entry, auto_shutdown):
                yield self._problem((*here, *path), wrong, right)
            inner = entry.auto_shutdown or "never"
            yield from self.level(entry.children, inner, (*here, "children"))

    def _problem(self, key: KeyPath, wrong: str, right: str) -> Problem:
        return Problem(self.where(key), dotted(key), wrong, right)

    def _faults(self, name: str, entry: TreeEntry, auto_shutdown: AutoShutdown) -> Iterator[Fault]:
        if not name or "/" in name:
            yield (), f"{name!r} can't be part of a path", "use a name without '/'"
        if entry.significant and auto_shutdown == "never":
            yield (), "is significant, but its supervisor never shuts down", "set its auto_shutdown"
        if entry.significant and entry.restart == "permanent":
            yield (), "is significant and permanent", 'restart = "transient" or "temporary"'
        yield from _faults_of_kind(entry)
        yield from self._faults_of_policy(entry)

    def _faults_of_policy(self, entry: TreeEntry) -> Iterator[Fault]:
        if entry.category and entry.category not in self.categories:
            wrong = f"{entry.category!r} is no category of supervision.cascade.categories"
            yield ("category",), wrong, did_you_mean(entry.category, self.categories)
        if entry.backoff is not None:
            yield from backoff.faults(entry.backoff, ("backoff",))
        try:
            process_limits(entry.limits)
        except ValueError as error:
            yield ("limits",), str(error), ""


def _faults_of_order(entries: Mapping[str, TreeEntry]) -> Iterator[Fault]:
    sound = True
    for word in _ORDERS:
        needs = {name: getattr(entry, word) for name, entry in entries.items()}
        for name, wrong, right in faults(needs, word):
            sound = False
            yield (name, word), wrong, right
    if sound:  # else a circle of two words would only echo
        for name, wrong, right in faults(_needs(entries)):
            yield (name,), wrong, right.replace("`after`", "dependency")
    for name, entry in entries.items():
        for other in entry.depends_on if entry.enabled else ():
            if other in entries and not entries[other].enabled:
                yield (
                    (name, "depends_on"),
                    f"{other} is disabled",
                    f"enable it, or disable {name}, too",
                )


def _nothing(name: str, entries: Mapping[str, TreeEntry]) -> tuple[str, str]:
    """Answer an entry without a kind: probably another one, with its name misspelt."""
    near = nearest(
        name, (other for other, entry in entries.items() if entry.actor or entry.supervisor)
    )
    remedy = f"did you mean {near}?" if near else 'set actor = "module:Class" or a supervisor'
    return "is neither an actor nor a supervisor", remedy


def _faults_of_kind(entry: TreeEntry) -> Iterator[Fault]:
    if entry.supervisor is not None and entry.actor is not None:
        yield (), "is an actor and a supervisor", "remove `actor` or `supervisor`"
        return
    kind, foreign = (
        ("an actor", _OF_SUPERVISORS) if entry.supervisor is None else ("a supervisor", _OF_ACTORS)
    )
    for name in foreign:
        if _says(entry, name):
            yield (name,), f"says nothing to {kind}", "remove it"
    for name in _OF_PROCESSES:
        if entry.actor is not None and entry.isolation == "none" and _says(entry, name):
            wrong = "says nothing to an actor without a process of its own"
            yield (name,), wrong, 'isolation = "process", or remove it'
    if entry.actor is not None and not _CLASS.fullmatch(entry.actor):
        yield ("actor",), f"{entry.actor!r} is not a class's name", 'expected "module:Class"'


def _says(entry: TreeEntry, name: str) -> bool:
    return bool(getattr(entry, name) != getattr(_DEFAULT, name))
