"""Evaluation: how strong models are, and whether they can be measured now."""

from collections.abc import Mapping
from typing import Any

from .base import PIPELINE_MAX_AGE, Dedup, Event, EventType
from .scales import Priority
from .shapes import ConfigEvent

__all__ = [
    "EloSignificantChange",
    "EloUpdated",
    "EloVelocityChanged",
    "EvaluationBackpressure",
    "EvaluationBackpressureReleased",
    "EvaluationCompleted",
    "EvaluationFailed",
    "EvaluationProgress",
    "EvaluationStarted",
    "HarnessEvaluationCompleted",
    "ModelEvaluationBlocked",
]


class _EvaluationQueue(Event, frozen=True, kw_only=True):
    queue_depth: int
    threshold: int
    release_threshold: int | None = None


class EloSignificantChange(ConfigEvent, frozen=True, kw_only=True):
    """The Elo of a model moved by more than the threshold."""

    EVENT = EventType.named("ELO_SIGNIFICANT_CHANGE", bridged=True, dedup=Dedup.id())

    new_elo: float
    elo_change: float
    old_elo: float | None = None
    threshold: float | None = None
    model_id: str | None = None


class EloUpdated(ConfigEvent, frozen=True, kw_only=True):
    """A model has a new Elo rating."""

    EVENT = EventType.named("ELO_UPDATED", bridged=True, durable=True, dedup=Dedup.id())

    model_id: str
    new_elo: float
    old_elo: float | None = None
    elo_change: float | None = None
    games_played: int | None = None
    iteration: int | None = None


class EloVelocityChanged(ConfigEvent, frozen=True, kw_only=True):
    """A configuration gains Elo faster or slower than before."""

    EVENT = EventType.named("ELO_VELOCITY_CHANGED", bridged=True, dedup=Dedup.id())

    velocity: float
    trend: str
    previous_velocity: float | None = None
    velocity_change: float | None = None


class EvaluationBackpressure(_EvaluationQueue, frozen=True, kw_only=True):
    """The evaluation queue is full enough to hold training back."""

    EVENT = EventType.control("EVALUATION_BACKPRESSURE", priority=Priority.URGENT)

    backpressure_active: bool = True


class EvaluationBackpressureReleased(_EvaluationQueue, frozen=True, kw_only=True):
    """The evaluation queue has drained, and training may go on."""

    EVENT = EventType.control("EVALUATION_BACKPRESSURE_RELEASED", priority=Priority.URGENT)

    backpressure_active: bool = False


class EvaluationCompleted(ConfigEvent, frozen=True, kw_only=True):
    """A model has played its evaluation games."""

    EVENT = EventType.named(
        "EVALUATION_COMPLETED", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE
    )

    model_id: str | None = None
    model_path: str | None = None
    games_played: int | None = None
    win_rate: float | None = None
    elo: float | None = None
    elo_delta: float | None = None
    best_elo: float | None = None
    passed: bool | None = None
    success: bool = True
    opponent_results: Mapping[str, Mapping[str, float]] | None = None
    win_rates: Mapping[str, float] | None = None
    vs_random_rate: float | None = None
    vs_heuristic_rate: float | None = None
    harness_results: Mapping[str, Any] | None = None
    best_harness: str | None = None
    is_multi_harness: bool = False
    composite_participant_ids: tuple[str, ...] = ()
    architecture: str | None = None
    node_id: str | None = None
    job_id: str | None = None
    iteration: int | None = None


class EvaluationFailed(ConfigEvent, frozen=True, kw_only=True):
    """An evaluation ended without a result."""

    EVENT = EventType.named(
        "EVALUATION_FAILED",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
        one_of=("error", "reason"),
    )

    error: str | None = None
    reason: str | None = None
    model_id: str | None = None
    model_path: str | None = None
    job_id: str | None = None
    iteration: int | None = None


class EvaluationProgress(ConfigEvent, frozen=True, kw_only=True):
    """An evaluation played more of its games."""

    EVENT = EventType.status("EVALUATION_PROGRESS", bridged=True)

    games_completed: int
    games_total: int
    baseline: str | None = None
    current_win_rate: float | None = None
    model_id: str | None = None
    iteration: int | None = None


class EvaluationStarted(ConfigEvent, frozen=True, kw_only=True):
    """The evaluation of a model began."""

    EVENT = EventType.named(
        "EVALUATION_STARTED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    model_id: str | None = None
    model_path: str | None = None
    games_planned: int | None = None
    node_id: str | None = None
    job_id: str | None = None
    iteration: int | None = None


class HarnessEvaluationCompleted(ConfigEvent, frozen=True, kw_only=True):
    """A model was measured under one harness of several."""

    EVENT = EventType.named("HARNESS_EVALUATION_COMPLETED", durable=True, max_age=PIPELINE_MAX_AGE)

    model_path: str
    harness_type: str
    elo: float | None = None
    win_rate: float | None = None


class ModelEvaluationBlocked(Event, frozen=True, kw_only=True):
    """A model cannot be evaluated yet: too few nodes have it."""

    EVENT = EventType.named("MODEL_EVALUATION_BLOCKED", max_age=PIPELINE_MAX_AGE)

    model_path: str
    reason: str | None = None
    required_nodes: int | None = None
    actual_nodes: int | None = None
    config_key: str | None = None
