"""Monitoring: stalls, regressions, metrics, caches, the model registry."""

from collections.abc import Mapping

from .base import PIPELINE_MAX_AGE, Dedup, Event, EventType
from .shapes import ConfigEvent

__all__ = [
    "CacheInvalidated",
    "MetricsUpdated",
    "ProgressStallDetected",
    "RegistryUpdated",
    "RegressionCleared",
    "RegressionCritical",
    "RegressionDetected",
    "RegressionMinor",
    "RegressionModerate",
    "RegressionSevere",
    "WorkQueueStalled",
]


class _Regression(Event, frozen=True, kw_only=True):
    model_id: str | None = None
    config_key: str | None = None
    current_elo: float | None = None
    baseline_elo: float | None = None
    elo_drop: float | None = None
    current_win_rate: float | None = None
    baseline_win_rate: float | None = None
    win_rate_drop: float | None = None
    error_rate: float | None = None
    games_played: int | None = None
    consecutive_count: int | None = None
    reason: str | None = None
    recommended_action: str | None = None


class ProgressStallDetected(ConfigEvent, frozen=True, kw_only=True):
    """A configuration has gained no Elo for hours."""

    EVENT = EventType.named("PROGRESS_STALL_DETECTED", dedup=Dedup.id())

    stall_duration_hours: float | None = None
    current_velocity: float | None = None
    current_elo: float | None = None
    boost_multiplier: float | None = None
    action: str | None = None
    reason: str | None = None
    recovery_attempt: int | None = None
    escalation_tier: int | None = None


class RegressionCleared(Event, frozen=True, kw_only=True):
    """A regression is over."""

    EVENT = EventType.named(
        "REGRESSION_CLEARED",
        bridged=True,
        durable=True,
        dedup=Dedup.id(),
        one_of=("config_key", "model_id"),
    )

    config_key: str | None = None
    model_id: str | None = None
    elo_recovered: float | None = None
    metric_name: str | None = None


class RegressionCritical(_Regression, frozen=True, kw_only=True):
    """A model got so much worse that it must be rolled back."""

    EVENT = EventType.named(
        "REGRESSION_CRITICAL",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
    )

    severity: str = "critical"


class RegressionDetected(_Regression, frozen=True, kw_only=True):
    """A model or a metric got worse."""

    EVENT = EventType.named(
        "REGRESSION_DETECTED",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
        one_of=("config_key", "model_id", "metric_name"),
    )

    severity: str
    metric_name: str | None = None
    current_value: float | None = None
    previous_value: float | None = None
    regression_amount: float | None = None
    win_rate_vs_random: float | None = None
    win_rate_vs_heuristic: float | None = None
    threshold: float | None = None


class RegressionMinor(_Regression, frozen=True, kw_only=True):
    """A model got a little worse."""

    EVENT = EventType.named(
        "REGRESSION_MINOR", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    severity: str = "minor"


class RegressionModerate(_Regression, frozen=True, kw_only=True):
    """A model got clearly worse."""

    EVENT = EventType.named(
        "REGRESSION_MODERATE",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
    )

    severity: str = "moderate"


class RegressionSevere(_Regression, frozen=True, kw_only=True):
    """A model got much worse."""

    EVENT = EventType.named(
        "REGRESSION_SEVERE", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    severity: str = "severe"


class WorkQueueStalled(Event, frozen=True, kw_only=True):
    """Work is waiting and nobody has taken any for too long."""

    EVENT = EventType.control("WORK_QUEUE_STALLED")

    idle_seconds: float
    threshold_seconds: float | None = None
    pending_count: int | None = None
    blocked_configs: tuple[str, ...] = ()
    stall_detected_at: float | None = None


class CacheInvalidated(Event, frozen=True, kw_only=True):
    """Cached models or data were declared out of date."""

    EVENT = EventType.named("CACHE_INVALIDATED", bridged=True, dedup=Dedup.id())

    invalidation_type: str
    count: int
    target_id: str | None = None
    affected_nodes: tuple[str, ...] = ()
    affected_models: tuple[str, ...] = ()


class MetricsUpdated(Event, frozen=True, kw_only=True):
    """A metric has a new value."""

    EVENT = EventType.status("METRICS_UPDATED", bridged=True)

    metric_name: str
    value: float
    metric_type: str | None = None
    labels: Mapping[str, str] | None = None


class RegistryUpdated(Event, frozen=True, kw_only=True):
    """The model registry changed an entry."""

    EVENT = EventType.named("REGISTRY_UPDATED", bridged=True, dedup=Dedup.id())

    action: str
    model_id: str
    version: int | None = None
    config_key: str | None = None
