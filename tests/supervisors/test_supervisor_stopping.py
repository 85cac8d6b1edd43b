"""The actor: how children stop, and what becomes of calls meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.errors import ActorDied
from ringleader.actors.lifecycle import Up
from ringleader.supervisors.spec import ChildSpec
from tests.supervisors.samples import (
    Log,
    Team,
    occupied,
    start,
    states,
    team,
    workers,
)

if TYPE_CHECKING:
    from ringleader.testing import TestSystem


# --- stopping


def test_a_child_that_overruns_its_time_is_killed(system: TestSystem, log: Log) -> None:
    log.stops["a"] = "hang"
    ref = start(system, team("t", *workers(log, "a", "b", shutdown=2.0)))

    done = ref.terminate_child("a", block=False)
    system.advance(1.9)
    assert not done.done
    system.advance(0.1)

    done.get()
    assert states(ref) == {"a": "down", "b": "running"}


def test_a_child_with_infinity_is_waited_for(system: TestSystem, log: Log) -> None:
    log.stops["a"] = "hang"
    ref = start(system, team("t", *workers(log, "a", shutdown="infinity")))
    child = system.ref("/t/a").cell.current
    assert child is not None

    done = ref.terminate_child("a", block=False)
    system.advance(1000.0)
    assert not done.done
    child.cell.finish(child, "shutdown")
    system.run()

    assert done.done


def test_a_child_that_stops_in_time_leaves_no_timer(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", shutdown=2.0)))

    ref.terminate_child("a")

    assert system.manual.next_time() is None


def test_brutal_kill_asks_nobody(system: TestSystem, log: Log) -> None:
    ref = start(system, team("t", *workers(log, "a", shutdown="brutal_kill")))
    log.take()

    ref.terminate_child("a")

    assert log.take() == []
    assert states(ref) == {"a": "down"}


def test_the_time_of_one_child_is_not_that_of_another(system: TestSystem, log: Log) -> None:
    log.stops.update(a="hang", b="hang")
    ref = start(system, team("t", *workers(log, "a", "b", shutdown=2.0)))
    system.ref("/t").tell("unexpected")

    stopped = ref.stop(block=False)
    system.advance(2.0)
    assert occupied(ref) == {"a": True, "b": False}
    system.advance(2.0)

    assert stopped.get()
    assert log.take() == ["+a", "+b", "-b", "-a"]


def test_a_supervisor_that_is_killed_takes_its_tree_along(system: TestSystem, log: Log) -> None:
    inner = team("inner", *workers(log, "a", "b"), restart="permanent")
    start(system, team("t", inner))
    log.take()
    cell = system.ref("/t/inner").cell
    assert cell.current is not None

    cell.kill(cell.current)
    system.run()

    assert log.take() == ["+a", "+b"]


def test_a_call_in_hand_and_calls_in_the_queue_fail_when_the_supervisor_is_killed(
    system: TestSystem, log: Log
) -> None:
    log.starts["a"] = ["later"]
    ref = start(system, team("t"))
    in_hand = ref.start_child(*workers(log, "a"), block=False)
    queued = ref.which_children(block=False)
    system.run()
    assert not in_hand.done
    assert not queued.done
    assert ref.cell.current is not None

    ref.cell.kill(ref.cell.current)

    for reply in (in_hand, queued):
        with pytest.raises(ActorDied) as died:
            reply.get()
        assert died.value.reason == "killed"


def test_calls_wait_while_a_child_starts(system: TestSystem, log: Log) -> None:
    log.starts["a"] = ["later"]
    ref = start(system, team("t"))
    first = ref.start_child(*workers(log, "a"), block=False)
    second = ref.count_children(block=False)
    system.run()
    assert not second.done
    child = ref.cell.children["a"]
    assert child.current is not None

    child.current.cell.started(child.current, Up())
    system.run()

    assert first.get().path == "/t/a"
    assert second.get().active == 1


def test_the_order_to_stop_waits_for_a_start_that_is_under_way(
    system: TestSystem, log: Log
) -> None:
    log.starts["b"] = ["later"]
    ref = start(system, team("t", *workers(log, "a")))
    ref.start_child(*workers(log, "b"), block=False)
    system.run()
    stopped = ref.stop(block=False)
    system.run()
    child = ref.cell.children["b"].current
    assert child is not None
    assert occupied(ref) == {"a": True, "b": True}

    child.cell.started(child, Up())
    system.run()

    assert stopped.get()
    assert log.take() == ["+a", "-b", "-a"]


def test_on_stop_runs_when_the_children_have_stopped(system: TestSystem, log: Log) -> None:
    class Tidy(Team):
        def on_stop(self) -> None:
            log.append("-tidy")

    ref = start(system, ChildSpec("t", Tidy, (workers(log, "a"), {}), restart="temporary"))

    ref.stop()

    assert log.take() == ["+a", "-a", "-tidy"]
