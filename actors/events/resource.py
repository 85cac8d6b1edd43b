"""Resources: money, GPUs, disk, memory, sockets, idle nodes."""

from .base import STATUS_MAX_AGE, Dedup, Event, EventType

__all__ = [
    "BudgetAlert",
    "BudgetExceeded",
    "CapacityLow",
    "CapacityRestored",
    "DiskCleanupTriggered",
    "DiskSpaceLow",
    "IdleResourceDetected",
    "IdleStateBroadcast",
    "IdleStateRequest",
    "MemoryPressure",
    "SocketLeakDetected",
]


class BudgetAlert(Event, frozen=True, kw_only=True):
    """Spending comes near its limit."""

    EVENT = EventType.control("BUDGET_ALERT", bridged=True, dedup=Dedup.content())

    budget_type: str
    limit_usd: float
    current_usd: float
    threshold_percent: float | None = None


class BudgetExceeded(Event, frozen=True, kw_only=True):
    """Spending went over its limit."""

    EVENT = EventType.control("BUDGET_EXCEEDED", bridged=True, durable=True, dedup=Dedup.content())

    budget_type: str
    limit_usd: float
    current_usd: float


class CapacityLow(Event, frozen=True, kw_only=True):
    """Fewer GPUs can be used than are needed."""

    EVENT = EventType.control("CAPACITY_LOW", bridged=True)

    current_gpus: int
    min_gpus: int
    provider: str | None = None


class CapacityRestored(Event, frozen=True, kw_only=True):
    """Enough GPUs can be used again."""

    EVENT = EventType.control("CAPACITY_RESTORED", bridged=True)

    current_gpus: int
    min_gpus: int


class DiskCleanupTriggered(Event, frozen=True, kw_only=True):
    """A disk was cleaned up."""

    EVENT = EventType.named("DISK_CLEANUP_TRIGGERED", dedup=Dedup.id())

    node_id: str | None = None
    bytes_freed: int | None = None
    cleanups_performed: int | None = None
    tasks: tuple[str, ...] = ()
    duration_seconds: float | None = None
    logs_rotated: int | None = None
    databases_vacuumed: int | None = None
    games_archived: int | None = None
    dlq_entries_cleaned: int | None = None
    queue_items_cleaned: int | None = None
    orphan_dbs_recovered: int | None = None


class DiskSpaceLow(Event, frozen=True, kw_only=True):
    """A disk is nearly full."""

    EVENT = EventType.control("DISK_SPACE_LOW", bridged=True, dedup=Dedup.content())

    node_id: str
    usage_percent: float
    free_gb: float | None = None
    threshold: float | None = None


class IdleResourceDetected(Event, frozen=True, kw_only=True):
    """A node has a GPU with nothing to do."""

    EVENT = EventType.status("IDLE_RESOURCE_DETECTED", bridged=True)

    node_id: str
    gpu_utilization: float | None = None
    gpu_memory_gb: float | None = None
    idle_duration_seconds: float | None = None
    recommended_config: str | None = None


class IdleStateBroadcast(Event, frozen=True, kw_only=True):
    """A node says whether it is idle."""

    EVENT = EventType.status("IDLE_STATE_BROADCAST")

    node_id: str
    is_idle: bool
    gpu_utilization: float | None = None
    gpu_memory_free_gb: float | None = None
    gpu_memory_total_gb: float | None = None
    idle_duration_seconds: float | None = None
    recommended_config: str | None = None
    active_jobs: int | None = None
    provider: str | None = None


class IdleStateRequest(Event, frozen=True, kw_only=True):
    """A node asks the others whether they are idle."""

    EVENT = EventType.status("IDLE_STATE_REQUEST")

    requester_node: str


class MemoryPressure(Event, frozen=True, kw_only=True):
    """A node is running out of main or GPU memory."""

    EVENT = EventType.control(
        "MEMORY_PRESSURE", max_age=STATUS_MAX_AGE, one_of=("ram_utilization", "gpu_utilization")
    )

    ram_utilization: float | None = None
    gpu_utilization: float | None = None
    gpu_used_gb: float | None = None
    gpu_total_gb: float | None = None
    severity: str | None = None
    node_id: str | None = None


class SocketLeakDetected(Event, frozen=True, kw_only=True):
    """A node holds many more sockets than it should."""

    EVENT = EventType.control("SOCKET_LEAK_DETECTED")

    fd_count: int
    fd_limit: int | None = None
    fd_percent: float | None = None
    total_sockets: int | None = None
    time_wait: int | None = None
    close_wait: int | None = None
    issues: tuple[str, ...] = ()
    consecutive_criticals: int | None = None
