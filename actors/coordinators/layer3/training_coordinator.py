"""Who trains: slots, locks, and the training jobs themselves."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ...daemons.files import output
from ...events.training import (
    TrainingCompleted,
    TrainingFailed,
    TrainingLockAcquired,
    TrainingProgress,
    TrainingSlotUnavailable,
    TrainingStarted,
    TrainingTimeoutReached,
)
from ...events.work import TaskHeartbeat
from ...handlers import handles
from ...journal import ModelRecord
from ...options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from ..addresses import answer
from ..messages import RequestTraining, TrainingAnswer
from .leases import Leases, LocalLeases
from .restraints import RestrainedTraining
from .slots import (
    Run,
    TrainingCoordinatorOptions,
    can_start,
    dead,
    lock_name,
    next_lock_timeout,
)

if TYPE_CHECKING:
    from ...daemons.job_messages import JobGaveUp, JobProgress, JobRequest
    from ...daemons.job_settings import JobSettings
    from ...events.base import Event
    from ...journal import StageJournal, StageRecord
    from .slots import Refusal

logger = logging.getLogger("ringleader.pipeline")


@dataclass(frozen=True, slots=True)
class _Retry:
    """Told to oneself: try for a lock again."""

    request: RequestTraining


class TrainingCoordinator(RestrainedTraining):
    """Gives out training slots, one per config, and owns the training jobs.

    A config that may train gets its lock, then its job. A run that is silent or runs for too long
    loses its lock and takes it anew, with the same job: so no two processes train the same.

    Args:
        options: how many train.
        journal: what trains.
        jobs: how jobs are run.
        workload: which configs there are.
        leases: the locks.
    """

    def __init__(
        self,
        options: TrainingCoordinatorOptions,
        journal: StageJournal,
        jobs: JobSettings,
        workload: WorkloadOptions,
        leases: Leases | None = None,
    ) -> None:
        super().__init__(options, journal, jobs, workload)
        self._leases = leases or LocalLeases()

    # ---------------------------------------------------------------- slots

    @handles(RequestTraining, idempotent=True)
    def ask(self, request: RequestTraining) -> None:
        """Train a config if there is a slot; else say why not."""
        record = self.journal.stage(request.config_key, request.iteration, self.stage)
        if record is not None:
            self._answer(request, None)  # it was asked for twice
            return
        refusal = can_start(self.slots, self.options, request.config_key)
        if refusal is None and self.running() >= self._limit:
            refusal = "max_concurrent_reached"
        if refusal is not None:
            self._refuse(request, refusal)
            return
        self._lock(request)

    @handles(_Retry)
    def retry(self, message: _Retry) -> None:
        """Try for a lock again, unless it is settled."""
        self.ask(message.request)

    def _lock(self, request: RequestTraining) -> None:
        config_key, job_id = request.config_key, self.id_of(request.config_key, request.iteration)
        failures = self.slots.failures.get(config_key, 0)
        timeout = next_lock_timeout(failures, self.options)
        if timeout is None:
            logger.error(
                "%s did not get the lock %s in %s tries; who holds it?",
                job_id,
                lock_name(config_key),
                failures,
            )
            self.slots.failures[config_key] = 0
            self._refuse(request, "lock_failed")
        elif self._leases.acquire(lock_name(config_key), job_id, timeout):
            self.slots.failures[config_key] = 0
            self._begin(request, job_id)
        else:
            self.slots.failures[config_key] = failures + 1
            self.timers.once(self.options.lock_gap, _Retry(request), key=("lock", config_key))

    def _begin(self, request: RequestTraining, job_id: str) -> None:
        self._occupy(request.config_key, request.iteration)
        inputs: dict[str, Any] = {
            "samples": request.samples_path,
            "model": request.model_path,
            "parent": request.parent,
            "options": dict(request.options),
        }
        self.publish(
            TrainingLockAcquired(
                config_key=request.config_key,
                job_id=job_id,
                lock_name=lock_name(request.config_key),
                node_id=self.context.node_id,
            )
        )
        self.start_stage(request.config_key, request.iteration, inputs)
        self._answer(request, None)

    def _occupy(self, config_key: str, iteration: int) -> None:
        now = self.context.clock.now()
        self.slots.runs[config_key] = Run(
            job_id=self.id_of(config_key, iteration),
            config_key=config_key,
            iteration=iteration,
            node_id=self.context.node_id,
            started=now,
            heartbeat=now,
        )

    def _vacate(self, config_key: str) -> None:
        run = self.slots.runs.pop(config_key, None)
        if run is not None:
            self._leases.release(lock_name(config_key), run.job_id)

    def _refuse(self, request: RequestTraining, refusal: Refusal) -> None:
        self.publish(
            TrainingSlotUnavailable(
                config_key=request.config_key, reason=refusal, requester_node=self.context.node_id
            )
        )
        self._answer(request, refusal)

    @staticmethod
    def _answer(request: RequestTraining, refusal: Refusal | None) -> None:
        reply = TrainingAnswer(
            config_key=request.config_key,
            iteration=request.iteration,
            granted=refusal is None,
            reason=refusal or "",
        )
        answer(request.reply_to, reply)

    # ---------------------------------------------------------------- the stage

    def recheck(self) -> None:
        """Compare slots with the journal, and look for dead runs, before anything else."""
        for config_key in self.workload.config_keys:
            iteration = self.journal.iteration(config_key)
            record = self.journal.stage(config_key, iteration, self.stage)
            trains = record is not None and record.status == "started"
            if trains and config_key not in self.slots.runs:
                job_id = self.id_of(config_key, iteration)
                timeout = self.options.lock_timeouts[0]
                if self._leases.acquire(lock_name(config_key), job_id, timeout):
                    self._occupy(config_key, iteration)
            elif not trains:
                self._vacate(config_key)
        now = self.context.clock.now()
        for config_key, reason in dead(self.slots.runs, self.options, now).items():
            logger.warning("training of %s: %s; its job is asked for again", config_key, reason)
            self._vacate(config_key)
        super().recheck()

    def begin(self, config_key: str, iteration: int) -> None:
        """Wait: the training trigger asks when its gates are open."""

    def request(self, record: StageRecord) -> JobRequest:
        """Return the job that trains."""
        inputs = {"samples": str(record.inputs["samples"])}
        if record.inputs["model"]:
            inputs["model"] = str(record.inputs["model"])
        return self.jobs.request(
            self.kind,
            self.id_of(record.config_key, record.iteration),
            config_key=record.config_key,
            iteration=record.iteration,
            inputs=inputs,
            outputs={"model": self._model_path(record)},
            options=record.inputs["options"],
            notify=self.path,
        )

    def _model_path(self, record: StageRecord) -> str:
        return output(self.jobs, "models", record.config_key, record.iteration)

    def progressed(self, report: JobProgress) -> None:
        """Publish a finished epoch."""
        request, metrics = report.request, report.metrics
        self._beat(request.config_key)
        self.publish(
            TrainingProgress(
                config_key=request.config_key,
                epoch=report.done,
                total_epochs=report.total,
                train_loss=_number(metrics.get("train_loss")),
                val_loss=_number(metrics.get("val_loss")),
                policy_accuracy=_number(metrics.get("policy_accuracy")),
                lr=_number(metrics.get("lr")),
                job_id=request.job_id,
                iteration=request.iteration,
            )
        )

    @handles(TaskHeartbeat)
    def hear_heartbeat(self, event: TaskHeartbeat) -> None:
        """Note that a training lives."""
        for config_key, run in self.slots.runs.items():
            if run.job_id == event.task_id:
                self._beat(config_key)
                return

    def _beat(self, config_key: str) -> None:
        run = self.slots.runs.get(config_key)
        if run is not None:
            now = self.context.clock.now()
            self.slots.runs[config_key] = replace(run, heartbeat=now)

    def gave_up(self, report: JobGaveUp) -> None:
        """Note the failure; tell of a time-out."""
        super().gave_up(report)
        request = report.request
        if report.kind == "timeout":
            timeout = TrainingTimeoutReached(
                config_key=request.config_key,
                timeout_hours=request.timeout / 3600,
                job_id=request.job_id,
                iteration=request.iteration,
            )
            self.publish_once(f"timeout:{request.job_id}", timeout)

    def beginning(self, record: StageRecord) -> Event:
        """Return that training began."""
        return TrainingStarted(
            config_key=record.config_key,
            model_path=self._model_path(record),
            job_id=self.id_of(record.config_key, record.iteration),
            node_id=self.context.node_id,
            iteration=record.iteration,
        )

    def settle(self, record: StageRecord) -> None:
        """Keep the model, and let the next one train."""
        self._vacate(record.config_key)
        if record.status != "done" or "skipped" in record.result:
            return
        model_id = _model_id(record)
        if self.journal.model(model_id) is None:
            names = ("final_loss", "train_loss", "val_loss", "best_val_loss", "policy_accuracy")
            self.journal.save_model(
                ModelRecord(
                    model_id=model_id,
                    config_key=record.config_key,
                    iteration=record.iteration,
                    path=str(record.result.get("model_path", self._model_path(record))),
                    state="evaluating",
                    parent=str(record.inputs.get("parent", "")) or None,
                    metrics={name: record.result.get(name) for name in names},
                    created_at=self.now,
                )
            )

    def ending(self, record: StageRecord) -> Event | None:
        """Return how training ended; one that was left out is told by who left it out."""
        result = record.result
        if "skipped" in result:
            return None
        job_id = self.id_of(record.config_key, record.iteration)
        if record.status == "failed":
            return TrainingFailed(
                config_key=record.config_key,
                error=record.error,
                job_id=job_id,
                node_id=self.context.node_id,
                iteration=record.iteration,
            )
        return TrainingCompleted(
            config_key=record.config_key,
            model_path=str(result.get("model_path", self._model_path(record))),
            model_id=_model_id(record),
            epochs_completed=result.get("epochs"),
            final_loss=result.get("final_loss"),
            train_loss=result.get("train_loss"),
            val_loss=result.get("val_loss"),
            best_val_loss=result.get("best_val_loss"),
            policy_accuracy=result.get("policy_accuracy"),
            training_samples=result.get("samples"),
            duration_seconds=result.get("duration_seconds"),
            job_id=job_id,
            node_id=self.context.node_id,
            iteration=record.iteration,
        )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _model_id(record: StageRecord) -> str:
    """Return the model's id: unique, whatever the program calls its models."""
    own = record.result.get("model_id")
    return f"{record.config_key}-{record.iteration}" + (f"-{own}" if own else "")
