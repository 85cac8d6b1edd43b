from __future__ import annotations

from typing import Any

from ringleader.actors.daemons.evaluation_rounds import round_of
from ringleader.actors.daemons.promotion_rules import AutoPromotionOptions
from ringleader.actors.events.evaluation import EvaluationCompleted
from ringleader.actors.journal import ModelRecord
from tests.actors.coordinators.fakes import CONFIG, Pipeline, gauntlet

NAME = "auto_promotion_daemon"
PATH = f"/coordination/layer7/{NAME}"


def evaluate(
    pipeline: Pipeline, result: dict[str, Any], iteration: int = 1, number: int = 1
) -> None:
    """Leave an evaluated model."""
    journal, now = pipeline.journal, pipeline.now
    if number == 1:
        for stage in ("selfplay", "npz_export", "training"):
            journal.finish_stage(CONFIG, iteration, stage, now=now)
        combined = {"games": 300, "quality": 0.9}
        journal.finish_stage(CONFIG, iteration, "npz_combination", combined, now=now)
        journal.save_model(
            ModelRecord(
                model_id=f"m{iteration}",
                config_key=CONFIG,
                iteration=iteration,
                path=f"/models/{iteration}",
                created_at=now,
            )
        )
        journal.finish_stage(CONFIG, iteration, "evaluation", result, now=now)
    item = round_of(CONFIG, iteration, number, f"/models/{iteration}", now)
    journal.put_work(item)
    journal.finish_work(item.work_id, result, now=now)


def evaluated() -> EvaluationCompleted:
    return EvaluationCompleted(config_key=CONFIG, model_id="m1")


STRONG = gauntlet(random=0.97, heuristic=0.7, elo=1200)


def test_a_strong_first_model_becomes_the_best() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        evaluate(pipeline, STRONG)
        pipeline.publish(evaluated())

        (promoted,) = pipeline.told("MODEL_PROMOTED")
        assert (promoted.model_id, promoted.model_path) == ("m1", "/models/1")
        assert (promoted.elo, promoted.elo_gain, promoted.tier) == (1200, None, "strength")
        (advanced,) = pipeline.told("CURRICULUM_ADVANCED")
        assert advanced.trigger == "promotion"
        best = pipeline.journal.production(CONFIG)
        assert best is not None
        assert best.model_id == "m1"


def test_a_better_model_takes_its_place_and_says_by_how_much() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        evaluate(pipeline, STRONG)
        pipeline.system.advance(1)
        pipeline.journal.finish_stage(CONFIG, 1, "complete", now=pipeline.now)
        evaluate(pipeline, gauntlet(random=1.0, heuristic=0.8, elo=1290, best=0.6), 2)
        pipeline.system.advance(1)

        promoted = pipeline.told("MODEL_PROMOTED")[-1]
        assert (promoted.model_id, promoted.elo_gain) == ("m2", 90)


def test_a_weak_model_is_refused_with_the_reason() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        evaluate(pipeline, gauntlet(random=0.6, heuristic=0.2, elo=700))
        pipeline.publish(evaluated())

        (failed,) = pipeline.told("PROMOTION_FAILED")
        assert failed.model_id == "m1"
        assert failed.reason.startswith("win rates: 60% against random play")
        assert pipeline.journal.production(CONFIG) is None
        record = pipeline.journal.stage(CONFIG, 1, "promotion")
        assert record is not None
        assert record.result["promoted"] is False


def test_a_second_pass_is_asked_for_and_then_counts() -> None:
    changed = {
        NAME: AutoPromotionOptions(recheck_interval=1, passes=2, cooldown=0, training_games=50)
    }
    with Pipeline(changed=changed) as pipeline:
        pipeline.start(NAME)
        evaluate(pipeline, STRONG)
        pipeline.publish(evaluated())

        (candidate,) = pipeline.told("PROMOTION_CANDIDATE")
        assert (candidate.model_id, candidate.win_rate_vs_heuristic) == ("m1", 0.7)
        (item,) = pipeline.journal.work(kind="evaluation", status="queued")
        assert item.part == 2
        pipeline.system.advance(5)
        assert len(pipeline.told("PROMOTION_CANDIDATE")) == 1

        evaluate(pipeline, STRONG, number=2)
        pipeline.system.advance(1)
        assert len(pipeline.told("MODEL_PROMOTED")) == 1


def test_the_cooldown_between_two_promotions_is_waited_for() -> None:
    changed = {
        NAME: AutoPromotionOptions(recheck_interval=1000, passes=1, cooldown=300, training_games=50)
    }
    with Pipeline(changed=changed) as pipeline:
        pipeline.start(NAME)
        evaluate(pipeline, STRONG)
        pipeline.publish(evaluated())
        pipeline.journal.finish_stage(CONFIG, 1, "complete", now=pipeline.now)
        pipeline.system.advance(100)
        evaluate(pipeline, gauntlet(random=1.0, heuristic=0.9, elo=1500), 2)
        pipeline.publish(evaluated())
        pipeline.system.advance(199)
        assert len(pipeline.told("MODEL_PROMOTED")) == 1
        pipeline.system.advance(2)

        assert len(pipeline.told("MODEL_PROMOTED")) == 2


def test_a_decision_that_was_noted_is_carried_out_as_it_was_made() -> None:
    with Pipeline() as pipeline:
        evaluate(pipeline, STRONG)
        decided = {
            "promoted": True,
            "reason": "tier strength",
            "tier": "strength",
            "model_id": "m1",
            "elo": 1200,
            "elo_gain": None,
        }
        pipeline.journal.note(f"promotion:{CONFIG}:1", decided)
        pipeline.journal.set_production(CONFIG, "m1")  # the crash came after this
        pipeline.start(NAME)

        assert len(pipeline.told("MODEL_PROMOTED")) == 1
        assert pipeline.told("PROMOTION_FAILED") == []


def test_a_restart_tells_what_was_not_told_and_nothing_twice() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        evaluate(pipeline, STRONG)
        pipeline.publish(evaluated())
        for _ in range(3):
            pipeline.strike(PATH)
            pipeline.system.advance(2)

        assert len(pipeline.told("MODEL_PROMOTED")) == 1
        assert len(pipeline.told("CURRICULUM_ADVANCED")) == 1


def test_without_a_count_of_the_training_set_all_games_count() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        evaluate(pipeline, STRONG)
        pipeline.journal.reset()
        pipeline.journal.finish_stage(CONFIG, 1, "npz_combination", {}, now=0.0)
        evaluate(pipeline, STRONG)
        pipeline.publish(evaluated())

        (failed,) = pipeline.told("PROMOTION_FAILED")
        assert failed.reason == "quality: learned from 0 games, 50 are wanted"
