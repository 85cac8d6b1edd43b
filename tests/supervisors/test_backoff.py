from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st
from tenacity import (
    RetryCallState,
    wait_chain,
    wait_exception,
    wait_exponential,
    wait_exponential_jitter,
    wait_fixed,
    wait_incrementing,
    wait_random,
    wait_random_exponential,
)
from tenacity.wait import wait_base

from ringleader.supervisors.backoff import Streak, seconds


def waits(strategy: wait_base, crashes: int = 5, seed: int = 1) -> list[float]:
    """Return the first waits of a strategy."""
    chance = random.Random(seed)  # noqa: S311  # jitter
    return [
        seconds(strategy, Streak(number), 0.0, ValueError("boom"), chance)
        for number in range(1, crashes + 1)
    ]


# --- streaks


def test_crashes_count_in_a_row() -> None:
    streak = Streak().crashed(10.0, 9.0, 60.0).crashed(20.0, 11.0, 60.0)
    assert streak == Streak(2, 10.0)


def test_a_healthy_life_begins_a_new_streak() -> None:
    streak = Streak(5, 0.0).crashed(100.0, 40.0, 60.0)
    assert streak == Streak(1, 100.0)


def test_a_failed_start_is_no_healthy_life_however_long_ago_the_last_crash_was() -> None:
    assert Streak(5, 0.0).crashed(10_000.0, None, 60.0) == Streak(6, 0.0)


# --- strategies


def test_the_crash_in_a_row_is_the_attempt() -> None:
    assert waits(wait_exponential(multiplier=1, max=300), 10) == [
        1, 2, 4, 8, 16, 32, 64, 128, 256, 300,
    ]  # fmt: skip
    assert waits(wait_incrementing(start=1, increment=2), 3) == [1, 3, 5]
    assert waits(wait_fixed(7), 2) == [7, 7]


def test_strategies_add_up_and_follow_each_other() -> None:
    assert waits(wait_fixed(1) + wait_exponential(), 3) == [2, 3, 5]
    assert waits(wait_chain(wait_fixed(1), wait_fixed(5)), 3) == [1, 5, 5]


def test_a_strategy_sees_what_the_child_died_of() -> None:
    known = wait_exception(lambda error: 60.0 if isinstance(error, ValueError) else 1.0)
    chance = random.Random(1)  # noqa: S311  # jitter
    assert seconds(known, Streak(1), 0.0, ValueError(), chance) == 60.0
    assert seconds(known, Streak(1), 0.0, "killed", chance) == 1.0


class SinceTheFirst(wait_base):
    def __call__(self, retry_state: RetryCallState) -> float:
        return retry_state.seconds_since_start or 0.0


def test_a_strategy_of_ones_own_sees_the_time_since_the_first_crash() -> None:
    chance = random.Random(1)  # noqa: S311  # jitter
    assert seconds(SinceTheFirst(), Streak(3, 10.0), 25.0, "killed", chance) == 15.0


@pytest.mark.parametrize(
    "strategy",
    [
        wait_random(0, 10),
        wait_random_exponential(max=60),
        wait_exponential_jitter(max=60, jitter=5),
        wait_fixed(3) + wait_random(0, 2),
        wait_chain(wait_random(0, 1), wait_random(5, 9)),
    ],
    ids=lambda strategy: type(strategy).__name__,
)
def test_jitter_comes_from_the_seed(strategy: wait_base) -> None:
    assert waits(strategy, seed=1) == waits(strategy, seed=1)
    assert waits(strategy, seed=1) != waits(strategy, seed=2)


@given(st.integers(1, 5000), st.integers(0, 2**32))
def test_jitter_stays_within_its_bounds(crashes: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # jitter
    streak = Streak(crashes)
    assert 2 <= seconds(wait_random(2, 3), streak, 0.0, "x", chance) <= 3
    assert 0 <= seconds(wait_random_exponential(max=60), streak, 0.0, "x", chance) <= 60
    jittered = wait_exponential_jitter(max=60, jitter=5)
    assert min(60, 2 ** min(crashes - 1, 10)) <= seconds(jittered, streak, 0.0, "x", chance) <= 60


@pytest.mark.parametrize("said", [-1.0, float("nan"), float("inf")])
def test_what_is_no_time_is_refused(said: float) -> None:
    chance = random.Random(1)  # noqa: S311  # jitter
    with pytest.raises(ValueError, match="it must be 0 or more"):
        seconds(wait_fixed(said), Streak(1), 0.0, "x", chance)
