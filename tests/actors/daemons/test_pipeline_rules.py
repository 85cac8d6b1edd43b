from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.daemons.pipeline_rules import (
    ORDER,
    Breaker,
    DataPipelineOptions,
    circuit,
    failed,
    is_over,
    outcome,
    stage_now,
    succeeded,
    tried,
)
from ringleader.actors.journal import StageRecord

if TYPE_CHECKING:
    from ringleader.actors.journal import Stage, StageStatus

OPTIONS = DataPipelineOptions()


def record(stage: Stage, status: StageStatus = "done", **more: Any) -> StageRecord:
    return StageRecord(
        config_key="hex5_2p", iteration=1, stage=stage, status=status, started_at=0.0, **more
    )


@pytest.mark.parametrize("done", range(len(ORDER)))
def test_an_iteration_is_in_the_first_stage_that_is_not_done(done: int) -> None:
    records = [record(stage) for stage in ORDER[:done]]

    assert stage_now(records) == ORDER[done]
    assert stage_now([*records, record(ORDER[done], "started")]) == ORDER[done]


def test_an_iteration_whose_stages_are_done_can_be_completed() -> None:
    assert stage_now([record(stage) for stage in ORDER]) is None


def test_nothing_follows_a_stage_that_failed_or_was_left_out() -> None:
    failed_one = [record("selfplay"), record("npz_export", "failed", error="bad-input: x")]
    left_out = [record("selfplay"), record("npz_export", result={"skipped": "40 games"})]

    assert stage_now(failed_one) is None
    assert stage_now(left_out) is None
    assert outcome(failed_one) == {
        "promoted": False,
        "failed": ["npz_export: bad-input: x"],
        "skipped": [],
    }
    assert outcome(left_out)["skipped"] == ["npz_export: 40 games"]


def test_an_outcome_says_whether_the_model_was_promoted() -> None:
    records = [record("promotion", result={"promoted": True})]

    assert outcome(records) == {"promoted": True, "failed": [], "skipped": []}


def test_five_failures_in_a_row_open_the_breaker_for_a_minute() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker = failed(breaker, OPTIONS, 100.0)
    assert circuit(breaker, OPTIONS, 100.0) == "closed"

    breaker = failed(breaker, OPTIONS, 100.0)

    assert circuit(breaker, OPTIONS, 159.0) == "open"
    assert circuit(breaker, OPTIONS, 160.0) == "half_open"


def test_a_half_open_breaker_lets_one_try() -> None:
    breaker = Breaker(failures=5, opened_at=0.0)

    trial = tried(breaker)

    assert circuit(trial, OPTIONS, 1000.0) == "open"
    assert circuit(failed(trial, OPTIONS, 1000.0), OPTIONS, 1001.0) == "open"
    assert circuit(succeeded(), OPTIONS, 1000.0) == "closed"


def test_a_success_forgets_failures() -> None:
    assert failed(succeeded(), OPTIONS, 0.0).failures == 1


@pytest.mark.parametrize(
    ("iteration", "iterations", "elo", "over"),
    [
        (3, 3, 9999.0, False),
        (4, 3, None, True),
        (99, 0, None, False),
        (99, 0, 1999.0, False),
        (99, 0, 2000.0, True),
    ],
)
def test_a_config_is_done_after_its_iterations_or_at_its_rating(
    iteration: int, iterations: int, elo: float | None, *, over: bool
) -> None:
    assert is_over(iteration, iterations, elo, OPTIONS.target_elo) is over
