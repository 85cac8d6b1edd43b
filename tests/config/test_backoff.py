import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st
from tenacity import wait

from ringleader.config.backoff import faults, strategy
from ringleader.supervisors.backoff import Streak, seconds
from ringleader.supervisors.options import BackoffOptions, SupervisionOptions

JITTERED = ("exponential_jitter", "random", "random_exponential")


def waits(backoff: float | BackoffOptions, crashes: int, seed: int = 1) -> list[float]:
    """Return the waits after each of so many crashes in a row."""
    made, chance = strategy(backoff), random.Random(seed)  # noqa: S311  # no secret
    if made is None:
        return [0.0] * crashes
    return [
        seconds(made, Streak(number, 0.0), 0.0, ValueError(), chance)
        for number in range(1, crashes + 1)
    ]


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        (0.0, [0, 0, 0]),
        (2.5, [2.5, 2.5, 2.5]),
        (BackoffOptions(kind="fixed", seconds=3), [3, 3, 3]),
        (BackoffOptions(kind="exponential"), [1, 2, 4]),
        (BackoffOptions(kind="exponential", multiplier=5, max=15), [5, 10, 15]),
        (BackoffOptions(kind="exponential", exp_base=3, min=2), [2, 3, 9]),
        (BackoffOptions(kind="incrementing", start=1, increment=2), [1, 3, 5]),
        (BackoffOptions(kind="exponential_jitter", multiplier=2, jitter=0), [2, 4, 8]),
        (BackoffOptions(kind="random", min=2, max=2), [2, 2, 2]),
        (
            BackoffOptions(
                kind="chain",
                of=(0, BackoffOptions(kind="incrementing", increment=1)),
            ),
            [0, 1, 2],
        ),
        (
            BackoffOptions(
                kind="sum",
                of=(1, BackoffOptions(kind="exponential", max=3)),
            ),
            [2, 3, 4],
        ),
    ],
)
def test_data_is_one_of_tenacity_s_strategies(
    backoff: float | BackoffOptions, expected: list[float]
) -> None:
    assert list(faults(backoff, ())) == []
    assert waits(backoff, 3) == expected


def test_a_wait_grows_to_five_minutes_if_nothing_is_said() -> None:
    grown = waits(BackoffOptions(kind="exponential"), 12)

    assert grown[-1] == 300
    assert waits(BackoffOptions(kind="incrementing", increment=100), 9)[-1] == 300


def test_without_a_wait_there_is_no_strategy() -> None:
    assert strategy(0.0) is None
    assert isinstance(strategy(1.0), wait.wait_fixed)


@given(st.sampled_from(["fixed", "exponential", "incrementing"]), st.floats(0.1, 9), st.integers())
def test_jitter_is_added_from_the_seeded_generator(kind: Any, jitter: float, seed: int) -> None:
    needed: dict[str, Any] = {"fixed": {"seconds": 3}, "incrementing": {"increment": 2}}.get(
        kind, {}
    )
    plain = waits(BackoffOptions(kind=kind, **needed), 4)
    backoff = BackoffOptions(kind=kind, jitter=jitter, **needed)
    drawn = waits(backoff, 4, seed)

    assert drawn == waits(backoff, 4, seed)
    assert all(low <= found <= low + jitter for low, found in zip(plain, drawn, strict=True))


@pytest.mark.parametrize("kind", JITTERED)
def test_what_is_random_stays_between_its_bounds(kind: Any) -> None:
    drawn = waits(BackoffOptions(kind=kind, max=7), 50)

    assert all(0 <= found <= 7 for found in drawn)
    assert len(set(drawn)) > 2


def test_what_is_declared_by_default_never_shrinks_and_lets_the_limit_be_reached() -> None:
    supervision = SupervisionOptions()
    grown = waits(supervision.backoff, supervision.intensity)

    assert grown[0] <= 0.1
    assert all(low <= high for low, high in pairwise(grown))
    assert sum(grown) < supervision.period / 2, "a child that always crashes is never parked"


@pytest.mark.parametrize(
    ("backoff", "found"),
    [
        (
            BackoffOptions(kind="fixed"),
            [(("b", "seconds"), "is missing for the kind fixed", "set seconds")],
        ),
        (
            BackoffOptions(kind="random", min=3, max=2, exp_base=2),
            [
                (("b", "exp_base"), "says nothing to the kind random", "it takes min, max"),
                (("b", "min"), "is 3 s, above max, 2 s", "swap them"),
            ],
        ),
        (
            BackoffOptions(kind="chain", seconds=1),
            [
                (("b", "seconds"), "says nothing to the kind chain", "it takes of"),
                (("b", "of"), "is missing for the kind chain", "set of"),
            ],
        ),
        (
            BackoffOptions(kind="sum", of=(BackoffOptions(kind="incrementing"),)),
            [
                (
                    ("b", "of", "0", "increment"),
                    "is missing for the kind incrementing",
                    "set increment",
                )
            ],
        ),
    ],
)
def test_what_says_nothing_or_is_missing_is_named(
    backoff: BackoffOptions, found: list[tuple[tuple[str, ...], str, str]]
) -> None:
    assert list(faults(backoff, ("b",))) == found
