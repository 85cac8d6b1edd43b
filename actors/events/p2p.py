"""Nodes and their network: who is there, who leads, who is reachable."""

from collections.abc import Mapping
from typing import Any

from .base import STATUS_MAX_AGE, Dedup, Event, EventType
from .scales import Priority

__all__ = [
    "ClusterCapacityChanged",
    "ClusterStallDetected",
    "ClusterStatusChanged",
    "ClusterUnderutilized",
    "HostOffline",
    "HostOnline",
    "LeaderElected",
    "LeaderHeartbeatMissing",
    "LeaderLeaseExpired",
    "LeaderLost",
    "LeaderStepdown",
    "NetworkIsolationDetected",
    "NodeActivated",
    "NodeCapacityUpdated",
    "NodeIncompatibleWithWorkload",
    "NodeOverloaded",
    "NodeProvisioned",
    "NodeRetired",
    "NodeSuspect",
    "NodeTerminated",
    "P2PConnectionResetRequested",
    "P2PNodeDead",
    "P2PNodesDead",
    "P2PRestartTriggered",
    "P2PRestarted",
    "PartitionHealed",
    "PartitionHealingStarted",
    "QuorumAtRisk",
    "QuorumLost",
    "QuorumPriorityReconnect",
    "QuorumRestored",
    "SshLivenessCheckStarted",
    "SshLivenessCheckSucceeded",
    "SshNodeUnresponsive",
]


class _Quorum(Event, frozen=True, kw_only=True):
    online_voters: int
    total_voters: int
    quorum_size: int


class ClusterCapacityChanged(Event, frozen=True, kw_only=True):
    """The cluster has more or fewer nodes or GPUs than before."""

    EVENT = EventType.named("CLUSTER_CAPACITY_CHANGED", bridged=True, dedup=Dedup.id())

    total_nodes: int
    alive_nodes: int | None = None
    healthy_nodes: int | None = None
    gpu_nodes: int | None = None
    training_nodes: int | None = None
    total_gpus: int | None = None
    available_gpus: int | None = None
    change_type: str | None = None
    change_details: Mapping[str, Any] | None = None


class ClusterStallDetected(Event, frozen=True, kw_only=True):
    """Nodes of the cluster have made no progress for too long."""

    EVENT = EventType.control("CLUSTER_STALL_DETECTED", bridged=True, dedup=Dedup.content())

    stalled_nodes: tuple[str, ...]
    stall_threshold: float | None = None


class ClusterStatusChanged(Event, frozen=True, kw_only=True):
    """The cluster as a whole became healthy or unhealthy."""

    EVENT = EventType.control("CLUSTER_STATUS_CHANGED", bridged=True)

    healthy: bool
    healthy_nodes: int | None = None
    node_count: int | None = None
    alerts: tuple[str, ...] = ()


class ClusterUnderutilized(Event, frozen=True, kw_only=True):
    """Too many GPUs of the cluster have been idle for too long."""

    EVENT = EventType.named("CLUSTER_UNDERUTILIZED", dedup=Dedup.id())

    level: str
    idle_fraction: float
    total_gpu_nodes: int | None = None
    idle_gpu_nodes: int | None = None
    active_gpu_nodes: int | None = None
    duration_seconds: float | None = None


class LeaderElected(Event, frozen=True, kw_only=True):
    """A node was elected leader."""

    EVENT = EventType.control(
        "LEADER_ELECTED", bridged=True, durable=True, priority=Priority.CRITICAL
    )

    leader_id: str
    term: int = 0
    domain: str = "cluster"
    previous_leader_id: str | None = None
    is_self: bool = False


class LeaderHeartbeatMissing(Event, frozen=True, kw_only=True):
    """The leader has not been heard of for too long."""

    EVENT = EventType.control("LEADER_HEARTBEAT_MISSING", bridged=True, priority=Priority.CRITICAL)

    leader_id: str
    last_heartbeat: float | None = None
    expected_interval: float | None = None
    delay_seconds: float | None = None


class LeaderLeaseExpired(Event, frozen=True, kw_only=True):
    """The leader did not renew its lease in time."""

    EVENT = EventType.control("LEADER_LEASE_EXPIRED", priority=Priority.CRITICAL)

    leader_id: str
    lease_expiry_time: float | None = None
    grace_seconds: float | None = None
    expired_by_seconds: float | None = None


class LeaderLost(Event, frozen=True, kw_only=True):
    """The cluster no longer has the leader it had."""

    EVENT = EventType.control("LEADER_LOST", bridged=True, durable=True, priority=Priority.CRITICAL)

    old_leader_id: str
    domain: str = "cluster"
    reason: str | None = None


class LeaderStepdown(Event, frozen=True, kw_only=True):
    """A leader gave up its office."""

    EVENT = EventType.control("LEADER_STEPDOWN", durable=True, priority=Priority.CRITICAL)

    leader_id: str
    domain: str = "cluster"
    term: int | None = None
    reason: str | None = None


class NodeActivated(Event, frozen=True, kw_only=True):
    """An idle node was given work."""

    EVENT = EventType.named("NODE_ACTIVATED", bridged=True, dedup=Dedup.id())

    node_id: str
    activation_type: str | None = None
    config_key: str | None = None


class NodeCapacityUpdated(Event, frozen=True, kw_only=True):
    """A node reported what it has free."""

    EVENT = EventType.status("NODE_CAPACITY_UPDATED")

    node_id: str
    gpu_utilization: float | None = None
    gpu_memory_gb: float | None = None
    cpu_utilization: float | None = None
    available_slots: int | None = None
    queue_depth: int | None = None
    reason: str | None = None


class NodeIncompatibleWithWorkload(Event, frozen=True, kw_only=True):
    """No kind of work fits on a node."""

    EVENT = EventType.named("NODE_INCOMPATIBLE_WITH_WORKLOAD")

    node_id: str
    reason: str
    node_ip: str | None = None
    gpu_vram_gb: float | None = None
    has_gpu: bool | None = None
    compatible_configs: tuple[str, ...] = ()


class NodeOverloaded(Event, frozen=True, kw_only=True):
    """A node has more to do than it can."""

    EVENT = EventType.named(
        "NODE_OVERLOADED", bridged=True, max_age=STATUS_MAX_AGE, dedup=Dedup.id()
    )

    node_id: str
    resource_type: str | None = None
    cpu_percent: float | None = None
    gpu_percent: float | None = None
    memory_percent: float | None = None
    job_count: int | None = None
    threshold: float | None = None


class NodeProvisioned(Event, frozen=True, kw_only=True):
    """A provider supplied a new node."""

    EVENT = EventType.named("NODE_PROVISIONED", bridged=True, durable=True, dedup=Dedup.id())

    node_id: str
    provider: str
    gpu_type: str | None = None
    ip_address: str | None = None
    cost_per_hour: float | None = None


class NodeRetired(Event, frozen=True, kw_only=True):
    """A node was taken out of the cluster for good."""

    EVENT = EventType.named("NODE_RETIRED", bridged=True, durable=True, dedup=Dedup.id())

    node_id: str
    reason: str | None = None
    last_seen: float | None = None
    total_uptime_seconds: float | None = None
    node_ip: str | None = None


class NodeSuspect(Event, frozen=True, kw_only=True):
    """A node has missed heartbeats and may be gone."""

    EVENT = EventType.named("NODE_SUSPECT", bridged=True, dedup=Dedup.id())

    node_id: str
    last_seen: float | None = None
    seconds_since_heartbeat: float | None = None
    node_ip: str | None = None


class NodeTerminated(Event, frozen=True, kw_only=True):
    """A rented node was shut down."""

    EVENT = EventType.named(
        "NODE_TERMINATED", bridged=True, durable=True, dedup=Dedup.key("instance_id")
    )

    instance_id: str
    node_id: str | None = None
    instance_name: str | None = None
    provider: str | None = None
    reason: str | None = None
    idle_duration_seconds: float | None = None
    cost_per_hour: float | None = None
    gpu_name: str | None = None


class P2PNodesDead(Event, frozen=True, kw_only=True):
    """Several nodes were declared dead at once."""

    EVENT = EventType.named("P2P_NODES_DEAD", bridged=True, dedup=Dedup.id())

    node_ids: tuple[str, ...]
    reason: str | None = None


class P2PNodeDead(Event, frozen=True, kw_only=True):
    """A node was declared dead."""

    EVENT = EventType.named("P2P_NODE_DEAD", bridged=True, dedup=Dedup.id())

    node_id: str
    reason: str | None = None
    last_seen: float | None = None
    job_count: int | None = None
    offline_duration_seconds: float | None = None


class QuorumAtRisk(_Quorum, frozen=True, kw_only=True):
    """One more voter lost, and the quorum is gone."""

    EVENT = EventType.control("QUORUM_AT_RISK", priority=Priority.CRITICAL)

    margin: int | None = None


class QuorumLost(_Quorum, frozen=True, kw_only=True):
    """Too few voters are online to decide anything."""

    EVENT = EventType.control("QUORUM_LOST", priority=Priority.CRITICAL)

    offline_voters: tuple[str, ...] = ()


class QuorumPriorityReconnect(Event, frozen=True, kw_only=True):
    """Certain nodes are to be reached first, to restore the quorum."""

    EVENT = EventType.control(
        "QUORUM_PRIORITY_RECONNECT", max_age=STATUS_MAX_AGE, priority=Priority.CRITICAL
    )

    prioritized_nodes: tuple[str, ...]
    voters_needed: int | None = None


class QuorumRestored(_Quorum, frozen=True, kw_only=True):
    """Enough voters are online again."""

    EVENT = EventType.control("QUORUM_RESTORED", priority=Priority.CRITICAL)


class SshNodeUnresponsive(Event, frozen=True, kw_only=True):
    """A node stopped answering over SSH."""

    EVENT = EventType.named("SSH_NODE_UNRESPONSIVE", dedup=Dedup.id())

    node_id: str
    consecutive_failures: int
    last_ssh_success: float | None = None
    last_error: str | None = None


class HostOffline(Event, frozen=True, kw_only=True):
    """A node left the network."""

    EVENT = EventType.named("HOST_OFFLINE", bridged=True, dedup=Dedup.id())

    node_id: str
    reason: str | None = None
    last_seen: float | None = None


class HostOnline(Event, frozen=True, kw_only=True):
    """A node joined the network."""

    EVENT = EventType.named("HOST_ONLINE", bridged=True, dedup=Dedup.id())

    node_id: str
    capabilities: tuple[str, ...] = ()
    host_type: str | None = None
    port: int | None = None
    has_gpu: bool | None = None
    gpu_name: str | None = None


class NetworkIsolationDetected(Event, frozen=True, kw_only=True):
    """A node sees far fewer peers than it should."""

    EVENT = EventType.control("NETWORK_ISOLATION_DETECTED")

    p2p_peers: int
    peer_ratio: float
    tailscale_peers: int | None = None
    consecutive_checks: int | None = None
    isolation_triggered_restarts: int | None = None


class P2PConnectionResetRequested(Event, frozen=True, kw_only=True):
    """The connections to peers are to be closed and opened anew."""

    EVENT = EventType.named(
        "P2P_CONNECTION_RESET_REQUESTED", max_age=STATUS_MAX_AGE, dedup=Dedup.id()
    )

    reason: str
    close_wait_count: int | None = None


class P2PRestarted(Event, frozen=True, kw_only=True):
    """The peer network of a node was restarted."""

    EVENT = EventType.named("P2P_RESTARTED", dedup=Dedup.id())

    trigger: str
    restart_count: int | None = None
    previous_state: str | None = None


class P2PRestartTriggered(Event, frozen=True, kw_only=True):
    """A node decided to restart its peer network."""

    EVENT = EventType.named("P2P_RESTART_TRIGGERED", dedup=Dedup.id())

    consecutive_failures: int
    last_status: str | None = None
    total_restarts: int | None = None
    unhealthy_duration_seconds: float | None = None


class PartitionHealed(Event, frozen=True, kw_only=True):
    """The parts of a split network were joined."""

    EVENT = EventType.control("PARTITION_HEALED")

    partitions_healed: int
    partitions_found: int | None = None
    nodes_reconnected: int | None = None
    duration_ms: float | None = None
    node_ids: tuple[str, ...] = ()
    cut_seconds: float | None = None
    events_repaired: int | None = None
    events_lost: int | None = None


class PartitionHealingStarted(Event, frozen=True, kw_only=True):
    """An attempt to join the parts of a split network began."""

    EVENT = EventType.control("PARTITION_HEALING_STARTED")


class SshLivenessCheckStarted(Event, frozen=True, kw_only=True):
    """A node is being tried over SSH."""

    EVENT = EventType.status("SSH_LIVENESS_CHECK_STARTED")

    node_id: str


class SshLivenessCheckSucceeded(Event, frozen=True, kw_only=True):
    """A node answered over SSH."""

    EVENT = EventType.status("SSH_LIVENESS_CHECK_SUCCEEDED")

    node_id: str
    latency_ms: float | None = None
