"""Whether a node is ready, and how much of it runs: what `/ready` and `/health` answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ringleader.actors.incarnation import Phase

from . import subscriptions
from .snapshot import children_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ringleader.actors.cell import Cell
    from ringleader.actors.critical_subscriptions import SubscriptionStatus
    from ringleader.supervisors.child import Child

    from .subscriptions import Expected
    from .system import System

Level: TypeAlias = Literal["healthy", "degraded", "unhealthy"]

HEALTHY_FROM: Final = 0.9
DEGRADED_FROM: Final = 0.5

_PHASES: Final = {
    Phase.STARTING: "starting",
    Phase.RUNNING: "running",
    Phase.STOPPING: "stopping",
    Phase.ENDED: "restarting",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One place in the tree, as far as readiness goes.

    Attributes:
        path: its path.
        state: `running`, or what it is at instead.
        critical: whether the node is not ready without it.
        ready: whether it can do its work, once it runs.
        wanted: whether it should run: not if it is done, or if an operator holds it.
    """

    path: str
    state: str
    critical: bool = False
    ready: bool = True
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a node can do its work.

    Attributes:
        ready: whether every critical place is up and ready, and every critical event type has a
            subscriber.
        reasons: why not, one for each that is missing.
        score: the share of wanted places that run; 1 if none is wanted.
        level: `healthy` from 0.9, `degraded` from 0.5, else `unhealthy`.
        warnings: what is missing and keeps it from nothing that is critical.
        subscriptions: which event types have subscribers, if that was asked for.
    """

    ready: bool
    reasons: tuple[str, ...]
    score: float
    level: Level
    warnings: tuple[str, ...] = ()
    subscriptions: SubscriptionStatus | None = None


def readiness(places: Iterable[Place]) -> Readiness:
    """Return what the places of a tree amount to.

    A critical place must be up and ready, also while an operator holds it.
    """
    places = list(places)
    reasons = tuple(why for place in places if (why := _missing(place)))
    wanted = [place for place in places if place.wanted]
    running = sum(place.state == "running" for place in wanted)
    score = running / len(wanted) if wanted else 1.0
    return Readiness(not reasons, reasons, score, level_of(score))


def level_of(score: float) -> Level:
    """Return the band of a score."""
    if score >= HEALTHY_FROM:
        return "healthy"
    return "degraded" if score >= DEGRADED_FROM else "unhealthy"


def look(system: System, wanted: Expected | None = None) -> Readiness:
    """Return how ready a system is now; the system's own actors don't count.

    A system whose root does not run is not ready, and has a score of 0.

    Args:
        system: which one.
        wanted: the event types that it is to have subscribers to; None: nobody asks.
    """
    if system.root.current is None:
        return Readiness(
            ready=False,
            reasons=("the tree does not run",),
            score=0.0,
            level=level_of(0),
            subscriptions=None if wanted is None else subscriptions.look(system, wanted).status,
        )
    found = readiness(places(system))
    if wanted is None:
        return found
    there = subscriptions.look(system, wanted)
    reasons = (*found.reasons, *there.reasons)
    return replace(
        found,
        ready=not reasons,
        reasons=reasons,
        warnings=there.warnings,
        subscriptions=there.status,
    )


def places(system: System) -> list[Place]:
    """Return the places of a system's tree, parents before children."""
    found = _below(system.root)
    return [p for p in found if not f"{p.path}/".startswith("/system/")]


def _below(cell: Cell) -> Iterator[Place]:
    for name, child in dict(children_of(cell)).items():
        yield _place(f"{cell.path}/{name}", child)
        below = cell.children.get(name)
        if below is not None:
            yield from _below(below)


def _place(path: str, child: Child) -> Place:
    pid, state = child.pid, str(child.state)
    if state == "running" and pid is not None:
        state = _PHASES[pid.phase]
    is_done = state == "down" and child.spec.restart != "permanent"
    return Place(
        path=path,
        state=state,
        critical=child.spec.critical,
        ready=child.ready,
        wanted=state != "held" and not is_done,
    )


def _missing(place: Place) -> str:
    if not place.critical:
        return ""
    if place.state != "running":
        return f"{place.path} is critical and {place.state}"
    return "" if place.ready else f"{place.path} is critical and not ready yet"
