"""Looks at a supervisor's children, and hears what is told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors.events.daemon import DaemonStatusChanged
from ringleader.supervisors.supervisor import Supervisor

if TYPE_CHECKING:
    from ringleader.supervisors.child import Child
    from ringleader.supervisors.ref import SupervisorRef
    from ringleader.testing import TestSystem


TOLD = ("DAEMON_STATUS_CHANGED", "DAEMON_CRASH_LOOP_DETECTED", "DAEMON_PERMANENTLY_FAILED")


def children(ref: SupervisorRef[Any]) -> dict[str, Child]:
    """Return what a supervisor knows of its children."""
    current = ref.cell.current
    assert current is not None
    assert isinstance(current.actor, Supervisor)
    return dict(current.actor.known_children)


def states(ref: SupervisorRef[Any]) -> dict[str, str]:
    """Return the state of each child."""
    return {name: child.state for name, child in children(ref).items()}


def listen(system: TestSystem) -> list[Any]:
    """Return a list that fills with what is told of children."""
    told: list[Any] = []
    system.subscribe_many(TOLD, told.append)
    return told


def changes(told: list[Any]) -> list[tuple[str, str]]:
    """Return the transitions that were told."""
    return [(e.old_status, e.new_status) for e in told if isinstance(e, DaemonStatusChanged)]
