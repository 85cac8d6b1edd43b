"""What an actor in a process of its own does with others, across the border."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader.actors.base import Actor
from ringleader.actors.care import HealthCheck
from ringleader.actors.errors import ActorDied, DeadlockError, RemoteError
from ringleader.actors.events.errors import EventValidationError
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.letters import Outcome
from ringleader.actors.lifecycle import Terminated
from ringleader.system import System
from tests.probe import probe
from tests.supervisors.process_actors import (
    Add,
    AskOther,
    Async,
    Listener,
    OwnError,
    Ready,
    Sold,
    TellOther,
    Timed,
    Watcher,
    Worker,
)
from tests.supervisors.process_stage import PATIENCE, Echo, start

if TYPE_CHECKING:
    from collections.abc import Iterator


class Blocker(Actor):
    """Blocks the event loop of all async actors."""

    async def on_receive(self, message: Event) -> None:
        message.wait(PATIENCE)


@pytest.fixture
def system() -> Iterator[System]:
    with System(node_id="node-p", seed=1, intensity=1000, event_types=[Sold]) as system:
        yield system


def test_it_asks_others_and_gets_their_answers_and_errors(system: System) -> None:
    echo = start(system, Echo, name="echo")
    other = start(system, Worker, "other", name="other")
    ref = start(system, Worker)
    assert ref.ask(AskOther(echo, {"a": 1}), timeout=PATIENCE) == ("echo", {"a": 1})
    assert ref.ask(AskOther(other, Add(3)), timeout=PATIENCE) == 3
    with pytest.raises(OwnError, match="here"):
        ref.ask(AskOther(echo, "boom"), timeout=PATIENCE)
    ref.tell(TellOther(other, Add(4)))
    probe(lambda: other.ask(Add(0), timeout=PATIENCE) == 7, PATIENCE)
    echo.stop()
    system._top.terminate_child("echo")
    system._top.delete_child("echo")
    with pytest.raises(pykka.ActorDeadError):
        ref.ask(AskOther(echo, 1), timeout=PATIENCE)
    with pytest.raises(pykka.Timeout):
        ref.ask(AskOther(start(system, Async, name="a"), AskOther(ref, 1), 0.01), timeout=PATIENCE)


def test_many_threads_of_it_may_ask_at_once(system: System) -> None:
    others = [start(system, Echo, name=f"echo{n}") for n in range(5)]
    ref = start(system, Worker)
    assert ref.ask(others, timeout=PATIENCE) == [("echo", "x")] * 5


def test_an_actor_that_blocks_its_event_loop_does_not_hold_up_processes(system: System) -> None:
    go = Event()
    blocker = start(system, Blocker, name="blocker")
    reply = blocker.ask(go, block=False)
    ref = start(system, Worker)
    assert ref.ask(Add(1), timeout=PATIENCE) == 1
    go.set()
    reply.get(timeout=PATIENCE)


def test_waiting_in_a_circle_across_the_border_raises(system: System) -> None:
    echo = start(system, Echo, name="echo")
    ref = start(system, Worker)
    with pytest.raises(DeadlockError, match="/p → /p"):
        ref.ask("self", timeout=PATIENCE)
    with pytest.raises(DeadlockError):  # p waits for echo, which waits for p
        ref.ask(AskOther(echo, ("ask", ref), None), timeout=PATIENCE)
    assert ref.ask(Add(1), timeout=PATIENCE) == 1


def test_refs_work_on_the_other_side_and_come_back_the_same(system: System) -> None:
    other = start(system, Worker, "other", name="other")
    ref = start(system, Watcher)
    assert ref.ask(("same", other, other), timeout=PATIENCE)
    assert ref.ask(("alive", other), timeout=PATIENCE)
    assert ref.ask(("proxy", other), timeout=PATIENCE) == (40, "other has 40 coins")
    ref.ask(("watch", other), timeout=PATIENCE)
    future = ref.ask(("future", other), block=False)
    system._top.terminate_child("other")
    system._top.delete_child("other")
    assert future.get(timeout=PATIENCE) == Terminated(other, "shutdown")
    probe(lambda: ref.ask("ended", timeout=PATIENCE) == [(other, "shutdown")], PATIENCE)
    assert not ref.ask(("alive", other), timeout=PATIENCE)


def test_it_stops_others(system: System) -> None:
    other = start(system, Worker, name="other", restart="temporary")
    ref = start(system, Watcher)
    assert ref.ask(("stop", other), timeout=PATIENCE) is True
    probe(lambda: not other.is_alive(), PATIENCE)  # its supervisor lets go of it


def test_timers_tell_it_through_its_mailbox_and_can_be_cancelled(system: System) -> None:
    ref = start(system, Timed)
    probe(lambda: ref.ask("what", timeout=PATIENCE).count("tick") > 2, PATIENCE)
    assert ref.ask("what", timeout=PATIENCE).count("once") == 1
    assert ref.ask("stop", timeout=PATIENCE) == (True, False, True, 1)
    heard = ref.ask("what", timeout=PATIENCE)
    assert ref.ask("what", timeout=PATIENCE) == heard


def test_it_publishes_and_hears_events_as_anybody(system: System) -> None:
    heard: list[Any] = []
    envelopes: list[Any] = []
    system.hub.taps.append(lambda _event, envelope: envelopes.append(envelope))
    system.subscribe("SOLD_ELSEWHERE", heard.append)
    ref = start(system, Listener)
    number = ref.ask("sell", timeout=PATIENCE)
    cause = system.publish(TrainingCompleted(config_key="hex", model_path="m"))
    probe(lambda: len(heard) == 2, PATIENCE)
    assert heard == [Sold(what="a hat"), Sold(what="hex")]
    sold = {e.id: e for e in envelopes if e.type == "sold_elsewhere"}
    assert sold[number].source == "/p"
    assert [e.causationid for e in sold.values()] == [None, cause.id]
    assert [e.subject for e in sold.values()] == [None, "training"]
    with pytest.raises(EventValidationError, match="config_key"):
        ref.ask("wrong", timeout=PATIENCE)


def test_what_it_logs_and_prints_arrives_in_the_parents_log(
    system: System, caplog: pytest.LogCaptureFixture
) -> None:
    ref = start(system, Worker)
    with caplog.at_level("INFO"):
        ref.ask("log", timeout=PATIENCE)
        ref.ask("print", timeout=PATIENCE)
        probe(lambda: "said aloud" in caplog.text and "muttered" in caplog.text, PATIENCE)
    records = [r for r in caplog.records if r.name == "tests.process_actors"]
    assert [(r.levelname, r.getMessage()) for r in records] == [
        ("WARNING", "careful: 5"),
        ("ERROR", "it failed"),
    ]
    assert "'in the log'" in (records[1].exc_text or "")
    lines = {r.getMessage(): r.levelname for r in caplog.records if r.name == "ringleader.process"}
    assert lines == {"/p: said aloud": "INFO", "/p: muttered": "WARNING"}


def test_it_says_that_it_is_ready_and_how_it_is(system: System) -> None:
    ref = start(system, Ready)
    current = ref.cell.current
    assert current is not None
    assert not current.is_ready
    ref.ask("ready", timeout=PATIENCE)
    assert current.is_ready
    assert "degraded" in str(ref.proxy().health().get(timeout=PATIENCE))


def test_its_health_is_polled_over_there(system: System) -> None:
    told: list[Any] = []
    system.subscribe("COORDINATOR_HEALTH_DEGRADED", told.append)
    check = HealthCheck(interval=0.02, timeout=PATIENCE, grace=0)
    start(system, Ready, health=check)
    probe(lambda: told, PATIENCE)
    assert "the disk is slow" in str(told[0])


def test_the_messages_are_counted_as_anywhere(system: System) -> None:
    ref = start(system, Worker)
    for _ in range(5):
        ref.tell(Add(1))
    with pytest.raises(OwnError):
        ref.ask("raise", timeout=PATIENCE)
    with pytest.raises(ActorDied):
        ref.ask("os_exit", timeout=PATIENCE)
    ref.ask(Add(1), timeout=PATIENCE)
    probe(lambda: ref.cell.outcomes.get(Outcome.HANDLED) == 6, PATIENCE)
    assert ref.cell.outcomes[Outcome.FAILED] == 1
    assert ref.cell.outcomes[Outcome.INTERRUPTED] == 1


def test_remote_error_stands_for_what_cant_be_rebuilt() -> None:
    error = RemoteError("m:E", "text")
    assert (str(error), error.type_name) == ("m:E: text", "m:E")
