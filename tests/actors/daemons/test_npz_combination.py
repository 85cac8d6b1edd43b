from __future__ import annotations

from ringleader.actors.daemons.export_rules import NPZCombinationOptions
from ringleader.actors.events.data import NpzExportComplete
from tests.actors.coordinators.fakes import CONFIG, Pipeline, Work

NAME = "npz_combination_daemon"


def export(pipeline: Pipeline, iteration: int = 1, samples: int = 5000) -> None:
    pipeline.journal.finish_stage(CONFIG, iteration, "selfplay", now=pipeline.now)
    result = {"samples": samples, "output_path": f"/samples/{iteration}"}
    pipeline.journal.finish_stage(CONFIG, iteration, "npz_export", result, now=pipeline.now)


def finish(pipeline: Pipeline, iteration: int) -> None:
    pipeline.journal.finish_stage(CONFIG, iteration, "complete", now=pipeline.now)


def test_an_export_is_merged_with_all_before_it() -> None:
    with Pipeline() as pipeline:
        export(pipeline)
        pipeline.start(NAME)
        pipeline.system.advance(1)
        finish(pipeline, 1)
        export(pipeline, 2)
        pipeline.publish(
            NpzExportComplete(config_key=CONFIG, output_path="/samples/2", samples_exported=5000)
        )
        pipeline.system.advance(1)

        first, second = pipeline.work.requests
        assert first.inputs == {"samples": ("/samples/1",)}
        assert second.inputs == {"samples": ("/samples/1", "/samples/2")}
        assert second.outputs == {"samples": f"/data/training_sets/{CONFIG}/0002.npz"}
        done = pipeline.told("NPZ_COMBINATION_COMPLETE")
        assert [event.total_samples for event in done] == [6000, 12000]
        assert len(pipeline.told("NPZ_COMBINATION_STARTED")) == 2


def test_merges_are_apart() -> None:
    changed = {NAME: NPZCombinationOptions(recheck_interval=1, cooldown=30)}
    with Pipeline(changed=changed) as pipeline:
        export(pipeline)
        pipeline.start(NAME)
        pipeline.system.advance(1)
        finish(pipeline, 1)
        export(pipeline, 2)
        pipeline.system.advance(28)
        assert len(pipeline.work.begun) == 1
        pipeline.system.advance(3)

        assert len(pipeline.work.begun) == 2


def test_too_few_samples_are_not_merged() -> None:
    with Pipeline() as pipeline:
        export(pipeline, samples=99)
        pipeline.start(NAME)
        pipeline.system.advance(1)

        (failed,) = pipeline.told("NPZ_COMBINATION_FAILED")
        assert failed.error == "99 samples, 100 are wanted"
        assert pipeline.work.begun == []


def test_a_merge_that_fails_for_good_is_told() -> None:
    work = Work()
    work.failures[f"combine-{CONFIG}-1"] = 1, "attempts"
    with Pipeline(work=work) as pipeline:
        export(pipeline)
        pipeline.start(NAME)
        pipeline.system.advance(3)

        (failed,) = pipeline.told("NPZ_COMBINATION_FAILED")
        assert failed.error == "attempts: as the test says"
