"""Every trained model is measured: by games against random play, the heuristic, other models."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from ..coordinators.layer4.population import work_id
from ..coordinators.running import rating
from ..events.evaluation import (
    EloUpdated,
    EvaluationBackpressure,
    EvaluationBackpressureReleased,
    EvaluationFailed,
    EvaluationProgress,
    EvaluationStarted,
)
from ..events.model import PromotionCandidate
from ..events.training import TrainingCompleted
from ..handlers import handles
from ..options import StagesOptions, WorkloadOptions
from ..workloads.options import EvaluateOptions
from .evaluation_rounds import KIND, completed, round_of
from .evaluation_rules import (
    EvaluationDaemonOptions,
    Request,
    backpressure,
    due,
    more_games,
    retry_delay,
    retry_factor,
    starts_at,
)
from .owner import JobOwner
from .pipeline_rules import stage_now

if TYPE_CHECKING:
    from ..journal import ModelRecord, StageJournal, WorkItem
    from .job_messages import JobFinished, JobGaveUp, JobProgress, JobRequest
    from .job_settings import JobSettings

logger = logging.getLogger("ringleader.pipeline")

HOPELESS: Final = frozenset({"bad-job", "missing-extra", "bad-input", "bad-command"})
"""Kinds of failure that another try does not mend."""


class EvaluationDaemon(JobOwner):
    """Plays the gauntlet of each trained model; more rounds where promotion wants them.

    The queue is in the journal: one work item for each round, and the round's job has its id.

    Args:
        options: queue, cooldown, retries.
        journal: which models there are.
        jobs: how jobs are run.
        workload: which configs there are.
    """

    def __init__(
        self,
        options: EvaluationDaemonOptions,
        journal: StageJournal,
        jobs: JobSettings,
        workload: WorkloadOptions,
    ) -> None:
        super().__init__(journal, jobs, options.recheck_interval)
        self._options = options
        self._workload = workload
        self._pressed = False
        self._limit = min(options.max_concurrent, jobs.stage("evaluate").parallel)

    # ---------------------------------------------------------------- rechecks

    def recheck(self) -> None:
        """Queue what was trained, start what is due, ensure what runs, tell what is over."""
        for config_key in self._workload.config_keys:
            current = self.journal.iteration(config_key)
            for iteration in range(max(1, current - 1), current + 1):
                self._queue(config_key, iteration)
                self._close(config_key, iteration)
        for item in self._items("claimed", "started"):
            self.ensure(self._job(item))
        self._start_due()
        self._signal()

    def _queue(self, config_key: str, iteration: int) -> None:
        """Put the first round of a model into the queue."""
        if stage_now(self.journal.stages(config_key, iteration)) != KIND:
            return
        trained = self.journal.stage(config_key, iteration, "training")
        if trained is None or self._waiting_count() >= self._options.max_queue:
            return
        path = str(trained.result.get("model_path", trained.result.get("output_path", "")))
        self.journal.put_work(round_of(config_key, iteration, 1, path, self.now))

    def _start_due(self) -> None:
        waiting = {item.work_id: item for item in self._items("queued")}
        requests = {work_id: self._as_request(item) for work_id, item in waiting.items()}
        evaluated = self._evaluated()
        room = self._limit - len(self._items("claimed", "started"))
        ready = due(requests.values(), evaluated, self.now, self._options.cooldown)
        for request in ready[: max(0, room)]:
            item_id = work_id(KIND, request.config_key, request.iteration, request.round)
            claimed = self.journal.claim_work(item_id, self.path, now=self.now)
            if claimed is not None:
                self.ensure(self._job(claimed))
        later = [
            starts_at(request, evaluated, self._options.cooldown) - self.now
            for request in requests.values()
            if request not in ready
        ]
        if later:
            self.recheck_in(min(later))

    def admitted(self, request: JobRequest) -> None:
        """Begin with a claimed round; EVALUATION_STARTED."""
        begun = self.journal.start_work(request.job_id, now=self.now)
        item = begun or self.journal.work_item(request.job_id)
        if item is None or item.status != "started":
            return
        inputs = {"model": item.options["model_path"], "round": item.part}
        self.journal.start_stage(item.config_key, item.iteration, KIND, inputs, now=self.now)
        started = EvaluationStarted(
            config_key=item.config_key,
            model_id=self._model_id(item),
            model_path=str(item.options["model_path"]),
            node_id=self.context.node_id,
            job_id=item.work_id,
            iteration=item.iteration,
        )
        self.publish_once(f"evaluation:began:{item.work_id}:{item.attempts}", started)

    def _job(self, item: WorkItem) -> JobRequest:
        """Return the job of a round; it stays the same, whoever becomes the best meanwhile."""
        attempt = item.attempts + (item.status == "claimed")
        note = f"evaluation:job:{item.work_id}:{attempt}"
        plan = self.journal.noted(note)
        if plan is None:
            plan = self._plan(item, attempt)
            self.journal.note(note, plan)
        return self.jobs.request(
            "evaluate",
            item.work_id,
            config_key=item.config_key,
            iteration=item.iteration,
            part=item.part,
            inputs=plan["inputs"],
            options=plan["options"],
            notify=self.path,
        )

    def _plan(self, item: WorkItem, attempt: int) -> dict[str, Any]:
        best, first = self._opponents(item)
        inputs = {"model": str(item.options["model_path"])}
        options = more_games(self._stage_options(), retry_factor(attempt - 1, self._options))
        for name, model in (("best", best), ("first", first)):
            if model is not None:
                inputs[name] = model.path
                elo = rating(self.journal, model)
                options |= {} if elo is None else {f"{name}_elo": elo}
        return {"inputs": inputs, "options": options}

    def _opponents(self, item: WorkItem) -> list[ModelRecord | None]:
        """Return the current best and the first generation, unless the model is one of them."""
        model_id = self._model_id(item)
        found = self.journal.production(item.config_key), self.journal.first(item.config_key)
        return [None if m is None or m.model_id == model_id else m for m in found]

    def _stage_options(self) -> dict[str, Any]:
        """Return the stage's options; the games of the embedded program are known, too."""
        stage = self.jobs.stage("evaluate")
        if stage.command != StagesOptions().evaluate.command:
            return dict(stage.options)
        embedded = EvaluateOptions()
        games = (name for name in embedded.__struct_fields__ if name.endswith("_games"))
        known = {name: getattr(embedded, name) for name in games if name != "stop_early_games"}
        return {**known, **stage.options}

    # ---------------------------------------------------------------- reports

    def finished(self, report: JobFinished) -> None:
        """Note a round's result."""
        self.journal.finish_work(report.request.job_id, report.result, now=self.now)

    def gave_up(self, report: JobGaveUp) -> None:
        """Try again after a while, or give the model up; EVALUATION_FAILED either way."""
        request = report.request
        item = self.journal.work_item(request.job_id)
        if item is None or item.status != "started" or request != self._job(item):
            return  # of a try before: the current one is asked for by the next recheck
        error = f"{report.kind}: {report.message}"
        delay = None if report.kind in HOPELESS else retry_delay(item.attempts, self._options)
        if delay is None:
            self.journal.fail_work(item.work_id, error, now=self.now)
        else:
            self.journal.release_work(item.work_id, error, now=self.now)
            self.recheck_in(delay)
        failed = EvaluationFailed(
            config_key=item.config_key,
            error=error,
            model_id=self._model_id(item),
            model_path=str(item.options["model_path"]),
            job_id=item.work_id,
            iteration=item.iteration,
        )
        self.publish_once(f"evaluation:failed:{item.work_id}:{item.attempts}", failed)

    def progressed(self, report: JobProgress) -> None:
        """Publish how far a round is."""
        request, metrics = report.request, report.metrics
        rate, baseline = metrics.get("current_win_rate"), metrics.get("baseline")
        self.publish(
            EvaluationProgress(
                config_key=request.config_key,
                games_completed=report.done,
                games_total=report.total,
                baseline=None if baseline is None else str(baseline),
                current_win_rate=float(rate) if isinstance(rate, int | float) else None,
                iteration=request.iteration,
            )
        )

    def _close(self, config_key: str, iteration: int) -> None:
        """Finish the stage with its first round, and tell of every round that is over."""
        for item in self.journal.work(config_key, iteration=iteration, kind=KIND):
            if item.status == "done":
                if item.part == 1:
                    self.journal.finish_stage(
                        config_key, iteration, KIND, item.result, now=self.now
                    )
                self._tell(item)
            elif item.status == "failed" and item.part == 1:
                self.journal.fail_stage(config_key, iteration, KIND, item.error, now=self.now)

    def _tell(self, item: WorkItem) -> None:
        fact = f"evaluation:ended:{item.work_id}"
        if self.journal.noted(f"published:{fact}"):
            return
        result, model_id = item.result, self._model_id(item)
        elo = result.get("elo")
        if elo is not None:
            rating = EloUpdated(
                config_key=item.config_key,
                model_id=model_id,
                new_elo=float(elo),
                games_played=result.get("games_played"),
                iteration=item.iteration,
            )
            self.publish_once(f"elo:{item.work_id}", rating)
        self.publish_once(fact, completed(item, model_id, self.context.node_id))

    # ---------------------------------------------------------------- the queue

    @handles(TrainingCompleted, idempotent=True)
    def take(self, _event: TrainingCompleted) -> None:
        """Queue the model."""
        self.recheck()

    @handles(PromotionCandidate, idempotent=True)
    def take_again(self, _event: PromotionCandidate) -> None:
        """See which round promotion has put into the queue."""
        self.recheck()

    def _items(self, *statuses: Any) -> list[WorkItem]:
        mine = set(self._workload.config_keys)
        found = (item for s in statuses for item in self.journal.work(kind=KIND, status=s))
        return [item for item in found if item.config_key in mine]

    def _waiting_count(self) -> int:
        return len(self._items("queued"))

    def _signal(self) -> None:
        """Hold training back while too many wait; release it once."""
        waiting = self._waiting_count()
        signal = backpressure(waiting, self._options, active=self._pressed)
        if signal is None:
            return
        self._pressed = signal == "activate"
        kind = EvaluationBackpressure if self._pressed else EvaluationBackpressureReleased
        self.publish(
            kind(
                queue_depth=waiting,
                threshold=self._options.backpressure,
                release_threshold=self._options.release,
            )
        )

    def _as_request(self, item: WorkItem) -> Request:
        changed = item.changed_at or item.queued_at
        delay = retry_delay(item.attempts, self._options) if item.attempts else 0.0
        return Request(
            config_key=item.config_key,
            iteration=item.iteration,
            round=item.part,
            model_path=str(item.options["model_path"]),
            asked_at=item.queued_at,
            not_before=changed + (delay or 0.0),
        )

    def _evaluated(self) -> dict[str, float]:
        """Return by model when it was evaluated last, of the newest models."""
        times: dict[str, float] = {}
        for item in self._items("done"):
            path, at = str(item.options["model_path"]), item.changed_at or item.queued_at
            times[path] = max(at, times.get(path, at))
        newest = sorted(times.items(), key=lambda pair: pair[1])[-self._options.remembered :]
        return dict(newest)

    def _model_id(self, item: WorkItem) -> str:
        models = self.journal.models(item.config_key)
        found = (model.model_id for model in models if model.iteration == item.iteration)
        return next(found, f"{item.config_key}-{item.iteration}")
