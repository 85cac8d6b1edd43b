"""The system: a tree, its registry, and an orderly end."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from ringleader import (
    Actor,
    ChildSpec,
    NoSuchActor,
    Outcome,
    RingleaderError,
    StoppedError,
    Supervisor,
    System,
    handles,
)
from ringleader.actors.events import EvaluationStarted, TrainingCompleted
from ringleader.testing import TestSystem

DONE = TrainingCompleted(config_key="hex8_2p", model_path="m.npz")


class Evaluator(Actor):
    """Starts an evaluation for every model that finished training."""

    @handles(TrainingCompleted)
    def evaluate(self, event: TrainingCompleted) -> None:
        self.publish(EvaluationStarted(config_key=event.config_key, model_path=event.model_path))

    @handles(str)
    def describe(self, question: str) -> str:
        return f"{question}? evaluating"

    @handles(ValueError)
    def fail(self, error: ValueError) -> None:
        raise error


class Pipeline(Supervisor):
    """A tree in code."""

    strategy = "rest_for_one"
    intensity = 10

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("evaluator", Evaluator)]


@pytest.mark.parametrize("system_class", [TestSystem, System])
def test_a_tree_in_code_answers_publishes_and_survives_a_crash(
    system_class: type[System],
) -> None:
    heard = threading.Event()
    with system_class(node_id="node-a") as system:
        system.start_child(ChildSpec("pipeline", Pipeline))
        ref = system.ref("/pipeline/evaluator")
        system.subscribe(EvaluationStarted, lambda _: heard.set())

        ref.tell(ValueError("boom"))
        assert ref.ask("status", timeout=5) == "status? evaluating"
        assert ref.call(Evaluator.describe, "status").get(timeout=5) == "status? evaluating"
        system.publish(DONE)
        if isinstance(system, TestSystem):
            system.run()
        assert heard.wait(5)

        (death,) = system.deaths.all()
        assert (death.path, death.cause) == ("/pipeline/evaluator", "ValueError: boom")
        assert death.decision == "restarted"
        assert system.statistics().restarts == 1


def test_stopping_ends_children_in_reverse_order_and_the_registry_last() -> None:
    order: list[str] = []

    class Child(Actor):
        """Says when it stops, and publishes at its end."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def on_stop(self) -> None:
            order.append(self.name)
            self.publish(DONE)

    with TestSystem() as system:
        for name in "abc":
            system.start_child(ChildSpec(name, Child, (name,)))

    assert order == ["c", "b", "a"]
    assert (
        system.hub.statistics().published == 3 + 6
    )  # and of each child DAEMON_STARTED and DAEMON_STOPPED


def test_two_systems_in_one_process_know_nothing_of_each_other() -> None:
    heard: list[Any] = []
    with TestSystem(node_id="a") as one, TestSystem(node_id="b") as other:
        other.subscribe(TrainingCompleted, heard.append)
        one.publish(DONE)
        one.run()
        other.run()

        assert heard == []
        with pytest.raises(NoSuchActor, match="this node is 'a'"):
            one.ref("ringleader://b/system")


def test_a_path_of_this_node_may_be_written_with_the_nodes_name() -> None:
    with TestSystem(node_id="a") as system:
        assert system.ref("ringleader://a/system/registry").path == "/system/registry"


def test_asking_for_a_path_where_nobody_lives_names_what_is_near() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("pipeline", Pipeline))

        with pytest.raises(NoSuchActor, match="did you mean /pipeline/evaluator"):
            system.ref("/pipeline/evaluater")


def test_a_system_gives_up_when_a_top_level_actor_fails_too_often() -> None:
    with TestSystem(intensity=1) as system:
        ref = system.start_child(ChildSpec("evaluator", Evaluator))
        for _ in range(2):
            ref.tell(ValueError("boom"))
        system.run()

        assert system.gave_up
        assert system.reason == "shutdown"
        assert [d.decision for d in system.deaths.all()] == [
            "restarted",
            "gave up: intensity 1 in 5 s exceeded",
        ]


def test_a_system_that_was_stopped_starts_nothing_any_more() -> None:
    system = TestSystem()
    with system:
        pass

    assert not system.gave_up
    with pytest.raises(StoppedError, match="make a new one"):
        system.start()
    with pytest.raises(StoppedError, match="not running"):
        system.start_child(ChildSpec("evaluator", Evaluator))
    assert system.stop()


def test_stopping_is_bounded_also_when_a_handler_never_returns(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.CRITICAL)
    entered, release = threading.Event(), threading.Event()

    class Hung(Actor):
        """Hangs until the test lets go."""

        def on_receive(self, message: Any) -> Any:
            del message
            entered.set()
            release.wait(30)

    system = System(shutdown_timeout=0.2)
    system.start()
    system.start_child(ChildSpec("hung", Hung, shutdown=0.1)).tell("hang")
    assert entered.wait(5)

    assert not system.stop()  # the hung thread is still there
    assert system.wait(0)
    release.set()


def test_killing_a_system_ends_all_at_once_without_on_stop() -> None:
    stopped: list[str] = []

    class Polite(Actor):
        """Would like to say goodbye."""

        def on_stop(self) -> None:
            stopped.append("polite")

    system = TestSystem()
    system.start()
    system.start_child(ChildSpec("polite", Polite))
    system.kill()

    assert system.stop()
    assert stopped == []


def test_functions_can_subscribe_to_several_topics_and_stop_again() -> None:
    heard: list[Any] = []
    with TestSystem() as system:
        refs = system.subscribe_many(["TRAINING_COMPLETED", EvaluationStarted], heard.append)
        system.publish(DONE)
        system.run()
        assert heard == [DONE]

        for ref in refs:
            ref.stop()
        system.publish(TrainingCompleted(config_key="hex5_2p", model_path="n.npz"))
        system.run()
        assert heard == [DONE]


def test_one_function_may_be_subscribed_by_many_threads_at_once() -> None:
    errors: list[RingleaderError] = []
    with System() as system:
        together = threading.Barrier(4)

        def subscribe() -> None:
            for _ in range(10):
                together.wait(30)
                try:
                    system.subscribe(TrainingCompleted, print)
                except RingleaderError as error:
                    errors.append(error)

        threads = [threading.Thread(target=subscribe) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

        assert errors == []
        assert system.hub.statistics().subscriptions == 40


def test_statistics_count_every_message_once() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("evaluator", Evaluator))
        before = system.statistics().messages
        for _ in range(3):
            ref.ask("status")
        ref.tell(ValueError("boom"))
        system.run()
        after = system.statistics()

        assert after.messages[Outcome.FAILED] - before.get(Outcome.FAILED, 0) == 1
        assert after.dead_letters == {Outcome.FAILED: 1}
        assert after.actors == 6  # the root, /system, its three children, /evaluator


def test_equal_seeds_draw_equal_numbers() -> None:
    draws = [TestSystem(seed=7).context.random.random() for _ in range(2)]

    assert draws[0] == draws[1] != TestSystem(seed=8).context.random.random()
