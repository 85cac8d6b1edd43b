"""The life of tasks: what runs where, and what nobody has heard of for too long."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ...events.health import NodeRecovered, TaskFailed
from ...events.p2p import HostOffline, HostOnline
from ...events.work import TaskCancelled, TaskCompleted, TaskHeartbeat, TaskOrphaned, TaskSpawned
from ...handlers import handles
from ...options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from ..reconciler import Reconciler
from ..running import under_way
from .lifecycle import (
    FinishedTask,
    Health,
    Task,
    TaskCoordinatorOptions,
    health,
    of_node,
    silence,
    silent,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...journal import StageJournal


@dataclass(frozen=True, slots=True)
class TaskStatistics:
    """What the task coordinator knows.

    Attributes:
        active: tasks that run.
        orphaned: tasks that nobody has heard of for too long.
        finished: by type and outcome, how many ended.
        nodes: by node, whether it is online.
        health: of the table.
    """

    active: int
    orphaned: int
    finished: Mapping[tuple[str, str], int]
    nodes: Mapping[str, bool]
    health: Health


class TaskCoordinator(Reconciler):
    """Keeps the table of tasks, and is the only one to declare a task orphaned.

    After a restart its table is made from the journal: what is started there runs, and has just
    given a sign of life. A task that it does not know is ignored.

    Args:
        options: when a task is orphaned.
        journal: what runs.
        workload: for which configs.
    """

    def __init__(
        self, options: TaskCoordinatorOptions, journal: StageJournal, workload: WorkloadOptions
    ) -> None:
        super().__init__(journal, options.sweep_interval)
        self._options = options
        self._workload = workload
        self._tasks: dict[str, Task] = {}
        self._finished: deque[FinishedTask] = deque(maxlen=options.history)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._nodes: dict[str, bool] = {}

    def on_start(self) -> None:
        """Take over what the journal has as started."""
        now = self.now
        for job in under_way(self.journal, self._workload.config_keys):
            self._tasks[job.task_id] = Task(
                task_id=job.task_id,
                task_type=job.task_type,
                node_id=self.context.node_id,
                started=now,
                heartbeat=now,
            )
        super().on_start()

    def recheck(self) -> None:
        """Orphan the tasks that have been silent for too long.

        One of this node that the journal does not have as started any more has ended unheard.
        """
        now = self.now
        running = {job.task_id for job in under_way(self.journal, self._workload.config_keys)}
        for task in silent(self._tasks.values(), now, self._options.heartbeat_timeout):
            if task.node_id == self.context.node_id and task.task_id not in running:
                del self._tasks[task.task_id]
            else:
                self._orphan(task, silence(task, now))

    @handles(TaskSpawned, idempotent=True)
    def add(self, event: TaskSpawned) -> None:
        """Take a task into the table; one that is there already is alive."""
        now = self.now
        known = self._tasks.get(event.task_id)
        started = event.started_at or now if known is None else known.started
        self._tasks[event.task_id] = Task(
            task_id=event.task_id,
            task_type=event.task_type,
            node_id=event.node_id or self.context.node_id,
            started=started,
            heartbeat=now,
        )

    @handles(TaskHeartbeat, idempotent=True)
    def refresh(self, event: TaskHeartbeat) -> None:
        """Note a sign of life; an orphan that gives one is none."""
        task = self._tasks.get(event.task_id)
        if task is not None:
            self._revive(task)

    @handles(TaskCompleted, TaskFailed, TaskCancelled, idempotent=True)
    def end(self, event: TaskCompleted | TaskFailed | TaskCancelled) -> None:
        """Move a task to the history."""
        task = self._tasks.pop(event.task_id, None)
        if task is None:
            return
        outcome = event.EVENT.name.removeprefix("TASK_").lower()
        duration = max(0.0, self.now - task.started)
        self._counts[task.task_type, outcome] += 1
        self._finished.append(
            FinishedTask(
                task_id=task.task_id,
                task_type=task.task_type,
                node_id=task.node_id,
                outcome=outcome,
                duration=duration,
            )
        )

    @handles(TaskOrphaned, idempotent=True)
    def note_orphan(self, event: TaskOrphaned) -> None:
        """Take over what another node says; its own echo does not come here."""
        task = self._tasks.get(event.task_id)
        if task is not None:
            self._tasks[task.task_id] = replace(task, orphaned=True)

    @handles(HostOffline, idempotent=True)
    def lose_node(self, event: HostOffline) -> None:
        """Orphan everything on a node at once."""
        self._nodes[event.node_id] = False
        for task in of_node(self._tasks.values(), event.node_id, orphaned=False):
            self._orphan(task, f"node {event.node_id} is offline")

    @handles(HostOnline, NodeRecovered, idempotent=True)
    def regain_node(self, event: HostOnline | NodeRecovered) -> None:
        """Take the orphans of a node back, with a fresh sign of life."""
        self._nodes[event.node_id] = True
        for task in of_node(self._tasks.values(), event.node_id, orphaned=True):
            self._revive(task)

    def statistics(self) -> TaskStatistics:
        """Return what is known."""
        orphaned = sum(task.orphaned for task in self._tasks.values())
        return TaskStatistics(
            active=len(self._tasks) - orphaned,
            orphaned=orphaned,
            finished=dict(self._counts),
            nodes=dict(self._nodes),
            health=health(self._tasks.values(), self._options),
        )

    def history(self) -> list[FinishedTask]:
        """Return the tasks that ended last, oldest first."""
        return list(self._finished)

    def _revive(self, task: Task) -> None:
        self._tasks[task.task_id] = replace(task, heartbeat=self.now, orphaned=False)

    def _orphan(self, task: Task, reason: str) -> None:
        now = self.now
        self._tasks[task.task_id] = replace(task, orphaned=True)
        self.publish(
            TaskOrphaned(
                task_id=task.task_id,
                task_type=task.task_type,
                node_id=task.node_id,
                last_heartbeat=task.heartbeat,
                last_heartbeat_seconds_ago=now - task.heartbeat,
                reason=reason,
            )
        )
