from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.coordinators.layer5.priority import (
    HOUR,
    allocate,
    boost,
    factors,
    priorities,
    priority,
    staleness,
    starvation,
    velocity,
)
from ringleader.actors.coordinators.layer5.scheduling import (
    ConfigState,
    PriorityWeights,
    SelfplaySchedulerOptions,
)

OPTIONS = SelfplaySchedulerOptions()
RICH = ConfigState(games=10_000, played_at=0.0, quality=0.0, curriculum=1.0, elo=2000.0)


@pytest.mark.parametrize(
    ("hours", "expected"), [(0, 0), (1, 0), (2.5, 0.5), (4, 1), (48, 1), (1000, 1)]
)
def test_staleness_rises_between_one_and_four_hours(hours: float, expected: float) -> None:
    state = ConfigState(played_at=0.0)

    assert staleness(state, OPTIONS, hours * HOUR) == pytest.approx(expected)


def test_a_config_that_was_never_played_is_stale() -> None:
    assert staleness(ConfigState(), OPTIONS, 0.0) == 1


@pytest.mark.parametrize(
    ("games", "factor"),
    [(0, 100), (19, 100), (20, 10), (99, 10), (100, 5), (999, 5), (1000, 2), (5000, 1)],
)
def test_starved_configs_go_first(games: int, factor: float) -> None:
    assert starvation(games) == factor


def test_every_weight_has_a_factor_from_0_to_1() -> None:
    found = factors(ConfigState(), OPTIONS, 0.0, 0)

    assert set(found) == set(PriorityWeights.__struct_fields__)
    assert all(0 <= value <= 1 for value in found.values())


def test_the_priority_is_the_weighted_sum_times_what_multiplies_it() -> None:
    state = ConfigState(
        games=10_000,
        missing=50,
        target=100,
        played_at=0.0,
        elo=1000.0,
        velocity=25.0,
        needs_training=True,
        boost=1.5,
        curriculum=2.0,
        momentum=0.8,
        quality=0.9,
        penalty=-0.1,
    )
    weighted = (
        0.30 * 0.5  # stale for 2.5 h
        + 0.25 * 0.5
        + 0.20 * 0.5
        + 0.20 / 11
        + 0.15 * 0.5
        + 0.15 * 0.8
        + 0.10
        + 0.10 * 0.5
        + 0.10
        + 0.10 * 0.5
    )

    found = priority(state, OPTIONS, 2.5 * HOUR, 20_000)

    assert found == pytest.approx(weighted * 1.5 * 0.8 * 2.0)


def test_only_configs_that_want_games_have_a_priority_the_highest_first() -> None:
    states = {
        "full": ConfigState(),
        "rich": ConfigState(games=9000, missing=10, target=10),
        "poor": ConfigState(games=5, missing=10, target=10),
    }

    assert list(priorities(states, OPTIONS, 0.0)) == ["poor", "rich"]


def test_a_boost_ends() -> None:
    state = ConfigState(boost=2.0, boost_until=100.0)

    assert boost(state, 99.9) == 2.0
    assert boost(state, 100.0) == 1.0


def test_what_is_missing_is_allocated_as_far_as_there_is_capacity() -> None:
    states = {
        "a": ConfigState(missing=100),
        "b": ConfigState(missing=100, throttle=0.5),
        "c": ConfigState(missing=1),
        "d": ConfigState(),
    }

    assert allocate(states, 0.5) == {"a": 50, "b": 25, "c": 1}


@given(st.floats(-100, 100), st.lists(st.floats(0, 100), min_size=2, max_size=9, unique=True))
def test_velocity_is_the_slope_of_a_line_through_the_ratings(
    speed: float, hours: list[float]
) -> None:
    times = sorted(hours)
    ratings = tuple((time * HOUR, 1000 + speed * time) for time in times)
    found = velocity(ratings, OPTIONS)

    if times[-1] - times[0] < 1:
        assert found is None
    else:
        assert found == pytest.approx(speed, abs=1e-3)
