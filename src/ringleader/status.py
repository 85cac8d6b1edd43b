"""How a node fares as a whole: what `ringleader status` asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from ringleader.actors.critical_subscriptions import SubscriptionStatus

from . import readiness
from .readiness import Level

if TYPE_CHECKING:
    from .subscriptions import Expected
    from .system import System

Phase: TypeAlias = Literal["starting", "running", "stopping"]
"""What a node is at: the first start of its tree, its work, or its end."""

_NOT_READY: Final[dict[Phase, str]] = {
    "starting": "the tree is still being started",
    "stopping": "the node is being stopped",
}


class NodeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A node in short.

    Attributes:
        node: its name.
        pid: of its process.
        phase: what it is at.
        uptime: seconds since the start of its system.
        ready: whether it does its work: it is up, and everything critical in it, too.
        reasons: why it is not ready.
        score: the share of actors that run, of those that should.
        level: `healthy`, `degraded` or `unhealthy`, by the score.
        actors: how many are alive, the system's own included.
        restarts: how often somebody was started again.
        not_running: those that should run, or would if nobody held them: what they are at, by path.
        warnings: what is missing and keeps it from nothing that is critical.
        subscriptions: which event types have subscribers, if that was asked for.
    """

    node: str
    pid: int
    phase: Phase
    uptime: float
    ready: bool
    reasons: tuple[str, ...]
    score: float
    level: Level
    actors: int
    restarts: int
    not_running: Mapping[str, str] = {}
    warnings: tuple[str, ...] = ()
    subscriptions: SubscriptionStatus | None = None


def status_of(system: System, phase: Phase, wanted: Expected | None = None) -> NodeStatus:
    """Look at a system; waits for nobody.

    Args:
        system: which one.
        phase: what its node is at.
        wanted: the event types that it is to have subscribers to.
    """
    found = readiness.look(system, wanted)
    why_not = _NOT_READY.get(phase)
    statistics, root = system.statistics(), system.root.current
    return NodeStatus(
        node=system.context.node_id,
        pid=system.context.pid,
        phase=phase,
        uptime=0.0 if root is None else max(0.0, system.context.clock.now() - root.began),
        ready=found.ready and why_not is None,
        reasons=found.reasons if why_not is None else (why_not, *found.reasons),
        score=found.score,
        level=found.level,
        actors=statistics.actors,
        restarts=statistics.restarts,
        not_running={
            place.path: place.state
            for place in readiness.places(system)
            if place.state != "running" and (place.wanted or place.state == "held")
        },
        warnings=found.warnings,
        subscriptions=found.subscriptions,
    )
