"""Resilience: pressure, circuit breakers, dead letters, locks, handlers that hang."""

from .base import Dedup, Event, EventType
from .scales import PressureLevel, Priority

__all__ = [
    "BackpressureActivated",
    "BackpressureReleased",
    "CircuitBreakerClosed",
    "CircuitBreakerHalfOpen",
    "CircuitBreakerOpened",
    "CircuitBreakerThreshold",
    "CircuitReset",
    "DeadlockDetected",
    "DlqEventsPurged",
    "DlqEventsReplayed",
    "DlqStaleEvents",
    "EscalationTierChanged",
    "HandlerTimeout",
    "LockTimeout",
]


class _CircuitBreaker(Event, frozen=True, kw_only=True):
    node_id: str
    old_state: str | None = None
    failure_count: int | None = None
    recovery_timeout: float | None = None


class BackpressureActivated(Event, frozen=True, kw_only=True):
    """Producers are asked to slow down."""

    EVENT = EventType.control("BACKPRESSURE_ACTIVATED", bridged=True, priority=Priority.URGENT)

    level: PressureLevel
    reason: str | None = None
    node_id: str | None = None
    resource_type: str | None = None
    utilization: float | None = None
    utilization_percent: float | None = None
    overall_pressure: float | None = None
    queue_depth: int | None = None
    pending_count: int | None = None
    threshold: float | None = None
    soft_limit: float | None = None
    trigger: str | None = None


class BackpressureReleased(Event, frozen=True, kw_only=True):
    """Producers may go on at full speed."""

    EVENT = EventType.control("BACKPRESSURE_RELEASED", bridged=True, priority=Priority.URGENT)

    node_id: str | None = None
    resource_type: str | None = None
    previous_level: PressureLevel | None = None
    reason: str | None = None
    duration_seconds: float | None = None
    queue_depth: int | None = None
    pending_count: int | None = None


class CircuitBreakerClosed(_CircuitBreaker, frozen=True, kw_only=True):
    """A circuit breaker lets calls through again."""

    EVENT = EventType.named("CIRCUIT_BREAKER_CLOSED", dedup=Dedup.id())

    new_state: str = "closed"


class CircuitBreakerHalfOpen(_CircuitBreaker, frozen=True, kw_only=True):
    """A circuit breaker lets a trial call through."""

    EVENT = EventType.named("CIRCUIT_BREAKER_HALF_OPEN", dedup=Dedup.id())

    new_state: str = "half_open"


class CircuitBreakerOpened(_CircuitBreaker, frozen=True, kw_only=True):
    """A circuit breaker stopped calls to a failing node."""

    EVENT = EventType.named("CIRCUIT_BREAKER_OPENED", dedup=Dedup.id())

    new_state: str = "open"


class CircuitBreakerThreshold(Event, frozen=True, kw_only=True):
    """Too large a share of the circuit breakers is open."""

    EVENT = EventType.named("CIRCUIT_BREAKER_THRESHOLD", dedup=Dedup.id())

    open_count: int
    total_nodes: int
    open_ratio: float | None = None
    threshold_ratio: float | None = None
    open_nodes: tuple[str, ...] = ()


class CircuitReset(Event, frozen=True, kw_only=True):
    """The circuit breaker of a node was reset by hand or by a recovery."""

    EVENT = EventType.named("CIRCUIT_RESET", dedup=Dedup.id())

    node_id: str
    address: str | None = None
    recovery_source: str | None = None


class DeadlockDetected(Event, frozen=True, kw_only=True):
    """Locks have been held for so long that their holders must be waiting for each other."""

    EVENT = EventType.control("DEADLOCK_DETECTED", bridged=True, dedup=Dedup.content())

    resources: tuple[str, ...]
    holders: tuple[str, ...]


class DlqEventsPurged(Event, frozen=True, kw_only=True):
    """Old dead letters were deleted."""

    EVENT = EventType.named("DLQ_EVENTS_PURGED", bridged=True, dedup=Dedup.id())

    count: int
    reason: str | None = None


class DlqEventsReplayed(Event, frozen=True, kw_only=True):
    """Dead letters were handed out again and handled."""

    EVENT = EventType.named("DLQ_EVENTS_REPLAYED", bridged=True, dedup=Dedup.id())

    recovered_count: int
    event_types: tuple[str, ...] = ()


class DlqStaleEvents(Event, frozen=True, kw_only=True):
    """Dead letters have been waiting for too long."""

    EVENT = EventType.control("DLQ_STALE_EVENTS", bridged=True)

    stale_count: int
    event_types: tuple[str, ...] = ()
    max_stale_hours: float | None = None
    threshold_hours: float | None = None
    oldest: float | None = None


class EscalationTierChanged(Event, frozen=True, kw_only=True):
    """Retries against a target became rarer or more frequent."""

    EVENT = EventType.named("ESCALATION_TIER_CHANGED", dedup=Dedup.id())

    target: str
    old_tier: int
    new_tier: int
    operation_type: str | None = None
    consecutive_opens: int | None = None
    wait_seconds: float | None = None
    probe_interval: float | None = None


class HandlerTimeout(Event, frozen=True, kw_only=True):
    """An event handler did not return within its time."""

    EVENT = EventType.named("HANDLER_TIMEOUT", bridged=True, dedup=Dedup.id())

    handler_name: str
    event_type: str
    timeout_seconds: float
    coordinator: str | None = None
    event_id: str | None = None


class LockTimeout(Event, frozen=True, kw_only=True):
    """A lock could not be had within its time."""

    EVENT = EventType.named("LOCK_TIMEOUT", dedup=Dedup.id())

    operation: str
    node_id: str | None = None
    wait_duration: float | None = None
    wait_timeout: float | None = None
