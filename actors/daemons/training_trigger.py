"""Training starts when its gates are open, at the pace that the config's progress asks for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from ..coordinators.addresses import TRAINING, send
from ..coordinators.messages import RequestTraining, TrainingAnswer
from ..coordinators.reconciler import Reconciler
from ..coordinators.running import players
from ..events.curriculum import CurriculumAdvancementNeeded
from ..events.data import NpzCombinationComplete
from ..events.evaluation import (
    EloVelocityChanged,
    EvaluationBackpressure,
    EvaluationBackpressureReleased,
    EvaluationCompleted,
)
from ..events.monitoring import RegressionCleared, RegressionDetected
from ..events.quality import QualityScoreUpdated
from ..events.training import (
    TrainingBlockedByQuality,
    TrainingCompleted,
    TrainingFailed,
    TrainingThresholdReached,
)
from ..handlers import handles
from ..options import StagesOptions, WorkloadOptions
from ..workloads.options import TrainOptions
from .pipeline_rules import stage_now
from .training_options import TrainingTriggerOptions  # noqa: TC001  # the configuration reads it
from .training_rules import (
    HOPELESS,
    Closed,
    Readiness,
    Tempo,
    after_evaluation,
    after_failure,
    after_regression,
    data_age_hours,
    first_closed,
    intensity,
    job_options,
    pace_by_quality,
    threshold,
)

if TYPE_CHECKING:
    from ..journal import StageJournal
    from .job_settings import JobSettings

logger = logging.getLogger("ringleader.pipeline")


class TrainingTriggerDaemon(Reconciler):
    """Asks the training coordinator for a slot when a config's training set is ready.

    Gates are asked in order. Those that time opens are waited for; what only new games can change
    (too few samples, data too old) leaves the training out of this iteration.

    Args:
        options: gates and paces.
        journal: which training sets there are.
        jobs: the training stage's own options.
        workload: which configs there are.
    """

    def __init__(
        self,
        options: TrainingTriggerOptions,
        journal: StageJournal,
        jobs: JobSettings,
        workload: WorkloadOptions,
    ) -> None:
        super().__init__(journal, options.scan_interval)
        self._options = options
        self._jobs = jobs
        self._workload = workload
        self._asked: dict[str, float] = {}
        self._tempos: dict[str, Tempo] = {}
        self._elos: dict[str, float] = {}
        self._cooldowns: dict[str, float] = {}
        self._blocked: set[str] = set()
        self._backpressure_at: float | None = None

    def on_start(self) -> None:
        """Take the tempos up where the last incarnation left them."""
        for config_key in self._workload.config_keys:
            saved = self.journal.noted(_note(config_key))
            if saved is not None:
                self._tempos[config_key] = msgspec.convert(saved, Tempo)
        super().on_start()

    # ---------------------------------------------------------------- gates

    def recheck(self) -> None:
        """Look at every config."""
        for config_key in self._workload.config_keys:
            self.consider(config_key)

    def consider(self, config_key: str) -> None:
        """Ask for a slot if training is next and all gates are open."""
        iteration = self.journal.iteration(config_key)
        if stage_now(self.journal.stages(config_key, iteration)) != "training":
            self._asked.pop(config_key, None)
            return
        record = self.journal.stage(config_key, iteration, "training")
        if record is not None:
            return
        closed = self._closed(config_key, iteration)
        if closed is None:
            self._ask(config_key, iteration)
        elif closed.gate in HOPELESS:
            self._leave_out(config_key, iteration, closed)
        elif closed.retry_after is not None:
            self.recheck_in(closed.retry_after)

    def readiness(self, config_key: str, iteration: int) -> Readiness:
        """Return what the gates ask for."""
        combined = self.journal.stage(config_key, iteration, "npz_combination")
        trained = [
            record.finished_at
            for number in range(1, iteration)
            if (record := self.journal.stage(config_key, number, "training")) is not None
            and "skipped" not in record.result
        ]
        asked = self._asked.get(config_key)
        waits = asked is not None and self.now - asked < self._options.dedup_window
        return Readiness(
            running=waits,
            samples=0 if combined is None else int(combined.result.get("total_samples", 0)),
            games=self._games(config_key),
            data_at=None if combined is None else combined.finished_at,
            trained_at=max((time for time in trained if time is not None), default=None),
            cooldown_until=self._cooldowns.get(config_key),
            quality_blocked=config_key in self._blocked,
        )

    def _closed(self, config_key: str, iteration: int) -> Closed | None:
        return first_closed(
            self.readiness(config_key, iteration),
            self._options,
            self.now,
            players=players(config_key),
            pace=self._tempo(config_key).pace,
            backpressure_at=self._backpressure_at,
            running=len(self._asked),
        )

    def _games(self, config_key: str) -> int:
        items = self.journal.work(config_key, kind="selfplay", status="done")
        return sum(int(item.result.get("games", item.units)) for item in items)

    def _ask(self, config_key: str, iteration: int) -> None:
        combined = self.journal.stage(config_key, iteration, "npz_combination")
        if combined is None:
            return
        best = self.journal.production(config_key)
        games = self._games(config_key)
        reached = TrainingThresholdReached(
            config_key=config_key,
            games=games,
            threshold=threshold(games, players(config_key), self._options),
            iteration=iteration,
        )
        self.publish_once(f"threshold:{config_key}:{iteration}", reached)
        wanted = intensity(self._tempo(config_key), self._options)
        request = RequestTraining(
            config_key=config_key,
            iteration=iteration,
            samples_path=str(combined.result["output_path"]),
            model_path="" if best is None else best.path,
            parent="" if best is None else best.model_id,
            options=job_options(self._stage_options(), wanted, self._options),
            reply_to=self.actor_ref,
        )
        if send(self, TRAINING, request):
            self._asked[config_key] = self.now

    def _stage_options(self) -> dict[str, Any]:
        """Return the stage's options; the embedded program's defaults are known, too."""
        stage = self._jobs.stage("train")
        if stage.command != StagesOptions().train.command:
            return dict(stage.options)
        embedded = TrainOptions()
        known = {
            name: getattr(embedded, name) for name in ("epochs", "batch_size", "learning_rate")
        }
        return {**known, **stage.options}

    def _leave_out(self, config_key: str, iteration: int, closed: Closed) -> None:
        result = {"skipped": f"{closed.gate}: {closed.reason}"}
        state = self.readiness(config_key, iteration)
        if closed.gate == "stale":
            blocked = TrainingBlockedByQuality(
                config_key=config_key,
                reason="stale",
                data_age_hours=data_age_hours(state, self.now),
                threshold_hours=self._options.max_age_hours,
                games_available=state.games,
                iteration=iteration,
            )
            self.publish_once(f"blocked:{config_key}:{iteration}", blocked)
        logger.info("%s does not train in iteration %s: %s", config_key, iteration, closed.reason)
        self.journal.finish_stage(config_key, iteration, "training", result, now=self.now)

    @handles(TrainingAnswer, idempotent=True)
    def hear_answer(self, answer: TrainingAnswer) -> None:
        """Ask again at the next scan if there was no slot."""
        if not answer.granted:
            self._asked.pop(answer.config_key, None)

    # ---------------------------------------------------------------- what opens and closes gates

    @handles(NpzCombinationComplete, idempotent=True)
    def see_data(self, event: NpzCombinationComplete) -> None:
        """Look at once: a training set is ready."""
        self.consider(event.config_key)

    @handles(TrainingCompleted, idempotent=True)
    def see_trained(self, event: TrainingCompleted) -> None:
        """Count no failure any more."""
        self._asked.pop(event.config_key, None)
        self._keep(event.config_key, replace(self._tempo(event.config_key), failures=0))

    @handles(TrainingFailed)
    def see_failed(self, event: TrainingFailed) -> None:
        """Count a failure; several in a row reduce the pace."""
        self._asked.pop(event.config_key, None)
        tempo = after_failure(self._tempo(event.config_key), self._options)
        self._keep(event.config_key, tempo)

    @handles(EvaluationCompleted)
    def see_evaluated(self, event: EvaluationCompleted) -> None:
        """Fit the pace to the win rate; stagnant ratings want a harder tier."""
        config_key, elo = event.config_key, event.elo
        before = self._elos.get(config_key)
        gain = None if elo is None or before is None else elo - before
        if elo is not None:
            self._elos[config_key] = elo
        tempo, harder = after_evaluation(
            self._tempo(config_key), event.win_rate, gain, self._options
        )
        self._keep(config_key, tempo)
        if harder:
            count = self._options.stagnant_evaluations
            reason = f"{count} evaluations gained next to nothing"
            self.publish(CurriculumAdvancementNeeded(config_key=config_key, reason=reason))

    @handles(EvaluationBackpressure, idempotent=True)
    def hold(self, _event: EvaluationBackpressure) -> None:
        """Hold training back, but not for ever."""
        self._backpressure_at = self.now

    @handles(EvaluationBackpressureReleased, idempotent=True)
    def go_on(self, _event: EvaluationBackpressureReleased) -> None:
        """Train again."""
        self._backpressure_at = None
        self.recheck()

    @handles(TrainingBlockedByQuality, idempotent=True)
    def block(self, event: TrainingBlockedByQuality) -> None:
        """Keep a config from training until its data is better."""
        if event.quality_score is not None:
            self._blocked.add(event.config_key)

    @handles(QualityScoreUpdated, idempotent=True)
    def see_quality(self, event: QualityScoreUpdated) -> None:
        """Fit the pace to the quality of the data; good data opens the gate."""
        config_key = event.config_key
        if config_key is None or event.is_per_game:
            return
        pace = pace_by_quality(event.quality_score)
        tempo = self._tempo(config_key)
        if tempo.pace != "paused":
            self._keep(config_key, replace(tempo, pace=pace))
        if pace != "reduced":
            self._blocked.discard(config_key)
            self.consider(config_key)

    @handles(RegressionDetected)
    def see_regression(self, event: RegressionDetected) -> None:
        """Train less hard, or not at all, and not just now."""
        if event.config_key is None:
            return
        tempo = self._tempo(event.config_key)
        pace = after_regression(tempo.pace, event.severity)
        if pace != tempo.pace:
            self._cooldowns[event.config_key] = self.now + self._options.intensity_cooldown
            self._keep(event.config_key, replace(tempo, pace=pace))

    @handles(RegressionCleared, idempotent=True)
    def see_cleared(self, event: RegressionCleared) -> None:
        """Train as usual again."""
        if event.config_key is not None and self._tempo(event.config_key).pace == "paused":
            self._keep(event.config_key, replace(self._tempo(event.config_key), pace="normal"))
            self.consider(event.config_key)

    @handles(EloVelocityChanged, idempotent=True)
    def see_velocity(self, event: EloVelocityChanged) -> None:
        """Fit steps and epochs to how fast the rating grows."""
        tempo = self._tempo(event.config_key)
        self._keep(event.config_key, replace(tempo, velocity=event.velocity, trend=event.trend))

    def _tempo(self, config_key: str) -> Tempo:
        return self._tempos.get(config_key, Tempo())

    def _keep(self, config_key: str, tempo: Tempo) -> None:
        self._tempos[config_key] = tempo
        self.journal.note(_note(config_key), msgspec.to_builtins(tempo))


def _note(config_key: str) -> str:
    return f"tempo:{config_key}"
