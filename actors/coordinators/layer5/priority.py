"""Which config is played first, and how many games each gets: functions of state and time.

The reference system gives the weights, the staleness curve, the starvation factors; how a factor
is made from what is known, where it says nothing, is ours and stands with each function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .scheduling import ConfigState, SelfplaySchedulerOptions

HOUR: Final = 3600.0
UNKNOWN_QUALITY: Final = 0.5

STARVATION: Final = ((20, 100.0), (100, 10.0), (1000, 5.0), (5000, 2.0))
"""Games below which a config is starved, and by what its priority is multiplied."""

INFORMATIVE_GAMES: Final = 1000
"""Games after which one more says half as much as the first."""


def staleness(state: ConfigState, options: SelfplaySchedulerOptions, now: float) -> float:
    """Return 0 for a config that was played within the hour, rising to 1 at 4 hours."""
    if state.played_at is None:
        hours = options.stale_cap_hours
    else:
        hours = min(options.stale_cap_hours, (now - state.played_at) / HOUR)
    width = max(options.stale_hours - options.fresh_hours, 1e-9)
    return _share((hours - options.fresh_hours) / width)


def starvation(games: int) -> float:
    """Return by how much a config with few games goes before others."""
    return next((factor for bound, factor in STARVATION if games < bound), 1.0)


def factors(
    state: ConfigState, options: SelfplaySchedulerOptions, now: float, all_games: int
) -> dict[str, float]:
    """Return each part of the priority, from 0 to 1, by the name of its weight."""
    elo = 0.0 if state.elo is None else state.elo
    quality = UNKNOWN_QUALITY if state.quality is None else state.quality
    return {
        "staleness": staleness(state, options, now),
        "deficit": _share(state.missing / state.target) if state.target else 0.0,
        "velocity": _share((state.velocity or 0.0) / options.fast_velocity),
        "information": 1 / (1 + state.games / INFORMATIVE_GAMES),
        "improvement": _share((options.target_elo - elo) / options.target_elo),
        "quality": _share(quality + state.penalty),
        "training": 1.0 if state.needs_training else 0.0,
        "exploration": _share(boost(state, now) - 1),
        "curriculum": _share(state.curriculum / 2),
        "diversity": 1 - state.games / all_games if all_games else 1.0,
    }


def boost(state: ConfigState, now: float) -> float:
    """Return the boost that holds now."""
    over = state.boost_until is not None and now >= state.boost_until
    return 1.0 if over else state.boost


def priority(
    state: ConfigState, options: SelfplaySchedulerOptions, now: float, all_games: int
) -> float:
    """Return how urgently a config wants games; higher is sooner."""
    weighted: float = sum(
        getattr(options.weights, name) * factor
        for name, factor in factors(state, options, now, all_games).items()
    )
    return (
        weighted * boost(state, now) * state.momentum * state.curriculum * starvation(state.games)
    )


def priorities(
    states: Mapping[str, ConfigState], options: SelfplaySchedulerOptions, now: float
) -> dict[str, float]:
    """Return the priority of every config that wants games, the highest first."""
    all_games = sum(state.games for state in states.values())
    found = {
        key: priority(state, options, now, all_games)
        for key, state in states.items()
        if state.missing > 0
    }
    return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))


def allocate(states: Mapping[str, ConfigState], capacity: float) -> dict[str, int]:
    """Return how many games each config may have under way now.

    Args:
        states: by config.
        capacity: share of all games that cluster and queues can take, 0 to 1.
    """
    return {
        key: max(1, round(state.missing * capacity * state.throttle))
        for key, state in states.items()
        if state.missing > 0
    }


def velocity(
    ratings: tuple[tuple[float, float], ...], options: SelfplaySchedulerOptions
) -> float | None:
    """Return the slope of the ratings (Elo per hour), None while they are too close together."""
    if len(ratings) < 2 or ratings[-1][0] - ratings[0][0] < max(options.velocity_span, 1e-9):  # noqa: PLR2004  # a line needs two points
        return None
    times = [time / HOUR for time, _ in ratings]
    middle = sum(times) / len(times)
    height = sum(elo for _, elo in ratings) / len(ratings)
    rise = sum((t - middle) * (elo - height) for t, (_, elo) in zip(times, ratings, strict=True))
    return rise / sum((t - middle) ** 2 for t in times)


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))
