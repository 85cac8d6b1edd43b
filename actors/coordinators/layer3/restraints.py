"""What holds training back: a sick cluster, regressions, poor data."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar

from ...daemons.stage_owner import StageOwner
from ...events.data import LowQualityDataWarning
from ...events.health import P2PClusterHealthy, P2PClusterUnhealthy
from ...events.model import PromotionRolledBack
from ...events.monitoring import RegressionCleared, RegressionCritical, RegressionDetected
from ...events.p2p import ClusterCapacityChanged
from ...events.quality import QualityScoreUpdated
from ...events.scales import Priority
from ...events.selfplay import SelfplayTargetUpdated
from ...events.training import (
    TrainingBlockedByQuality,
    TrainingRollbackCompleted,
    TrainingRollbackNeeded,
)
from ...handlers import handles
from .slots import (
    Slots,
    games_for_quality,
    healthy_share,
    reaction,
    slowed_by_quality,
    slowed_by_regression,
)

if TYPE_CHECKING:
    from ...daemons.job_settings import JobSettings
    from ...journal import Stage, StageJournal
    from ...options import WorkloadOptions
    from ...workloads.protocol import JobKind
    from .slots import TrainingCoordinatorOptions

logger = logging.getLogger("ringleader.pipeline")


class RestrainedTraining(StageOwner):
    """The stage `training`, and how many may be at it at once.

    What a regression needs rolled back is asked for (TRAINING_ROLLBACK_NEEDED): the model
    coordinator owns rollbacks.

    Attributes:
        options: of the slots.
        slots: what the slot protocol depends on.
    """

    stage: ClassVar[Stage] = "training"
    kind: ClassVar[JobKind] = "train"

    def __init__(
        self,
        options: TrainingCoordinatorOptions,
        journal: StageJournal,
        jobs: JobSettings,
        workload: WorkloadOptions,
    ) -> None:
        super().__init__(
            journal,
            jobs,
            workload,
            period=options.recheck_interval,
            limit=options.max_concurrent,
        )
        self.options = options
        self.slots = Slots()

    def on_start(self) -> None:
        """Take up the pauses that were not ended."""
        for config_key in self.workload.config_keys:
            self.slots.paused[config_key] = set(self.journal.noted(_paused(config_key), ()))
        super().on_start()

    @handles(P2PClusterUnhealthy, idempotent=True)
    def pause(self, _event: P2PClusterUnhealthy) -> None:
        """Start no training in a sick cluster."""
        self.slots.cluster_healthy = False

    @handles(P2PClusterHealthy, idempotent=True)
    def resume(self, _event: P2PClusterHealthy) -> None:
        """Train again."""
        self.slots.cluster_healthy = True

    @handles(ClusterCapacityChanged, idempotent=True)
    def fit(self, event: ClusterCapacityChanged) -> None:
        """Fit the number of slots to the nodes that can work."""
        healthy = event.healthy_nodes if event.healthy_nodes is not None else event.alive_nodes
        if healthy is not None:
            self.slots.multiplier = healthy_share(healthy, event.total_nodes, self.options)

    @handles(RegressionDetected)
    def see_regression(self, event: RegressionDetected) -> None:
        """Log it, slow down, or pause the config and ask for a rollback: by the rating lost."""
        match reaction(event.elo_drop, self.options):
            case "note":
                logger.info("%s lost %s Elo", event.config_key, event.elo_drop)
            case "slow":
                multiplier = slowed_by_regression(self.slots.multiplier, self.options)
                self.slots.multiplier = multiplier
            case "pause":
                self._pause_for_rollback(event)

    @handles(RegressionCritical)
    def see_critical(self, event: RegressionCritical) -> None:
        """Pause the config and ask for a rollback."""
        self._pause_for_rollback(event)

    def _pause_for_rollback(self, event: RegressionDetected | RegressionCritical) -> None:
        if event.config_key is None:
            return
        self._hold(event.config_key, "regression")
        best = self.journal.production(event.config_key)
        if best is None:
            return
        self.publish(
            TrainingRollbackNeeded(
                model_id=event.model_id or best.model_id,
                reason=event.reason or f"a {event.severity} regression",
                config_key=event.config_key,
                severity=event.severity,
            )
        )

    @handles(PromotionRolledBack)
    def see_rolled_back(self, event: PromotionRolledBack) -> None:
        """Say that the rollback that was needed is done."""
        config_key, model_id = event.config_key, event.from_model_id or event.model_id
        paused = config_key is not None and "regression" in self.slots.paused.get(config_key, ())
        if paused and model_id is not None:
            self.publish(
                TrainingRollbackCompleted(
                    model_id=model_id,
                    config_key=config_key,
                    reason=event.reason,
                    rollback_from=event.from_model_id,
                    rollback_to=event.to_model_id,
                )
            )

    @handles(RegressionCleared, idempotent=True)
    def see_cleared(self, event: RegressionCleared) -> None:
        """Train at full strength again."""
        self.slots.multiplier = 1.0
        if event.config_key is not None:
            self._let_go(event.config_key, "regression")

    @handles(LowQualityDataWarning)
    def see_low_quality(self, _event: LowQualityDataWarning) -> None:
        """Use fewer slots."""
        self.slots.multiplier = slowed_by_quality(self.slots.multiplier, self.options)

    @handles(TrainingBlockedByQuality)
    def see_blocked(self, event: TrainingBlockedByQuality) -> None:
        """Ask for games; pause the config if it is poor quality that blocks it, not age."""
        score = event.quality_score
        if score is not None:
            self._hold(event.config_key, "quality")
        self.publish(
            SelfplayTargetUpdated(
                config_key=event.config_key,
                target_games=games_for_quality(score, self.options),
                priority=Priority.URGENT,
                reason=f"training blocked: {event.reason}",
                quality_score=score,
            )
        )

    @handles(QualityScoreUpdated, idempotent=True)
    def see_quality(self, event: QualityScoreUpdated) -> None:
        """Lift a pause because of quality when the data is good enough."""
        if event.config_key is None or event.is_per_game:
            return
        self.slots.quality[event.config_key] = event.quality_score
        if event.quality_score >= self.options.quality_resume:
            self._let_go(event.config_key, "quality")

    def _hold(self, config_key: str, why: str) -> None:
        self.slots.paused.setdefault(config_key, set()).add(why)
        self._keep_pauses(config_key)

    def _let_go(self, config_key: str, why: str) -> None:
        if why in self.slots.paused.get(config_key, ()):
            self.slots.paused[config_key].discard(why)
            self._keep_pauses(config_key)

    def _keep_pauses(self, config_key: str) -> None:
        """A pause is ended by an event, not by a restart."""
        self.journal.note(_paused(config_key), sorted(self.slots.paused[config_key]))

    def statistics(self) -> Slots:
        """Return what the slot protocol depends on now."""
        return self.slots


def _paused(config_key: str) -> str:
    return f"paused:training:{config_key}"
