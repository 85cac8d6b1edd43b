"""On real threads: a supervisor holds no worker while it waits."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.base import Actor
from ringleader.supervisors.ref import SupervisorRef
from ringleader.supervisors.spec import ChildSpec
from ringleader.supervisors.supervisor import Supervisor
from ringleader.system import System

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 10.0
"""Seconds after which a test has failed; none of them waits that long."""


class Slow(Actor):
    """Starts on a thread of its own, and only when it is told to."""

    dispatcher = "thread"

    def __init__(self, begun: Event, go: Event) -> None:
        super().__init__()
        self.begun, self.go = begun, go

    def on_start(self) -> None:
        self.begun.set()
        assert self.go.wait(PATIENCE)


class Echo(Actor):
    def on_receive(self, message: Any) -> Any:
        if message == "boom":
            raise ValueError(message)
        return message


class Bystanders(Supervisor):
    intensity, period = 1000, 5

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("echo", Echo)]


@pytest.fixture
def system() -> Iterator[System]:
    with System(seed=1, intensity=100) as system:
        yield system


def supervisor(system: System, name: str) -> SupervisorRef[Any]:
    ref = system.start_child(ChildSpec(name, Bystanders), timeout=PATIENCE)
    assert isinstance(ref, SupervisorRef)
    return ref


def test_a_child_that_starts_slowly_holds_no_worker(system: System) -> None:
    ref, other = supervisor(system, "a"), supervisor(system, "b")
    begun, go = Event(), Event()
    started = ref.start_child(ChildSpec("slow", Slow, (begun, go)), block=False)
    assert begun.wait(PATIENCE)

    # The pool has one worker, and it is free: neighbours are served, and so is the child's sibling.
    assert system.ref("/b/echo").ask("hi", timeout=PATIENCE) == "hi"
    assert system.ref("/a/echo").ask("hi", timeout=PATIENCE) == "hi"
    assert other.count_children(timeout=PATIENCE).active == 1
    assert not started.done

    go.set()
    assert started.get(timeout=PATIENCE).path == "/a/slow"


def test_a_thousand_children_start_and_stop(system: System) -> None:
    ref = supervisor(system, "a")

    refs = ref.start_children(
        [ChildSpec(f"w{number}", Echo) for number in range(1000)], timeout=PATIENCE
    )

    assert refs[-1].ask("hi", timeout=PATIENCE) == "hi"
    assert ref.count_children(timeout=PATIENCE).active == 1001


def test_crashes_while_calls_come_in_leave_everything_up(system: System) -> None:
    ref = supervisor(system, "a")
    echo = system.ref("/a/echo")

    for number in range(200):
        echo.tell("boom")
        if number % 10 == 0:
            assert ref.which_children(timeout=PATIENCE)[0].id == "echo"

    assert echo.ask("hi", timeout=PATIENCE) == "hi"
    assert system.deaths.restarts == 200


def test_a_supervisor_killed_in_the_middle_answers_nobody_too_late(system: System) -> None:
    ref = supervisor(system, "a")
    begun, go = Event(), Event()
    in_hand = ref.start_child(ChildSpec("slow", Slow, (begun, go)), block=False)
    queued = ref.which_children(block=False)
    assert begun.wait(PATIENCE)
    assert ref.cell.current is not None

    ref.cell.kill(ref.cell.current)
    go.set()

    for reply in (in_hand, queued):
        with pytest.raises(Exception, match="ended before it answered"):
            reply.get(timeout=PATIENCE)
    assert ref.count_children(timeout=PATIENCE).active == 1
