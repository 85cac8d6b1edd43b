"""The events that tell how coordinators fare.

A coordinator is here an actor whose child spec has a `HealthCheck`: its health is asked for, so
somebody wants to hear of it. All are published on behalf of the actor: the subject is its path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .events.base import Event
from .events.daemon import CoordinatorHeartbeat, CoordinatorShutdown
from .events.health import (
    CoordinatorHealthDegraded,
    CoordinatorHealthy,
    CoordinatorInitFailed,
    CoordinatorUnhealthy,
)
from .letters import Outcome
from .reasons import describe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .cell import Cell
    from .health import Health
    from .incarnation import Incarnation
    from .lifecycle import Reason


def name_of(path: str) -> str:
    """Return what a coordinator is called in events: the last part of its path."""
    return path.rpartition("/")[2]


def heartbeat(cell: Cell, health: Health) -> CoordinatorHeartbeat:
    """Tell that it has answered, whatever it said."""
    return CoordinatorHeartbeat(
        coordinator_name=name_of(cell.path),
        health_score=health.score,
        active_handlers=_event_handlers(cell),
        events_processed=cell.outcomes.get(Outcome.HANDLED, 0),
    )


def transition(incarnation: Incarnation, health: Health, uptime: float) -> Event:
    """Tell that its health is another one now."""
    name, cell = name_of(incarnation.path), incarnation.cell
    match health.status:
        case "healthy":
            return CoordinatorHealthy(
                coordinator_name=name,
                health_score=health.score,
                uptime_seconds=uptime,
                subscribed=_event_handlers(cell) > 0,
            )
        case "degraded":
            return CoordinatorHealthDegraded(
                coordinator_name=name,
                reason=health.message or "health() says so",
                health_score=health.score,
                issues=_issues(health),
            )
        case "unhealthy":
            error: Any = health.details.get("error")
            return CoordinatorUnhealthy(
                coordinator_name=name,
                reason=health.message or "health() says so",
                error=None if error is None else f"{error}",
                health_score=health.score,
            )


def shut_down(path: str, reason: Reason, waiting: int) -> CoordinatorShutdown:
    """Tell that it ended in order, with `waiting` messages unread."""
    said = f"{reason[1]}" if type(reason) is tuple else f"{reason}"
    return CoordinatorShutdown(coordinator_name=name_of(path), reason=said, remaining_tasks=waiting)


def init_failed(path: str, reason: Reason) -> CoordinatorInitFailed:
    """Tell that it could not be started."""
    return CoordinatorInitFailed(coordinator_name=name_of(path), error=describe(reason))


def _event_handlers(cell: Cell) -> int:
    kinds: Iterable[type[Any]] = getattr(cell.ref.actor_class, "handlers", ())
    return sum(issubclass(kind, Event) for kind in kinds)


def _issues(health: Health) -> tuple[str, ...]:
    issues: Any = health.details.get("issues")
    if not isinstance(issues, list | tuple):
        return ()
    return tuple(f"{issue}" for issue in cast("Iterable[Any]", issues))
