"""Which event types a node wants subscribers to, and whether they are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ringleader.actors.critical_subscriptions import (
    GROUPS,
    HANDLED_BY,
    subscription_status,
    types_of,
)
from ringleader.actors.daemons.data_pipeline import DataPipelineOrchestrator
from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.events.errors import UnknownEventTypeError
from ringleader.actors.topics import wants
from ringleader.actors.wiring import event_handlers
from ringleader.config import ConfigError, Problem, flatten
from ringleader.config.classes import ClassError, resolve
from ringleader.config.tree import PlannedChild

from .snapshot import children_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator

    from ringleader.actors.cell import Cell
    from ringleader.actors.critical_subscriptions import SubscriptionStatus
    from ringleader.actors.options import OnMissing
    from ringleader.config import Loaded
    from ringleader.supervisors.child import Child

    from .system import System

PIPELINE: Final = f"{DataPipelineOrchestrator.__module__}:{DataPipelineOrchestrator.__qualname__}"
INTERVAL: Final = 0.05
"""Seconds between two looks for subscribers that are not there yet."""
_KEY: Final = ("events", "critical_subscriptions")


@dataclass(frozen=True, slots=True)
class Expected:
    """Which event types a node wants subscribers to.

    Attributes:
        critical: those without which it is not ready.
        recommended: those of which it tells if nobody is subscribed to them.
        on_missing: what follows if a critical one has no subscriber.
    """

    critical: tuple[str, ...] = ()
    recommended: tuple[str, ...] = ()
    on_missing: OnMissing = "fail"


@dataclass(frozen=True, slots=True)
class Subscribers:
    """What was found.

    Attributes:
        status: each group's types, and what of the critical ones is missing.
        reasons: why the node is not ready, one for each critical type without a subscriber.
        warnings: what else is missing, or what is if nothing follows from it.
    """

    status: SubscriptionStatus
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def expected(loaded: Loaded) -> Expected:
    """Return what the settings say, for the tree that they declare.

    The groups are about the pipeline. In a tree without one nothing is recommended, and nothing is
    critical but what was set to be.

    Raises:
        ConfigError: a critical name is neither a type nor a group.
    """
    if problems := unknown_subscriptions(loaded):
        raise ConfigError(problems)
    has_pipeline = any(
        isinstance(node, PlannedChild) and node.actor == PIPELINE for node in flatten(loaded.plan())
    )
    is_set = loaded.leaves[_KEY].origin.layer != "default"
    options, catalogue = loaded.settings.events, Catalogue()
    return Expected(
        types_of(options.critical_subscriptions, catalogue) if is_set or has_pipeline else (),
        types_of(GROUPS, catalogue) if has_pipeline else (),
        options.on_missing_subscription,
    )


def unknown_subscriptions(loaded: Loaded) -> list[Problem]:
    """Return a problem for each critical name that is neither an event type nor a group."""
    catalogue = Catalogue()
    problems: list[Problem] = []
    for name in loaded.settings.events.critical_subscriptions:
        try:
            types_of([name], catalogue)
        except UnknownEventTypeError as error:
            right = f"there are the groups {', '.join(GROUPS)}"
            problems.append(Problem(loaded.where(_KEY), ".".join(_KEY), str(error), right))
    return problems


def undeclared(loaded: Loaded) -> tuple[str, ...]:
    """Return the critical types that no class of the declared tree says it handles.

    An actor may still subscribe to one when it runs.

    Raises:
        ConfigError: a critical name is neither a type nor a group.
    """
    catalogue = Catalogue()
    topics = [handler.type for actor in _classes(loaded) for handler in event_handlers(actor)]
    kinds = {name: catalogue.find(name) for name in expected(loaded).critical}
    return tuple(
        name for name, kind in kinds.items() if not any(wants(topic, kind) for topic in topics)
    )


def look(system: System, wanted: Expected) -> Subscribers:
    """Look who is subscribed now; waits for nobody."""
    status = subscription_status(
        system.hub.table.subscriptions(),
        wanted.critical,
        system.catalogue,
        system.context.clock.time(),
    )
    if wanted.on_missing == "ignore":
        return Subscribers(status)
    failed = tuple(f"nobody is subscribed to {n}{_who(system, n)}" for n in status.critical_failed)
    others = [
        name
        for name in status.missing
        if name in wanted.recommended and name not in status.critical_failed
    ]
    warnings = (f"event types that nobody handles yet: {', '.join(others)}",) if others else ()
    if wanted.on_missing == "warn":
        return Subscribers(status, warnings=(*failed, *warnings))
    return Subscribers(status, failed, warnings)


def wait_for_subscribers(
    system: System, wanted: Expected, grace: float, stopping: threading.Event
) -> Subscribers:
    """Look until every critical type has a subscriber; return what was found last.

    Args:
        system: whose.
        wanted: the types.
        grace: seconds after which it is looked no longer.
        stopping: ends the wait when it is set.
    """
    clock = system.context.clock
    deadline = clock.now() + grace
    found = look(system, wanted)
    while found.status.critical_failed and wanted.on_missing != "ignore":
        left = deadline - clock.now()
        if left <= 0 or stopping.wait(min(INTERVAL, left)):
            break
        found = look(system, wanted)
    return found


def _who(system: System, name: str) -> str:
    """Say who would handle a type: whoever in the tree never started, or who usually does."""
    kind = system.catalogue.find(name)
    absent = [
        f"{path} would be, and is {child.state}"
        for path, child in _absent(system.root)
        if any(wants(handler.type, kind) for handler in event_handlers(child.spec.actor_class))
    ]
    usual = " and ".join(HANDLED_BY.get(name, ()))
    return f": {', '.join(absent)}" if absent else f" (usually {usual})" if usual else ""


def _absent(cell: Cell) -> Iterator[tuple[str, Child]]:
    """Yield the children that a tree knows and that never started."""
    for name, child in dict(children_of(cell)).items():
        below = cell.children.get(name)
        if below is None:
            yield f"{cell.path}/{name}", child
        else:
            yield from _absent(below)


def _classes(loaded: Loaded) -> Iterable[type]:
    """Yield the classes of the declared tree that can be loaded."""
    for node in flatten(loaded.plan()):
        if isinstance(node, PlannedChild):
            try:
                yield resolve(node.actor)
            except ClassError:
                continue  # told where classes are checked
