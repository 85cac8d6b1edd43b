"""Self-play is divided between configs by how much each has to gain."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from ...events.curriculum import CurriculumAdvanced, CurriculumRebalanced, OpponentMastered
from ...events.data import LowQualityDataWarning
from ...events.evaluation import (
    EloUpdated,
    EloVelocityChanged,
    EvaluationBackpressure,
    EvaluationBackpressureReleased,
)
from ...events.health import P2PClusterHealthy, P2PClusterUnhealthy, PromotionFailed
from ...events.model import ModelPromoted
from ...events.monitoring import ProgressStallDetected, RegressionDetected
from ...events.optimization import PlateauDetected
from ...events.quality import (
    ExplorationBoost,
    QualityDegraded,
    QualityFeedbackAdjusted,
    QualityPenaltyApplied,
)
from ...events.resilience import BackpressureActivated, BackpressureReleased
from ...events.scales import Priority
from ...events.selfplay import (
    SelfplayAllocationUpdated,
    SelfplayComplete,
    SelfplayRateChanged,
    SelfplayTargetUpdated,
)
from ...events.training import TrainingBlockedByQuality, TrainingCompleted, TrainingEarlyStopped
from ...handlers import handles
from ...options import WorkloadOptions  # noqa: TC001  # the configuration reads the annotation
from ..reconciler import Reconciler
from ..running import last_evaluation, selfplay_target
from . import adjustments as adjust
from .priority import allocate, priorities, velocity
from .scheduling import ConfigState, SelfplaySchedulerOptions

if TYPE_CHECKING:
    from ...journal import StageJournal

Change: TypeAlias = Callable[[ConfigState], ConfigState]

DEGRADED_THRESHOLD: Final = 0.6
"""Quality that is wanted where an event does not say it."""
DEFAULT_SOFT_LIMIT: Final = 500.0
"""Items in a queue from where it is full, where an event does not say it."""


class SelfplayScheduler(Reconciler):
    """Weighs configs, and publishes which of them gets how many games.

    What it knows of a config besides the journal (boosts, momentum, penalties) fades by itself and
    is begun afresh after a restart.

    Args:
        options: weights, thresholds.
        journal: targets, games, ratings.
        workload: which configs there are.
    """

    def __init__(
        self, options: SelfplaySchedulerOptions, journal: StageJournal, workload: WorkloadOptions
    ) -> None:
        super().__init__(journal, options.interval)
        self._options = options
        self._states = {key: ConfigState() for key in workload.config_keys}
        self._cluster = self._queue = self._evaluation = 1.0
        self._allocated_at: float | None = None
        self._allocated: dict[str, int] = {}

    def on_start(self) -> None:
        """Learn from the journal what every config has played, and how it was rated."""
        for config_key in self._states:
            self._states[config_key] = self._learn(config_key)
        super().on_start()

    def _learn(self, config_key: str) -> ConfigState:
        items = self.journal.work(config_key, kind="selfplay", status="done")
        ratings = tuple(
            (model.created_at, float(elo))
            for model in self.journal.models(config_key)
            if (elo := last_evaluation(self.journal, model).get("elo")) is not None
        )
        return ConfigState(
            games=sum(int(item.result.get("games", item.units)) for item in items),
            played_at=max((i.changed_at for i in items if i.changed_at is not None), default=None),
            elo=ratings[-1][1] if ratings else None,
            ratings=ratings,
            velocity=velocity(ratings, self._options),
        )

    # ---------------------------------------------------------------- allocation

    def recheck(self) -> None:
        """Divide what is open."""
        self._allocate("timer")

    def _allocate(self, trigger: str, *, at_once: bool = False) -> None:
        """Publish who gets how many games, if that changed; in a hurry only when asked to."""
        self._refresh()
        now = self.context.clock.now()
        before = self._allocated_at
        if not at_once and before is not None and now - before < self._options.interval:
            return
        weights = priorities(self._states, self._options, self.now)
        allocation = allocate(self._states, min(self._cluster, self._queue, self._evaluation))
        if not allocation or (allocation == self._allocated and not at_once):
            return
        self._allocated_at, self._allocated = now, allocation
        self.publish(
            SelfplayAllocationUpdated(
                trigger=trigger,
                allocation=allocation,
                allocation_weights=weights,
                configs=tuple(weights),
                total_games=sum(allocation.values()),
                node_count=1,
            )
        )

    def _refresh(self) -> None:
        """Take open targets, and what is missing of them, from the journal."""
        for config_key, state in self._states.items():
            iteration = self.journal.iteration(config_key)
            target = selfplay_target(self.journal, config_key, iteration) or 0
            items = self.journal.work(config_key, iteration=iteration, kind="selfplay")
            done = sum(int(i.result.get("games", i.units)) for i in items if i.status == "done")
            missing = max(0, target - done)
            self._states[config_key] = replace(state, target=target, missing=missing)

    def _change(self, config_key: str | None, change: Change) -> ConfigState | None:
        """Replace what is known of a config; None if it is not one of ours."""
        state = None if config_key is None else self._states.get(config_key)
        if state is None or config_key is None:
            return None
        self._states[config_key] = new = change(state)
        return new

    # ---------------------------------------------------------------- games and targets

    @handles(SelfplayTargetUpdated, idempotent=True)
    def take_target(self, event: SelfplayTargetUpdated) -> None:
        """Divide anew; what is urgent is boosted."""
        self._change(
            event.config_key,
            lambda s: adjust.wanted(s, event.priority, event.momentum_multiplier, self.now),
        )
        self._allocate("target", at_once=True)

    @handles(SelfplayComplete)
    def take_games(self, event: SelfplayComplete) -> None:
        """Count games: the config is fresh."""
        self._change(
            event.config_key, lambda s: adjust.played(s, event.games_generated, self.now)
        )

    @handles(TrainingCompleted, idempotent=True)
    def see_trained(self, event: TrainingCompleted) -> None:
        """Nobody waits for its games any more."""
        self._change(event.config_key, lambda s: replace(s, needs_training=False))

    @handles(ModelPromoted, idempotent=True)
    def see_promoted(self, event: ModelPromoted) -> None:
        """Take the boost back: it has worked."""
        self._change(event.config_key, adjust.promoted)

    @handles(PromotionFailed)
    def see_not_promoted(self, event: PromotionFailed) -> None:
        """Boost a config whose model was not good enough."""
        self._change(event.config_key, lambda s: adjust.not_promoted(s, self.now))

    @handles(TrainingBlockedByQuality)
    def see_blocked(self, event: TrainingBlockedByQuality) -> None:
        """Boost a config that needs better games."""
        self._change(event.config_key, lambda s: adjust.blocked(s, self.now))
        self._allocate("blocked", at_once=True)

    @handles(TrainingEarlyStopped)
    def see_early_stopped(self, event: TrainingEarlyStopped) -> None:
        """Boost a config whose training found nothing more to learn; ask for games."""
        self._change(
            event.config_key, lambda s: adjust.early_stopped(s, event.reason, self.now)
        )
        self._want(event.config_key, Priority.URGENT, f"training stopped early: {event.reason}")

    def _want(self, config_key: str, priority: Priority, reason: str) -> None:
        state = self._states.get(config_key)
        if state is None:
            return
        self.publish(
            SelfplayTargetUpdated(
                config_key=config_key,
                priority=priority,
                reason=reason,
                exploration_boost=state.boost,
                curriculum_weight=state.curriculum,
                momentum_multiplier=state.momentum,
                velocity=state.velocity,
            )
        )

    # ---------------------------------------------------------------- progress

    @handles(EloUpdated)
    def take_rating(self, event: EloUpdated) -> None:
        """Fit the velocity; tell of a plateau."""
        state = self._states.get(event.config_key)
        if state is None:
            return
        new, plateau = adjust.rated(state, event.new_elo, self._options, self.now)
        self._states[event.config_key] = new
        if plateau:
            self.publish(
                PlateauDetected(
                    config_key=event.config_key,
                    metric_name="elo",
                    plateau_type="elo",
                    current_value=event.new_elo,
                    current_elo=event.new_elo,
                    velocity=new.velocity,
                    stall_count=self._options.plateau_count,
                )
            )

    @handles(EloVelocityChanged)
    def take_velocity(self, event: EloVelocityChanged) -> None:
        """Let momentum follow; tell of a large change, and what is wanted now."""
        before = self._states.get(event.config_key)
        after = self._change(
            event.config_key, lambda s: adjust.moved(s, event.trend, event.velocity, self.now)
        )
        if before is None or after is None:
            return
        share = (after.momentum - before.momentum) / before.momentum
        if abs(share) >= self._options.rate_change:
            self.publish(
                SelfplayRateChanged(
                    config_key=event.config_key,
                    old_rate=before.momentum,
                    new_rate=after.momentum,
                    change_percent=100 * share,
                    direction="up" if share > 0 else "down",
                    momentum_state=event.trend,
                )
            )
        self._want(event.config_key, Priority.NORMAL, f"velocity: {event.trend}")

    @handles(ProgressStallDetected, idempotent=True)
    def see_stall(self, event: ProgressStallDetected) -> None:
        """Boost a config that makes no progress."""
        self._change(event.config_key, lambda s: adjust.stalled(s, event.boost_multiplier))

    @handles(RegressionDetected)
    def see_regression(self, event: RegressionDetected) -> None:
        """Boost a config whose model got worse, and halve its curriculum weight."""
        old = self._states.get(event.config_key or "")
        if event.config_key is None or old is None:
            return
        self._change(event.config_key, lambda s: adjust.regressed(s, event.severity, self.now))
        new = self._change(
            event.config_key, lambda s: adjust.rebalanced_after_regression(s, self.now)
        )
        if new is not None:
            self.publish(
                CurriculumRebalanced(
                    trigger="regression",
                    config_key=event.config_key,
                    changed_configs=(event.config_key,),
                    old_weights={event.config_key: old.curriculum},
                    new_weights={event.config_key: new.curriculum},
                    factor=adjust.REBALANCED_AFTER_REGRESSION[0],
                    severity=event.severity,
                )
            )

    # ---------------------------------------------------------------- curriculum, quality

    @handles(CurriculumRebalanced, idempotent=True)
    def take_weights(self, event: CurriculumRebalanced) -> None:
        """Take over new weights."""
        for config_key, weight in (event.new_weights or {}).items():
            self._change(config_key, lambda s, weight=weight: adjust.weighted(s, weight))

    @handles(CurriculumAdvanced)
    def see_advanced(self, event: CurriculumAdvanced) -> None:
        """Boost a config at a new tier a little."""
        self._change(event.config_key, lambda s: adjust.advanced(s, self.now))

    @handles(OpponentMastered)
    def see_mastered(self, event: OpponentMastered) -> None:
        """Give less to a config that beats its opponent nearly always."""
        self._change(event.config_key, lambda s: adjust.mastered(s, self.now))

    @handles(ExplorationBoost, idempotent=True)
    def explore(self, event: ExplorationBoost) -> None:
        """Boost a config for a while."""
        seconds = event.duration_seconds or self._options.exploration_seconds
        self._change(
            event.config_key, lambda s: adjust.explored(s, event.boost_factor, seconds, self.now)
        )

    @handles(QualityDegraded, idempotent=True)
    def see_degraded(self, event: QualityDegraded) -> None:
        """Penalise a config for poor data."""
        score = event.quality_score
        if score is not None:
            wanted = event.threshold or DEGRADED_THRESHOLD
            self._change(event.config_key, lambda s: adjust.degraded(s, score, wanted))

    @handles(LowQualityDataWarning)
    def see_low_quality(self, event: LowQualityDataWarning) -> None:
        """Play fewer games of a config until its data is better."""
        score = event.quality_score
        if score is None:
            return
        state = self._change(event.config_key, lambda s: adjust.throttled(s, score))
        if state is not None:
            self.publish(
                QualityPenaltyApplied(
                    config_key=event.config_key,
                    penalty=1 - state.throttle,
                    reason="low quality",
                    current_weight=state.curriculum,
                    rate_multiplier=state.throttle,
                )
            )

    @handles(QualityFeedbackAdjusted, idempotent=True)
    def take_budget(self, event: QualityFeedbackAdjusted) -> None:
        """Adopt a config's budget."""
        budget = event.budget_multiplier
        self._change(event.config_key, lambda s: replace(s, throttle=budget))

    # ---------------------------------------------------------------- what can be done

    @handles(P2PClusterUnhealthy, P2PClusterHealthy, idempotent=True)
    def fit(self, event: P2PClusterUnhealthy | P2PClusterHealthy) -> None:
        """Fit the games to the nodes that can work."""
        floor = self._options.cluster_floor
        share = adjust.healthy_share(event.healthy_nodes, event.node_count, floor)
        self._cluster = 1.0 if isinstance(event, P2PClusterHealthy) else share

    @handles(BackpressureActivated, idempotent=True)
    def press(self, event: BackpressureActivated) -> None:
        """Play less while the work queue is full."""
        depth = event.queue_depth if event.queue_depth is not None else event.pending_count
        if depth is not None:
            limit = event.soft_limit or event.threshold or DEFAULT_SOFT_LIMIT
            self._queue = adjust.under_pressure(depth, limit)

    @handles(BackpressureReleased)
    def release(self, _event: BackpressureReleased) -> None:
        """Play more again, step by step."""
        self._queue = adjust.released(self._queue)

    @handles(EvaluationBackpressure, idempotent=True)
    def press_by_evaluation(self, event: EvaluationBackpressure) -> None:
        """Play less while evaluations pile up."""
        self._evaluation = adjust.evaluations_waiting(event.queue_depth, event.threshold)

    @handles(EvaluationBackpressureReleased)
    def release_by_evaluation(self, _event: EvaluationBackpressureReleased) -> None:
        """Play more again, step by step."""
        self._evaluation = adjust.released(self._evaluation)

    def statistics(self) -> dict[str, ConfigState]:
        """Return what is known of each config."""
        return dict(self._states)
