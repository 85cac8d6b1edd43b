"""What the world hears of an event handler that fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .events.health import CoordinatorHealthDegraded, HandlerFailed
from .events.resilience import HandlerTimeout
from .letters import Outcome

if TYPE_CHECKING:
    from .events.base import Event
    from .letters import DeathReport
    from .message import Delivery

MANY: Final = 5
"""Failures in a row after which the subscriber's health counts as degraded, as in the reference
system; the row ends with a success, and then the next row is told, too."""

ABOUT_FAILURES: Final = (HandlerFailed, HandlerTimeout, CoordinatorHealthDegraded)
"""A handler that fails at these is not told of: it would fail at that, too."""


def failure_events(
    delivery: Delivery, name: str, outcome: Outcome, report: DeathReport, in_a_row: int
) -> list[Event]:
    """Return what to tell of a handler that raised or, with another outcome, took too long.

    Args:
        delivery: what it was at.
        name: the event type's, canonical.
        outcome: `FAILED`, or `TIMED_OUT`, of which the registry tells itself.
        report: the end of its incarnation.
        in_a_row: failures of this subscription up to now.
    """
    if isinstance(delivery.event, ABOUT_FAILURES):
        return []
    coordinator = report.path.rpartition("/")[2]
    events: list[Event] = []
    if outcome is Outcome.FAILED:
        events.append(
            HandlerFailed(
                handler_name=report.path,
                event_type=name,
                error=report.cause,
                coordinator=coordinator,
                event_id=delivery.envelope.id,
                duration_seconds=delivery.seconds,
            )
        )
    if in_a_row == MANY:
        events.append(
            CoordinatorHealthDegraded(
                coordinator_name=coordinator,
                reason=f"{MANY} failures in a row at {name}",
                health_score=0.5,
                issues=(report.cause,),
            )
        )
    return events
