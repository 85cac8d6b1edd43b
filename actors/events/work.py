"""Work: items of the queue, tasks, jobs, batches."""

from collections.abc import Mapping
from typing import Any

from .base import Dedup, Event, EventType
from .scales import Priority
from .shapes import WorkItemEvent

__all__ = [
    "BatchDispatched",
    "BatchScheduled",
    "CpuPipelineJobCompleted",
    "JobPreempted",
    "JobSpawnVerified",
    "TaskCancelled",
    "TaskCompleted",
    "TaskHeartbeat",
    "TaskOrphaned",
    "TaskSpawned",
    "WorkCancelled",
    "WorkClaimed",
    "WorkCompleted",
    "WorkQueued",
    "WorkRetry",
    "WorkStarted",
    "WorkTimeout",
]


class BatchDispatched(Event, frozen=True, kw_only=True):
    """The jobs of a batch were sent out."""

    EVENT = EventType.named("BATCH_DISPATCHED", dedup=Dedup.id(), on_pressure="slow")

    batch_id: str
    jobs_dispatched: int
    jobs_failed: int = 0
    batch_type: str | None = None
    config_key: str | None = None
    target_nodes: tuple[str, ...] = ()


class BatchScheduled(Event, frozen=True, kw_only=True):
    """A batch of jobs was planned."""

    EVENT = EventType.named("BATCH_SCHEDULED", dedup=Dedup.key("batch_id"), on_pressure="slow")

    batch_id: str
    job_count: int
    batch_type: str | None = None
    config_key: str | None = None
    target_nodes: tuple[str, ...] = ()
    reason: str | None = None


class CpuPipelineJobCompleted(Event, frozen=True, kw_only=True):
    """A job of the CPU pipeline ended."""

    EVENT = EventType.named("CPU_PIPELINE_JOB_COMPLETED", durable=True)

    job_id: str
    job_type: str
    success: bool = True
    node_id: str | None = None
    duration_seconds: float | None = None
    error: str | None = None
    result: Mapping[str, Any] | None = None


class JobPreempted(Event, frozen=True, kw_only=True):
    """A running job had to make room for a more urgent one."""

    EVENT = EventType.named("JOB_PREEMPTED", bridged=True, dedup=Dedup.id())

    node_id: str
    preempted_job_type: str
    preempting_job_type: str
    preempted_job_id: str | None = None
    preempting_job_id: str | None = None
    preempted_priority: Priority | None = None
    preempting_priority: Priority | None = None
    runtime_seconds: float | None = None


class JobSpawnVerified(Event, frozen=True, kw_only=True):
    """A job that was sent to a node was seen to run there."""

    EVENT = EventType.named("JOB_SPAWN_VERIFIED", dedup=Dedup.id())

    job_id: str
    node_id: str | None = None
    config_key: str | None = None
    verification_time_seconds: float | None = None


class TaskCancelled(Event, frozen=True, kw_only=True):
    """A task was ended on request."""

    EVENT = EventType.named(
        "TASK_CANCELLED", bridged=True, durable=True, dedup=Dedup.key("task_id")
    )

    task_id: str
    task_type: str | None = None
    node_id: str | None = None
    reason: str | None = None
    requested_by: str | None = None
    cancelled_at: float | None = None
    iteration: int | None = None


class TaskCompleted(Event, frozen=True, kw_only=True):
    """A task did what it was for."""

    EVENT = EventType.named(
        "TASK_COMPLETED", bridged=True, durable=True, dedup=Dedup.key("task_id")
    )

    task_id: str
    task_type: str
    node_id: str | None = None
    duration_seconds: float | None = None
    result: Mapping[str, Any] | None = None
    config_key: str | None = None
    iteration: int | None = None


class TaskHeartbeat(Event, frozen=True, kw_only=True):
    """A running task is alive."""

    EVENT = EventType.status("TASK_HEARTBEAT", bridged=True)

    task_id: str
    task_type: str | None = None
    node_id: str | None = None
    status: str | None = None
    progress: float | None = None
    progress_percent: float | None = None
    games_completed: int | None = None
    samples_generated: int | None = None
    elapsed_seconds: float | None = None
    heartbeat_at: float | None = None


class TaskOrphaned(Event, frozen=True, kw_only=True):
    """A task stopped giving signs of life."""

    EVENT = EventType.named("TASK_ORPHANED", bridged=True, durable=True, dedup=Dedup.id())

    task_id: str
    task_type: str | None = None
    node_id: str | None = None
    last_heartbeat: float | None = None
    last_heartbeat_seconds_ago: float | None = None
    reason: str | None = None
    iteration: int | None = None


class TaskSpawned(Event, frozen=True, kw_only=True):
    """A task was started."""

    EVENT = EventType.named(
        "TASK_SPAWNED", bridged=True, durable=True, dedup=Dedup.id(), on_pressure="slow"
    )

    task_id: str
    task_type: str
    node_id: str | None = None
    config_key: str | None = None
    config: Mapping[str, Any] | None = None
    priority: int | None = None
    started_at: float | None = None
    pid: int | None = None
    iteration: int | None = None


class WorkCancelled(WorkItemEvent, frozen=True, kw_only=True):
    """A work item was taken back."""

    EVENT = EventType.named(
        "WORK_CANCELLED", bridged=True, durable=True, dedup=Dedup.key("work_id")
    )

    reason: str | None = None


class WorkClaimed(WorkItemEvent, frozen=True, kw_only=True):
    """Somebody took a work item."""

    EVENT = EventType.named("WORK_CLAIMED", bridged=True, durable=True, dedup=Dedup.id())


class WorkCompleted(WorkItemEvent, frozen=True, kw_only=True):
    """A work item was done."""

    EVENT = EventType.named(
        "WORK_COMPLETED", bridged=True, durable=True, dedup=Dedup.key("work_id")
    )

    result: Mapping[str, Any] | None = None


class WorkQueued(WorkItemEvent, frozen=True, kw_only=True):
    """A work item was put into the queue."""

    EVENT = EventType.named(
        "WORK_QUEUED", bridged=True, durable=True, dedup=Dedup.id(), on_pressure="slow"
    )


class WorkRetry(WorkItemEvent, frozen=True, kw_only=True):
    """A work item that failed is to be tried again."""

    EVENT = EventType.named("WORK_RETRY", bridged=True, durable=True, dedup=Dedup.id())

    error: str | None = None
    permanent: bool = False


class WorkStarted(WorkItemEvent, frozen=True, kw_only=True):
    """Work on an item began."""

    EVENT = EventType.named("WORK_STARTED", bridged=True, durable=True, dedup=Dedup.id())


class WorkTimeout(WorkItemEvent, frozen=True, kw_only=True):
    """A work item took longer than it may."""

    EVENT = EventType.named("WORK_TIMEOUT", bridged=True, durable=True, dedup=Dedup.id())

    node_id: str | None = None
    duration_seconds: float | None = None
    expected_timeout: float | None = None
    error: str | None = None
    permanent: bool = False
