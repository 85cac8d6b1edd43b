"""The life of models: from training to production, and back if one fails."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ...events.evaluation import EloUpdated
from ...events.health import PromotionFailed
from ...events.model import (
    CheckpointLoaded,
    CheckpointSaved,
    ModelCorrupted,
    ModelPromoted,
    ModelSyncRequested,
    PromotionRolledBack,
)
from ...events.monitoring import RegressionCritical, RegressionDetected
from ...events.training import TrainingCompleted, TrainingRollbackNeeded
from ...handlers import handles
from ...options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from ..reconciler import Reconciler
from ..running import last_evaluation, rating
from .records import (
    ModelCoordinatorOptions,
    changes,
    is_rolled_back,
    moved,
    rollback_target,
)

if TYPE_CHECKING:
    from ...journal import ModelRecord, StageJournal
    from .records import State

logger = logging.getLogger("ringleader.models")


class ModelCoordinator(Reconciler):
    """Keeps the records of models, and is the only one to roll a production model back.

    Others ask for a rollback: REGRESSION_* and TRAINING_ROLLBACK_NEEDED.

    Args:
        options: what is remembered.
        journal: the records.
        workload: which configs there are.
    """

    def __init__(
        self, options: ModelCoordinatorOptions, journal: StageJournal, workload: WorkloadOptions
    ) -> None:
        super().__init__(journal, options.recheck_interval)
        self._workload = workload
        self._checkpoints: deque[str] = deque(maxlen=options.checkpoints)

    def recheck(self) -> None:
        """Bring every record to the state that the journal's facts say."""
        for config_key in self._workload.config_keys:
            self._reconcile(config_key)

    def _reconcile(self, config_key: str) -> None:
        models, best = self.journal.models(config_key), self.journal.production(config_key)
        rated = [self._rated(model) for model in models]
        changed = changes(rated, None if best is None else best.model_id, self._refused(models))
        final = {model.model_id: model for model in (*rated, *changed)}
        for model in models:
            if final[model.model_id] != model:
                self.journal.save_model(final[model.model_id])

    def _rated(self, model: ModelRecord) -> ModelRecord:
        """Return a model with the rating and win rates of its last evaluation."""
        result = last_evaluation(self.journal, model)
        rates = {
            f"win_rate_{name}": score.get("win_rate")
            for name, score in result.get("opponents", {}).items()
        }
        return replace(model, elo=rating(self.journal, model), metrics={**model.metrics, **rates})

    def _refused(self, models: list[ModelRecord]) -> set[str]:
        refused: set[str] = set()
        for model in models:
            record = self.journal.stage(model.config_key, model.iteration, "promotion")
            if record is not None and record.status == "done" and not record.result.get("promoted"):
                refused.add(model.model_id)
        return refused

    # ---------------------------------------------------------------- events of a model's life

    @handles(TrainingCompleted, EloUpdated, PromotionFailed, idempotent=True)
    def follow(self, event: TrainingCompleted | EloUpdated | PromotionFailed) -> None:
        """Bring the config's records up to date."""
        self._reconcile(event.config_key)

    @handles(ModelPromoted, idempotent=True)
    def follow_promotion(self, event: ModelPromoted) -> None:
        """Bring the config's records up to date; the old best is archived."""
        if event.config_key is not None:
            self._reconcile(event.config_key)

    @handles(CheckpointSaved, CheckpointLoaded, idempotent=True)
    def note_checkpoint(self, event: CheckpointSaved | CheckpointLoaded) -> None:
        """Remember a checkpoint."""
        if event.checkpoint_path not in self._checkpoints:
            self._checkpoints.append(event.checkpoint_path)

    # ---------------------------------------------------------------- rollbacks

    @handles(ModelCorrupted, idempotent=True)
    def lose(self, event: ModelCorrupted) -> None:
        """Put a damaged model aside, ask for a copy, and replace it if it was the best."""
        model = self.journal.model(event.model_id)
        if model is None:
            return
        if self._is_best(model):
            self._roll_back(model, "its file is damaged", "archived")
        else:
            self.journal.save_model(moved(model, "archived"))
        self.publish(
            ModelSyncRequested(
                model_id=model.model_id,
                config_key=model.config_key,
                model_path=model.path,
                reason=event.corruption_type or "its file is damaged",
            )
        )

    @handles(RegressionDetected, RegressionCritical, idempotent=True)
    def see_regression(self, event: RegressionDetected | RegressionCritical) -> None:
        """Take the best model out of use if the regression is severe."""
        if not is_rolled_back(event.severity) or event.config_key is None:
            return
        best = self.journal.production(event.config_key)
        if best is not None and event.model_id in {None, best.model_id}:
            self._roll_back(best, event.reason or f"a {event.severity} regression")

    @handles(TrainingRollbackNeeded, idempotent=True)
    def roll_back(self, event: TrainingRollbackNeeded) -> None:
        """Take a model out of use because somebody asks for it; one that is not, stays so."""
        model = self.journal.model(event.model_id)
        if model is not None and self._is_best(model):
            self._roll_back(model, event.reason)

    def _is_best(self, model: ModelRecord) -> bool:
        best = self.journal.production(model.config_key)
        return best is not None and best.model_id == model.model_id

    def _roll_back(self, best: ModelRecord, reason: str, state: State = "rolled_back") -> None:
        target = rollback_target(self.journal.models(best.config_key), best.model_id)
        if target is None:
            logger.error("%s can't be rolled back: there is no earlier model", best.model_id)
            return
        self.journal.save_model(moved(best, state))
        self.journal.set_production(best.config_key, target.model_id)
        self.journal.save_model(moved(target, "production"))
        self.publish(
            PromotionRolledBack(
                reason=reason,
                config_key=best.config_key,
                model_id=best.model_id,
                from_model_id=best.model_id,
                to_model_id=target.model_id,
                triggered_by=self.path,
            )
        )
