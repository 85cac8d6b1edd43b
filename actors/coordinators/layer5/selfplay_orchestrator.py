"""Self-play under way: work is claimed, jobs run it, and the iteration's games are counted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from ...daemons.files import output
from ...daemons.owner import JobOwner
from ...events.data import TaskAbandoned
from ...events.health import TaskFailed, WorkFailed
from ...events.model import PromotionRolledBack
from ...events.monitoring import RegressionCleared, RegressionDetected
from ...events.quality import QualityFeedbackAdjusted, QualityScoreUpdated
from ...events.resilience import BackpressureActivated, BackpressureReleased
from ...events.scales import PressureLevel
from ...events.selfplay import SelfplayComplete
from ...events.training import ResourceConstraint
from ...events.work import (
    TaskCompleted,
    TaskOrphaned,
    WorkCancelled,
    WorkClaimed,
    WorkCompleted,
    WorkQueued,
    WorkRetry,
    WorkStarted,
)
from ...handlers import handles
from ...options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from ..pressure import is_of_work
from ..running import selfplay_target
from .orchestration import (
    SelfplayOrchestratorOptions,
    Tally,
    budget_multiplier,
    claims,
    is_exhausted,
    is_pausing,
    tally,
)

if TYPE_CHECKING:
    from ...daemons.job_messages import JobFinished, JobGaveUp, JobRequest
    from ...daemons.job_settings import JobSettings
    from ...journal import StageJournal, StageRecord, WorkItem

logger = logging.getLogger("ringleader.pipeline")

KIND: Final = "selfplay"
RETRIED: Final = frozenset({"timeout", "attempts"})
"""Kinds of failure after which an item is tried again."""


class SelfplayOrchestrator(JobOwner):
    """Claims self-play items, has jobs play them, and closes the stage when its target is met.

    Args:
        options: tries, backpressure.
        journal: the queue.
        jobs: how jobs are run, and how many at once.
        workload: which configs there are.
    """

    def __init__(
        self,
        options: SelfplayOrchestratorOptions,
        journal: StageJournal,
        jobs: JobSettings,
        workload: WorkloadOptions,
    ) -> None:
        super().__init__(journal, jobs, options.recheck_interval)
        self._options = options
        self._workload = workload
        self._pressures: dict[str, PressureLevel] = {}
        self._budgets: dict[str, float] = {}

    # ---------------------------------------------------------------- rechecks

    def recheck(self) -> None:
        """Close what is done, ensure what runs, claim what there is room for."""
        for config_key in self._workload.config_keys:
            current = self.journal.iteration(config_key)
            for iteration in range(max(1, current - 1), current + 1):
                self._close(config_key, iteration)
        running = [*self._items("claimed"), *self._items("started")]
        for item in running:
            self.ensure(self._job(item))
        queued = [i for i in self._items("queued") if not self._is_paused(i.config_key)]
        limit = self.jobs.stage(KIND).parallel
        for item in claims(queued, len(running), limit, self._pressure()):
            claimed = self.journal.claim_work(item.work_id, self.path, now=self.now)
            if claimed is not None:
                self._tell(WorkClaimed, claimed)
                self.ensure(self._job(claimed))

    def _items(self, status: Any) -> list[WorkItem]:
        mine = set(self._workload.config_keys)
        found = self.journal.work(kind=KIND, status=status)
        return [item for item in found if item.config_key in mine]

    def admitted(self, request: JobRequest) -> None:
        """Begin with a claimed item; WORK_STARTED."""
        begun = self.journal.start_work(request.job_id, now=self.now)
        if begun is not None:
            self._tell(WorkStarted, begun)

    def _job(self, item: WorkItem) -> JobRequest:
        """Return the job of an item: all parts of an iteration are played by the same model."""
        record = self.journal.stage(item.config_key, item.iteration, KIND)
        model = "" if record is None else str(record.inputs.get("model", ""))
        games = output(self.jobs, "games", item.config_key, item.iteration, item.part)
        return self.jobs.request(
            KIND,
            item.work_id,
            config_key=item.config_key,
            iteration=item.iteration,
            part=item.part,
            inputs={"model": model} if model else {},
            outputs={"games": games},
            options=dict(item.options),
            notify=self.path,
        )

    def _tell(
        self, kind: type[WorkClaimed | WorkStarted | WorkCancelled], item: WorkItem, **more: Any
    ) -> None:
        self.publish(
            kind(
                work_id=item.work_id,
                work_type=KIND,
                config_key=item.config_key,
                priority=item.priority,
                attempts=item.attempts,
                claimed_by=item.claimed_by,
                iteration=item.iteration,
                **more,
            )
        )

    # ---------------------------------------------------------------- the stage

    def _close(self, config_key: str, iteration: int) -> None:
        """Finish the stage when its target is met; fail it when too many items failed for good."""
        record = self.journal.stage(config_key, iteration, KIND)
        if record is None:
            return
        items = self.journal.work(config_key, iteration=iteration, kind=KIND)
        for item in items:
            if item.status == "done":
                self.publish_once(f"work:{item.work_id}", completed(item))
        found = tally(items)
        if record.status == "started":
            target = selfplay_target(self.journal, config_key, iteration)
            if target is not None and found.games >= target:
                result = found.result(record.started_at, self.now)
                self.journal.finish_stage(config_key, iteration, KIND, result, now=self.now)
            elif is_exhausted(items, self._options):
                error = f"{found.failed} items failed for good, the last: {found.error}"
                self.journal.fail_stage(config_key, iteration, KIND, error, now=self.now)
            record = self.journal.stage(config_key, iteration, KIND) or record
        if record.status != "started":
            self._cancel(items)
        if record.status == "done" and "skipped" not in record.result:
            self._tell_complete(record, found)

    def _cancel(self, items: list[WorkItem]) -> None:
        """Take back what nobody needs any more: the stage is over."""
        for item in items:
            if item.status in {"queued", "claimed"}:
                reason = "its iteration's self-play is over"
                self.journal.fail_work(item.work_id, reason, now=self.now)
                self._tell(WorkCancelled, item, reason=reason)

    def _tell_complete(self, record: StageRecord, found: Tally) -> None:
        fact = f"selfplay:{record.config_key}:{record.iteration}"
        complete = SelfplayComplete(
            config_key=record.config_key,
            games_generated=found.games,
            duration_seconds=record.result.get("duration_seconds"),
            engine=record.result.get("engine"),
            selfplay_type="pipeline",
            node_id=self.context.node_id,
            iteration=record.iteration,
        )
        self.publish_once(fact, complete)

    # ---------------------------------------------------------------- reports

    def finished(self, report: JobFinished) -> None:
        """Note the games."""
        request = report.request
        result = {"output_path": request.outputs["games"], **report.result}
        self.journal.finish_work(request.job_id, result, now=self.now)

    def gave_up(self, report: JobGaveUp) -> None:
        """Put the item back into the queue if that may help, else give it up."""
        item = self.journal.work_item(report.request.job_id)
        if item is None or item.status not in {"claimed", "started"}:
            return
        error = f"{report.kind}: {report.message}"
        again = report.kind in RETRIED and item.attempts < self._options.max_attempts
        if again:
            self.journal.release_work(item.work_id, error, now=self.now)
        else:
            self.journal.fail_work(item.work_id, error, now=self.now)
        kinds: tuple[type[WorkFailed | WorkRetry], ...] = (
            (WorkFailed, WorkRetry) if again else (WorkFailed,)
        )
        for kind in kinds:
            self.publish(
                kind(
                    work_id=item.work_id,
                    work_type=KIND,
                    config_key=item.config_key,
                    priority=item.priority,
                    attempts=item.attempts,
                    claimed_by=item.claimed_by,
                    iteration=item.iteration,
                    error=error,
                    permanent=not again,
                )
            )

    # ---------------------------------------------------------------- events

    @handles(WorkQueued, TaskCompleted, TaskFailed, TaskOrphaned, TaskAbandoned, idempotent=True)
    def look(
        self, _event: WorkQueued | TaskCompleted | TaskFailed | TaskOrphaned | TaskAbandoned
    ) -> None:
        """See what there is to do: claim, close, or have a lost job run again."""
        self.recheck()

    @handles(BackpressureActivated, idempotent=True, where=is_of_work)
    def press(self, event: BackpressureActivated) -> None:
        """Claim less on a node, or everywhere."""
        self._pressures[event.node_id or ""] = event.level

    @handles(BackpressureReleased, idempotent=True, where=is_of_work)
    def release(self, event: BackpressureReleased) -> None:
        """Claim as before."""
        self._pressures.pop(event.node_id or "", None)
        self.recheck()

    @handles(ResourceConstraint, idempotent=True)
    def constrain(self, event: ResourceConstraint) -> None:
        """Treat a scarce resource as medium backpressure."""
        self._pressures[event.node_id or ""] = PressureLevel.MEDIUM

    def _pressure(self) -> PressureLevel:
        near = (
            self._pressures.get(name, PressureLevel.NONE) for name in ("", self.context.node_id)
        )
        return max(near)

    @handles(RegressionDetected, idempotent=True)
    def see_regression(self, event: RegressionDetected) -> None:
        """Pause a config whose model got much worse."""
        if event.config_key is not None and is_pausing(event.severity):
            self._pause(event.config_key, paused=True)

    @handles(PromotionRolledBack, idempotent=True)
    def see_rolled_back(self, event: PromotionRolledBack) -> None:
        """Pause a config whose model was withdrawn."""
        if event.config_key is not None:
            self._pause(event.config_key, paused=True)

    @handles(RegressionCleared, idempotent=True)
    def see_cleared(self, event: RegressionCleared) -> None:
        """Go on with a config."""
        if event.config_key is not None:
            self._pause(event.config_key, paused=False)
            self.recheck()

    def _pause(self, config_key: str, *, paused: bool) -> None:
        self.journal.note(f"paused:selfplay:{config_key}", paused)

    def _is_paused(self, config_key: str) -> bool:
        return bool(self.journal.noted(f"paused:selfplay:{config_key}", default=False))

    @handles(QualityScoreUpdated)
    def see_quality(self, event: QualityScoreUpdated) -> None:
        """Fit the budget of a config to the quality of its games; tell a large change."""
        config_key = event.config_key
        if config_key is None or event.is_per_game:
            return
        before = self._budgets.get(config_key, 1.0)
        after = budget_multiplier(event.quality_score)
        self._budgets[config_key] = after
        if abs(after - before) >= self._options.told_change:
            self.publish(
                QualityFeedbackAdjusted(
                    config_key=config_key,
                    budget_multiplier=after,
                    old_multiplier=before,
                    quality_score=event.quality_score,
                )
            )


def completed(item: WorkItem) -> WorkCompleted:
    """Return what says that an item is done."""
    return WorkCompleted(
        work_id=item.work_id,
        work_type=item.kind,
        config_key=item.config_key,
        priority=item.priority,
        attempts=item.attempts,
        claimed_by=item.claimed_by,
        iteration=item.iteration,
        result=item.result,
    )
