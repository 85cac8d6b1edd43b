"""Synchronisation between nodes: requests, stalls, copies that went wrong."""

from .base import PIPELINE_MAX_AGE, Dedup, Event, EventType
from .scales import Priority
from .shapes import ConfigEvent

__all__ = [
    "DistributionIncomplete",
    "QualityDistributionChanged",
    "ReplicationAlert",
    "SyncChecksumFailed",
    "SyncFailureCritical",
    "SyncNodeUnreachable",
    "SyncRequest",
    "SyncStalled",
    "SyncTriggered",
]


class DistributionIncomplete(Event, frozen=True, kw_only=True):
    """A model reached fewer nodes than required within its time."""

    EVENT = EventType.named("DISTRIBUTION_INCOMPLETE")

    model_path: str
    actual_nodes: int
    required_nodes: int | None = None
    timeout_seconds: float | None = None
    model_id: str | None = None


class QualityDistributionChanged(ConfigEvent, frozen=True, kw_only=True):
    """The share of good and poor games of a configuration moved."""

    EVENT = EventType.named("QUALITY_DISTRIBUTION_CHANGED", bridged=True, dedup=Dedup.id())

    avg_quality: float
    high_quality_ratio: float | None = None
    low_quality_ratio: float | None = None
    total_games: int | None = None


class ReplicationAlert(Event, frozen=True, kw_only=True):
    """Games have fewer copies than they should."""

    EVENT = EventType.control("REPLICATION_ALERT", bridged=True, dedup=Dedup.content())

    level: str
    message: str
    game_count: int | None = None
    affected_nodes: tuple[str, ...] = ()
    node_id: str | None = None


class SyncChecksumFailed(Event, frozen=True, kw_only=True):
    """A copied file differs from its source."""

    EVENT = EventType.named("SYNC_CHECKSUM_FAILED", bridged=True, dedup=Dedup.id())

    source_path: str
    dest_path: str | None = None
    target_node: str | None = None
    error: str | None = None


class SyncFailureCritical(Event, frozen=True, kw_only=True):
    """Synchronisation failed so often in a row that it needs attention."""

    EVENT = EventType.control("SYNC_FAILURE_CRITICAL")

    consecutive_failures: int
    last_success: float | None = None
    time_since_success_seconds: float | None = None


class SyncNodeUnreachable(Event, frozen=True, kw_only=True):
    """A node did not answer while data was being copied to it."""

    EVENT = EventType.named("SYNC_NODE_UNREACHABLE", bridged=True, dedup=Dedup.id())

    target_node: str
    old_state: str | None = None
    new_state: str | None = None
    error: str | None = None


class SyncRequest(Event, frozen=True, kw_only=True):
    """Somebody asks for data to be synchronised."""

    EVENT = EventType.named(
        "SYNC_REQUEST",
        bridged=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
        on_pressure="refuse",
    )

    reason: str
    priority: Priority = Priority.NORMAL
    targets: tuple[str, ...] = ()
    data_type: str | None = None
    config_key: str | None = None


class SyncStalled(Event, frozen=True, kw_only=True):
    """A copy between nodes stopped moving."""

    EVENT = EventType.named("SYNC_STALLED", bridged=True, dedup=Dedup.id())

    source_node: str
    target_node: str | None = None
    data_type: str | None = None
    timeout_seconds: float | None = None
    retry_count: int | None = None


class SyncTriggered(Event, frozen=True, kw_only=True):
    """A synchronisation was set going, and why."""

    EVENT = EventType.named(
        "SYNC_TRIGGERED",
        bridged=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
        one_of=("reason", "trigger"),
    )

    reason: str | None = None
    trigger: str | None = None
    config_key: str | None = None
    node_id: str | None = None
    source_node: str | None = None
    target_nodes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    game_count: int | None = None
    data_age_hours: float | None = None
    priority: Priority = Priority.NORMAL
    partitions_healed: int | None = None
    nodes_reconnected: int | None = None
