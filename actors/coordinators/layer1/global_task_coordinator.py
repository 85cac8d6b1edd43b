"""Admission control: which tasks may start, where and how fast."""

from __future__ import annotations

import logging
from collections.abc import Callable  # noqa: TC003  # the configuration reads the annotations
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from ...events.health import NodeRecovered, NodeUnhealthy, TaskFailed
from ...events.p2p import HostOffline, HostOnline
from ...events.resilience import BackpressureActivated, BackpressureReleased
from ...events.scales import PressureLevel
from ...events.work import TaskCancelled, TaskCompleted, TaskHeartbeat, TaskSpawned
from ...handlers import handles
from ...options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from ..addresses import answer
from ..messages import EndTask, RequestSpawn, ReserveNode, SetAdmission, SpawnAnswer
from ..pressure import is_of_work
from ..reconciler import Reconciler
from ..running import UnderWay, is_under_way, under_way
from .admission import (
    ADMITTANCES,
    Admissions,
    Resources,
    RunningTask,
    Verdict,
    can_spawn,
    forgotten,
    fresh,
    halted,
    register,
)
from .limits import (
    GlobalTaskCoordinatorOptions,  # noqa: TC001  # the configuration reads the annotation
)
from .resources import measure

if TYPE_CHECKING:
    from ...journal import StageJournal

logger = logging.getLogger("ringleader.admission")

CLUSTER: Final = ""
"""The key of backpressure that no node is named for."""


class GlobalTaskCoordinator(Reconciler):
    """Admits tasks, and is the only one to publish that its node's tasks began and ended.

    A task is asked for with `RequestSpawn` and reported over with `EndTask`; both may be repeated.
    After a restart it goes on with what the journal has as started.

    Args:
        options: the limits.
        journal: what runs.
        workload: for which configs.
        resources: measures this host.
    """

    def __init__(
        self,
        options: GlobalTaskCoordinatorOptions,
        journal: StageJournal,
        workload: WorkloadOptions,
        resources: Callable[[], Resources] = measure,
    ) -> None:
        super().__init__(journal, options.check_interval)
        self._options = options
        self._workload = workload
        self._measure = resources
        self._measured_at: float | None = None
        self._pressures: dict[str, PressureLevel] = {}
        self._ours: dict[str, UnderWay] = {}
        self._state: Admissions = fresh(options, 0.0)

    def on_start(self) -> None:
        """Take over what the journal has as started."""
        clock = self.context.clock
        self._state = fresh(self._options, clock.now())
        for job in under_way(self.journal, self._workload.config_keys):
            self._take(job)
        super().on_start()

    def recheck(self) -> None:
        """Drop what the journal has as over, and what nobody has touched for a day."""
        for task_id, job in list(self._ours.items()):
            if not is_under_way(self.journal, job):
                self._drop(task_id)
        now = self.context.clock.now()
        for task_id in forgotten(self._state.tasks, now, self._options.forget_after):
            self._drop(task_id)

    # ---------------------------------------------------------------- commands

    @handles(RequestSpawn, idempotent=True)
    def admit(self, request: RequestSpawn) -> None:
        """Answer whether a task may start; TASK_SPAWNED if it may."""
        verdict = self._judge(request)
        if verdict.granted and request.task_id not in self._ours:
            self._admit(request)
        if not verdict.granted:
            logger.debug("%s has to wait: %s", request.task_id, verdict.reason)
        reply = SpawnAnswer(
            task_id=request.task_id,
            granted=verdict.granted,
            reason=verdict.reason,
            retry_after=verdict.retry_after,
        )
        answer(request.reply_to, reply)

    def _judge(self, request: RequestSpawn) -> Verdict:
        if request.task_id in self._ours:
            return Verdict(granted=True)
        self._look_at_resources()
        return can_spawn(
            self._state,
            self._options,
            task_type=request.task_type,
            node_id=self.context.node_id,
            now=self.context.clock.now(),
            draw=self.context.random.random,
            critical=request.critical,
        )

    def _admit(self, request: RequestSpawn) -> None:
        job = UnderWay(
            task_id=request.task_id,
            task_type=request.task_type,
            config_key=request.config_key,
            iteration=request.iteration,
            stage=request.stage,
        )
        now = self.context.clock.now()
        register(self._state, self._options, self._task(job), now)
        self._ours[job.task_id] = job
        self.publish(
            TaskSpawned(
                task_id=job.task_id,
                task_type=job.task_type,
                node_id=self.context.node_id,
                config_key=job.config_key,
                started_at=self.now,
                iteration=job.iteration,
            )
        )

    @handles(EndTask, idempotent=True)
    def end(self, report: EndTask) -> None:
        """Free a task's place, and publish how it ended."""
        self._drop(report.task_id)
        if report.error:
            self.publish(
                TaskFailed(
                    task_id=report.task_id,
                    task_type=report.task_type,
                    error=report.error,
                    node_id=self.context.node_id,
                    duration_seconds=report.seconds,
                    failed_at=self.now,
                    config_key=report.config_key,
                    iteration=report.iteration,
                )
            )
            return
        self.publish(
            TaskCompleted(
                task_id=report.task_id,
                task_type=report.task_type,
                node_id=self.context.node_id,
                duration_seconds=report.seconds,
                result=report.result,
                config_key=report.config_key,
                iteration=report.iteration,
            )
        )

    @handles(SetAdmission, idempotent=True)
    def set_admission(self, command: SetAdmission) -> None:
        """Run, pause, drain, stop, or admit only the critical.

        Raises:
            ValueError: there is no such state.
        """
        if command.state not in ADMITTANCES:
            known = ", ".join(ADMITTANCES)
            raise ValueError(f"admission can't be {command.state!r}; it can be {known}")
        self._state.state = command.state

    @handles(ReserveNode, idempotent=True)
    def reserve(self, command: ReserveNode) -> None:
        """Keep a node for one type of task, or open it for all again."""
        if command.task_type is None:
            self._state.reserved.pop(command.node_id, None)
        else:
            self._state.reserved[command.node_id] = command.task_type

    # ---------------------------------------------------------------- events

    @handles(TaskSpawned, idempotent=True)
    def note_spawned(self, event: TaskSpawned) -> None:
        """Count another node's task; its own events do not come back to it."""
        node_id = event.node_id or ""
        task = RunningTask(
            task_id=event.task_id,
            task_type=event.task_type,
            node_id=node_id,
            touched=self.context.clock.now(),
        )
        self._state.tasks.setdefault(event.task_id, task)

    @handles(TaskHeartbeat, idempotent=True)
    def touch(self, event: TaskHeartbeat) -> None:
        """Note that a task lives."""
        task = self._state.tasks.get(event.task_id)
        if task is not None:
            now = self.context.clock.now()
            self._state.tasks[event.task_id] = replace(task, touched=now)

    @handles(TaskCompleted, TaskFailed, TaskCancelled, idempotent=True)
    def note_ended(self, event: TaskCompleted | TaskFailed | TaskCancelled) -> None:
        """Free the place of another node's task, or of a cancelled one."""
        self._drop(event.task_id)

    @handles(HostOffline, NodeUnhealthy, idempotent=True)
    def avoid(self, event: HostOffline | NodeUnhealthy) -> None:
        """Admit nothing on a bad node."""
        self._state.unhealthy.add(event.node_id)

    @handles(HostOnline, NodeRecovered, idempotent=True)
    def trust(self, event: HostOnline | NodeRecovered) -> None:
        """Admit tasks on a node again."""
        self._state.unhealthy.discard(event.node_id)

    @handles(BackpressureActivated, idempotent=True, where=is_of_work)
    def press(self, event: BackpressureActivated) -> None:
        """Admit fewer."""
        self._pressures[event.node_id or CLUSTER] = event.level
        self._weigh()

    @handles(BackpressureReleased, idempotent=True, where=is_of_work)
    def release(self, event: BackpressureReleased) -> None:
        """Admit as many as before."""
        self._pressures.pop(event.node_id or CLUSTER, None)
        self._weigh()

    def statistics(self) -> Admissions:
        """Return what admission depends on now."""
        return self._state

    # ---------------------------------------------------------------- within

    def _weigh(self) -> None:
        """Take the strongest pressure on the cluster or on this node."""
        near = (self._pressures.get(node, PressureLevel.NONE) for node in self._near())
        self._state.pressure = max(near)

    def _near(self) -> tuple[str, str]:
        return CLUSTER, self.context.node_id

    def _look_at_resources(self) -> None:
        now = self.context.clock.now()
        measured = self._measured_at
        if measured is not None and now - measured < self._options.resource_age:
            return
        self._measured_at = now
        state = self._state
        state.resources = self._measure()
        before, state.halted = state.halted, halted(state.halted, state.resources, self._options)
        if state.halted != before:
            logger.warning("spawning halted by: %s", ", ".join(sorted(state.halted)) or "nothing")

    def _take(self, job: UnderWay) -> None:
        self._ours[job.task_id] = job
        self._state.tasks[job.task_id] = self._task(job)

    def _task(self, job: UnderWay) -> RunningTask:
        return RunningTask(
            task_id=job.task_id,
            task_type=job.task_type,
            node_id=self.context.node_id,
            touched=self.context.clock.now(),
        )

    def _drop(self, task_id: str) -> None:
        self._ours.pop(task_id, None)
        self._state.tasks.pop(task_id, None)
