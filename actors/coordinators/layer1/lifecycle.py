"""When a task counts as lost, and how well the table of tasks looks: functions of state, time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

Health: TypeAlias = Literal["healthy", "degraded"]

SUSPECTED: Final = "no heartbeat for {:.0f} s"


class TaskCoordinatorOptions(Struct, frozen=True, kw_only=True):
    """When tasks count as lost."""

    heartbeat_timeout: Annotated[
        float,
        Meta(
            gt=0,
            description="a task without a heartbeat for so long is orphaned (seconds)",
            extra={"env": "RINGRIFT_TASK_HEARTBEAT_TIMEOUT"},
        ),
    ] = 60
    sweep_interval: Annotated[
        float, Meta(gt=0, description="time between two looks for orphaned tasks (seconds)")
    ] = 30
    history: Annotated[
        int, Meta(ge=1, description="finished tasks that are remembered (tasks)")
    ] = 1000
    degraded_orphans: Annotated[
        int, Meta(ge=1, description="orphaned tasks at which health is degraded (tasks)")
    ] = 5
    degraded_ratio: Annotated[
        float,
        Meta(ge=0, le=1, description="share of orphaned among all tasks at which it is, too"),
    ] = 0.2


class Task(Struct, frozen=True, kw_only=True):
    """A task that was spawned and has not ended.

    Attributes:
        task_id: unique.
        task_type: `selfplay`, `training`, …
        node_id: where it runs.
        started: seconds UTC.
        heartbeat: when it last gave a sign of life, seconds UTC.
        orphaned: whether nobody knows if it still lives.
    """

    task_id: str
    task_type: str = ""
    node_id: str = ""
    started: float
    heartbeat: float
    orphaned: bool = False


class FinishedTask(Struct, frozen=True, kw_only=True):
    """A task that has ended.

    Attributes:
        outcome: `completed`, `failed` or `cancelled`.
        duration: seconds from its start.
    """

    task_id: str
    task_type: str
    node_id: str
    outcome: str
    duration: float


def silent(tasks: Iterable[Task], now: float, timeout: float) -> list[Task]:
    """Return the tasks that are to be orphaned because they have been silent for too long."""
    return [task for task in tasks if not task.orphaned and now - task.heartbeat > timeout]


def of_node(tasks: Iterable[Task], node_id: str, *, orphaned: bool) -> list[Task]:
    """Return a node's tasks that are orphaned, or those that are not."""
    return [task for task in tasks if task.node_id == node_id and task.orphaned is orphaned]


def silence(task: Task, now: float) -> str:
    """Say why a task is orphaned that was silent for too long."""
    return SUSPECTED.format(now - task.heartbeat)


def health(tasks: Collection[Task], options: TaskCoordinatorOptions) -> Health:
    """Tell whether too many tasks are orphaned, in number or as a share."""
    orphans = sum(task.orphaned for task in tasks)
    if not orphans:
        return "healthy"
    too_many = orphans >= options.degraded_orphans
    return "degraded" if too_many or orphans / len(tasks) >= options.degraded_ratio else "healthy"
