"""What the rest of the node hears of a supervisor's children."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.errors import PublishError
from ringleader.actors.events.base import Envelope
from ringleader.actors.publication import Publication
from ringleader.supervisors.declared import DeclaredSupervisor
from ringleader.supervisors.spec import ChildSpec
from ringleader.supervisors.supervisor import Supervisor
from tests.supervisors.samples import Log, start, team, workers

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell
    from ringleader.actors.events.base import Event
    from ringleader.testing import TestSystem


class Port:
    """In place of the registry."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None]] = []
        self.events: list[Event] = []
        self.error: Exception | None = None

    def publish(
        self, event: Event, *, source: str, subject: str | None, cause: Envelope | None
    ) -> Publication:
        del cause
        if self.error is not None:
            raise self.error
        self.events.append(event)
        self.told.append((type(event).EVENT.name, subject))
        envelope = Envelope(id="1", source=source, type=event.EVENT.value, time=0.0)
        return Publication(event, b"", envelope)

    def attach(self, cell: Cell) -> None:
        pass

    def detach(self, cell: Cell) -> None:
        pass

    def take(self) -> list[tuple[str, str | None]]:
        told, self.told = self.told, []
        return told


@pytest.fixture
def port(system: TestSystem) -> Port:
    system.context.events = port = Port()
    return port


def crash(system: TestSystem, path: str) -> None:
    system.ref(path).tell("boom")
    system.run()


def test_children_that_come_and_go_are_told(system: TestSystem, log: Log, port: Port) -> None:
    start(system, team("t", *workers(log, "a", "b"), announce=True)).stop()

    assert port.take() == [
        ("DAEMON_STARTED", "/t/a"),
        ("DAEMON_STARTED", "/t/b"),
        ("DAEMON_STOPPED", "/t/b"),
        ("DAEMON_STOPPED", "/t/a"),
    ]


def test_a_crash_is_told_with_all_that_follows(system: TestSystem, log: Log, port: Port) -> None:
    start(system, team("t", *workers(log, "a"), announce=True))
    port.take()

    crash(system, "/t/a")

    assert port.take() == [
        ("DAEMON_STATUS_CHANGED", "/t/a"),
        ("DAEMON_STATUS_CHANGED", "/t/a"),
        ("DAEMON_STARTED", "/t/a"),
        ("DAEMON_STATUS_CHANGED", "/t/a"),
    ]


def test_a_crash_loop_is_told_once(system: TestSystem, log: Log, port: Port) -> None:
    spec = ChildSpec(
        "t",
        DeclaredSupervisor,
        kwargs={"specs": workers(log, "a"), "intensity": 100, "crash_loop_count": 4},
    )
    system.start_child(spec)
    for _ in range(3):
        crash(system, "/t/a")
        system.advance(10.0)
    assert "DAEMON_CRASH_LOOP_DETECTED" not in [name for name, _ in port.take()]

    for _ in range(5):
        crash(system, "/t/a")
        system.advance(10.0)

    names = [name for name, _ in port.take()]
    assert names.count("DAEMON_CRASH_LOOP_DETECTED") == 1


def test_giving_up_is_told_as_a_permanent_failure(system: TestSystem, log: Log, port: Port) -> None:
    start(system, team("t", *workers(log, "a"), announce=True, intensity=1, period=5))
    for _ in range(2):
        crash(system, "/t/a")

    names = [name for name, _ in port.take()]
    assert names.count("DAEMON_PERMANENTLY_FAILED") == 1
    assert names[-1] == "DAEMON_PERMANENTLY_FAILED"


def test_a_cancelled_restart_is_told(system: TestSystem, log: Log, port: Port) -> None:
    class Patient(DeclaredSupervisor):
        def backoff(self, child: Any) -> float:
            del child
            return 60.0

    ref = start(system, ChildSpec("t", Patient, kwargs={"specs": workers(log, "a")}))
    crash(system, "/t/a")
    port.events.clear()

    ref.terminate_child("a")

    (event,) = port.events
    assert (event.old_status, event.new_status) == ("restarting", "stopped")  # type: ignore[attr-defined]  # a status change  # pyright: ignore[reportAttributeAccessIssue]


def test_a_supervisor_may_keep_quiet(system: TestSystem, log: Log, port: Port) -> None:
    start(system, team("t", *workers(log, "a"), announce=False)).stop()

    assert port.take() == []


def test_temporary_children_are_no_daemons(system: TestSystem, log: Log, port: Port) -> None:
    start(system, team("t", *workers(log, "a", restart="temporary"), announce=True))

    assert port.take() == []


def test_a_supervisor_outlives_a_registry_that_fails(
    system: TestSystem, log: Log, port: Port, caplog: pytest.LogCaptureFixture
) -> None:
    port.error = PublishError("the registry is gone")
    ref = start(system, team("t", *workers(log, "a"), announce=True))

    crash(system, "/t/a")

    assert ref.count_children().active == 1
    assert "DaemonStarted about /t/a not published: the registry is gone" in caplog.text


def test_without_a_registry_nothing_is_published(system: TestSystem, log: Log) -> None:
    hub, system.context.events = system.context.events, None
    try:
        ref = start(system, team("t", *workers(log, "a"), announce=True))
        crash(system, "/t/a")
        assert ref.count_children().active == 1
    finally:
        system.context.events = hub


def test_the_registry_routes_what_a_supervisor_publishes(system: TestSystem, log: Log) -> None:
    heard: list[str] = []
    system.subscribe("DAEMON_STARTED", lambda event: heard.append(event.daemon_name))

    start(system, team("t", *workers(log, "a"), announce=True))
    system.run()

    assert heard == ["a"]


@pytest.mark.parametrize(
    ("policy", "decision"),
    [
        ({}, "restarted"),
        ({"strategy": "one_for_all"}, "restarted with 1 sibling"),
        ({"intensity": 0, "period": 5}, "gave up: intensity 0 in 5 s exceeded"),
    ],
)
def test_each_death_is_told_with_what_was_decided(
    system: TestSystem, log: Log, policy: dict[str, Any], decision: str
) -> None:
    start(system, team("t", *workers(log, "a", "b"), **policy))

    crash(system, "/t/a")

    (death,) = system.deaths.all()
    assert (death.path, death.cause, death.decision) == ("/t/a", "ValueError: boom", decision)


def test_a_temporary_child_that_dies_is_told_as_removed(system: TestSystem, log: Log) -> None:
    start(system, team("t", *workers(log, "a", restart="temporary")))

    crash(system, "/t/a")

    assert [death.decision for death in system.deaths.all()] == ["removed"]


def test_an_unchanged_pykka_actor_is_a_child_like_any_other(system: TestSystem) -> None:
    import pykka  # noqa: PLC0415  # only here

    class Echo(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> Any:
            return message

    class Parent(Supervisor):
        def init(self) -> list[ChildSpec]:
            return [ChildSpec("echo", Echo), ChildSpec("plain", Actor)]

    start(system, ChildSpec("t", Parent))

    assert system.ref("/t/echo").ask("hi") == "hi"
