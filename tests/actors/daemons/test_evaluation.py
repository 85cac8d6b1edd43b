from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.daemons.evaluation_rounds import round_of
from ringleader.actors.daemons.evaluation_rules import EvaluationDaemonOptions
from ringleader.actors.daemons.job_messages import JobProgress
from ringleader.actors.events.model import PromotionCandidate
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.journal import ModelRecord
from tests.actors.coordinators.fakes import CONFIG, Pipeline, Work

if TYPE_CHECKING:
    from ringleader.actors.workloads.protocol import Metric

NAME = "evaluation_daemon"
PATH = f"/coordination/layer7/{NAME}"
ROUND = f"evaluation-{CONFIG}-1-p1"


def train(pipeline: Pipeline, iteration: int = 1, config_key: str = CONFIG) -> None:
    """Leave a trained model."""
    journal, now = pipeline.journal, pipeline.now
    for stage in ("selfplay", "npz_export", "npz_combination"):
        journal.finish_stage(config_key, iteration, stage, now=now)
    path = f"/models/{config_key}/{iteration}"
    journal.finish_stage(config_key, iteration, "training", {"model_path": path}, now=now)
    journal.save_model(
        ModelRecord(
            model_id=f"{config_key}-m{iteration}",
            config_key=config_key,
            iteration=iteration,
            path=path,
            created_at=now,
        )
    )


def test_a_trained_model_plays_its_gauntlet() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.publish(TrainingCompleted(config_key=CONFIG))
        pipeline.system.advance(1)

        (started,) = pipeline.told("EVALUATION_STARTED")
        assert (started.model_id, started.job_id) == (f"{CONFIG}-m1", ROUND)
        (done,) = pipeline.told("EVALUATION_COMPLETED")
        assert (done.elo, done.vs_random_rate, done.vs_heuristic_rate) == (1100, 0.97, 0.7)
        assert done.opponent_results["random"]["games"] == 100
        (rated,) = pipeline.told("ELO_UPDATED")
        assert (rated.new_elo, rated.games_played) == (1100, 150)
        record = pipeline.journal.stage(CONFIG, 1, "evaluation")
        assert record is not None
        assert record.result["opponents"]["random"]["win_rate"] == 0.97


def test_a_model_is_compared_with_the_best_and_the_first_but_not_with_itself() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.system.advance(2)
        pipeline.journal.set_production(CONFIG, f"{CONFIG}-m1")
        pipeline.journal.finish_stage(CONFIG, 1, "promotion", now=0.0)
        pipeline.journal.finish_stage(CONFIG, 1, "complete", now=0.0)
        train(pipeline, 2)
        pipeline.system.advance(2)

        first, second = pipeline.work.requests
        assert set(first.inputs) == {"model"}
        assert set(second.inputs) == {"model", "best", "first"}
        assert second.options["best_elo"] == second.options["first_elo"] == 1100


def test_a_round_stays_the_same_when_another_model_becomes_the_best() -> None:
    with Pipeline(work=Work(seconds=10)) as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.system.advance(1)
        pipeline.journal.save_model(
            ModelRecord(model_id="new", config_key=CONFIG, iteration=9, path="/n", created_at=0.0)
        )
        pipeline.journal.set_production(CONFIG, "new")
        pipeline.strike("/jobs")
        pipeline.system.advance(2)

        first, again = pipeline.work.requests
        assert first == again


def test_another_round_waits_for_the_models_cooldown() -> None:
    changed = {NAME: EvaluationDaemonOptions(recheck_interval=1000, cooldown=300)}
    with Pipeline(changed=changed) as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.publish(TrainingCompleted(config_key=CONFIG))
        pipeline.system.advance(1)
        pipeline.journal.put_work(round_of(CONFIG, 1, 2, f"/models/{CONFIG}/1", pipeline.now))
        pipeline.publish(PromotionCandidate(config_key=CONFIG, model_id="m"))
        pipeline.system.advance(298)
        assert len(pipeline.told("EVALUATION_COMPLETED")) == 1
        pipeline.system.advance(3)

        assert [e.job_id[-2:] for e in pipeline.told("EVALUATION_COMPLETED")] == ["p1", "p2"]


def test_a_failure_that_may_pass_is_tried_again_with_more_games() -> None:
    work = Work(seconds=0.3)
    work.failures[ROUND] = 2, "timeout"
    with Pipeline(work=work) as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.system.advance(12)

        assert [e.error for e in pipeline.told("EVALUATION_FAILED")] == [
            "timeout: as the test says"
        ] * 2
        games = [request.options["random_games"] for request in work.requests]
        assert games == [30, 45, 60]
        assert len(pipeline.told("EVALUATION_COMPLETED")) == 1


def test_one_that_keeps_failing_fails_the_stage() -> None:
    work = Work(seconds=0.3)
    work.failures[ROUND] = 99, "attempts"
    with Pipeline(work=work) as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.system.advance(60)

        record = pipeline.journal.stage(CONFIG, 1, "evaluation")
        assert record is not None
        assert (record.status, record.error) == ("failed", "attempts: as the test says")
        assert len(work.begun) == 4


def test_one_that_can_not_work_is_not_tried_again() -> None:
    work = Work()
    work.failures[ROUND] = 99, "bad-input"
    with Pipeline(work=work) as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.system.advance(60)

        assert len(work.begun) == 1
        assert len(pipeline.told("EVALUATION_FAILED")) == 1


def test_progress_is_told() -> None:
    with Pipeline(work=Work(seconds=100)) as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.system.advance(1)
        (request,) = pipeline.work.requests
        metrics: dict[str, Metric] = {"baseline": "random", "current_win_rate": 0.5}
        pipeline.ref(NAME).tell(JobProgress(request, 30, 150, "games", metrics))
        pipeline.ref(NAME).tell(JobProgress(request, 31, 150, "games", {}))
        pipeline.system.run()

        first, second = pipeline.told("EVALUATION_PROGRESS")
        assert (first.games_completed, first.baseline, first.current_win_rate) == (
            30,
            "random",
            0.5,
        )
        assert (second.baseline, second.current_win_rate) == (None, None)


def test_a_restart_doubles_nothing_and_tells_everything() -> None:
    with Pipeline(work=Work(seconds=3)) as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.system.advance(1)
        pipeline.strike(PATH)
        pipeline.system.advance(5)

        assert pipeline.work.begun == [ROUND]
        assert len(pipeline.told("EVALUATION_STARTED")) == 1
        assert len(pipeline.told("EVALUATION_COMPLETED")) == 1


def test_a_long_queue_holds_training_back_until_it_is_short() -> None:
    keys = tuple(f"hex{side}_2p" for side in range(5, 9))
    changed = {
        NAME: EvaluationDaemonOptions(
            recheck_interval=1, max_concurrent=1, cooldown=0, backpressure=3, release=1
        )
    }
    with Pipeline(changed=changed, config_keys=keys) as pipeline:
        pipeline.start(NAME)
        for key in keys:
            train(pipeline, config_key=key)
        pipeline.system.advance(10)

        (pressed,) = pipeline.told("EVALUATION_BACKPRESSURE")
        assert (pressed.queue_depth, pressed.threshold, pressed.release_threshold) == (3, 3, 1)
        (released,) = pipeline.told("EVALUATION_BACKPRESSURE_RELEASED")
        assert released.queue_depth == 1
        assert len(pipeline.told("EVALUATION_COMPLETED")) == 4


def test_a_full_queue_takes_no_more_until_there_is_room() -> None:
    keys = tuple(f"hex{side}_2p" for side in range(5, 9))
    changed = {NAME: EvaluationDaemonOptions(recheck_interval=1, max_concurrent=1, max_queue=1)}
    with Pipeline(changed=changed, config_keys=keys) as pipeline:
        pipeline.start(NAME)
        for key in keys:
            train(pipeline, config_key=key)
        for _ in range(20):
            pipeline.system.advance(0.5)
            assert len(pipeline.journal.work(kind="evaluation", status="queued")) <= 1

        assert len(pipeline.told("EVALUATION_COMPLETED")) == 4


def test_a_job_that_is_asked_for_just_when_it_gave_up_does_not_use_up_a_try() -> None:
    work = Work(seconds=0.5)  # ends at the very time of a recheck
    work.failures[ROUND] = 3, "timeout"
    with Pipeline(work=work) as pipeline:
        pipeline.start(NAME)
        train(pipeline)
        pipeline.system.advance(60)

        record = pipeline.journal.stage(CONFIG, 1, "evaluation")
        assert record is not None
        assert record.status == "done"
