"""The whole pipeline on a test system: every actor, played jobs, a journal in memory."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.coordinators.layer1.lifecycle import TaskCoordinatorOptions
from ringleader.actors.coordinators.layer1.limits import GlobalTaskCoordinatorOptions
from ringleader.actors.coordinators.layer2.records import ModelCoordinatorOptions
from ringleader.actors.coordinators.layer3.slots import TrainingCoordinatorOptions
from ringleader.actors.coordinators.layer4.population import QueuePopulatorOptions
from ringleader.actors.coordinators.layer5.orchestration import SelfplayOrchestratorOptions
from ringleader.actors.coordinators.layer5.scheduling import SelfplaySchedulerOptions
from ringleader.actors.daemons.data_pipeline import FINISHED
from ringleader.actors.daemons.evaluation_rules import EvaluationDaemonOptions
from ringleader.actors.daemons.export_rules import AutoExportOptions, NPZCombinationOptions
from ringleader.actors.daemons.pipeline_rules import DataPipelineOptions
from ringleader.actors.daemons.promotion_rules import AutoPromotionOptions
from ringleader.actors.daemons.training_options import TrainingTriggerOptions
from ringleader.actors.letters import Outcome

from .fakes import CONFIG, IN_ORDER, Pipeline, Work, gauntlet, played

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ringleader.actors.daemons.job_messages import JobRequest

THREE = [(iteration, stage) for iteration in (1, 2, 3) for stage in IN_ORDER]


def test_three_iterations_run_stage_after_stage_to_the_end() -> None:
    with Pipeline() as pipeline:
        pipeline.start()
        pipeline.run()

        assert pipeline.finished
        assert pipeline.stages() == THREE
        assert pipeline.journal.noted(FINISHED) == {CONFIG: 3}
        assert [r.finished_at is not None for r in pipeline.journal.iterations(CONFIG)] == 3 * [
            True
        ]


def test_the_journal_has_every_stage_done_once() -> None:
    with Pipeline() as pipeline:
        pipeline.start()
        pipeline.run()

        for iteration in (1, 2, 3):
            records = pipeline.journal.stages(CONFIG, iteration)
            assert [record.stage for record in records] == [*IN_ORDER, "complete"]
            assert {record.status for record in records} == {"done"}


def test_no_job_is_run_twice() -> None:
    with Pipeline() as pipeline:
        pipeline.start()
        pipeline.run()

        assert len(pipeline.work.begun) == len(set(pipeline.work.begun)) == 3 * (3 + 4)


def test_every_event_is_handled_and_none_is_a_dead_letter() -> None:
    with Pipeline() as pipeline:
        pipeline.start()
        pipeline.run()

        statistics = pipeline.system.statistics()
        assert set(statistics.events.outcomes) == {Outcome.HANDLED}
        assert statistics.events.outcomes[Outcome.HANDLED] == statistics.events.deliveries
        assert pipeline.system.dead_letters.letters() == []


def test_no_chain_of_causes_grows_from_iteration_to_iteration() -> None:
    def depth(iterations: int) -> int:
        with Pipeline(iterations=iterations) as pipeline:
            pipeline.start()
            pipeline.run()
            return max(envelope.depth for _, envelope in pipeline.events)

    assert depth(6) == depth(2) < 6


def test_a_task_is_told_from_its_start_to_its_end() -> None:
    with Pipeline(iterations=1) as pipeline:
        pipeline.start()
        pipeline.run()

        spawned = [event.task_id for event in pipeline.told("TASK_SPAWNED")]
        completed = [event.task_id for event in pipeline.told("TASK_COMPLETED")]
        assert sorted(spawned) == sorted(completed) == sorted(pipeline.work.begun)


def test_work_is_queued_claimed_started_completed_once_each() -> None:
    parts = [f"selfplay-{CONFIG}-1-p{part}" for part in (1, 2, 3)]
    with Pipeline(iterations=1) as pipeline:
        pipeline.start()
        pipeline.run()

        for name in ("WORK_QUEUED", "WORK_CLAIMED", "WORK_STARTED", "WORK_COMPLETED"):
            assert sorted(event.work_id for event in pipeline.told(name)) == parts


def test_each_iteration_goes_on_from_the_model_of_the_last() -> None:
    with Pipeline(iterations=2) as pipeline:
        pipeline.start()
        pipeline.run()

        jobs = {request.job_id: request for request in pipeline.work.requests}
        first = f"/data/models/{CONFIG}/0001.npz"
        assert "model" not in jobs[f"selfplay-{CONFIG}-1-p1"].inputs
        assert "model" not in jobs[f"train-{CONFIG}-1"].inputs
        assert jobs[f"selfplay-{CONFIG}-2-p1"].inputs["model"] == first
        assert jobs[f"train-{CONFIG}-2"].inputs["model"] == first
        assert jobs[f"evaluation-{CONFIG}-2-p1"].inputs["best"] == first
        assert jobs[f"evaluation-{CONFIG}-2-p1"].options["best_elo"] == 1100
        assert len(jobs[f"combine-{CONFIG}-2"].inputs["samples"]) == 2


def test_parts_of_an_iteration_play_different_games() -> None:
    with Pipeline(iterations=1) as pipeline:
        pipeline.start()
        pipeline.run()

        played_games = [
            range(options["first_game"], options["first_game"] + options["games"])
            for request in pipeline.work.requests
            if request.kind == "selfplay" and (options := request.options)
        ]
        assert sorted(game for games in played_games for game in games) == list(range(300))


def test_configs_run_beside_each_other() -> None:
    keys = ("hex5_2p", "hex6_2p")
    with Pipeline(iterations=2, config_keys=keys) as pipeline:
        pipeline.start()
        pipeline.run()

        assert pipeline.journal.noted(FINISHED) == {"hex5_2p": 2, "hex6_2p": 2}
        for key in keys:
            assert pipeline.stages(key) == [(i, stage) for i in (1, 2) for stage in IN_ORDER]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_turns_does_not_matter(seed: int) -> None:
    with Pipeline(shuffle=random.Random(seed)) as pipeline:  # noqa: S311  # a test
        pipeline.start()
        pipeline.run()

        assert pipeline.stages() == THREE


def test_a_model_that_is_too_weak_does_not_stop_the_pipeline() -> None:
    def weak(request: JobRequest) -> Mapping[str, Any]:
        if request.kind == "evaluate" and request.iteration == 2:
            return gauntlet(random=0.5, heuristic=0.1, elo=800)
        return played(request)

    with Pipeline(work=Work(weak)) as pipeline:
        pipeline.start()
        pipeline.run()

        assert pipeline.finished
        assert [event.iteration for event in pipeline.told("PROMOTION_FAILED")] == [2]
        assert [event.iteration for event in pipeline.told("MODEL_PROMOTED")] == [1, 3]
        jobs = {request.job_id: request for request in pipeline.work.requests}
        assert jobs[f"train-{CONFIG}-3"].inputs["model"] == f"/data/models/{CONFIG}/0001.npz"


def test_an_iteration_with_too_few_games_leaves_them_to_the_next() -> None:
    changed = {"auto_export_daemon": AutoExportOptions(batch_interval=1, games_two_players=500)}
    with Pipeline(iterations=2, changed=changed) as pipeline:
        pipeline.start()
        pipeline.run()

        assert pipeline.finished
        assert [event.iteration for event in pipeline.told("EXPORT_VALIDATION_FAILED")] == [1]
        assert [event.iteration for event in pipeline.told("MODEL_PROMOTED")] == [2]
        export = next(r for r in pipeline.work.requests if r.job_id == f"export-{CONFIG}-2")
        assert len(export.inputs["games"]) == 6


def test_a_stage_that_fails_for_good_ends_its_iteration_and_no_more() -> None:
    work = Work()
    work.failures[f"train-{CONFIG}-2"] = 1, "bad-input"
    with Pipeline(work=work) as pipeline:
        pipeline.start()
        pipeline.run()

        assert pipeline.finished
        assert [event.iteration for event in pipeline.told("TRAINING_FAILED")] == [2]
        assert [event.iteration for event in pipeline.told("MODEL_PROMOTED")] == [1, 3]
        complete = pipeline.journal.stage(CONFIG, 2, "complete")
        assert complete is not None
        assert complete.result["failed"] == ("training: bad-input: as the test says",)


def test_self_play_that_keeps_failing_fails_the_iteration() -> None:
    work = Work()
    for part in range(1, 10):
        work.failures[f"selfplay-{CONFIG}-1-p{part}"] = 99, "bad-job"
    with Pipeline(iterations=2, work=work) as pipeline:
        pipeline.start()
        pipeline.run()

        assert pipeline.finished
        failed = pipeline.journal.stage(CONFIG, 1, "selfplay")
        assert failed is not None
        assert failed.status == "failed"
        assert "as the test says" in failed.error
        assert [event.iteration for event in pipeline.told("MODEL_PROMOTED")] == [2]


def test_an_item_that_takes_too_long_is_tried_again() -> None:
    work = Work()
    work.failures[f"selfplay-{CONFIG}-1-p2"] = 1, "timeout"
    with Pipeline(iterations=1, work=work) as pipeline:
        pipeline.start()
        pipeline.run()

        assert pipeline.stages() == [(1, stage) for stage in IN_ORDER]
        assert [e.work_id for e in pipeline.told("WORK_RETRY")] == [f"selfplay-{CONFIG}-1-p2"]
        assert work.begun.count(f"selfplay-{CONFIG}-1-p2") == 2


def test_with_the_reference_systems_numbers_it_only_takes_longer() -> None:
    changed = {
        "task_coordinator": TaskCoordinatorOptions(),
        "global_task_coordinator": GlobalTaskCoordinatorOptions(),
        "model_coordinator": ModelCoordinatorOptions(),
        "training_coordinator": TrainingCoordinatorOptions(),
        "queue_populator": QueuePopulatorOptions(),
        "selfplay_orchestrator": SelfplayOrchestratorOptions(),
        "selfplay_scheduler": SelfplaySchedulerOptions(),
        "auto_export_daemon": AutoExportOptions(),
        "npz_combination_daemon": NPZCombinationOptions(),
        "training_trigger_daemon": TrainingTriggerOptions(),
        "evaluation_daemon": EvaluationDaemonOptions(),
        "auto_promotion_daemon": AutoPromotionOptions(),
        "data_pipeline_orchestrator": DataPipelineOptions(),
    }

    def large(request: JobRequest) -> Mapping[str, Any]:
        if request.kind == "combine":
            return {**played(request), "games": 1000 * request.iteration}
        return played(request)

    with Pipeline(iterations=2, work=Work(large), changed=changed) as pipeline:
        pipeline.start()
        pipeline.run(seconds=7200)

        assert pipeline.finished
        assert [event.iteration for event in pipeline.told("MODEL_PROMOTED")] == [1, 2]
        rounds = [e.job_id for e in pipeline.told("EVALUATION_COMPLETED")]
        assert rounds == [f"evaluation-{CONFIG}-{i}-p{r}" for i in (1, 2) for r in (1, 2)]
        assert len(pipeline.told("PROMOTION_CANDIDATE")) == 2


def test_a_tree_without_admission_runs_jobs_unasked() -> None:
    with Pipeline(iterations=1) as pipeline:
        jobs, coordination = pipeline.specs()
        layers = [spec for spec in coordination.args[0] if spec.id != "layer1"]
        pipeline.system.start_child(jobs)
        pipeline.system.start_child(
            type(coordination)("coordination", coordination.actor_class, (layers,))
        )
        pipeline.run()

        assert pipeline.stages() == [(1, stage) for stage in IN_ORDER]
