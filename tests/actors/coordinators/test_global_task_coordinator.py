from __future__ import annotations

from typing import Any

import psutil
import pytest

from ringleader.actors.base import Actor
from ringleader.actors.coordinators.layer1 import GlobalTaskCoordinator
from ringleader.actors.coordinators.layer1.admission import Admissions, Resources
from ringleader.actors.coordinators.layer1.limits import GlobalTaskCoordinatorOptions
from ringleader.actors.coordinators.layer1.resources import measure
from ringleader.actors.coordinators.messages import (
    EndTask,
    RequestSpawn,
    ReserveNode,
    SetAdmission,
    SpawnAnswer,
)
from ringleader.actors.events.health import NodeRecovered, NodeUnhealthy, TaskFailed
from ringleader.actors.events.p2p import HostOffline, HostOnline
from ringleader.actors.events.resilience import BackpressureActivated, BackpressureReleased
from ringleader.actors.events.scales import PressureLevel
from ringleader.actors.events.work import TaskCompleted, TaskHeartbeat, TaskSpawned
from ringleader.supervisors.spec import ChildSpec

from .fakes import CONFIG, Pipeline

NAME = "global_task_coordinator"
NODE = "local"


class Asker(Actor):
    """Keeps the answers that it gets."""

    def __init__(self, answers: list[SpawnAnswer]) -> None:
        super().__init__()
        self._answers = answers

    def on_receive(self, message: Any) -> Any:
        self._answers.append(message)


class Desk:
    """A coordinator, and somebody who asks it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.answers: list[SpawnAnswer] = []
        pipeline.start(NAME)
        self.asker = pipeline.system.start_child(ChildSpec("asker", Asker, (self.answers,)))
        self.ref = pipeline.ref(NAME)

    def ask(self, task_id: str = "t", task_type: str = "selfplay") -> SpawnAnswer:
        self.ref.tell(
            RequestSpawn(
                task_id=task_id,
                task_type=task_type,
                config_key=CONFIG,
                iteration=1,
                stage="selfplay",
                reply_to=self.asker,
            )
        )
        self.pipeline.system.run()
        return self.answers[-1]

    def end(self, task_id: str, error: str = "") -> None:
        self.ref.tell(
            EndTask(
                task_id=task_id,
                task_type="selfplay",
                config_key=CONFIG,
                iteration=1,
                result={"games": 50},
                error=error,
                seconds=2.0,
            )
        )
        self.pipeline.system.run()

    def state(self) -> Admissions:
        return self.ref.call(GlobalTaskCoordinator.statistics).get()


def test_an_admitted_task_is_told_and_counted() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)

        assert desk.ask().granted
        (event,) = pipeline.told("TASK_SPAWNED")
        assert (event.task_id, event.node_id, event.iteration) == ("t", NODE, 1)
        assert list(desk.state().tasks) == ["t"]


def test_asking_again_for_an_admitted_task_is_granted_and_not_told_again() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        desk.ask()

        assert desk.ask().granted
        assert len(pipeline.told("TASK_SPAWNED")) == 1


def test_a_denial_has_a_reason_and_a_time() -> None:
    changed = {NAME: GlobalTaskCoordinatorOptions()}
    with Pipeline(changed=changed) as pipeline:
        desk = Desk(pipeline)
        desk.ask("a")

        denied = desk.ask("b")
        assert (denied.granted, denied.retry_after) == (False, 1.0)
        assert denied.reason == f"cooldown: {NODE} started a task just now"


@pytest.mark.parametrize(("error", "name"), [("", "TASK_COMPLETED"), ("it broke", "TASK_FAILED")])
def test_the_end_of_a_task_is_told_and_frees_its_place(error: str, name: str) -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        desk.ask()
        desk.end("t", error)

        (event,) = pipeline.told(name)
        assert (event.task_id, event.config_key, event.duration_seconds) == ("t", CONFIG, 2.0)
        assert desk.state().tasks == {}


def test_other_nodes_tasks_count_until_they_end() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(
            *(TaskSpawned(task_id=f"t{n}", task_type="cmaes", node_id="b") for n in (1, 2)),
            TaskSpawned(task_id="u", task_type="cmaes", node_id="b"),
        )
        assert desk.ask("mine", "cmaes").reason == "cluster limit: 3 of 1 cmaes"

        pipeline.publish(
            TaskCompleted(task_id="t1", task_type="cmaes"),
            TaskCompleted(task_id="t2", task_type="cmaes"),
            TaskFailed(task_id="u", task_type="cmaes", error="x"),
        )
        assert desk.ask("mine", "cmaes").granted
        assert [e.task_id for e in pipeline.told("TASK_SPAWNED")][-1] == "mine"


def test_a_task_that_the_journal_has_as_over_is_dropped() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        desk.ask()
        pipeline.system.advance(1)

        assert desk.state().tasks == {}


def test_a_task_nobody_touches_is_dropped_and_a_touched_one_is_kept() -> None:
    changed = {NAME: GlobalTaskCoordinatorOptions(check_interval=60, forget_after=300)}
    with Pipeline(changed=changed) as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(
            *(TaskSpawned(task_id=name, task_type="x", node_id="b") for name in ("a", "b"))
        )
        pipeline.system.advance(200)
        pipeline.publish(TaskHeartbeat(task_id="a"), TaskHeartbeat(task_id="unknown"))
        pipeline.system.advance(200)

        assert list(desk.state().tasks) == ["a"]


def test_after_a_restart_it_counts_what_the_journal_has_as_started() -> None:
    with Pipeline() as pipeline:
        pipeline.journal.start_stage(CONFIG, 1, "training", now=0.0)
        desk = Desk(pipeline)
        pipeline.strike(desk.ref.path)
        pipeline.system.run()

        assert list(desk.state().tasks) == [f"train-{CONFIG}-1"]
        assert desk.ask("other", "training").reason == f"node limit: 1 of 1 training on {NODE}"


def test_a_bad_node_gets_nothing_until_it_recovers() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(HostOffline(node_id=NODE))
        assert desk.ask().reason == f"health: {NODE} is known to be bad"
        pipeline.publish(HostOnline(node_id=NODE))
        assert desk.ask().granted

        pipeline.publish(NodeUnhealthy(node_id=NODE, reason="x"))
        assert not desk.ask("u").granted
        pipeline.publish(NodeRecovered(node_id=NODE))
        assert desk.ask("u").granted


def test_the_strongest_pressure_on_the_cluster_or_the_node_counts() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(
            BackpressureActivated(level=PressureLevel.LOW),
            BackpressureActivated(level=PressureLevel.STOP, node_id=NODE),
            BackpressureActivated(level=PressureLevel.STOP, node_id="another"),
        )
        assert desk.ask().reason == "backpressure: stop"

        pipeline.publish(BackpressureReleased(node_id=NODE))
        assert desk.state().pressure is PressureLevel.LOW
        assert desk.ask().granted


def test_admission_can_be_paused_and_nodes_reserved() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        desk.ref.tell(SetAdmission(state="draining"))
        assert desk.ask().reason == "admission is draining"

        desk.ref.tell(SetAdmission(state="running"))
        desk.ref.tell(ReserveNode(node_id=NODE, task_type="training"))
        assert desk.ask().reason == f"reserved: {NODE} is kept for training"

        desk.ref.tell(ReserveNode(node_id=NODE, task_type=None))
        assert desk.ask().granted


def test_admission_has_no_other_states() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)

        with pytest.raises(ValueError, match="can't be 'sleepy'; it can be running, paused"):
            desk.ref.ask(SetAdmission(state="sleepy"))


def test_scarce_resources_halt_and_are_measured_again_after_a_while() -> None:
    measured = [Resources(memory=96), Resources(memory=96), Resources(memory=50)]
    with Pipeline() as pipeline:
        pipeline.resources = lambda: measured.pop(0)
        desk = Desk(pipeline)

        assert desk.ask().reason.startswith("halted: memory use 96 %")
        assert not desk.ask().granted
        assert len(measured) == 2
        pipeline.system.advance(10)
        assert not desk.ask().granted
        pipeline.system.advance(10)
        assert desk.ask().granted


def test_nobody_is_hurt_by_an_asker_that_is_gone() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.system.root.ref.terminate_child("asker")  # type: ignore[attr-defined]  # the root's ref is a supervisor's
        pipeline.system.run()
        before = pipeline.system.statistics().restarts
        desk.ref.tell(
            RequestSpawn(
                task_id="t",
                task_type="x",
                config_key=CONFIG,
                iteration=1,
                stage="selfplay",
                reply_to=desk.asker,
            )
        )
        pipeline.system.run()

        assert pipeline.system.statistics().restarts == before


def test_this_host_is_measured_in_percent() -> None:
    found = measure()

    assert 0 <= found.disk <= 100
    assert found.memory == pytest.approx(psutil.virtual_memory().percent, abs=30)
    assert 0 <= found.cpu <= 100
