from __future__ import annotations

import pytest

from ringleader.actors.coordinators.layer5 import adjustments as adjust
from ringleader.actors.coordinators.layer5.scheduling import (
    ConfigState,
    SelfplaySchedulerOptions,
)
from ringleader.actors.events.scales import Priority

OPTIONS = SelfplaySchedulerOptions()
NOW = 1000.0


def test_a_promotion_takes_the_boost_back() -> None:
    state = adjust.promoted(ConfigState(boost=1.8, needs_training=True))

    assert (state.boost, state.needs_training) == (1.0, False)


def test_refusals_boost_up_to_two() -> None:
    state = ConfigState()
    boosts: list[float] = []
    for _ in range(4):
        state = adjust.not_promoted(state, NOW)
        boosts.append(round(state.boost, 2))

    assert boosts == [1.3, 1.69, 2.0, 2.0]


def test_games_make_a_config_fresh() -> None:
    state = adjust.played(ConfigState(games=5), 10, NOW)

    assert (state.games, state.played_at) == (15, NOW)


@pytest.mark.parametrize(
    ("priority", "boost", "needs"),
    [(Priority.NORMAL, 1.0, False), (Priority.HIGH, 1.5, True), (Priority.URGENT, 1.5, True)],
)
def test_urgent_targets_boost(priority: Priority, boost: float, *, needs: bool) -> None:
    state = adjust.wanted(ConfigState(), priority, None, NOW)

    assert (state.boost, state.needs_training) == (boost, needs)


def test_a_target_may_bring_momentum() -> None:
    assert adjust.wanted(ConfigState(), Priority.NORMAL, 1.4, NOW).momentum == 1.4


def test_a_block_boosts_to_one_and_a_half_at_least() -> None:
    assert adjust.blocked(ConfigState(boost=0.8), NOW).boost == 1.5
    assert adjust.blocked(ConfigState(boost=1.2), NOW).boost == pytest.approx(1.8)


@pytest.mark.parametrize(
    ("reason", "first", "ceiling"),
    [("regression", 1.5, 2.0), ("plateau", 1.3, 1.8), ("patience", 1.2, 1.5)],
)
def test_early_stops_boost_by_their_reason(reason: str, first: float, ceiling: float) -> None:
    once = adjust.early_stopped(ConfigState(), reason, NOW)
    often = once
    for _ in range(9):
        often = adjust.early_stopped(often, reason, NOW)

    assert (once.boost, once.curriculum) == pytest.approx((first, 1.3))
    assert (often.boost, often.curriculum) == (ceiling, 2.0)


@pytest.mark.parametrize(
    ("severity", "boost"), [("mild", 1.1), ("moderate", 1.2), ("severe", 1.3), ("unheard", 1.1)]
)
def test_a_regression_boosts_by_its_severity(severity: str, boost: float) -> None:
    state = adjust.regressed(ConfigState(), severity, NOW)

    assert state.boost == pytest.approx(boost)
    assert state.regressed


def test_a_regression_halves_the_curriculum_weight() -> None:
    state = adjust.rebalanced_after_regression(ConfigState(curriculum=1.4), NOW)

    assert state.curriculum == pytest.approx(0.7)
    assert state.boost == 1.5


def test_weights_are_clamped() -> None:
    assert adjust.weighted(ConfigState(), 9.0).curriculum == 2.0
    assert adjust.weighted(ConfigState(), 0.1).curriculum == 0.5


def test_a_mastered_opponent_makes_a_config_less_interesting() -> None:
    state = ConfigState()
    for _ in range(20):
        state = adjust.mastered(state, NOW)

    assert (state.curriculum, state.boost) == (0.5, 0.8)


def test_an_advance_is_a_tier_and_a_small_boost() -> None:
    state = adjust.advanced(ConfigState(), NOW)

    assert state.tier == 1
    assert state.boost == pytest.approx(1.1)


def test_exploration_takes_the_larger_boost_for_a_while() -> None:
    state = adjust.explored(ConfigState(boost=1.2), 1.7, 900, NOW)

    assert (state.boost, state.boost_until) == (1.7, NOW + 900)


def test_a_stall_doubles() -> None:
    assert adjust.stalled(ConfigState(), None).boost == 2.0
    assert adjust.stalled(ConfigState(), 1.4).boost == 1.4


def test_momentum_follows_velocity_within_bounds() -> None:
    up = down = ConfigState()
    for _ in range(9):
        up = adjust.moved(up, "accelerating", 1.0, NOW)
        down = adjust.moved(down, "decelerating", 1.0, NOW)

    assert adjust.moved(ConfigState(), "accelerating", 1.0, NOW).momentum == 1.2
    assert (up.momentum, down.momentum) == (1.5, 0.6)
    assert adjust.moved(up, "stable", 1.0, NOW).momentum == pytest.approx(1.475)


def test_losing_rating_boosts() -> None:
    assert adjust.moved(ConfigState(), "stable", -1.0, NOW).boost == pytest.approx(1.15)


def test_poor_data_is_penalised_in_proportion() -> None:
    state = adjust.degraded(ConfigState(), 0.3, 0.6)

    assert state.quality == 0.3
    assert state.penalty == pytest.approx(-0.1)
    assert adjust.degraded(ConfigState(), 0.9, 0.6).penalty == 0.0


@pytest.mark.parametrize(("score", "throttle"), [(0.3, 0.5), (0.45, 0.6), (0.55, 0.7)])
def test_poor_data_throttles(score: float, throttle: float) -> None:
    assert adjust.throttled(ConfigState(), score).throttle == throttle


def test_three_ratings_without_movement_are_a_plateau_that_is_told_once_an_hour() -> None:
    state = ConfigState()
    told: list[bool] = []
    for hour in range(12):
        state, plateau = adjust.rated(state, 1000.0, OPTIONS, hour * 3600.0)
        told.append(plateau)

    # The first rating says nothing yet; the fourth is the third one without movement.
    assert [hour for hour, plateau in enumerate(told) if plateau] == [3, 6, 9]


def test_a_rating_that_moves_is_no_plateau() -> None:
    state = ConfigState()
    for hour in range(12):
        state, plateau = adjust.rated(state, 1000.0 + 10 * hour, OPTIONS, hour * 3600.0)
        assert not plateau

    assert state.velocity == pytest.approx(10.0)


def test_ratings_are_forgotten_after_a_day() -> None:
    state = ConfigState()
    for hour in range(30):
        state, _ = adjust.rated(state, 1000.0, OPTIONS, hour * 3600.0)

    assert len(state.ratings) == 25


@pytest.mark.parametrize(("depth", "share"), [(100, 1.0), (500, 1.0), (750, 0.75), (5000, 0.5)])
def test_a_full_queue_leaves_at_least_half(depth: float, share: float) -> None:
    assert adjust.under_pressure(depth, 500) == pytest.approx(share)


@pytest.mark.parametrize(("depth", "share"), [(10, 1.0), (70, 1.0), (105, 0.65), (700, 0.3)])
def test_waiting_evaluations_leave_at_least_a_third(depth: float, share: float) -> None:
    assert adjust.evaluations_waiting(depth, 70) == pytest.approx(share)


def test_a_release_goes_back_step_by_step() -> None:
    assert [round(adjust.released(share), 2) for share in (0.3, 0.5, 0.8)] == [0.45, 0.75, 1.0]


def test_a_sick_cluster_has_a_floor() -> None:
    assert adjust.healthy_share(1, 10, 0.3) == 0.3
    assert adjust.healthy_share(8, 10, 0.3) == 0.8
    assert adjust.healthy_share(0, 0, 0.3) == 0.3
