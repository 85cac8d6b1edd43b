"""The scheduler's picture of every config, and of what the cluster can take."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from ...events.curriculum import CurriculumAdvanced, CurriculumRebalanced, OpponentMastered
from ...events.data import LowQualityDataWarning
from ...events.evaluation import EvaluationBackpressure, EvaluationBackpressureReleased
from ...events.health import P2PClusterHealthy, P2PClusterUnhealthy
from ...events.quality import (
    ExplorationBoost,
    QualityDegraded,
    QualityFeedbackAdjusted,
    QualityPenaltyApplied,
)
from ...events.resilience import BackpressureActivated, BackpressureReleased
from ...handlers import handles
from ..pressure import is_of_work
from ..reconciler import Reconciler
from ..running import last_evaluation
from . import adjustments as adjust
from .priority import velocity
from .scheduling import ConfigState

if TYPE_CHECKING:
    from ...journal import StageJournal
    from ...options import WorkloadOptions
    from .scheduling import SelfplaySchedulerOptions

Change: TypeAlias = Callable[[ConfigState], ConfigState]

DEGRADED_THRESHOLD: Final = 0.6
"""Quality that is wanted where an event does not say it."""
DEFAULT_SOFT_LIMIT: Final = 500.0
"""Items in a queue from where it is full, where an event does not say it."""


class ConfigPictures(Reconciler):
    """Knows of every config what its priority follows from; events change it.

    Attributes:
        options: weights, thresholds.
        states: by config.
    """

    def __init__(
        self, options: SelfplaySchedulerOptions, journal: StageJournal, workload: WorkloadOptions
    ) -> None:
        super().__init__(journal, options.interval)
        self.options = options
        self.states = {key: ConfigState() for key in workload.config_keys}
        self._cluster = self._queue = self._evaluation = 1.0

    def on_start(self) -> None:
        """Learn from the journal what every config has played, and how it was rated."""
        for config_key in self.states:
            self.states[config_key] = self._learn(config_key)
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
            velocity=velocity(ratings, self.options),
        )

    def change(self, config_key: str | None, change: Change) -> ConfigState | None:
        """Replace what is known of a config; None if it is not one of ours."""
        state = None if config_key is None else self.states.get(config_key)
        if state is None or config_key is None:
            return None
        self.states[config_key] = new = change(state)
        return new

    # ---------------------------------------------------------------- curriculum, quality

    @handles(CurriculumRebalanced, idempotent=True)
    def take_weights(self, event: CurriculumRebalanced) -> None:
        """Take over new weights."""
        for config_key, weight in (event.new_weights or {}).items():
            self.change(config_key, partial(adjust.weighted, weight=weight))

    @handles(CurriculumAdvanced)
    def see_advanced(self, event: CurriculumAdvanced) -> None:
        """Boost a config at a new tier a little."""
        self.change(event.config_key, lambda s: adjust.advanced(s, self.now))

    @handles(OpponentMastered)
    def see_mastered(self, event: OpponentMastered) -> None:
        """Give less to a config that beats its opponent nearly always."""
        self.change(event.config_key, lambda s: adjust.mastered(s, self.now))

    @handles(ExplorationBoost, idempotent=True)
    def explore(self, event: ExplorationBoost) -> None:
        """Boost a config for a while."""
        seconds = event.duration_seconds or self.options.exploration_seconds
        self.change(
            event.config_key, lambda s: adjust.explored(s, event.boost_factor, seconds, self.now)
        )

    @handles(QualityDegraded, idempotent=True)
    def see_degraded(self, event: QualityDegraded) -> None:
        """Penalise a config for poor data."""
        score = event.quality_score
        if score is not None:
            wanted = event.threshold or DEGRADED_THRESHOLD
            self.change(event.config_key, lambda s: adjust.degraded(s, score, wanted))

    @handles(LowQualityDataWarning)
    def see_low_quality(self, event: LowQualityDataWarning) -> None:
        """Play fewer games of a config until its data is better."""
        score = event.quality_score
        if score is None:
            return
        state = self.change(event.config_key, lambda s: adjust.throttled(s, score))
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
        self.change(event.config_key, lambda s: replace(s, throttle=budget))

    # ---------------------------------------------------------------- what can be done

    @handles(P2PClusterUnhealthy, P2PClusterHealthy, idempotent=True)
    def fit(self, event: P2PClusterUnhealthy | P2PClusterHealthy) -> None:
        """Fit the games to the nodes that can work."""
        floor = self.options.cluster_floor
        share = adjust.healthy_share(event.healthy_nodes, event.node_count, floor)
        self._cluster = 1.0 if isinstance(event, P2PClusterHealthy) else share

    @handles(BackpressureActivated, idempotent=True, where=is_of_work)
    def press(self, event: BackpressureActivated) -> None:
        """Play less while the work queue is full."""
        depth = event.queue_depth if event.queue_depth is not None else event.pending_count
        if depth is not None:
            limit = event.soft_limit or event.threshold or DEFAULT_SOFT_LIMIT
            self._queue = adjust.under_pressure(depth, limit)

    @handles(BackpressureReleased, where=is_of_work)
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

    def capacity(self) -> float:
        """Return the share of all games that cluster and queues can take, 0 to 1."""
        return min(self._cluster, self._queue, self._evaluation)

    def statistics(self) -> dict[str, ConfigState]:
        """Return what is known of each config."""
        return dict(self.states)
