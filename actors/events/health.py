"""Health: what failed, what recovered, and who is well."""

from collections.abc import Mapping
from typing import Any

from .base import STATUS_MAX_AGE, Dedup, Event, EventType
from .scales import Priority
from .shapes import ConfigEvent, WorkItemEvent

__all__ = [
    "ClusterP2PRecoveryCompleted",
    "ClusterUtilizationRecovered",
    "CoordinatorHealthDegraded",
    "CoordinatorHealthy",
    "CoordinatorInitFailed",
    "CoordinatorUnhealthy",
    "DaemonPermanentlyFailed",
    "Error",
    "HandlerFailed",
    "HealthAlert",
    "HealthCheckFailed",
    "HealthCheckPassed",
    "JobSpawnFailed",
    "NodeProvisionFailed",
    "NodeRecovered",
    "NodeUnhealthy",
    "P2PClusterHealthy",
    "P2PClusterUnhealthy",
    "P2PHealthRecovered",
    "P2PRecoveryNeeded",
    "ParityFailureRateChanged",
    "PartitionHealingFailed",
    "ProgressRecovered",
    "PromotionFailed",
    "QualityCheckFailed",
    "QuorumRecoveryStarted",
    "RecoveryCompleted",
    "RecoveryFailed",
    "RecoveryInitiated",
    "RepairFailed",
    "SocketLeakRecovered",
    "SshLivenessCheckFailed",
    "SshNodeRecovered",
    "TaskFailed",
    "WorkFailed",
    "WorkQueueRecovered",
]


class _PeerNetwork(Event, frozen=True, kw_only=True):
    healthy_nodes: int
    node_count: int
    alive_peers: int | None = None
    quorum_met: bool | None = None
    leader_id: str | None = None


class ClusterP2PRecoveryCompleted(Event, frozen=True, kw_only=True):
    """A repair of the peer network over the whole cluster ended."""

    EVENT = EventType.control("CLUSTER_P2P_RECOVERY_COMPLETED")

    nodes_checked: int
    reachable: int | None = None
    healthy: int | None = None
    restarted: int | None = None


class ClusterUtilizationRecovered(Event, frozen=True, kw_only=True):
    """The GPUs of the cluster are busy again."""

    EVENT = EventType.named("CLUSTER_UTILIZATION_RECOVERED", dedup=Dedup.id())

    active_gpu_nodes: int
    total_gpu_nodes: int | None = None
    recovery_duration_seconds: float | None = None


class CoordinatorHealthy(Event, frozen=True, kw_only=True):
    """A coordinator reported that it is well."""

    EVENT = EventType.control("COORDINATOR_HEALTHY", bridged=True)

    coordinator_name: str
    health_score: float = 1.0
    uptime_seconds: float | None = None
    subscribed: bool | None = None


class CoordinatorHealthDegraded(Event, frozen=True, kw_only=True):
    """A coordinator works, but not well."""

    EVENT = EventType.control("COORDINATOR_HEALTH_DEGRADED", bridged=True)

    coordinator_name: str
    reason: str
    health_score: float | None = None
    issues: tuple[str, ...] = ()


class CoordinatorInitFailed(Event, frozen=True, kw_only=True):
    """A coordinator could not be started."""

    EVENT = EventType.control("COORDINATOR_INIT_FAILED", bridged=True, durable=True)

    coordinator_name: str
    error: str


class CoordinatorUnhealthy(Event, frozen=True, kw_only=True):
    """A coordinator does not do its work."""

    EVENT = EventType.control("COORDINATOR_UNHEALTHY", bridged=True)

    coordinator_name: str
    reason: str | None = None
    error: str | None = None
    health_score: float | None = None


class DaemonPermanentlyFailed(Event, frozen=True, kw_only=True):
    """A daemon failed too often and is not restarted any more."""

    EVENT = EventType.control("DAEMON_PERMANENTLY_FAILED", bridged=True, durable=True)

    daemon_name: str
    hostname: str
    restart_count: int = 0
    requires_intervention: bool = True
    reason: str | None = None
    timeout_seconds: float | None = None


class Error(Event, frozen=True, kw_only=True):
    """A component reports an error of its own."""

    EVENT = EventType.named("ERROR", dedup=Dedup.id())

    error: str
    component: str | None = None
    severity: str | None = None
    details: Mapping[str, Any] | None = None


class HandlerFailed(Event, frozen=True, kw_only=True):
    """An event handler raised."""

    EVENT = EventType.named("HANDLER_FAILED", bridged=True, dedup=Dedup.id())

    handler_name: str
    event_type: str
    error: str
    coordinator: str | None = None
    event_id: str | None = None
    duration_seconds: float | None = None


class HealthAlert(Event, frozen=True, kw_only=True):
    """Something in the health of the system needs a look."""

    EVENT = EventType.control("HEALTH_ALERT", bridged=True, dedup=Dedup.content())

    alert: str
    alert_type: str | None = None
    action: str | None = None
    reason: str | None = None


class HealthCheckFailed(Event, frozen=True, kw_only=True):
    """A node did not pass a health check."""

    EVENT = EventType.named(
        "HEALTH_CHECK_FAILED", bridged=True, max_age=STATUS_MAX_AGE, dedup=Dedup.id()
    )

    node_id: str
    check_type: str | None = None
    reason: str | None = None
    error: str | None = None
    node_ip: str | None = None


class HealthCheckPassed(Event, frozen=True, kw_only=True):
    """A node passed a health check."""

    EVENT = EventType.named(
        "HEALTH_CHECK_PASSED",
        bridged=True,
        max_age=STATUS_MAX_AGE,
        dedup=Dedup.id(),
        on_pressure="shed",
    )

    node_id: str
    check_type: str | None = None
    node_ip: str | None = None
    latency_ms: float | None = None


class JobSpawnFailed(Event, frozen=True, kw_only=True):
    """A job was sent to a node and never came up there."""

    EVENT = EventType.named("JOB_SPAWN_FAILED", durable=True, dedup=Dedup.id())

    job_id: str
    reason: str | None = None
    node_id: str | None = None
    config_key: str | None = None
    timeout_seconds: float | None = None


class NodeProvisionFailed(Event, frozen=True, kw_only=True):
    """A provider could not supply a node."""

    EVENT = EventType.named("NODE_PROVISION_FAILED", bridged=True, dedup=Dedup.id())

    provider: str
    error: str
    gpu_type: str | None = None


class NodeRecovered(Event, frozen=True, kw_only=True):
    """A node works again."""

    EVENT = EventType.named("NODE_RECOVERED", bridged=True, dedup=Dedup.id())

    node_id: str
    recovery_type: str | None = None
    recovery_source: str | None = None
    address: str | None = None
    node_ip: str | None = None
    offline_duration_seconds: float | None = None
    recovery_time_seconds: float | None = None


class NodeUnhealthy(Event, frozen=True, kw_only=True):
    """A node is reachable but not fit for work."""

    EVENT = EventType.named("NODE_UNHEALTHY", bridged=True, dedup=Dedup.id())

    node_id: str
    reason: str
    error: str | None = None
    node_ip: str | None = None
    gpu_utilization: float | None = None
    disk_used_percent: float | None = None
    consecutive_failures: int | None = None
    stall_duration_seconds: float | None = None


class P2PClusterHealthy(_PeerNetwork, frozen=True, kw_only=True):
    """The peer network has enough healthy nodes."""

    EVENT = EventType.control("P2P_CLUSTER_HEALTHY", bridged=True)

    healthy: bool = True


class P2PClusterUnhealthy(_PeerNetwork, frozen=True, kw_only=True):
    """The peer network lost too many nodes."""

    EVENT = EventType.control("P2P_CLUSTER_UNHEALTHY", bridged=True)

    healthy: bool = False
    reason: str | None = None
    alerts: tuple[str, ...] = ()


class P2PHealthRecovered(Event, frozen=True, kw_only=True):
    """A node's view of the peer network is whole again."""

    EVENT = EventType.control("P2P_HEALTH_RECOVERED")

    alive_peers: int
    leader_id: str | None = None
    recovery_duration_seconds: float | None = None


class P2PRecoveryNeeded(Event, frozen=True, kw_only=True):
    """The peer network could not heal itself and needs a stronger remedy."""

    EVENT = EventType.control("P2P_RECOVERY_NEEDED", max_age=STATUS_MAX_AGE)

    reason: str
    escalation_level: int | None = None
    consecutive_failures: int | None = None


class ParityFailureRateChanged(Event, frozen=True, kw_only=True):
    """The share of games that fail the comparison of engines moved."""

    EVENT = EventType.named("PARITY_FAILURE_RATE_CHANGED", bridged=True, dedup=Dedup.id())

    new_rate: float
    old_rate: float
    rate_change: float | None = None
    total_checked: int | None = None
    config_key: str | None = None


class PartitionHealingFailed(Event, frozen=True, kw_only=True):
    """An attempt to join the parts of a split network failed."""

    EVENT = EventType.control("PARTITION_HEALING_FAILED")

    error: str


class ProgressRecovered(ConfigEvent, frozen=True, kw_only=True):
    """A configuration that had stalled gains Elo again."""

    EVENT = EventType.named("PROGRESS_RECOVERED", dedup=Dedup.id())

    recovery_duration_hours: float | None = None
    current_velocity: float | None = None


class PromotionFailed(ConfigEvent, frozen=True, kw_only=True):
    """A model was not promoted."""

    EVENT = EventType.named(
        "PROMOTION_FAILED", bridged=True, durable=True, dedup=Dedup.id(), one_of=("error", "reason")
    )

    model_id: str | None = None
    error: str | None = None
    reason: str | None = None
    iteration: int | None = None


class QualityCheckFailed(ConfigEvent, frozen=True, kw_only=True):
    """The quality of a configuration's data could not be measured."""

    EVENT = EventType.named("QUALITY_CHECK_FAILED", bridged=True, dedup=Dedup.id())

    reason: str
    check_type: str | None = None
    error: str | None = None
    last_quality: float | None = None
    current_state: str | None = None


class QuorumRecoveryStarted(Event, frozen=True, kw_only=True):
    """Work began to bring enough voters back."""

    EVENT = EventType.control("QUORUM_RECOVERY_STARTED", priority=Priority.CRITICAL)

    online_voters: int
    quorum_size: int | None = None
    offline_voters: tuple[str, ...] = ()
    trigger: str | None = None
    severity: str | None = None
    consecutive_checks: int | None = None


class RecoveryCompleted(Event, frozen=True, kw_only=True):
    """A recovery action ended."""

    EVENT = EventType.control("RECOVERY_COMPLETED", bridged=True)

    action: str
    success: bool = True
    node_id: str | None = None
    component: str | None = None
    recovery_id: str | None = None
    duration_seconds: float | None = None


class RecoveryFailed(Event, frozen=True, kw_only=True):
    """A recovery action did not help."""

    EVENT = EventType.control("RECOVERY_FAILED", bridged=True)

    action: str
    error: str
    node_id: str | None = None
    component: str | None = None
    strategy: str | None = None
    recovery_id: str | None = None
    error_id: str | None = None
    duration_seconds: float | None = None


class RecoveryInitiated(Event, frozen=True, kw_only=True):
    """A recovery of a node or a component began."""

    EVENT = EventType.control("RECOVERY_INITIATED", bridged=True, one_of=("node_id", "component"))

    node_id: str | None = None
    component: str | None = None
    strategy: str | None = None
    recovery_id: str | None = None
    error_id: str | None = None
    health_result: Mapping[str, Any] | None = None


class RepairFailed(Event, frozen=True, kw_only=True):
    """A game could not be given enough copies."""

    EVENT = EventType.named("REPAIR_FAILED", bridged=True, dedup=Dedup.id())

    game_id: str
    error: str
    source_nodes: tuple[str, ...] = ()
    target_nodes: tuple[str, ...] = ()
    current_replica_count: int | None = None
    duration_seconds: float | None = None


class SocketLeakRecovered(Event, frozen=True, kw_only=True):
    """The number of open sockets is normal again."""

    EVENT = EventType.control("SOCKET_LEAK_RECOVERED")

    fd_count: int
    fd_percent: float | None = None
    total_sockets: int | None = None
    leaks_detected: int | None = None
    cleanups_performed: int | None = None


class SshLivenessCheckFailed(Event, frozen=True, kw_only=True):
    """A node did not answer over SSH."""

    EVENT = EventType.status("SSH_LIVENESS_CHECK_FAILED")

    node_id: str
    error: str
    latency_ms: float | None = None
    consecutive_failures: int | None = None


class SshNodeRecovered(Event, frozen=True, kw_only=True):
    """A node answers over SSH again."""

    EVENT = EventType.named("SSH_NODE_RECOVERED", dedup=Dedup.id())

    node_id: str
    latency_ms: float | None = None


class TaskFailed(Event, frozen=True, kw_only=True):
    """A task ended in failure."""

    EVENT = EventType.named("TASK_FAILED", bridged=True, durable=True, dedup=Dedup.id())

    task_id: str
    task_type: str
    error: str
    error_type: str | None = None
    traceback: str | None = None
    retryable: bool | None = None
    node_id: str | None = None
    duration_seconds: float | None = None
    failed_at: float | None = None
    config_key: str | None = None
    iteration: int | None = None


class WorkFailed(WorkItemEvent, frozen=True, kw_only=True):
    """An attempt at a work item failed."""

    EVENT = EventType.named("WORK_FAILED", bridged=True, durable=True, dedup=Dedup.id())

    error: str
    permanent: bool = False


class WorkQueueRecovered(Event, frozen=True, kw_only=True):
    """The work queue moves again."""

    EVENT = EventType.control("WORK_QUEUE_RECOVERED")

    stall_duration_seconds: float
    recovery_time: float | None = None
