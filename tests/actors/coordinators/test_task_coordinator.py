from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.coordinators.layer1 import TaskCoordinator
from ringleader.actors.events.health import NodeRecovered, TaskFailed
from ringleader.actors.events.p2p import HostOffline, HostOnline
from ringleader.actors.events.work import (
    TaskCancelled,
    TaskCompleted,
    TaskHeartbeat,
    TaskOrphaned,
    TaskSpawned,
)

from .fakes import CONFIG, Pipeline

if TYPE_CHECKING:
    from ringleader.actors.coordinators.layer1.task_coordinator import TaskStatistics

NAME = "task_coordinator"
PATH = f"/coordination/layer1/{NAME}"


def spawned(task_id: str = "t", node_id: str = "b") -> TaskSpawned:
    return TaskSpawned(task_id=task_id, task_type="selfplay", node_id=node_id)


def statistics(pipeline: Pipeline) -> TaskStatistics:
    return pipeline.ref(NAME).call(TaskCoordinator.statistics).get()


def test_a_task_is_active_from_its_start_to_its_end() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(spawned("a"), spawned("b"), spawned("c"), spawned("d"))
        assert statistics(pipeline).active == 4

        pipeline.publish(
            TaskCompleted(task_id="a", task_type="selfplay"),
            TaskFailed(task_id="b", task_type="selfplay", error="x"),
            TaskCancelled(task_id="c"),
        )

        found = statistics(pipeline)
        assert found.active == 1
        assert found.finished == {
            ("selfplay", "completed"): 1,
            ("selfplay", "failed"): 1,
            ("selfplay", "cancelled"): 1,
        }
        history = pipeline.ref(NAME).call(TaskCoordinator.history).get()
        assert [task.task_id for task in history] == ["a", "b", "c"]


def test_a_task_nobody_spawned_is_ignored() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(
            TaskHeartbeat(task_id="x"), TaskCompleted(task_id="x", task_type="selfplay")
        )

        assert statistics(pipeline).active == 0
        assert statistics(pipeline).finished == {}


def test_a_silent_task_is_orphaned_once_after_a_minute() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(spawned())
        pipeline.system.advance(60)
        assert pipeline.told("TASK_ORPHANED") == []

        pipeline.system.advance(60)

        (orphaned,) = pipeline.told("TASK_ORPHANED")
        assert (orphaned.task_id, orphaned.reason) == ("t", "no heartbeat for 61 s")
        assert statistics(pipeline).orphaned == 1
        assert statistics(pipeline).health == "degraded"


def test_a_heartbeat_keeps_a_task_and_revives_an_orphan() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(spawned())
        pipeline.system.advance(50)
        pipeline.publish(TaskHeartbeat(task_id="t"))
        pipeline.system.advance(50)
        assert pipeline.told("TASK_ORPHANED") == []

        pipeline.system.advance(20)
        assert statistics(pipeline).orphaned == 1
        pipeline.publish(TaskHeartbeat(task_id="t"))

        assert statistics(pipeline).orphaned == 0


def test_a_node_that_goes_takes_its_tasks_along_and_brings_them_back() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(spawned("a", "b"), spawned("c", "d"), HostOffline(node_id="b"))

        (orphaned,) = pipeline.told("TASK_ORPHANED")
        assert (orphaned.task_id, orphaned.reason) == ("a", "node b is offline")
        assert statistics(pipeline).nodes == {"b": False}

        pipeline.publish(HostOnline(node_id="b"))
        assert statistics(pipeline).orphaned == 0
        pipeline.publish(HostOffline(node_id="b"), NodeRecovered(node_id="b"))
        assert statistics(pipeline).orphaned == 0


def test_what_another_node_says_is_orphaned_is_taken_over_but_not_repeated() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(spawned(), TaskOrphaned(task_id="t"), TaskOrphaned(task_id="unknown"))

        assert statistics(pipeline).orphaned == 1
        assert len(pipeline.told("TASK_ORPHANED")) == 2


def test_after_a_restart_the_table_is_what_the_journal_has_as_started() -> None:
    with Pipeline() as pipeline:
        pipeline.journal.start_stage(CONFIG, 1, "training", now=0.0)
        pipeline.start(NAME)
        assert statistics(pipeline).active == 1

        pipeline.strike(PATH)
        pipeline.system.run()

        assert statistics(pipeline).active == 1


def test_a_task_of_this_node_that_ended_unheard_is_dropped() -> None:
    with Pipeline() as pipeline:
        pipeline.journal.start_stage(CONFIG, 1, "training", now=0.0)
        pipeline.start(NAME)
        pipeline.journal.finish_stage(CONFIG, 1, "training", now=0.0)
        pipeline.system.advance(70)

        assert statistics(pipeline).active == 0
        assert pipeline.told("TASK_ORPHANED") == []
