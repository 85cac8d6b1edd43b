from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.events.model import (
    CheckpointLoaded,
    CheckpointSaved,
    ModelCorrupted,
    ModelPromoted,
)
from ringleader.actors.events.monitoring import RegressionCritical, RegressionDetected
from ringleader.actors.events.training import TrainingCompleted, TrainingRollbackNeeded
from ringleader.actors.journal import ModelRecord, WorkItem

from .fakes import CONFIG, Pipeline, gauntlet

if TYPE_CHECKING:
    from ringleader.actors.events.base import Event

NAME = "model_coordinator"


def with_models(pipeline: Pipeline, *states: str) -> None:
    for number, state in enumerate(states, 1):
        model_id = f"m{number}"
        pipeline.journal.save_model(
            ModelRecord(
                model_id=model_id,
                config_key=CONFIG,
                iteration=number,
                path=f"/models/{number}",
                state=state,
                created_at=0.0,
            )
        )
        if state == "production":
            pipeline.journal.set_production(CONFIG, model_id)


def states(pipeline: Pipeline) -> list[str]:
    return [model.state for model in pipeline.journal.models(CONFIG)]


def best(pipeline: Pipeline) -> str:
    model = pipeline.journal.production(CONFIG)
    assert model is not None
    return model.model_id


def test_a_promotion_moves_the_new_model_up_and_the_old_one_aside() -> None:
    with Pipeline() as pipeline:
        with_models(pipeline, "production", "evaluating")
        pipeline.start(NAME)
        pipeline.journal.set_production(CONFIG, "m2")
        pipeline.publish(ModelPromoted(config_key=CONFIG, model_id="m2"))

        assert states(pipeline) == ["archived", "production"]


def test_an_event_that_was_lost_is_made_up_for_by_the_next_recheck() -> None:
    with Pipeline() as pipeline:
        with_models(pipeline, "production", "evaluating")
        pipeline.start(NAME)
        pipeline.journal.finish_stage(CONFIG, 2, "promotion", {"promoted": False}, now=0.0)
        pipeline.system.advance(1)

        assert states(pipeline) == ["production", "staging"]


def test_a_model_gets_the_rating_of_its_last_evaluation() -> None:
    with Pipeline() as pipeline:
        with_models(pipeline, "evaluating")
        pipeline.start(NAME)
        for part, elo in ((1, 1100.0), (2, 1200.0)):
            item = WorkItem(
                work_id=f"e{part}",
                kind="evaluation",
                config_key=CONFIG,
                iteration=1,
                part=part,
                queued_at=0.0,
            )
            pipeline.journal.put_work(item)
            pipeline.journal.finish_work(item.work_id, gauntlet(0.9, 0.6, elo), now=0.0)
        pipeline.publish(TrainingCompleted(config_key=CONFIG))

        model = pipeline.journal.model("m1")
        assert model is not None
        assert model.elo == 1200.0
        assert model.metrics["win_rate_heuristic"] == 0.6


@pytest.mark.parametrize(
    "event",
    [
        RegressionDetected(severity="severe", config_key=CONFIG, reason="worse"),
        RegressionCritical(config_key=CONFIG, model_id="m2", reason="worse"),
        TrainingRollbackNeeded(model_id="m2", reason="worse"),
    ],
)
def test_a_bad_production_model_is_rolled_back_once(event: Event) -> None:
    with Pipeline() as pipeline:
        with_models(pipeline, "archived", "production")
        pipeline.start(NAME)
        pipeline.publish(event)
        pipeline.publish(TrainingRollbackNeeded(model_id="m2", reason="asked for again"))

        (told,) = pipeline.told("PROMOTION_ROLLED_BACK")
        assert (told.from_model_id, told.to_model_id, told.reason) == ("m2", "m1", "worse")
        assert best(pipeline) == "m1"
        assert states(pipeline) == ["production", "rolled_back"]
        pipeline.system.advance(2)
        assert states(pipeline) == ["production", "rolled_back"]


@pytest.mark.parametrize(
    "event",
    [
        RegressionDetected(severity="moderate", config_key=CONFIG),
        RegressionDetected(severity="severe", model_id="m2"),
        RegressionDetected(severity="severe", config_key="hex9_2p"),
        RegressionDetected(severity="severe", config_key=CONFIG, model_id="m1"),
        TrainingRollbackNeeded(model_id="m1", reason="not in use"),
        TrainingRollbackNeeded(model_id="unknown", reason="never heard of"),
    ],
)
def test_nothing_else_rolls_back(event: Event) -> None:
    with Pipeline() as pipeline:
        with_models(pipeline, "archived", "production")
        pipeline.start(NAME)
        pipeline.publish(event)

        assert pipeline.told("PROMOTION_ROLLED_BACK") == []
        assert best(pipeline) == "m2"


def test_the_only_model_stays() -> None:
    with Pipeline() as pipeline:
        with_models(pipeline, "production")
        pipeline.start(NAME)
        pipeline.publish(RegressionCritical(config_key=CONFIG))

        assert best(pipeline) == "m1"
        assert states(pipeline) == ["production"]


def test_a_damaged_model_is_replaced_and_asked_for_again() -> None:
    with Pipeline() as pipeline:
        with_models(pipeline, "archived", "production", "evaluating")
        pipeline.start(NAME)
        pipeline.publish(
            ModelCorrupted(model_id="m2", model_path="/models/2"),
            ModelCorrupted(model_id="m3", model_path="/models/3"),
            ModelCorrupted(model_id="unknown", model_path="/models/9"),
        )

        assert states(pipeline) == ["production", "archived", "archived"]
        assert [e.model_id for e in pipeline.told("MODEL_SYNC_REQUESTED")] == ["m2", "m3"]
        assert best(pipeline) == "m1"


def test_checkpoints_are_noted() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(
            CheckpointSaved(config_key=CONFIG, checkpoint_path="a"),
            CheckpointLoaded(config_key=CONFIG, checkpoint_path="a"),
        )

        assert pipeline.system.dead_letters.letters() == []
