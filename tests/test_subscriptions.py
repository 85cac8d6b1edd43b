"""A node is ready when who must be is heard, and says who is missing."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import Actor, ChildSpec, handles
from ringleader.actors.errors import StoppedError
from ringleader.actors.holds import Hold
from ringleader.actors.options import CRITICAL
from ringleader.cli.status import lines
from ringleader.config import ConfigError, Loaded, load
from ringleader.datadir import DataDir
from ringleader.node import Node, NodeFailed
from ringleader.readiness import look as readiness_of
from ringleader.runs import Arguments
from ringleader.status import status_of
from ringleader.subscriptions import (
    Expected,
    expected,
    look,
    undeclared,
    unknown_subscriptions,
    wait_for_subscribers,
)
from ringleader.supervisors.errors import ChildHeld
from ringleader.testing import TestSystem
from tests.probe import probe

if TYPE_CHECKING:
    from pathlib import Path

NO_PIPELINE = ("tree.coordination.enabled=false", "tree.a.actor=tests.cli.tiny_actors:Idle")
WANTED = Expected(("TRAINING_COMPLETED",), ("TRAINING_COMPLETED", "MODEL_PROMOTED"))


class Evaluator(Actor):
    """Hears the end of a training."""

    @handles("TRAINING_COMPLETED")
    def evaluate(self, event: Any) -> None:
        del event


def settings(*overrides: str, environment: dict[str, str] | None = None) -> Loaded:
    return load(environment=environment or {}, overrides=overrides)


def critical(*names: str) -> str:
    return f"events.critical_subscriptions={','.join(names)}"


# -------------------------------------------------------------------------- what is wanted


def test_the_tree_that_comes_along_handles_all_that_is_critical_by_default() -> None:
    loaded = settings()

    assert expected(loaded).critical == CRITICAL
    assert undeclared(loaded) == ()


def test_what_it_can_t_hear_yet_is_recommended_and_no_more() -> None:
    wanted = expected(settings())
    everything = expected(settings(critical("manager_events", "pipeline_events")))

    assert set(everything.critical) - set(wanted.critical) == {
        "TRAINING_STARTED",
        "DATA_SYNC_STARTED",
        "DATA_SYNC_COMPLETED",
    }
    assert set(everything.critical) < set(wanted.recommended)


def test_in_a_tree_without_a_pipeline_only_what_was_set_is_critical() -> None:
    assert expected(settings(*NO_PIPELINE)) == Expected()
    own = expected(settings(*NO_PIPELINE, critical("TASK_FAILED")))
    assert own == Expected(("TASK_FAILED",))


def test_without_the_actors_that_handle_them_critical_types_are_named() -> None:
    above = "tree.coordination.children.layer7.enabled=false"
    loaded = settings(above, critical("NPZ_EXPORT_COMPLETE", "EXPORT_VALIDATION_FAILED", "ERROR"))

    assert undeclared(loaded) == ("ERROR",)


@pytest.mark.parametrize(("word", "follows"), [("1", "fail"), ("no", "warn"), ("FALSE", "warn")])
def test_the_old_variable_still_says_what_follows(word: str, follows: str) -> None:
    old = {"RINGRIFT_FAIL_ON_SUBSCRIPTION_FAILURE": word}

    assert expected(settings(environment=old)).on_missing == follows


def test_a_name_that_nobody_knows_is_a_problem_with_its_place() -> None:
    loaded = settings(critical("TRAINING_COMPLETD"))
    (problem,) = unknown_subscriptions(loaded)

    assert str(problem).startswith("--set events.critical_subscriptions=TRAINING_COMPLETD: ")
    assert "did you mean TRAINING_COMPLETED" in str(problem)
    assert "manager_events, pipeline_events" in str(problem)
    with pytest.raises(ConfigError):
        expected(loaded)


# -------------------------------------------------------------------------- who is there


def test_a_node_is_not_ready_until_somebody_is_subscribed() -> None:
    with TestSystem() as system:
        before = readiness_of(system, WANTED)
        assert (before.ready, before.level) == (False, "healthy")
        (reason,) = before.reasons
        assert reason == (
            "nobody is subscribed to TRAINING_COMPLETED "
            "(usually evaluation_daemon and data_pipeline_orchestrator)"
        )

        system.start_child(ChildSpec("evaluator", Evaluator))
        after = readiness_of(system, WANTED)
        assert (after.ready, after.reasons) == (True, ())
        assert after.warnings == ("event types that nobody handles yet: MODEL_PROMOTED",)
        assert after.subscriptions is not None
        assert after.subscriptions.timestamp == system.manual.time()


def test_who_would_be_subscribed_and_is_held_since_before_the_start_is_named() -> None:
    with TestSystem() as system:
        hold = Hold("/evaluator", "hold", by="ada", why="", since=0.0)
        system.context.holds.put(hold)
        with pytest.raises(ChildHeld):
            system.start_child(ChildSpec("evaluator", Evaluator))
        (reason,) = look(system, WANTED).reasons
        assert reason == (
            "nobody is subscribed to TRAINING_COMPLETED: /evaluator would be, and is held"
        )


def test_what_follows_can_be_set() -> None:
    with TestSystem() as system:
        told = look(system, Expected(WANTED.critical, WANTED.recommended, "warn"))
        assert (told.reasons, len(told.warnings)) == ((), 2)
        ignored = look(system, Expected(WANTED.critical, WANTED.recommended, "ignore"))
        assert (ignored.reasons, ignored.warnings) == ((), ())
        assert ignored.status.critical_failed == ("TRAINING_COMPLETED",)


def test_the_status_tells_it_to_people_too() -> None:
    with TestSystem(node_id="n") as system:
        told = list(lines(status_of(system, "running", WANTED)))

    assert "not ready" in told[0]
    assert told[1].startswith("  nobody is subscribed to TRAINING_COMPLETED")
    assert told[2] == "  warning: event types that nobody handles yet: MODEL_PROMOTED"


def test_a_system_that_does_not_run_has_a_status_without_reasons_of_its_own() -> None:
    found = readiness_of(TestSystem(), WANTED)

    assert found.reasons == ("the tree does not run",)
    assert found.subscriptions is not None
    assert found.subscriptions.critical_failed == ("TRAINING_COMPLETED",)


def test_nobody_waits_for_subscribers_that_nothing_follows_from() -> None:
    with TestSystem() as system:
        wanted = Expected(WANTED.critical, (), "ignore")
        found = wait_for_subscribers(system, wanted, 1e9, threading.Event())
        assert found.reasons == ()


def test_an_order_to_stop_ends_the_wait() -> None:
    stopping = threading.Event()
    stopping.set()
    with TestSystem() as system:
        assert len(wait_for_subscribers(system, WANTED, 1e9, stopping).reasons) == 1


# -------------------------------------------------------------------------- whole nodes


def node(path: Path, *overrides: str) -> Node:
    return Node(
        settings(*NO_PIPELINE, "tree.jobs.enabled=false", *overrides),
        DataDir(path / "data"),
        arguments=Arguments(seed=7),
        write=lambda _: None,
        on_stop=lambda: None,
    )


def test_a_node_that_nobody_listens_in_does_not_start(tmp_path: Path) -> None:
    made = node(tmp_path, critical("TASK_FAILED", "ERROR"), "events.subscription_grace=0.01")
    made.open()
    with pytest.raises(NodeFailed) as caught:
        made.start()
    assert made.stop()
    made.close()
    assert caught.value.exit_code == 70
    said = str(caught.value)
    assert "not become ready within 0.01 s: nobody is subscribed to TASK_FAILED (usually" in said
    assert "; nobody is subscribed to ERROR. Start who handles them" in said
    assert "events.critical_subscriptions" in said


def test_who_subscribes_late_is_waited_for(tmp_path: Path) -> None:
    made = node(tmp_path, critical("TRAINING_COMPLETED"), "events.subscription_grace=60")
    made.open()
    starting = made.system.context.spawn("starting", made.start)
    probe(lambda: made.system.root.children.get("a"))
    made.system.start_child(ChildSpec("evaluator", Evaluator))
    starting.join(10)
    assert not starting.is_alive()
    assert made.stop()
    made.close()


def test_a_stop_does_not_wait_for_subscribers(tmp_path: Path) -> None:
    made = node(tmp_path, critical("TRAINING_COMPLETED"), "events.subscription_grace=1000")
    made.open()
    raised: list[Exception] = []

    def start() -> None:
        try:
            made.start()
        except StoppedError as error:
            raised.append(error)

    starting = made.system.context.spawn("starting", start)
    probe(lambda: made.system.root.children.get("a"))
    assert made.stop()
    starting.join(10)
    made.close()
    assert len(raised) == 1


def test_a_node_may_start_without_subscribers_if_it_is_told_to(tmp_path: Path) -> None:
    warn = "events.on_missing_subscription=warn"
    made = node(tmp_path, critical("TASK_FAILED"), warn, "events.subscription_grace=0")
    made.open()
    made.start()
    assert made.stop()
    made.close()


def test_a_name_that_nobody_knows_begins_no_run(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="TASK_FAILD"):
        node(tmp_path, critical("TASK_FAILD")).open()
    assert not (tmp_path / "data").exists()
