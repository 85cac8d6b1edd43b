from __future__ import annotations

from ringleader.actors.coordinators.layer4.population import QueuePopulatorOptions
from ringleader.actors.events.evaluation import EloUpdated
from ringleader.actors.events.health import (
    NodeRecovered,
    NodeUnhealthy,
    P2PClusterUnhealthy,
)
from ringleader.actors.events.resilience import BackpressureActivated, BackpressureReleased
from ringleader.actors.events.scales import PressureLevel, Priority
from ringleader.actors.events.selfplay import (
    SelfplayAllocationUpdated,
    SelfplayComplete,
    SelfplayTargetUpdated,
)
from ringleader.actors.events.training import TrainingBlockedByQuality
from ringleader.actors.events.work import WorkCompleted

from .fakes import CONFIG, Pipeline

NAME = "queue_populator"
OTHER = "hex6_2p"


def play(pipeline: Pipeline, target: int = 300, config_key: str = CONFIG) -> None:
    inputs = {"target": target}
    pipeline.journal.start_stage(config_key, 1, "selfplay", inputs, now=pipeline.now)


def queued(pipeline: Pipeline) -> list[str]:
    return [item.work_id for item in pipeline.journal.work(status="queued")]


def test_an_open_target_is_queued_in_parts_at_once() -> None:
    with Pipeline() as pipeline:
        play(pipeline)
        pipeline.start(NAME)

        assert queued(pipeline) == [f"selfplay-{CONFIG}-1-p{part}" for part in (1, 2, 3)]
        item = pipeline.journal.work_item(f"selfplay-{CONFIG}-1-p2")
        assert item is not None
        assert (item.units, item.options) == (100, {"games": 100, "first_game": 100})
        assert len(pipeline.told("WORK_QUEUED")) == 3


def test_nothing_is_queued_without_a_target() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.system.advance(10)

        assert queued(pipeline) == []


def test_no_part_is_queued_twice() -> None:
    with Pipeline() as pipeline:
        play(pipeline)
        pipeline.start(NAME)
        pipeline.strike(f"/coordination/layer4/{NAME}")
        pipeline.publish(SelfplayTargetUpdated(config_key=CONFIG, target_games=300, iteration=1))
        pipeline.system.advance(10)

        assert len(queued(pipeline)) == len(pipeline.told("WORK_QUEUED")) == 3


def test_only_so_many_items_wait_and_more_come_when_some_are_done() -> None:
    changed = {NAME: QueuePopulatorOptions(interval=5, games_per_item=1)}
    with Pipeline(changed=changed) as pipeline:
        play(pipeline)
        pipeline.start(NAME)
        assert len(queued(pipeline)) == 50

        for work_id in queued(pipeline)[:20]:
            pipeline.journal.finish_work(work_id, now=0.0)
        pipeline.publish(WorkCompleted(work_id="x", work_type="selfplay"))

        assert len(queued(pipeline)) == 50


def test_the_schedulers_weights_say_whose_items_go_first() -> None:
    with Pipeline(config_keys=(CONFIG, OTHER)) as pipeline:
        pipeline.start(NAME)
        play(pipeline, 100)
        play(pipeline, 100, OTHER)
        pipeline.publish(
            SelfplayAllocationUpdated(trigger="test", allocation_weights={CONFIG: 1.0, OTHER: 2.0})
        )

        assert [e.config_key for e in pipeline.told("WORK_QUEUED")] == [OTHER, CONFIG]


def test_a_target_of_somebody_else_is_added_to_the_open_iteration() -> None:
    with Pipeline() as pipeline:
        play(pipeline, 100)
        pipeline.start(NAME)
        pipeline.publish(
            SelfplayTargetUpdated(config_key=CONFIG, target_games=250, priority=Priority.URGENT)
        )

        units = [item.units for item in pipeline.journal.work(kind="selfplay")]
        assert units == [100, 100, 50]


def test_a_target_that_comes_late_counts_for_the_next_iteration() -> None:
    with Pipeline() as pipeline:
        play(pipeline, 100)
        pipeline.start(NAME)
        pipeline.journal.finish_stage(CONFIG, 1, "selfplay", now=0.0)
        pipeline.publish(SelfplayTargetUpdated(config_key=CONFIG, target_games=250))
        assert len(queued(pipeline)) == 1

        pipeline.journal.finish_stage(CONFIG, 1, "complete", now=0.0)
        pipeline.journal.start_stage(CONFIG, 2, "selfplay", {"target": 100}, now=0.0)
        pipeline.system.advance(1)

        items = pipeline.journal.work(iteration=2)
        assert sum(item.units for item in items) == 250


def test_a_target_without_games_changes_nothing() -> None:
    with Pipeline() as pipeline:
        play(pipeline, 100)
        pipeline.start(NAME)
        pipeline.publish(SelfplayTargetUpdated(config_key=CONFIG, priority=Priority.URGENT))

        assert len(queued(pipeline)) == 1


def test_items_of_a_config_that_waits_for_better_games_are_urgent() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(TrainingBlockedByQuality(config_key=CONFIG, reason="poor"))
        play(pipeline, 500)
        pipeline.system.advance(1)

        priorities = [item.priority for item in pipeline.journal.work()]
        assert priorities == [80, 80, 80, 50, 50]

        pipeline.publish(SelfplayComplete(config_key=CONFIG, games_generated=1))
        for work_id in queued(pipeline):
            pipeline.journal.fail_work(work_id, "x", now=0.0)
        pipeline.system.advance(1)
        assert {item.priority for item in pipeline.journal.work(status="queued")} == {50}


def test_under_full_backpressure_a_trickle_goes_on() -> None:
    changed = {NAME: QueuePopulatorOptions(interval=1, games_per_item=1)}
    with Pipeline(changed=changed) as pipeline:
        pipeline.start(NAME)
        pipeline.publish(BackpressureActivated(level=PressureLevel.STOP))
        play(pipeline)
        pipeline.system.advance(2)

        assert {item.priority for item in pipeline.journal.work()} == {100}
        assert len(queued(pipeline)) == 10

        pipeline.publish(BackpressureReleased())
        assert len(queued(pipeline)) == 50


def test_a_sick_cluster_gets_a_shorter_queue_until_its_nodes_recover() -> None:
    changed = {NAME: QueuePopulatorOptions(interval=1, games_per_item=1, max_pending=1000)}
    with Pipeline(changed=changed) as pipeline:
        pipeline.start(NAME)
        pipeline.publish(
            NodeUnhealthy(node_id="b", reason="x"),
            P2PClusterUnhealthy(healthy_nodes=1, node_count=10),
        )
        play(pipeline)
        pipeline.system.advance(1)
        assert len(queued(pipeline)) == 60

        pipeline.publish(NodeRecovered(node_id="b"))
        pipeline.system.advance(3)
        assert len(queued(pipeline)) == 260


def test_a_change_of_velocity_is_told() -> None:
    def rated(elo: float) -> EloUpdated:
        return EloUpdated(config_key=CONFIG, model_id="m", new_elo=elo)

    with Pipeline() as pipeline:
        pipeline.start(NAME)
        for hour, elo in enumerate((1000.0, 1010.0, 1022.0, 1100.0)):
            pipeline.publish(rated(elo))
            pipeline.system.advance(3600)
            assert len(pipeline.told("ELO_VELOCITY_CHANGED")) == (0, 1, 1, 2)[hour]

        first, second = pipeline.told("ELO_VELOCITY_CHANGED")
        assert (first.trend, round(first.velocity)) == ("stable", 10)
        assert (second.trend, round(second.velocity)) == ("accelerating", 33)
        assert round(second.velocity_change) == 23
