from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.daemons.data_pipeline import (
    FINISHED,
    DataPipelineOrchestrator,
    PipelineStatistics,
)
from ringleader.actors.daemons.pipeline_rules import ORDER, DataPipelineOptions
from ringleader.actors.events.health import PromotionFailed
from ringleader.actors.events.selfplay import SelfplayComplete
from ringleader.actors.journal import ModelRecord, WorkItem
from tests.actors.coordinators.fakes import CONFIG, Pipeline, gauntlet

if TYPE_CHECKING:
    from ringleader.actors.journal import Stage

NAME = "data_pipeline_orchestrator"
PATH = f"/coordination/layer8/{NAME}"


def statistics(pipeline: Pipeline) -> PipelineStatistics:
    return pipeline.ref(NAME).call(DataPipelineOrchestrator.statistics).get()


def finish(pipeline: Pipeline, iteration: int, *stages: Stage) -> None:
    for stage in stages or ORDER:
        pipeline.journal.finish_stage(CONFIG, iteration, stage, now=pipeline.now)


def fail(pipeline: Pipeline, iteration: int) -> None:
    pipeline.journal.start_stage(CONFIG, iteration, "selfplay", now=pipeline.now)
    pipeline.journal.fail_stage(CONFIG, iteration, "selfplay", "no luck", now=pipeline.now)


def ended(iteration: int = 1) -> PromotionFailed:
    return PromotionFailed(config_key=CONFIG, reason="weak", iteration=iteration)


def test_the_first_iteration_begins_with_a_target() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)

        (target,) = pipeline.told("SELFPLAY_TARGET_UPDATED")
        assert (target.target_games, target.iteration) == (300, 1)
        record = pipeline.journal.stage(CONFIG, 1, "selfplay")
        assert record is not None
        assert record.inputs == {"target": 300, "model": ""}


def test_an_iteration_is_complete_when_its_stages_are_and_the_next_begins() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        finish(pipeline, 1)
        pipeline.publish(ended())

        assert pipeline.journal.iteration(CONFIG) == 2
        assert [e.iteration for e in pipeline.told("SELFPLAY_TARGET_UPDATED")] == [1, 2]


def test_after_the_last_iteration_the_run_is_finished() -> None:
    with Pipeline(iterations=1) as pipeline:
        pipeline.start(NAME)
        assert pipeline.journal.noted(FINISHED) is None
        finish(pipeline, 1)
        pipeline.publish(ended())

        assert pipeline.journal.noted(FINISHED) == {CONFIG: 1}
        assert statistics(pipeline).stages == {CONFIG: None}


def test_a_finished_run_goes_on_when_more_iterations_are_wanted() -> None:
    with Pipeline(iterations=1) as first:
        first.start(NAME)
        finish(first, 1)
        first.publish(ended())
        journal = first.journal
    with Pipeline(iterations=2, journal=journal) as second:
        second.start(NAME)

        assert journal.noted(FINISHED) is None
        assert [e.iteration for e in second.told("SELFPLAY_TARGET_UPDATED")] == [2]


def test_without_a_count_a_config_is_done_at_its_rating() -> None:
    with Pipeline(iterations=0) as pipeline:
        pipeline.journal.save_model(
            ModelRecord(model_id="m", config_key=CONFIG, iteration=1, path="/m", created_at=0.0)
        )
        pipeline.journal.set_production(CONFIG, "m")
        item = WorkItem(
            work_id="e", kind="evaluation", config_key=CONFIG, iteration=1, queued_at=0.0
        )
        pipeline.journal.put_work(item)
        pipeline.journal.finish_work("e", gauntlet(1.0, 1.0, 2100.0), now=0.0)
        pipeline.start(NAME)

        assert pipeline.told("SELFPLAY_TARGET_UPDATED") == []
        assert pipeline.journal.noted(FINISHED) == {CONFIG: 0}


def test_an_event_that_was_lost_is_made_up_for_by_the_next_recheck() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        finish(pipeline, 1)
        pipeline.strike(PATH)
        pipeline.system.advance(1)

        assert pipeline.journal.iteration(CONFIG) == 2


def test_an_event_that_is_told_twice_changes_nothing() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        finish(pipeline, 1, "selfplay")
        done = SelfplayComplete(config_key=CONFIG, games_generated=300, iteration=1)
        pipeline.publish(done, done, done)

        (outcome,) = statistics(pipeline).history
        assert (outcome.stage, outcome.error) == ("selfplay", "")
        assert statistics(pipeline).stages == {CONFIG: (1, "npz_export")}


def test_iterations_that_keep_failing_open_the_breaker_and_it_outlives_a_restart() -> None:
    changed = {NAME: DataPipelineOptions(recheck_interval=1, failures=2, recovery=60)}
    with Pipeline(iterations=9, changed=changed) as pipeline:
        pipeline.start(NAME)
        for iteration in (1, 2):
            fail(pipeline, iteration)
            pipeline.system.advance(1)
        assert pipeline.journal.iteration(CONFIG) == 3
        assert statistics(pipeline).breaker.failures == 2
        pipeline.strike(PATH)
        pipeline.system.advance(50)
        assert pipeline.journal.stage(CONFIG, 3, "selfplay") is None

        pipeline.system.advance(10)
        assert pipeline.journal.stage(CONFIG, 3, "selfplay") is not None
        assert statistics(pipeline).breaker.trial

        finish(pipeline, 3)
        pipeline.system.advance(1)
        assert statistics(pipeline).breaker.failures == 0
        assert pipeline.journal.stage(CONFIG, 4, "selfplay") is not None


def test_a_trial_that_fails_opens_the_breaker_again() -> None:
    changed = {NAME: DataPipelineOptions(recheck_interval=1, failures=1, recovery=60)}
    with Pipeline(iterations=9, changed=changed) as pipeline:
        pipeline.start(NAME)
        fail(pipeline, 1)
        pipeline.system.advance(61)
        fail(pipeline, 2)
        pipeline.system.advance(50)
        assert pipeline.journal.stage(CONFIG, 3, "selfplay") is None
        pipeline.system.advance(20)

        assert pipeline.journal.stage(CONFIG, 3, "selfplay") is not None
