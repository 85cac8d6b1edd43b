"""What events do to the scheduler's picture of a config: functions from old state to new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from .priority import HOUR, boost, velocity

if TYPE_CHECKING:
    from ...events.scales import Priority
    from .scheduling import ConfigState, SelfplaySchedulerOptions

NOT_PROMOTED: Final = (1.3, 2.0)
BLOCKED: Final = 1.5
EARLY_STOPPED: Final = {"regression": (1.5, 2.0), "plateau": (1.3, 1.8)}
EARLY_STOPPED_OTHERWISE: Final = (1.2, 1.5)
REGRESSED: Final = {"mild": 0.1, "minor": 0.1, "moderate": 0.2, "severe": 0.3, "critical": 0.3}
MAX_BOOST: Final = 2.0
MAX_CURRICULUM: Final = 2.0
MIN_CURRICULUM: Final = 0.5
MIN_BOOST: Final = 0.8
ACCELERATING: Final = (1.2, 1.5)
DECELERATING: Final = (0.85, 0.6)
DRIFT: Final = 0.05
LOSING_ELO: Final = (1.15, 1.8)
URGENT_BOOST: Final = 1.5
ADVANCED_BOOST: Final = 1.1
REBALANCED_AFTER_REGRESSION: Final = (0.5, 1.5)
LOW_QUALITY: Final = ((0.4, 0.5), (0.5, 0.6))
LOW_QUALITY_OTHERWISE: Final = 0.7
PENALTY: Final = 0.2
QUEUE_FLOOR, QUEUE_SLOPE = 0.5, 0.5
EVALUATION_FLOOR, EVALUATION_SLOPE = 0.3, 0.7
RELEASE: Final = 1.5


def boosted(state: ConfigState, factor: float, ceiling: float, now: float) -> ConfigState:
    """Multiply the boost, up to a ceiling."""
    return replace(state, boost=min(ceiling, boost(state, now) * factor), boost_until=None)


def promoted(state: ConfigState) -> ConfigState:
    """A model was promoted: what was tried has worked."""
    return replace(state, boost=1.0, boost_until=None, needs_training=False)


def not_promoted(state: ConfigState, now: float) -> ConfigState:
    """A promotion failed: more games of it."""
    return boosted(state, *NOT_PROMOTED, now)


def played(state: ConfigState, games: int, now: float) -> ConfigState:
    """Games came in: no staleness."""
    return replace(state, games=state.games + games, played_at=now)


def wanted(
    state: ConfigState, priority: Priority, momentum: float | None, now: float
) -> ConfigState:
    """Somebody asked for games; `high` and above raise need and boost."""
    if momentum is not None:
        state = replace(state, momentum=momentum)
    if priority < "high":
        return state
    raised = max(URGENT_BOOST, boost(state, now))
    return replace(state, needs_training=True, boost=raised, boost_until=None)


def blocked(state: ConfigState, now: float) -> ConfigState:
    """Training was blocked by quality."""
    factor = max(BLOCKED, boost(state, now) * BLOCKED)
    return replace(state, boost=min(MAX_BOOST, factor), boost_until=None, needs_training=True)


def early_stopped(state: ConfigState, reason: str, now: float) -> ConfigState:
    """Training ended early: new games, and more weight."""
    factor, ceiling = EARLY_STOPPED.get(reason, EARLY_STOPPED_OTHERWISE)
    curriculum = min(MAX_CURRICULUM, state.curriculum * 1.3)
    return replace(boosted(state, factor, ceiling, now), curriculum=curriculum)


def regressed(state: ConfigState, severity: str, now: float) -> ConfigState:
    """A model got worse."""
    raised = boost(state, now) + REGRESSED.get(severity, REGRESSED["mild"])
    return replace(state, boost=min(MAX_BOOST, raised), boost_until=None, regressed=True)


def rebalanced_after_regression(state: ConfigState, now: float) -> ConfigState:
    """The curriculum was changed because of a regression."""
    factor, gain = REBALANCED_AFTER_REGRESSION
    lowered = replace(state, curriculum=max(MIN_CURRICULUM, state.curriculum * factor))
    return boosted(lowered, gain, MAX_BOOST, now)


def weighted(state: ConfigState, weight: float) -> ConfigState:
    """The curriculum gave it another weight."""
    return replace(state, curriculum=min(MAX_CURRICULUM, max(MIN_CURRICULUM, weight)))


def advanced(state: ConfigState, now: float) -> ConfigState:
    """It moved up a tier."""
    return replace(boosted(state, ADVANCED_BOOST, MAX_BOOST, now), tier=state.tier + 1)


def mastered(state: ConfigState, now: float) -> ConfigState:
    """It beats one of its opponents nearly always: there is less to learn."""
    lowered = max(MIN_BOOST, boost(state, now) * 0.95)
    curriculum = max(MIN_CURRICULUM, state.curriculum * 0.9)
    return replace(state, curriculum=curriculum, boost=lowered, boost_until=None)


def explored(state: ConfigState, factor: float, seconds: float, now: float) -> ConfigState:
    """Somebody wants it explored for a while."""
    return replace(state, boost=max(boost(state, now), factor), boost_until=now + seconds)


def stalled(state: ConfigState, factor: float | None) -> ConfigState:
    """It makes no progress: boost it."""
    return replace(state, boost=MAX_BOOST if factor is None else factor, boost_until=None)


def moved(state: ConfigState, trend: str, speed: float, now: float) -> ConfigState:
    """Its velocity changed: momentum follows."""
    momentum = state.momentum
    if trend == "accelerating":
        momentum = min(ACCELERATING[1], momentum * ACCELERATING[0])
    elif trend == "decelerating":
        momentum = max(DECELERATING[1], momentum * DECELERATING[0])
    else:
        momentum += (1 - momentum) * DRIFT
    state = replace(state, momentum=momentum)
    return boosted(state, *LOSING_ELO, now) if speed < 0 else state


def degraded(state: ConfigState, score: float, threshold: float) -> ConfigState:
    """Its data got worse: a penalty in proportion."""
    deficit = max(0.0, (threshold - score) / threshold) if threshold > 0 else 0.0
    return replace(state, quality=score, penalty=-PENALTY * deficit)


def throttled(state: ConfigState, score: float) -> ConfigState:
    """Its data is poor: fewer games until it is better."""
    found = next((factor for bound, factor in LOW_QUALITY if score < bound), LOW_QUALITY_OTHERWISE)
    return replace(state, quality=score, throttle=found)


def rated(
    state: ConfigState, elo: float, options: SelfplaySchedulerOptions, now: float
) -> tuple[ConfigState, bool]:
    """Take in a rating; tell whether it shows a plateau that is to be told."""
    horizon = now - options.velocity_window_hours * HOUR
    ratings = (*(r for r in state.ratings if r[0] >= horizon), (now, elo))
    speed = velocity(ratings, options)
    is_still = speed is not None and abs(speed) < options.plateau_velocity
    still = state.still + 1 if is_still else 0
    due = state.plateau_at is None or now - state.plateau_at >= options.plateau_cooldown
    plateau = still >= options.plateau_count and due
    new = replace(
        state,
        elo=elo,
        ratings=ratings,
        velocity=speed,
        still=0 if plateau else still,
        plateau_at=now if plateau else state.plateau_at,
    )
    return new, plateau


def under_pressure(depth: float, soft_limit: float) -> float:
    """Return the share of games that a full work queue leaves."""
    over = max(0.0, depth - soft_limit)
    return max(QUEUE_FLOOR, 1 - over / soft_limit * QUEUE_SLOPE) if soft_limit > 0 else QUEUE_FLOOR


def evaluations_waiting(depth: float, threshold: float) -> float:
    """Return the share of games that a full evaluation queue leaves."""
    over = max(0.0, depth - threshold)
    slope = over / threshold * EVALUATION_SLOPE if threshold > 0 else 1.0
    return max(EVALUATION_FLOOR, 1 - slope)


def released(share: float) -> float:
    """Return the share of games after one release of backpressure."""
    return min(1.0, share * RELEASE)


def healthy_share(healthy: int, total: int, floor: float) -> float:
    """Return the share of a cluster that can work."""
    return max(floor, healthy / total) if total > 0 else floor
