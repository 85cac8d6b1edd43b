"""Self-play is divided between configs by how much each has to gain."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from ...events.curriculum import CurriculumRebalanced
from ...events.evaluation import (
    EloUpdated,
    EloVelocityChanged,
)
from ...events.health import PromotionFailed
from ...events.model import ModelPromoted
from ...events.monitoring import ProgressStallDetected, RegressionDetected
from ...events.optimization import PlateauDetected
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
from ..running import selfplay_target
from . import adjustments as adjust
from .pictures import ConfigPictures
from .priority import allocate, priorities
from .scheduling import ConfigState, SelfplaySchedulerOptions

if TYPE_CHECKING:
    from ...journal import StageJournal

Change: TypeAlias = Callable[[ConfigState], ConfigState]

DEGRADED_THRESHOLD: Final = 0.6
"""Quality that is wanted where an event does not say it."""
DEFAULT_SOFT_LIMIT: Final = 500.0
"""Items in a queue from where it is full, where an event does not say it."""


class SelfplayScheduler(ConfigPictures):
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
        super().__init__(options, journal, workload)
        self._allocated_at: float | None = None
        self._allocated: dict[str, int] = {}

    # ---------------------------------------------------------------- allocation

    def recheck(self) -> None:
        """Divide what is open."""
        self._allocate("timer")

    def _allocate(self, trigger: str, *, at_once: bool = False) -> None:
        """Publish who gets how many games, if that changed; in a hurry only when asked to."""
        self._refresh()
        now = self.context.clock.now()
        before = self._allocated_at
        if not at_once and before is not None and now - before < self.options.interval:
            return
        weights = priorities(self.states, self.options, self.now)
        allocation = allocate(self.states, self.capacity())
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
        for config_key, state in self.states.items():
            iteration = self.journal.iteration(config_key)
            target = selfplay_target(self.journal, config_key, iteration) or 0
            items = self.journal.work(config_key, iteration=iteration, kind="selfplay")
            done = sum(int(i.result.get("games", i.units)) for i in items if i.status == "done")
            missing = max(0, target - done)
            self.states[config_key] = replace(state, target=target, missing=missing)

    # ---------------------------------------------------------------- games and targets

    @handles(SelfplayTargetUpdated, idempotent=True)
    def take_target(self, event: SelfplayTargetUpdated) -> None:
        """Divide anew; what is urgent is boosted."""
        self.change(
            event.config_key,
            lambda s: adjust.wanted(s, event.priority, event.momentum_multiplier, self.now),
        )
        self._allocate("target", at_once=True)

    @handles(SelfplayComplete)
    def take_games(self, event: SelfplayComplete) -> None:
        """Count games: the config is fresh."""
        self.change(event.config_key, lambda s: adjust.played(s, event.games_generated, self.now))

    @handles(TrainingCompleted, idempotent=True)
    def see_trained(self, event: TrainingCompleted) -> None:
        """Nobody waits for its games any more."""
        self.change(event.config_key, lambda s: replace(s, needs_training=False))

    @handles(ModelPromoted, idempotent=True)
    def see_promoted(self, event: ModelPromoted) -> None:
        """Take the boost back: it has worked."""
        self.change(event.config_key, adjust.promoted)

    @handles(PromotionFailed)
    def see_not_promoted(self, event: PromotionFailed) -> None:
        """Boost a config whose model was not good enough."""
        self.change(event.config_key, lambda s: adjust.not_promoted(s, self.now))

    @handles(TrainingBlockedByQuality)
    def see_blocked(self, event: TrainingBlockedByQuality) -> None:
        """Boost a config that needs better games."""
        self.change(event.config_key, lambda s: adjust.blocked(s, self.now))
        self._allocate("blocked", at_once=True)

    @handles(TrainingEarlyStopped)
    def see_early_stopped(self, event: TrainingEarlyStopped) -> None:
        """Boost a config whose training found nothing more to learn; ask for games."""
        self.change(event.config_key, lambda s: adjust.early_stopped(s, event.reason, self.now))
        self._want(event.config_key, Priority.URGENT, f"training stopped early: {event.reason}")

    def _want(self, config_key: str, priority: Priority, reason: str) -> None:
        state = self.states.get(config_key)
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
        state = self.states.get(event.config_key)
        if state is None:
            return
        new, plateau = adjust.rated(state, event.new_elo, self.options, self.now)
        self.states[event.config_key] = new
        if plateau:
            self.publish(
                PlateauDetected(
                    config_key=event.config_key,
                    metric_name="elo",
                    plateau_type="elo",
                    current_value=event.new_elo,
                    current_elo=event.new_elo,
                    velocity=new.velocity,
                    stall_count=self.options.plateau_count,
                )
            )

    @handles(EloVelocityChanged)
    def take_velocity(self, event: EloVelocityChanged) -> None:
        """Let momentum follow; tell of a large change, and what is wanted now."""
        before = self.states.get(event.config_key)
        after = self.change(
            event.config_key, lambda s: adjust.moved(s, event.trend, event.velocity, self.now)
        )
        if before is None or after is None:
            return
        share = round(after.momentum / before.momentum - 1, 6)  # 20 % is 20 %
        if abs(share) >= self.options.rate_change:
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
        self.change(event.config_key, lambda s: adjust.stalled(s, event.boost_multiplier))

    @handles(RegressionDetected)
    def see_regression(self, event: RegressionDetected) -> None:
        """Boost a config whose model got worse, and halve its curriculum weight."""
        old = self.states.get(event.config_key or "")
        if event.config_key is None or old is None:
            return
        self.change(event.config_key, lambda s: adjust.regressed(s, event.severity, self.now))
        new = self.change(
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
