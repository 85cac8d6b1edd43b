"""Quality of game data, and how exploration answers it."""

from .base import PIPELINE_MAX_AGE, Dedup, Event, EventType
from .scales import Priority
from .shapes import ConfigEvent

__all__ = [
    "ExplorationAdjusted",
    "ExplorationBoost",
    "QualityCheckRequested",
    "QualityDegraded",
    "QualityFeedbackAdjusted",
    "QualityPenaltyApplied",
    "QualityScoreUpdated",
    "SchedulerRegistered",
]


class QualityCheckRequested(ConfigEvent, frozen=True, kw_only=True):
    """Somebody wants the quality of a configuration's data measured now."""

    EVENT = EventType.named(
        "QUALITY_CHECK_REQUESTED",
        bridged=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
        on_pressure="refuse",
    )

    reason: str | None = None
    priority: Priority = Priority.NORMAL


class QualityDegraded(ConfigEvent, frozen=True, kw_only=True):
    """The quality of a configuration's data fell."""

    EVENT = EventType.named(
        "QUALITY_DEGRADED",
        bridged=True,
        dedup=Dedup.id(),
        one_of=("quality_score", "quality_drop_percent"),
    )

    quality_score: float | None = None
    quality_drop_percent: float | None = None
    threshold: float | None = None
    previous_score: float | None = None
    degradation_delta: float | None = None


class QualityFeedbackAdjusted(ConfigEvent, frozen=True, kw_only=True):
    """The self-play budget of a configuration was fitted to its quality."""

    EVENT = EventType.named("QUALITY_FEEDBACK_ADJUSTED", dedup=Dedup.id())

    budget_multiplier: float
    old_multiplier: float | None = None
    quality_score: float | None = None
    avg_quality: float | None = None
    adjustment_type: str | None = None


class QualityPenaltyApplied(ConfigEvent, frozen=True, kw_only=True):
    """A configuration lost weight because of poor data."""

    EVENT = EventType.named("QUALITY_PENALTY_APPLIED", dedup=Dedup.id())

    penalty: float
    reason: str | None = None
    current_weight: float | None = None
    rate_multiplier: float | None = None


class QualityScoreUpdated(Event, frozen=True, kw_only=True):
    """The quality of a configuration's data, or of one game, was measured."""

    EVENT = EventType.named(
        "QUALITY_SCORE_UPDATED", bridged=True, dedup=Dedup.id(), on_pressure="slow"
    )

    quality_score: float
    config_key: str | None = None
    game_id: str | None = None
    old_state: str | None = None
    new_state: str | None = None
    quality_category: str | None = None
    trend: str | None = None
    sample_count: int | None = None
    total_games: int | None = None
    high_quality_games: int | None = None
    avg_quality: float | None = None
    training_weight: float | None = None
    game_length: int | None = None
    is_decisive: bool | None = None
    is_per_game: bool = False


class ExplorationAdjusted(ConfigEvent, frozen=True, kw_only=True):
    """Exploration in self-play was fitted to the quality of the games."""

    EVENT = EventType.named("EXPLORATION_ADJUSTED", dedup=Dedup.id())

    quality_score: float | None = None
    trend: str | None = None
    position_difficulty: str | None = None
    mcts_budget_multiplier: float | None = None
    exploration_temp_boost: float | None = None


class ExplorationBoost(ConfigEvent, frozen=True, kw_only=True):
    """Self-play of a configuration explores more for a while."""

    EVENT = EventType.named("EXPLORATION_BOOST", max_age=PIPELINE_MAX_AGE, dedup=Dedup.id())

    boost_factor: float
    reason: str | None = None
    anomaly_count: int | None = None
    duration_seconds: float | None = None


class SchedulerRegistered(ConfigEvent, frozen=True, kw_only=True):
    """A temperature scheduler of a configuration made itself known."""

    EVENT = EventType.named("SCHEDULER_REGISTERED", dedup=Dedup.id())
