from __future__ import annotations

from ringleader.actors.daemons.export_rules import AutoExportOptions
from ringleader.actors.events.selfplay import SelfplayComplete
from ringleader.actors.journal import WorkItem
from tests.actors.coordinators.fakes import CONFIG, Pipeline, Work

NAME = "auto_export_daemon"
PATH = f"/coordination/layer7/{NAME}"


def play(pipeline: Pipeline, games: int, iteration: int = 1) -> None:
    """Leave an iteration whose self-play is done, in parts of 100 games at most."""
    pipeline.journal.start_stage(CONFIG, iteration, "selfplay", {"target": games}, now=pipeline.now)
    for part in range(1, -(-games // 100) + 1):
        work_id = f"w{iteration}-{part}"
        units = min(100, games - 100 * (part - 1))
        pipeline.journal.put_work(
            WorkItem(
                work_id=work_id,
                kind="selfplay",
                config_key=CONFIG,
                iteration=iteration,
                part=part,
                units=units,
                queued_at=pipeline.now,
            )
        )
        result = {"games": units, "output_path": f"/games/{iteration}-{part}"}
        pipeline.journal.finish_work(work_id, result, now=pipeline.now)
    pipeline.journal.finish_stage(CONFIG, iteration, "selfplay", {"games": games}, now=pipeline.now)


def complete(games: int = 300) -> SelfplayComplete:
    return SelfplayComplete(config_key=CONFIG, games_generated=games, iteration=1)


def test_the_games_of_an_iteration_are_exported() -> None:
    with Pipeline() as pipeline:
        play(pipeline, 250)
        pipeline.start(NAME)
        pipeline.system.advance(1)

        (request,) = pipeline.work.requests
        assert request.inputs == {"games": ("/games/1-1", "/games/1-2", "/games/1-3")}
        assert request.outputs == {"samples": f"/data/samples/{CONFIG}/0001.npz"}
        names = [n for n in pipeline.names() if n.startswith(("NPZ", "NEW_GAMES"))]
        assert names == ["NPZ_EXPORT_STARTED", "NEW_GAMES_AVAILABLE", "NPZ_EXPORT_COMPLETE"]
        (done,) = pipeline.told("NPZ_EXPORT_COMPLETE")
        assert (done.samples_exported, done.games_exported) == (6000, 300)
        assert done.output_path == f"/data/samples/{CONFIG}/0001.npz"


def test_many_games_are_exported_at_once_and_few_with_the_next_batch() -> None:
    changed = {NAME: AutoExportOptions(batch_interval=30, cooldown=0)}
    for games, begun in ((100, 1), (99, 0)):
        with Pipeline(changed=changed) as pipeline:
            pipeline.start(NAME)
            play(pipeline, games)
            pipeline.publish(complete(games))
            assert len(pipeline.work.begun) == begun

            pipeline.system.advance(30)
            assert len(pipeline.work.begun) == 1


def test_an_export_waits_for_the_cooldown_of_the_last() -> None:
    changed = {NAME: AutoExportOptions(batch_interval=1, cooldown=60)}
    with Pipeline(changed=changed) as pipeline:
        play(pipeline, 100)
        pipeline.start(NAME)
        pipeline.system.advance(1)
        pipeline.journal.finish_stage(CONFIG, 1, "complete", now=pipeline.now)
        play(pipeline, 100, iteration=2)
        pipeline.system.advance(58)
        assert len(pipeline.work.begun) == 1
        pipeline.system.advance(3)

        assert len(pipeline.work.begun) == 2


def test_too_few_games_are_kept_for_the_next_iteration() -> None:
    with Pipeline() as pipeline:
        play(pipeline, 49)
        pipeline.start(NAME)
        pipeline.system.advance(1)

        (failed,) = pipeline.told("EXPORT_VALIDATION_FAILED")
        assert failed.reason == "49 new games, 50 are wanted"
        pipeline.journal.finish_stage(CONFIG, 1, "complete", now=pipeline.now)
        play(pipeline, 40, iteration=2)
        pipeline.system.advance(1)

        (request,) = pipeline.work.requests
        assert request.inputs == {"games": ("/games/1-1", "/games/2-1")}


def test_an_export_that_fails_for_good_is_told_once() -> None:
    work = Work()
    work.failures[f"export-{CONFIG}-1"] = 9, "bad-input"
    with Pipeline(work=work) as pipeline:
        play(pipeline, 100)
        pipeline.start(NAME)
        pipeline.system.advance(5)

        (failed,) = pipeline.told("EXPORT_VALIDATION_FAILED")
        assert failed.reason == "bad-input: as the test says"
        assert pipeline.told("NEW_GAMES_AVAILABLE") == []
        assert len(work.begun) == 1


def test_a_crash_between_the_result_and_its_telling_tells_it_later() -> None:
    with Pipeline() as pipeline:
        play(pipeline, 100)
        pipeline.journal.start_stage(
            CONFIG, 1, "npz_export", {"games": 100, "paths": ["/games/1-1"]}, now=pipeline.now
        )
        pipeline.journal.finish_stage(
            CONFIG, 1, "npz_export", {"games": 100, "samples": 7}, now=pipeline.now
        )
        pipeline.start(NAME)
        pipeline.strike(PATH)
        pipeline.system.advance(5)

        (done,) = pipeline.told("NPZ_EXPORT_COMPLETE")
        assert done.samples_exported == 7
        assert pipeline.work.begun == []


def test_only_so_many_exports_run_at_once() -> None:
    keys = (CONFIG, "hex6_2p")
    changed = {NAME: AutoExportOptions(batch_interval=1, cooldown=0, max_concurrent=1)}
    with Pipeline(changed=changed, config_keys=keys, work=Work(seconds=10)) as pipeline:
        for key in keys:
            pipeline.journal.put_work(
                WorkItem(
                    work_id=key,
                    kind="selfplay",
                    config_key=key,
                    iteration=1,
                    units=60,
                    queued_at=0.0,
                )
            )
            pipeline.journal.finish_work(key, {"output_path": key}, now=0.0)
            pipeline.journal.finish_stage(key, 1, "selfplay", now=0.0)
        pipeline.start(NAME)
        pipeline.system.advance(5)
        assert len(pipeline.work.begun) == 1

        pipeline.system.advance(7)
        assert len(pipeline.work.begun) == 2
