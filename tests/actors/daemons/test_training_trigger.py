from __future__ import annotations

from typing import Any

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.coordinators.messages import RequestTraining, TrainingAnswer
from ringleader.actors.daemons.training_options import TrainingTriggerOptions
from ringleader.actors.events.data import NpzCombinationComplete
from ringleader.actors.events.evaluation import (
    EloVelocityChanged,
    EvaluationBackpressure,
    EvaluationBackpressureReleased,
    EvaluationCompleted,
)
from ringleader.actors.events.monitoring import RegressionCleared, RegressionDetected
from ringleader.actors.events.quality import QualityScoreUpdated
from ringleader.actors.events.training import (
    TrainingBlockedByQuality,
    TrainingCompleted,
    TrainingFailed,
)
from ringleader.actors.handlers import handles
from ringleader.actors.journal import ModelRecord
from ringleader.supervisors.declared import DeclaredSupervisor
from ringleader.supervisors.spec import ChildSpec
from tests.actors.coordinators.fakes import CONFIG, Pipeline

NAME = "training_trigger_daemon"
PATH = f"/coordination/layer7/{NAME}"


class Slots(Actor):
    """Plays the training coordinator: it has one answer."""

    def __init__(self, requests: list[RequestTraining], granted: list[bool]) -> None:
        super().__init__()
        self._requests, self._granted = requests, granted

    @handles(RequestTraining)
    def answer(self, request: RequestTraining) -> None:
        self._requests.append(request)
        request.reply_to.tell(
            TrainingAnswer(
                config_key=request.config_key,
                iteration=request.iteration,
                granted=self._granted[0],
            )
        )


class Desk:
    """A trigger, and who gives out slots."""

    def __init__(self, pipeline: Pipeline, *, granted: bool = True) -> None:
        self.pipeline = pipeline
        self.requests: list[RequestTraining] = []
        self.granted = [granted]
        slots = ChildSpec("training_coordinator", Slots, (self.requests, self.granted))
        layers = [
            ChildSpec("layer3", DeclaredSupervisor, ([slots],)),
            ChildSpec(
                "layer7",
                DeclaredSupervisor,
                ([pipeline.child_named(NAME)],),
                {"intensity": 1000},
            ),
        ]
        pipeline.system.start_child(ChildSpec("coordination", DeclaredSupervisor, (layers,)))
        pipeline.system.run()


def ready(pipeline: Pipeline, samples: int = 5000, iteration: int = 1) -> None:
    for stage in ("selfplay", "npz_export"):
        pipeline.journal.finish_stage(CONFIG, iteration, stage, now=pipeline.now)
    result = {"total_samples": samples, "output_path": f"/sets/{iteration}"}
    pipeline.journal.finish_stage(CONFIG, iteration, "npz_combination", result, now=pipeline.now)


def combined() -> NpzCombinationComplete:
    return NpzCombinationComplete(config_key=CONFIG, output_path="/sets/1", total_samples=5000)


def test_a_ready_training_set_asks_for_a_slot_at_once() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        ready(pipeline)
        pipeline.publish(combined())

        (request,) = desk.requests
        assert (request.samples_path, request.model_path) == ("/sets/1", "")
        (reached,) = pipeline.told("TRAINING_THRESHOLD_REACHED")
        assert (reached.threshold, reached.iteration) == (500, 1)


def test_training_goes_on_from_the_best_model() -> None:
    with Pipeline() as pipeline:
        model = ModelRecord(model_id="m", config_key=CONFIG, iteration=1, path="/m", created_at=0.0)
        pipeline.journal.save_model(model)
        pipeline.journal.set_production(CONFIG, "m")
        ready(pipeline)
        desk = Desk(pipeline)

        assert (desk.requests[0].model_path, desk.requests[0].parent) == ("/m", "m")


def test_one_that_is_asked_for_is_not_asked_for_again_for_a_while() -> None:
    changed = {NAME: TrainingTriggerOptions(scan_interval=30, dedup_window=300)}
    with Pipeline(changed=changed) as pipeline:
        ready(pipeline)
        desk = Desk(pipeline)
        pipeline.system.advance(299)
        assert len(desk.requests) == 1
        pipeline.system.advance(31)

        assert len(desk.requests) == 2
        assert len(pipeline.told("TRAINING_THRESHOLD_REACHED")) == 1


def test_a_refusal_is_asked_again_at_the_next_scan() -> None:
    with Pipeline() as pipeline:
        ready(pipeline)
        desk = Desk(pipeline, granted=False)
        pipeline.system.advance(2)

        assert len(desk.requests) == 3


def test_what_trains_is_not_asked_for() -> None:
    with Pipeline() as pipeline:
        ready(pipeline)
        pipeline.journal.start_stage(CONFIG, 1, "training", now=0.0)
        desk = Desk(pipeline)
        pipeline.system.advance(5)

        assert desk.requests == []


def test_too_few_samples_leave_training_out() -> None:
    with Pipeline() as pipeline:
        ready(pipeline, 499)
        desk = Desk(pipeline)

        record = pipeline.journal.stage(CONFIG, 1, "training")
        assert record is not None
        assert record.result == {"skipped": "samples: 499 samples, 500 are wanted"}
        assert desk.requests == []
        assert pipeline.told("TRAINING_BLOCKED_BY_QUALITY") == []


def test_old_data_blocks_and_leaves_training_out() -> None:
    with Pipeline() as pipeline:
        ready(pipeline)
        pipeline.system.advance(49 * 3600)
        Desk(pipeline)

        (blocked,) = pipeline.told("TRAINING_BLOCKED_BY_QUALITY")
        assert (blocked.reason, blocked.data_age_hours, blocked.threshold_hours) == (
            "stale",
            49,
            48,
        )
        record = pipeline.journal.stage(CONFIG, 1, "training")
        assert record is not None
        assert record.result["skipped"].startswith("stale: ")


def test_a_cooldown_is_waited_for() -> None:
    changed = {NAME: TrainingTriggerOptions(scan_interval=1000, cooldown=300)}
    with Pipeline(changed=changed) as pipeline:
        pipeline.journal.finish_stage(CONFIG, 1, "training", now=pipeline.now)
        pipeline.journal.finish_stage(CONFIG, 1, "complete", now=pipeline.now)
        ready(pipeline, iteration=2)
        desk = Desk(pipeline)
        pipeline.system.advance(299)
        assert desk.requests == []
        pipeline.system.advance(1)

        assert len(desk.requests) == 1


def test_evaluations_that_pile_up_hold_training_back_but_not_for_ever() -> None:
    pressed = EvaluationBackpressure(queue_depth=70, threshold=70)
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(pressed)
        ready(pipeline)
        pipeline.system.advance(299)
        assert desk.requests == []
        pipeline.system.advance(2)
        assert len(desk.requests) == 1


def test_released_backpressure_trains_at_once() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(EvaluationBackpressure(queue_depth=70, threshold=70))
        ready(pipeline)
        pipeline.publish(EvaluationBackpressureReleased(queue_depth=35, threshold=70))

        assert len(desk.requests) == 1


def test_poor_quality_blocks_until_it_is_good() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(
            TrainingBlockedByQuality(config_key=CONFIG, reason="poor", quality_score=0.3)
        )
        ready(pipeline)
        pipeline.publish(QualityScoreUpdated(config_key=CONFIG, quality_score=0.5))
        pipeline.system.advance(2)
        assert desk.requests == []

        pipeline.publish(QualityScoreUpdated(config_key=CONFIG, quality_score=0.7))
        assert len(desk.requests) == 1


def test_a_severe_regression_pauses_until_it_is_cleared() -> None:
    changed = {NAME: TrainingTriggerOptions(scan_interval=1, cooldown=0, intensity_cooldown=0)}
    with Pipeline(changed=changed) as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(RegressionDetected(severity="severe", config_key=CONFIG))
        ready(pipeline)
        pipeline.strike(PATH)
        pipeline.system.advance(3)
        assert desk.requests == []

        pipeline.publish(RegressionCleared(config_key=CONFIG))
        assert len(desk.requests) == 1


def options_asked(desk: Desk) -> dict[str, Any]:
    ready(desk.pipeline)
    desk.pipeline.publish(combined())
    return dict(desk.requests[-1].options)


def test_a_normal_pace_trains_as_the_embedded_program_does() -> None:
    with Pipeline() as pipeline:
        asked = options_asked(Desk(pipeline))

        assert asked == {"epochs": 50, "batch_size": 512, "learning_rate": 0.002}


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        (EvaluationCompleted(config_key=CONFIG, win_rate=0.5), (40, 768, 0.0024)),
        (EvaluationCompleted(config_key=CONFIG, win_rate=0.9), (60, 256, 0.0016)),
        (QualityScoreUpdated(config_key=CONFIG, quality_score=0.95), (30, 1024, 0.003)),
        (EloVelocityChanged(config_key=CONFIG, velocity=3.0, trend="stable"), (75, 512, 0.0026)),
        (EloVelocityChanged(config_key=CONFIG, velocity=0.7, trend="plateauing"), (57, 512, 0.002)),
    ],
)
def test_progress_sets_the_pace(event: Any, asked: tuple[int, int, float]) -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(event)
        found = options_asked(desk)

        assert (found["epochs"], found["batch_size"]) == asked[:2]
        assert found["learning_rate"] == pytest.approx(asked[2])


def test_a_moderate_regression_reduces_the_pace_and_cools_down() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(
            RegressionDetected(severity="moderate", config_key=CONFIG),
            RegressionDetected(severity="moderate", model_id="m"),
        )
        ready(pipeline)
        pipeline.system.advance(599)
        assert desk.requests == []
        pipeline.system.advance(2)

        assert desk.requests[0].options["epochs"] == 60


def test_three_failures_reduce_the_pace_and_a_success_forgets_them() -> None:
    failed = TrainingFailed(config_key=CONFIG, error="x")
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(failed, failed, TrainingCompleted(config_key=CONFIG), failed, failed)
        assert options_asked(desk)["epochs"] == 50

        pipeline.publish(failed)
        pipeline.system.advance(3)
        assert desk.requests[-1].options["epochs"] == 60


def test_three_stagnant_evaluations_want_a_harder_tier() -> None:
    with Pipeline() as pipeline:
        Desk(pipeline)
        for elo in (1000.0, 1001.0, 1002.0, 1003.0):
            pipeline.publish(EvaluationCompleted(config_key=CONFIG, win_rate=0.7, elo=elo))

        (needed,) = pipeline.told("CURRICULUM_ADVANCEMENT_NEEDED")
        assert needed.reason == "3 evaluations gained next to nothing"
