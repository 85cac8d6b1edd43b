"""The pipeline: which iteration each config is in, and when it is over."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..coordinators.reconciler import RECHECK, Reconciler
from ..coordinators.running import rating
from ..events.data import (
    ExportValidationFailed,
    NpzCombinationComplete,
    NpzCombinationFailed,
    NpzExportComplete,
)
from ..events.evaluation import EvaluationCompleted, EvaluationFailed
from ..events.health import PromotionFailed
from ..events.model import ModelPromoted
from ..events.selfplay import SelfplayComplete, SelfplayTargetUpdated
from ..events.training import TrainingBlockedByQuality, TrainingCompleted, TrainingFailed
from ..handlers import handles
from ..options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from .pipeline_rules import (
    Breaker,
    DataPipelineOptions,
    circuit,
    failed,
    is_over,
    outcome,
    stage_now,
    succeeded,
    tried,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..journal import Stage, StageJournal, StageRecord

logger = logging.getLogger("ringleader.pipeline")

FINISHED: Final = "pipeline:finished"
"""The note in the journal that every config is done: the number of iterations by config."""

_BREAKER: Final = "pipeline:breaker"


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """How long a stage of an iteration took (seconds), and why it failed, if it did."""

    config_key: str
    iteration: int
    stage: Stage
    seconds: float
    error: str


@dataclass(frozen=True, slots=True)
class PipelineStatistics:
    """Where the pipeline is.

    Attributes:
        stages: by config, iteration and stage; None for a config that is done.
        breaker: the circuit breaker.
        history: the stages that ended last, oldest first.
    """

    stages: Mapping[str, tuple[int, str] | None]
    breaker: Breaker
    history: tuple[StageOutcome, ...]


class DataPipelineOrchestrator(Reconciler):
    """Begins iterations, closes them, and ends the run after the last one.

    Stages have owners of their own, who begin when the journal has the one before as done; here
    an iteration begins with a target for self-play, and is complete when no stage of it can
    follow. Iterations that fail in a row open a breaker, which is kept in the journal.

    Args:
        options: games of an iteration, the breaker.
        journal: what is done.
        workload: which configs there are, and how many iterations.
    """

    def __init__(
        self, options: DataPipelineOptions, journal: StageJournal, workload: WorkloadOptions
    ) -> None:
        super().__init__(journal, options.recheck_interval)
        self._options = options
        self._workload = workload
        self._history: deque[StageOutcome] = deque(maxlen=options.history)
        self._seen: set[tuple[str, int, Stage]] = set()

    def recheck(self) -> None:
        """Move every config on by what the journal says."""
        for config_key in self._workload.config_keys:
            self._advance(config_key)
        config_keys = self._workload.config_keys
        done = {key: self.journal.iteration(key) - 1 for key in config_keys}
        finished = done if all(self._is_done(key) for key in config_keys) else None
        if self.journal.noted(FINISHED) != finished:
            self.journal.note(FINISHED, finished)
            logger.info("the pipeline %s", f"is done: {done}" if finished else "goes on")

    def _is_done(self, config_key: str) -> bool:
        iteration = self.journal.iteration(config_key)
        if any(r.iteration == iteration for r in self.journal.iterations(config_key)):
            return False
        elo = rating(self.journal, self.journal.production(config_key))
        target = self._options.target_elo
        return is_over(iteration, self._workload.iterations, elo, target)

    def _advance(self, config_key: str) -> None:
        iteration = self.journal.iteration(config_key)
        records = self.journal.stages(config_key, iteration)
        self._remember(records)
        stage = stage_now(records)
        if stage is None:
            self._complete(config_key, iteration, records)
        elif stage == "selfplay" and not self._is_done(config_key):
            self._begin(config_key, iteration, records)

    def _begin(self, config_key: str, iteration: int, records: list[StageRecord]) -> None:
        """Begin an iteration, if the breaker allows it; make sure that its target is known."""
        if not records:
            breaker = self.breaker()
            state = circuit(breaker, self._options, self.now)
            if state == "open":
                opened = breaker.opened_at or 0.0
                self.recheck_in(opened + self._options.recovery - self.now)
                return
            best = self.journal.production(config_key)
            inputs = {
                "target": self._options.games_per_iteration,
                "model": "" if best is None else best.path,
            }
            self.journal.start_stage(config_key, iteration, "selfplay", inputs, now=self.now)
            if state == "half_open":
                self._keep(tried(breaker))
        target = SelfplayTargetUpdated(
            config_key=config_key,
            target_games=self._options.games_per_iteration,
            reason=f"iteration {iteration}",
            iteration=iteration,
        )
        self.publish_once(f"target:{config_key}:{iteration}", target)

    def _complete(self, config_key: str, iteration: int, records: list[StageRecord]) -> None:
        """Close an iteration; the next one begins in a turn of its own.

        So no chain of events that cause one another goes on from iteration to iteration.
        """
        result = outcome(records)
        if self.journal.finish_stage(config_key, iteration, "complete", result, now=self.now):
            breaker = self.breaker()
            is_failed = bool(result["failed"])
            self._keep(failed(breaker, self._options, self.now) if is_failed else succeeded())
            logger.info("iteration %s of %s is complete: %s", iteration, config_key, result)
        self.actor_ref.tell(RECHECK)

    def _remember(self, records: list[StageRecord]) -> None:
        """Note how long stages took; each is counted once, however often it is told."""
        for record in records:
            key = (record.config_key, record.iteration, record.stage)
            if record.finished_at is not None and key not in self._seen:
                self._seen.add(key)
                seconds = record.finished_at - record.started_at
                self._history.append(StageOutcome(*key, seconds, record.error))

    # ---------------------------------------------------------------- the breaker

    def breaker(self) -> Breaker:
        """Return the circuit breaker as the journal has it."""
        saved: Any = self.journal.noted(_BREAKER)
        return Breaker() if saved is None else msgspec.convert(saved, Breaker)

    def _keep(self, breaker: Breaker) -> None:
        if breaker != self.breaker():
            self.journal.note(_BREAKER, msgspec.to_builtins(breaker))

    # ---------------------------------------------------------------- events

    @handles(
        SelfplayComplete,
        NpzExportComplete,
        ExportValidationFailed,
        NpzCombinationComplete,
        NpzCombinationFailed,
        TrainingCompleted,
        TrainingFailed,
        TrainingBlockedByQuality,
        EvaluationCompleted,
        EvaluationFailed,
        ModelPromoted,
        PromotionFailed,
        idempotent=True,
    )
    def move_on(self, _event: Any) -> None:
        """See what a stage's end leads to; the journal knows one that was told twice."""
        self.recheck()

    def statistics(self) -> PipelineStatistics:
        """Return where the pipeline is."""
        return PipelineStatistics(
            stages={key: self._place(key) for key in self._workload.config_keys},
            breaker=self.breaker(),
            history=tuple(self._history),
        )

    def _place(self, config_key: str) -> tuple[int, str] | None:
        if self._is_done(config_key):
            return None
        iteration = self.journal.iteration(config_key)
        return iteration, stage_now(self.journal.stages(config_key, iteration)) or "complete"
