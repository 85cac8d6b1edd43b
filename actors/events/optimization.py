"""Optimisation: hyper-parameters, architectures, populations, plateaus."""

from collections.abc import Mapping
from typing import Any

from .base import PIPELINE_MAX_AGE, Dedup, Event, EventType
from .shapes import ConfigEvent

__all__ = [
    "AdaptiveParamsChanged",
    "ArchitectureWeightsUpdated",
    "CmaesCompleted",
    "CmaesTriggered",
    "HyperparameterUpdated",
    "NasBestArchitecture",
    "NasCompleted",
    "NasGenerationComplete",
    "NasStarted",
    "NasTriggered",
    "PbtCompleted",
    "PbtGenerationComplete",
    "PbtStarted",
    "PerBufferRebuilt",
    "PerPrioritiesUpdated",
    "PlateauDetected",
]


class AdaptiveParamsChanged(ConfigEvent, frozen=True, kw_only=True):
    """Self-play parameters of a configuration were fitted to its results."""

    EVENT = EventType.named("ADAPTIVE_PARAMS_CHANGED", dedup=Dedup.id())

    reason: str | None = None
    temperature_multiplier: float | None = None
    search_budget_multiplier: float | None = None
    opponent_strength_multiplier: float | None = None
    exploration_boost: float | None = None


class ArchitectureWeightsUpdated(ConfigEvent, frozen=True, kw_only=True):
    """The share of work that each architecture gets changed."""

    EVENT = EventType.named("ARCHITECTURE_WEIGHTS_UPDATED", dedup=Dedup.id())

    weights: Mapping[str, float]


class CmaesCompleted(ConfigEvent, frozen=True, kw_only=True):
    """A CMA-ES search ended."""

    EVENT = EventType.named("CMAES_COMPLETED", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE)

    run_id: str | None = None
    best_score: float | None = None
    best_params: Mapping[str, Any] | None = None
    generations_completed: int | None = None
    evaluations: int | None = None
    success: bool = True
    error: str | None = None


class CmaesTriggered(ConfigEvent, frozen=True, kw_only=True):
    """A CMA-ES search was set going."""

    EVENT = EventType.named(
        "CMAES_TRIGGERED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    reason: str
    run_id: str | None = None
    current_params: Mapping[str, Any] | None = None
    search_space: Mapping[str, Any] | None = None
    parameters_searched: int | None = None
    generations: int | None = None
    population_size: int | None = None


class HyperparameterUpdated(ConfigEvent, frozen=True, kw_only=True):
    """A hyper-parameter of training changed."""

    EVENT = EventType.named("HYPERPARAMETER_UPDATED", bridged=True, dedup=Dedup.id())

    param_name: str | None = None
    old_value: bool | int | float | str | None = None
    new_value: bool | int | float | str | None = None
    learning_rate_multiplier: float | None = None
    batch_size_multiplier: float | None = None
    enable_cosine_annealing: bool | None = None
    optimizer: str | None = None
    reason: str | None = None


class NasBestArchitecture(ConfigEvent, frozen=True, kw_only=True):
    """An architecture search found a better architecture than any before."""

    EVENT = EventType.named("NAS_BEST_ARCHITECTURE", durable=True)

    architecture: Mapping[str, Any]
    score: float
    run_id: str | None = None


class NasCompleted(ConfigEvent, frozen=True, kw_only=True):
    """An architecture search ended."""

    EVENT = EventType.named("NAS_COMPLETED", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE)

    run_id: str | None = None
    best_score: float | None = None
    best_architecture: Mapping[str, Any] | None = None
    generations_completed: int | None = None
    evaluations: int | None = None
    success: bool = True
    error: str | None = None


class NasGenerationComplete(ConfigEvent, frozen=True, kw_only=True):
    """An architecture search finished a generation."""

    EVENT = EventType.status("NAS_GENERATION_COMPLETE")

    generation: int
    best_score: float | None = None
    run_id: str | None = None


class NasStarted(ConfigEvent, frozen=True, kw_only=True):
    """An architecture search began."""

    EVENT = EventType.named("NAS_STARTED", dedup=Dedup.id())

    run_id: str | None = None
    generations: int | None = None
    search_space: Mapping[str, Any] | None = None


class NasTriggered(ConfigEvent, frozen=True, kw_only=True):
    """An architecture search was set going."""

    EVENT = EventType.named(
        "NAS_TRIGGERED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    reason: str
    run_id: str | None = None
    search_space: Mapping[str, Any] | None = None


class PbtCompleted(ConfigEvent, frozen=True, kw_only=True):
    """Population-based training ended."""

    EVENT = EventType.named("PBT_COMPLETED", durable=True, max_age=PIPELINE_MAX_AGE)

    run_id: str | None = None
    best_score: float | None = None
    best_params: Mapping[str, Any] | None = None


class PbtGenerationComplete(ConfigEvent, frozen=True, kw_only=True):
    """Population-based training finished a generation."""

    EVENT = EventType.named("PBT_GENERATION_COMPLETE", bridged=True, durable=True, dedup=Dedup.id())

    generation: int
    best_score: float | None = None
    run_id: str | None = None


class PbtStarted(ConfigEvent, frozen=True, kw_only=True):
    """Population-based training began."""

    EVENT = EventType.named("PBT_STARTED", dedup=Dedup.id())

    run_id: str | None = None
    generations: int | None = None
    population_size: int | None = None


class PerBufferRebuilt(Event, frozen=True, kw_only=True):
    """A prioritised replay buffer was built anew."""

    EVENT = EventType.named("PER_BUFFER_REBUILT", dedup=Dedup.id())

    buffer_path: str
    buffer_size: int
    tree_depth: int | None = None
    config_key: str | None = None


class PerPrioritiesUpdated(Event, frozen=True, kw_only=True):
    """Samples of a prioritised replay buffer got new priorities."""

    EVENT = EventType.status("PER_PRIORITIES_UPDATED")

    buffer_path: str
    samples_updated: int
    priority_sum: float | None = None
    min_priority: float | None = None
    max_priority: float | None = None


class PlateauDetected(ConfigEvent, frozen=True, kw_only=True):
    """A metric of a configuration no longer improves."""

    EVENT = EventType.named("PLATEAU_DETECTED", bridged=True, max_age=PIPELINE_MAX_AGE)

    metric_name: str | None = None
    plateau_type: str | None = None
    current_value: float | None = None
    best_value: float | None = None
    current_elo: float | None = None
    epochs_since_improvement: int | None = None
    plateau_duration_games: int | None = None
    plateau_duration_seconds: float | None = None
    velocity: float | None = None
    stall_count: int | None = None
    epoch: int | None = None
    exploration_boost: float | None = None
    train_val_gap: float | None = None
    recommendation: str | None = None
