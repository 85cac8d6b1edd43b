from __future__ import annotations

import pytest

from ringleader.actors.coordinators.layer5.orchestration import (
    SelfplayOrchestratorOptions,
    budget_multiplier,
    claims,
    is_exhausted,
    is_pausing,
    tally,
)
from ringleader.actors.events.scales import PressureLevel
from ringleader.actors.journal import WorkItem, WorkStatus


def item(part: int, status: WorkStatus = "queued", **more: object) -> WorkItem:
    return WorkItem(
        work_id=f"w{part}",
        kind="selfplay",
        config_key="hex5_2p",
        iteration=1,
        part=part,
        units=50,
        status=status,
        queued_at=0.0,
        **more,  # type: ignore[arg-type]  # the tests' own names
    )


def test_items_are_claimed_in_order_up_to_the_limit() -> None:
    queued = [item(n) for n in range(5)]

    assert claims(queued, 1, 3, PressureLevel.NONE) == queued[:2]
    assert list(claims(queued, 3, 3, PressureLevel.NONE)) == []


def test_medium_backpressure_halves_the_limit_and_hard_claims_nothing() -> None:
    queued = [item(n) for n in range(5)]

    assert len(claims(queued, 0, 4, PressureLevel.MEDIUM)) == 2
    assert len(claims(queued, 0, 1, PressureLevel.MEDIUM)) == 1
    assert list(claims(queued, 0, 4, PressureLevel.HARD)) == []


def test_a_tally_counts_what_was_played() -> None:
    found = tally(
        [
            item(1, "done", result={"games": 48, "samples": 900, "engine": "network"}),
            item(2, "done"),
            item(3, "failed", error="bad-job: no"),
            item(4, "started"),
        ]
    )

    assert (found.games, found.samples, found.done, found.failed) == (98, 900, 2, 1)
    assert found.result(10.0, 25.0) == {
        "games": 98,
        "samples": 900,
        "parts": 2,
        "engine": "network",
        "duration_seconds": 15.0,
    }


def test_three_items_that_failed_for_good_are_enough() -> None:
    options = SelfplayOrchestratorOptions()
    failed = [item(n, "failed") for n in range(3)]

    assert not is_exhausted([*failed[:2], item(9, "done")], options)
    assert is_exhausted(failed, options)


@pytest.mark.parametrize(
    ("severity", "pausing"), [("mild", False), ("moderate", False), ("severe", True)]
)
def test_severe_regressions_pause(severity: str, *, pausing: bool) -> None:
    assert is_pausing(severity) is pausing


@pytest.mark.parametrize(
    ("quality", "budget"), [(0.2, 1.5), (0.3, 1.3), (0.5, 1.0), (0.7, 0.9), (1.0, 0.9)]
)
def test_good_data_needs_fewer_games(quality: float, budget: float) -> None:
    assert budget_multiplier(quality) == budget
