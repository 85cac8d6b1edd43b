"""Curriculum: tiers and weights of configurations."""

from collections.abc import Mapping

from .base import PIPELINE_MAX_AGE, Dedup, Event, EventType
from .shapes import ConfigEvent

__all__ = [
    "CrossboardPromotion",
    "CurriculumAdvanced",
    "CurriculumAdvancementNeeded",
    "CurriculumPropagate",
    "CurriculumRebalanced",
    "OpponentMastered",
    "TierPromotion",
    "WeightUpdated",
]


class CurriculumAdvanced(ConfigEvent, frozen=True, kw_only=True):
    """A configuration moved to a harder tier."""

    EVENT = EventType.named("CURRICULUM_ADVANCED", bridged=True, dedup=Dedup.id())

    old_tier: str | None = None
    new_tier: str | None = None
    reason: str | None = None
    trigger: str | None = None
    elo: float | None = None
    win_rate: float | None = None
    games_at_tier: int | None = None
    velocity: float | None = None
    plateau_count: int | None = None


class CurriculumAdvancementNeeded(ConfigEvent, frozen=True, kw_only=True):
    """A configuration no longer improves at its tier."""

    EVENT = EventType.named(
        "CURRICULUM_ADVANCEMENT_NEEDED", max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    reason: str


class CurriculumPropagate(Event, frozen=True, kw_only=True):
    """The progress of one configuration is passed on to a similar one."""

    EVENT = EventType.named("CURRICULUM_PROPAGATE", dedup=Dedup.id())

    source_config: str
    target_config: str
    propagation_weight: float
    advancement_tier: str | None = None


class CurriculumRebalanced(Event, frozen=True, kw_only=True):
    """The weights of configurations were changed."""

    EVENT = EventType.named("CURRICULUM_REBALANCED", bridged=True, dedup=Dedup.id())

    trigger: str
    reason: str | None = None
    config_key: str | None = None
    changed_configs: tuple[str, ...] = ()
    old_weights: Mapping[str, float] | None = None
    new_weights: Mapping[str, float] | None = None
    new_weight: float | None = None
    factor: float | None = None
    action: str | None = None
    adjustment: str | None = None
    severity: str | None = None
    new_exploration_boost: float | None = None
    elo_loss: float | None = None
    quality_drop: float | None = None
    policy_accuracy: float | None = None
    value_accuracy: float | None = None


class CrossboardPromotion(Event, frozen=True, kw_only=True):
    """A candidate was judged over several boards at once."""

    EVENT = EventType.named("CROSSBOARD_PROMOTION", durable=True)

    candidate_id: str
    tier: str
    eligible: bool | None = None
    promotion_applied: bool | None = None
    target_elo: float | None = None
    mean_elo: float | None = None
    min_elo: float | None = None
    configs_passed: int | None = None
    configs_total: int | None = None


class OpponentMastered(ConfigEvent, frozen=True, kw_only=True):
    """A model beats one of its opponents so often that it learns little from it."""

    EVENT = EventType.named("OPPONENT_MASTERED")

    opponent: str
    win_rate: float
    games: int
    current_model: str | None = None


class TierPromotion(ConfigEvent, frozen=True, kw_only=True):
    """A model was moved up a tier."""

    EVENT = EventType.named("TIER_PROMOTION", bridged=True, durable=True, dedup=Dedup.id())

    old_tier: str
    new_tier: str
    model_id: str | None = None
    win_rate: float | None = None
    elo: float | None = None
    games_played: int | None = None


class WeightUpdated(ConfigEvent, frozen=True, kw_only=True):
    """One component of a configuration's weight changed."""

    EVENT = EventType.named("WEIGHT_UPDATED", dedup=Dedup.id())

    new_weight: float
    old_weight: float | None = None
    component: str | None = None
    reason: str | None = None
    trigger_event: str | None = None
