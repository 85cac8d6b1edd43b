from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.events.model import PromotionRolledBack
from ringleader.actors.events.monitoring import RegressionCleared, RegressionDetected
from ringleader.actors.events.quality import QualityScoreUpdated
from ringleader.actors.events.resilience import BackpressureActivated, BackpressureReleased
from ringleader.actors.events.scales import PressureLevel
from ringleader.actors.events.training import ResourceConstraint
from ringleader.actors.events.work import TaskOrphaned, WorkQueued
from ringleader.actors.journal import WorkItem

from .fakes import CONFIG, Pipeline, Work

if TYPE_CHECKING:
    from ringleader.actors.events.base import Event

NAME = "selfplay_orchestrator"
PATH = f"/coordination/layer5/{NAME}"


def queue(pipeline: Pipeline, parts: int = 3, target: int | None = None) -> None:
    """Open an iteration with a target of 10 games a part, and put its parts into the queue."""
    inputs = {"target": 10 * parts if target is None else target, "model": "/models/0"}
    pipeline.journal.start_stage(CONFIG, 1, "selfplay", inputs, now=pipeline.now)
    for part in range(1, parts + 1):
        pipeline.journal.put_work(
            WorkItem(
                work_id=f"w{part}",
                kind="selfplay",
                config_key=CONFIG,
                iteration=1,
                part=part,
                units=10,
                options={"games": 10, "first_game": 10 * part - 10},
                queued_at=pipeline.now,
            )
        )


def statuses(pipeline: Pipeline) -> list[str]:
    return [item.status for item in sorted(pipeline.journal.work(), key=lambda item: item.part)]


def test_as_many_items_are_claimed_as_may_run_beside_each_other() -> None:
    with Pipeline() as pipeline:
        queue(pipeline)
        pipeline.start(NAME)

        assert statuses(pipeline) == ["started", "started", "queued"]
        assert pipeline.work.begun == ["w1", "w2"]
        assert [e.claimed_by for e in pipeline.told("WORK_CLAIMED")] == [PATH, PATH]
        assert [e.attempts for e in pipeline.told("WORK_STARTED")] == [1, 1]


def test_a_job_plays_the_items_games_with_the_iterations_model() -> None:
    with Pipeline() as pipeline:
        queue(pipeline)
        pipeline.start(NAME)

        request = pipeline.work.requests[1]
        assert (request.kind, request.part, request.notify) == ("selfplay", 2, PATH)
        assert request.inputs == {"model": "/models/0"}
        assert request.options == {"games": 10, "first_game": 10}
        assert request.outputs == {"games": f"/data/games/{CONFIG}/0001-002.npz"}


def test_the_stage_is_done_when_its_target_is_met() -> None:
    with Pipeline() as pipeline:
        queue(pipeline)
        pipeline.start(NAME)
        pipeline.system.advance(2)

        (complete,) = pipeline.told("SELFPLAY_COMPLETE")
        assert (complete.games_generated, complete.iteration) == (30, 1)
        record = pipeline.journal.stage(CONFIG, 1, "selfplay")
        assert record is not None
        assert record.status == "done"
        assert {**record.result, "duration_seconds": 0} == {
            "games": 30,
            "samples": 600,
            "parts": 3,
            "engine": None,
            "duration_seconds": 0,
        }


def test_items_nobody_needs_any_more_are_taken_back() -> None:
    with Pipeline() as pipeline:
        queue(pipeline, parts=5, target=20)
        pipeline.start(NAME)
        pipeline.system.advance(2)

        assert statuses(pipeline)[-1] == "failed"
        assert pipeline.told("WORK_CANCELLED")[-1].work_id == "w5"


def test_a_lost_job_is_asked_for_again() -> None:
    with Pipeline(work=Work(seconds=5)) as pipeline:
        queue(pipeline)
        pipeline.start(NAME)
        pipeline.strike("/jobs")
        pipeline.publish(TaskOrphaned(task_id="w1"))
        pipeline.system.advance(1)

        assert pipeline.work.begun == ["w1", "w2", "w1", "w2"]
        pipeline.system.advance(12)
        assert statuses(pipeline) == ["done"] * 3


def test_a_restart_doubles_nothing() -> None:
    with Pipeline(work=Work(seconds=5)) as pipeline:
        queue(pipeline)
        pipeline.start(NAME)
        pipeline.strike(PATH)
        pipeline.system.advance(12)

        assert pipeline.work.begun == ["w1", "w2", "w3"]
        assert len(pipeline.told("SELFPLAY_COMPLETE")) == 1


def test_an_item_that_keeps_taking_too_long_is_given_up() -> None:
    work = Work()
    work.failures["w1"] = 9, "timeout"
    with Pipeline(work=work) as pipeline:
        queue(pipeline, 1)
        pipeline.start(NAME)
        pipeline.system.advance(5)

        assert [e.permanent for e in pipeline.told("WORK_FAILED")] == [False, False, True]
        assert [e.attempts for e in pipeline.told("WORK_RETRY")] == [1, 2]
        assert statuses(pipeline) == ["failed"]


def test_an_item_that_can_not_work_is_given_up_at_once() -> None:
    work = Work()
    work.failures["w1"] = 9, "missing-extra"
    with Pipeline(work=work) as pipeline:
        queue(pipeline, 1)
        pipeline.start(NAME)
        pipeline.system.advance(5)

        (failed,) = pipeline.told("WORK_FAILED")
        assert (failed.permanent, failed.error) == (True, "missing-extra: as the test says")


@pytest.mark.parametrize(
    ("event", "claimed"),
    [
        (BackpressureActivated(level=PressureLevel.STOP), 0),
        (BackpressureActivated(level=PressureLevel.STOP, node_id="local"), 0),
        (BackpressureActivated(level=PressureLevel.STOP, node_id="another"), 2),
        (ResourceConstraint(resource_type="memory", node_id="local"), 1),
    ],
)
def test_backpressure_claims_less(event: Event, claimed: int) -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(event)
        queue(pipeline)
        pipeline.publish(WorkQueued(work_id="w1", work_type="selfplay"))

        assert len(pipeline.work.begun) == claimed


def test_released_backpressure_claims_at_once() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(BackpressureActivated(level=PressureLevel.STOP))
        queue(pipeline)
        pipeline.publish(BackpressureReleased())

        assert len(pipeline.work.begun) == 2


@pytest.mark.parametrize(
    "event",
    [
        RegressionDetected(severity="severe", config_key=CONFIG),
        PromotionRolledBack(reason="x", config_key=CONFIG),
    ],
)
def test_a_config_whose_model_failed_is_paused_until_that_is_cleared(event: Event) -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(event)
        queue(pipeline)
        pipeline.strike(PATH)
        pipeline.system.advance(3)
        assert pipeline.work.begun == []

        pipeline.publish(RegressionCleared(config_key=CONFIG))
        assert pipeline.work.begun == ["w1", "w2"]


def test_a_mild_regression_does_not_pause() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(
            RegressionDetected(severity="mild", config_key=CONFIG),
            RegressionDetected(severity="severe", model_id="m"),
        )
        queue(pipeline)
        pipeline.system.advance(1)

        assert len(pipeline.work.begun) >= 2


def test_large_changes_of_quality_change_the_budget_and_are_told() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        for score in (0.4, 0.45, 0.6, 0.65, 0.9):
            pipeline.publish(QualityScoreUpdated(config_key=CONFIG, quality_score=score))
        pipeline.publish(QualityScoreUpdated(quality_score=0.1))

        adjusted = [
            (event.old_multiplier, event.budget_multiplier)
            for event in pipeline.told("QUALITY_FEEDBACK_ADJUSTED")
        ]
        assert adjusted[:2] == [(1.0, 1.3), (1.3, 1.0)]
        assert len(adjusted) == 2 + (abs(1.0 - 0.9) >= 0.1)
