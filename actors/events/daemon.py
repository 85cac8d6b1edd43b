"""Coordinators and daemons: their lives, their settings, their state."""

from collections.abc import Mapping
from typing import Any

from .base import Dedup, Event, EventType

__all__ = [
    "ConfigDivergenceDetected",
    "ConfigUpdated",
    "CoordinatorHeartbeat",
    "CoordinatorShutdown",
    "DaemonCrashLoopDetected",
    "DaemonStarted",
    "DaemonStatusChanged",
    "DaemonStopped",
    "StatePersisted",
]


class CoordinatorHeartbeat(Event, frozen=True, kw_only=True):
    """A coordinator is alive."""

    EVENT = EventType.status("COORDINATOR_HEARTBEAT", bridged=True)

    coordinator_name: str
    health_score: float = 1.0
    active_handlers: int = 0
    events_processed: int = 0


class CoordinatorShutdown(Event, frozen=True, kw_only=True):
    """A coordinator ended in order."""

    EVENT = EventType.control("COORDINATOR_SHUTDOWN", bridged=True)

    coordinator_name: str
    reason: str | None = None
    remaining_tasks: int = 0
    state_snapshot: Mapping[str, Any] | None = None


class DaemonCrashLoopDetected(Event, frozen=True, kw_only=True):
    """A daemon keeps crashing."""

    EVENT = EventType.control("DAEMON_CRASH_LOOP_DETECTED", durable=True)

    daemon_name: str
    hostname: str
    restart_count: int
    window_minutes: float
    max_restarts: int
    severity: str = "warning"
    message: str = ""
    fingerprint: str | None = None


class DaemonStarted(Event, frozen=True, kw_only=True):
    """A daemon is up."""

    EVENT = EventType.control("DAEMON_STARTED", bridged=True)

    daemon_name: str
    hostname: str
    pid: int


class DaemonStatusChanged(Event, frozen=True, kw_only=True):
    """A daemon went from one state to another, or its watchdog has something to say."""

    EVENT = EventType.control("DAEMON_STATUS_CHANGED", bridged=True)

    daemon_name: str
    hostname: str
    old_status: str
    new_status: str
    reason: str | None = None
    error: str | None = None
    watchdog_alert: bool = False
    alert_type: str | None = None
    auto_restart_count: int | None = None
    attempt: int | None = None
    max_attempts: int | None = None
    import_error: str | None = None
    action_required: str | None = None


class DaemonStopped(Event, frozen=True, kw_only=True):
    """A daemon ended."""

    EVENT = EventType.control("DAEMON_STOPPED", bridged=True)

    daemon_name: str
    hostname: str
    reason: str


class ConfigDivergenceDetected(Event, frozen=True, kw_only=True):
    """A node runs with other settings than the rest of the cluster."""

    EVENT = EventType.named("CONFIG_DIVERGENCE_DETECTED")

    node_id: str
    hash: str
    source_node: str | None = None
    expected_hash: str | None = None


class ConfigUpdated(Event, frozen=True, kw_only=True):
    """The settings of the cluster changed."""

    EVENT = EventType.named("CONFIG_UPDATED", dedup=Dedup.id())

    source_node: str
    hash: str
    force_sync: bool = False


class StatePersisted(Event, frozen=True, kw_only=True):
    """A node wrote its state to disk."""

    EVENT = EventType.status("STATE_PERSISTED")

    peer_count: int | None = None
    job_count: int | None = None
    leader_id: str | None = None
    cluster_epoch: str | None = None
