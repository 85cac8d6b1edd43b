from __future__ import annotations

from ringleader.actors.coordinators.layer1.lifecycle import (
    Task,
    TaskCoordinatorOptions,
    health,
    of_node,
    silence,
    silent,
)

OPTIONS = TaskCoordinatorOptions()


def task(
    task_id: str, heartbeat: float = 0.0, node_id: str = "a", *, orphaned: bool = False
) -> Task:
    return Task(
        task_id=task_id, node_id=node_id, started=0.0, heartbeat=heartbeat, orphaned=orphaned
    )


def test_a_task_is_silent_after_more_than_the_timeout() -> None:
    tasks = [task("a", 0.0), task("b", 1.0), task("c", 0.0, orphaned=True)]

    assert [t.task_id for t in silent(tasks, 60.5, OPTIONS.heartbeat_timeout)] == ["a"]


def test_silence_says_how_long() -> None:
    assert silence(task("a", 10.0), 75.2) == "no heartbeat for 65 s"


def test_a_nodes_tasks_are_told_apart_by_being_orphaned() -> None:
    tasks = [task("a"), task("b", orphaned=True), task("c", node_id="b")]

    assert [t.task_id for t in of_node(tasks, "a", orphaned=False)] == ["a"]
    assert [t.task_id for t in of_node(tasks, "a", orphaned=True)] == ["b"]


def test_few_orphans_among_many_are_healthy() -> None:
    tasks = [task(str(n), orphaned=n < 4) for n in range(100)]

    assert health(tasks, OPTIONS) == "healthy"


def test_health_is_degraded_by_number_and_by_share() -> None:
    by_number = [task(str(n), orphaned=n < 5) for n in range(100)]
    by_share = [task(str(n), orphaned=n < 1) for n in range(5)]

    assert health(by_number, OPTIONS) == "degraded"
    assert health(by_share, OPTIONS) == "degraded"


def test_without_tasks_all_is_well() -> None:
    assert health([], OPTIONS) == "healthy"
