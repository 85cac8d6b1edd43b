from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.daemons.evaluation_rules import (
    EvaluationDaemonOptions,
    Request,
    backpressure,
    due,
    more_games,
    retry_delay,
    retry_factor,
    starts_at,
)

OPTIONS = EvaluationDaemonOptions()


def request(path: str = "m", asked_at: float = 0.0, not_before: float = 0.0) -> Request:
    return Request(
        config_key="hex5_2p",
        iteration=1,
        round=1,
        model_path=path,
        asked_at=asked_at,
        not_before=not_before,
    )


def test_backpressure_begins_at_70_and_ends_at_35() -> None:
    active = False
    told: list[str | None] = []
    for waiting in (69, 70, 90, 36, 35, 34, 70):
        signal = backpressure(waiting, OPTIONS, active=active)
        active = signal == "activate" if signal else active
        told.append(signal)

    assert told == [None, "activate", None, None, "release", None, "activate"]


@given(st.lists(st.integers(0, 100)))
def test_backpressure_alternates(depths: list[int]) -> None:
    active = False
    told: list[str] = []
    for waiting in depths:
        signal = backpressure(waiting, OPTIONS, active=active)
        if signal is not None:
            told.append(signal)
            active = signal == "activate"

    assert told == [("activate", "release")[n % 2] for n in range(len(told))]


def test_the_longest_waiting_starts_first() -> None:
    late, early = request("a", 5.0), request("b", 1.0)

    assert due([late, early], {}, 10.0, 300.0) == [early, late]


def test_a_model_that_was_evaluated_just_now_waits() -> None:
    again = request("a")

    assert due([again], {"a": 100.0}, 399.0, 300.0) == []
    assert due([again], {"a": 100.0}, 400.0, 300.0) == [again]
    assert starts_at(request("a", not_before=500.0), {"a": 100.0}, 300.0) == 500.0


def test_failures_are_tried_again_later_each_time_and_then_not() -> None:
    assert [retry_delay(n, OPTIONS) for n in (1, 2, 3, 4)] == [2, 5, 10, None]


@pytest.mark.parametrize(("attempts", "factor"), [(0, 1.0), (1, 1.5), (2, 2), (3, 2.5), (9, 2.5)])
def test_further_tries_play_more_games(attempts: int, factor: float) -> None:
    assert retry_factor(attempts, OPTIONS) == factor


def test_only_numbers_of_games_grow() -> None:
    stage = {"random_games": 30, "first_games": 0, "simulations": 64, "name": "x"}

    assert more_games(stage, 1.5) == {**stage, "random_games": 45}
    assert more_games(stage, 1.0) == stage
