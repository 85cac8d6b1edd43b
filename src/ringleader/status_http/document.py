"""What `/status` tells, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from ringleader.actors.event_statistics import EventStatistics
from ringleader.actors.letters import Outcome

from ..readiness import Level
from ..status import Phase

if TYPE_CHECKING:
    from ringleader.actors.critical_subscriptions import SubscriptionStatus
    from ringleader.actors.event_log import EventLog

    from ..statistics import SystemStatistics
    from ..status import NodeStatus


class SubscriptionGroups(Struct, frozen=True, kw_only=True):
    """Whether somebody is subscribed to what matters, as the reference system's status has it.

    Attributes:
        daemon_events: whether somebody is subscribed to each type of this group; so are the others.
        all_healthy: whether all groups are, and every critical type.
        critical_failed: the critical types that nobody is subscribed to.
        timestamp: seconds UTC.
        types: the same type by type, by group.
    """

    daemon_events: bool
    feedback_signals: bool
    manager_events: bool
    pipeline_events: bool
    all_healthy: bool
    critical_failed: tuple[str, ...]
    timestamp: float
    types: Mapping[str, Mapping[str, bool]]


class LogLine(Struct, frozen=True, kw_only=True):
    """How the event log fares.

    Attributes:
        head: sequence of the newest event.
        events: how many are kept.
        size_bytes: of its file.
        waiting: events that are not on the disk yet.
        lag: events that the slowest consumer was not handed yet.
        in_hand: events that consumers have and that have no outcome yet.
        trouble: why nothing can be written at the moment; empty if it can.
    """

    head: int
    events: int
    size_bytes: int
    waiting: int
    lag: int
    in_hand: int
    trouble: str = ""


class StatusDocument(Struct, frozen=True, kw_only=True):
    """A node, as `/status` tells it.

    Attributes:
        uptime_seconds: since the start of its system.
        handler_timeouts: deliveries that took their handler too long.
        messages: outcomes of all messages to all actors.
        dead_letters: by reason.
        stuck_threads: threads that were given up in a handler and are still alive.
        log: of events; None if there is none, or if nobody could look at it yet.
    """

    node: str
    pid: int
    phase: Phase
    uptime_seconds: float
    ready: bool
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    score: float
    level: Level
    actors: int
    restarts: int
    not_running: Mapping[str, str]
    event_subscription_status: SubscriptionGroups | None
    handler_timeouts: int
    events: EventStatistics
    messages: Mapping[Outcome, int]
    dead_letters: Mapping[Outcome, int]
    stuck_threads: int
    log: LogLine | None


def document(
    status: NodeStatus, statistics: SystemStatistics, log: LogLine | None
) -> StatusDocument:
    """Put together what was seen."""
    seen = status.subscriptions
    return StatusDocument(
        node=status.node,
        pid=status.pid,
        phase=status.phase,
        uptime_seconds=status.uptime,
        ready=status.ready,
        reasons=status.reasons,
        warnings=status.warnings,
        score=status.score,
        level=status.level,
        actors=status.actors,
        restarts=status.restarts,
        not_running=status.not_running,
        event_subscription_status=None if seen is None else groups_of(seen),
        handler_timeouts=statistics.events.outcomes.get(Outcome.TIMED_OUT, 0),
        events=statistics.events,
        messages=statistics.messages,
        dead_letters=statistics.dead_letters,
        stuck_threads=statistics.stuck_threads,
        log=log,
    )


def groups_of(seen: SubscriptionStatus) -> SubscriptionGroups:
    """Return one word for each group, and the types beside them."""
    whole = {group: all(types.values()) for group, types in seen.groups.items()}
    return SubscriptionGroups(
        daemon_events=whole["daemon_events"],
        feedback_signals=whole["feedback_signals"],
        manager_events=whole["manager_events"],
        pipeline_events=whole["pipeline_events"],
        all_healthy=seen.all_healthy,
        critical_failed=seen.critical_failed,
        timestamp=seen.timestamp,
        types=seen.groups,
    )


def log_line(log: EventLog) -> LogLine:
    """Look at an event log; may wait for the disk."""
    seen, consumers = log.statistics(), log.consumers()
    return LogLine(
        head=seen.head,
        events=seen.events,
        size_bytes=seen.bytes,
        waiting=seen.waiting,
        lag=max((consumer.lag for consumer in consumers), default=0),
        in_hand=sum(consumer.in_hand for consumer in consumers),
        trouble=seen.trouble,
    )
