"""Actors in processes of their own: the same class, the same ref."""

from __future__ import annotations

import os
from threading import Event
from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader.actors.base import Actor
from ringleader.actors.care import HealthCheck
from ringleader.actors.errors import ActorDied, CannotCross, DeadlockError, RemoteError
from ringleader.actors.events.errors import EventValidationError
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.letters import Outcome
from ringleader.actors.lifecycle import Terminated
from ringleader.actors.process_cell import ProcessCell
from ringleader.supervisors.errors import StartFailed, StartIgnored
from ringleader.supervisors.process_host import ProcessHost
from ringleader.supervisors.spec import ChildSpec
from ringleader.supervisors.supervisor import Supervisor
from ringleader.system import System
from ringleader.testing import TestSystem
from tests.probe import probe
from tests.supervisors.process_actors import (
    Add,
    AskOther,
    Async,
    Later,
    Listener,
    OwnError,
    Ready,
    Sold,
    Starter,
    Stopper,
    TellOther,
    Timed,
    Watcher,
    Worker,
    local_class,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.actors.ref import Ref

PATIENCE = 30.0
"""Seconds after which a test has failed; none of them waits that long."""


class Echo(pykka.ThreadingActor):
    """Anybody in this process; an unchanged Pykka actor."""

    def on_receive(self, message: Any) -> Any:
        if message == "boom":
            raise OwnError(1, hint="here")
        if isinstance(message, tuple) and message and message[0] == "ask":
            return message[1].ask("pid")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # of Any
        return ("echo", message)


class Blocker(Actor):
    """Blocks the event loop of all async actors."""

    async def on_receive(self, message: Event) -> None:
        message.wait(PATIENCE)


@pytest.fixture
def system() -> Iterator[System]:
    with System(node_id="node-p", seed=1, intensity=1000, event_types=[Sold]) as system:
        yield system


def start(system: System, actor_class: type[Any], *args: Any, name: str = "p", **spec: Any) -> Any:
    return system.start_child(ChildSpec(name, actor_class, args, **spec), timeout=PATIENCE)


# ------------------------------------------------------------------- messages


def test_it_takes_messages_asks_calls_and_proxies_in_a_process_of_its_own(system: System) -> None:
    ref: Ref[Worker] = start(system, Worker, "w", kwargs={"factor": 2})
    assert isinstance(ref.cell, ProcessCell)
    host = ref.cell.current.actor if ref.cell.current is not None else None
    assert isinstance(host, ProcessHost)
    pid = ref.ask("pid", timeout=PATIENCE)
    assert pid == host.os_pid != os.getpid()
    assert ref.ask("thread", timeout=PATIENCE)  # the main one
    ref.tell(Add(3))
    assert ref.ask(Add(4), timeout=PATIENCE) == 14
    assert ref.call(Worker.describe, "coins", loud=True).get(timeout=PATIENCE) == "W HAS 14 COINS"
    proxy = ref.proxy()
    assert proxy.total.get(timeout=PATIENCE) == 14
    proxy.total = 1
    proxy.add.defer(Add(1))
    assert proxy.describe("coins").get(timeout=PATIENCE) == "w has 3 coins"
    assert str(host) == f"Worker (/p, process {pid})"
    assert ref.ask("who", timeout=PATIENCE) == ("/p", ref, "node-p")


@pytest.mark.parametrize("spec", [{"dispatcher": "process"}, {"isolation": "process"}])
def test_a_spec_puts_an_actor_of_any_class_into_a_process(
    system: System, spec: dict[str, Any]
) -> None:
    ref = start(system, Echo, **spec)
    assert ref.ask("a", timeout=PATIENCE) == ("echo", "a")
    assert ref.is_alive()
    assert len(system.context.processes.live) == 1


def test_an_error_while_serving_an_ask_goes_to_the_caller_and_the_process_lives(
    system: System,
) -> None:
    ref = start(system, Worker)
    pid = ref.ask("pid", timeout=PATIENCE)
    with pytest.raises(OwnError, match="code 7: try again") as caught:
        ref.ask("raise", timeout=PATIENCE)
    assert (caught.value.code, caught.value.hint) == (7, "try again")
    assert any("do_raise" in note for note in caught.value.__notes__)
    assert ref.ask("pid", timeout=PATIENCE) == pid


def test_an_answer_that_cant_cross_is_an_error_for_the_caller(system: System) -> None:
    ref = start(system, Worker)
    with pytest.raises(CannotCross, match=r"the answer of /p: <function .* can't cross"):
        ref.ask("function", timeout=PATIENCE)
    assert ref.ask(Add(1), timeout=PATIENCE) == 1


def test_what_cant_cross_is_an_error_where_it_is_sent(system: System) -> None:
    ref = start(system, Worker)
    for send in (ref.tell, ref.ask):
        with pytest.raises(CannotCross, match=r"the message to /p: <function .* can't cross"):
            send(lambda: None)
    with pytest.raises(CannotCross, match=r"the message to /p: .*thread.lock"):
        ref.call(Worker.describe, __import__("threading").Lock())
    assert ref.ask(Add(1), timeout=PATIENCE) == 1
    assert not len(system.dead_letters)


def test_an_argument_that_cant_cross_is_named(system: System) -> None:
    with pytest.raises(StartFailed) as caught:
        start(system, Worker, kwargs={"factor": lambda: 1})
    text = str(caught.value)
    assert "argument 'factor' of Worker" in text
    assert "can't cross to another process" in text


@pytest.mark.parametrize(
    ("actor_class", "hint"),
    [
        (local_class(), "define it at the top level of a module"),
        (Supervisor, "can't live in another one"),
    ],
)
def test_a_class_that_cant_live_in_another_process_is_refused_with_a_hint(
    system: System, actor_class: type[Actor], hint: str
) -> None:
    with pytest.raises(StartFailed, match=hint):
        start(system, actor_class, isolation="process")
    assert not system.context.processes.live


def test_who_lives_in_a_process_needs_a_supervisor_and_real_threads() -> None:
    with pytest.raises(ValueError, match=r"needs a supervisor.*start_child"):
        Worker.start()
    with TestSystem() as system, pytest.raises(StartFailed, match="dispatcher='pool'"):
        system.start_child(ChildSpec("p", Worker))


def test_a_big_message_crosses_in_both_directions(system: System) -> None:
    ref = start(system, Echo, isolation="process")
    data = os.urandom(8_000_000)
    kind, back = ref.ask({"data": data, 1: (2, {3})}, timeout=PATIENCE)
    assert (kind, back) == ("echo", {"data": data, 1: (2, {3})})
    with pytest.raises(CannotCross, match=r"has \d+ bytes; at most 67108864 can cross"):
        ref.tell(bytes(70_000_000))


def test_a_message_that_changes_after_it_was_sent_arrives_as_it_was(system: System) -> None:
    ref = start(system, Echo, isolation="process")
    message = ["before"]
    reply = ref.ask(message, block=False)
    message.append("after")
    assert reply.get(timeout=PATIENCE) == ("echo", ["before"])


def test_async_handlers_run_on_a_loop_of_the_process(system: System) -> None:
    echo = start(system, Echo, name="echo")
    ref = start(system, Async)
    assert ref.ask("a", timeout=PATIENCE) == ("a", 1)
    with pytest.raises(ValueError, match="boom"):
        ref.ask("boom", timeout=PATIENCE)
    assert ref.ask(AskOther(echo, 5), timeout=PATIENCE) == ("echo", 5)
    ref.tell("boom")
    assert ref.ask("b", timeout=PATIENCE) == ("b", 1)  # a new life


def test_an_answer_may_come_later_from_another_thread(system: System) -> None:
    ref = start(system, Later)
    assert [ref.ask(n, timeout=PATIENCE) for n in range(3)] == ["late 0", "late 1", "late 2"]


# ------------------------------------------------------------------- starting and stopping


def test_what_on_start_returns_and_raises_reaches_the_supervisor(system: System) -> None:
    assert start(system, Starter, "x").is_alive()
    for how, why in (
        ("raise", "not started"),
        ("init", "not built"),
        ("exit", "ended with exit code 9"),
        ("function", "what on_start of /f returned: .*can't cross"),
    ):
        with pytest.raises(StartFailed, match=why):
            start(system, Starter, how, name="f")
    with pytest.raises(StartIgnored):
        start(system, Starter, "ignore", name="i")
    probe(lambda: len(system.context.processes.live) == 1, PATIENCE)


def test_stopping_runs_on_stop_and_closers_and_ends_the_process(
    system: System, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    ref = start(system, Stopper, log, restart="temporary")
    assert ref.stop(timeout=PATIENCE)
    assert log.read_text() == "stopped\nclosed\n"
    probe(lambda: not system.context.processes.live, PATIENCE)
    probe(lambda: not ref.is_alive(), PATIENCE)


def test_it_may_stop_itself(system: System) -> None:
    ref = start(system, Worker, restart="transient")
    end = ref.watch()
    ref.tell("stop")
    probe(lambda: ref.cell.last_reason == "normal", PATIENCE)
    probe(lambda: ref.cell.current is None, PATIENCE)
    assert not end.done  # it may be restarted by hand


def test_a_failure_in_on_stop_is_the_reason_of_the_exit(system: System, tmp_path: Path) -> None:
    ref = start(system, Stopper, tmp_path / "log", "raise", restart="temporary")
    end = ref.watch()
    ref.stop(block=False)
    assert "not well stopped" in str(end.get(timeout=PATIENCE).reason)


def test_who_does_not_stop_in_time_is_killed(system: System, tmp_path: Path) -> None:
    ref = start(system, Stopper, tmp_path / "log", "hang", shutdown=0.1, restart="temporary")
    end = ref.watch()
    system._top.terminate_child("p", timeout=PATIENCE)
    assert end.get(timeout=PATIENCE).reason == "killed"
    probe(lambda: not system.context.processes.live, PATIENCE)


def test_a_failure_reaches_on_failure_and_the_closers_over_there(
    system: System, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    ref = start(system, Stopper, log)
    ref.tell("boom")
    assert ref.ask("next", timeout=PATIENCE) is None
    assert log.read_text() == "failed: boom\nclosed\n"
    assert system.deaths.all()[0].cause == "ValueError: boom"


# ------------------------------------------------------------------- what the actor does there


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
    assert not other.is_alive()


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
    assert [e.causationid for e in sold.values()] == [None, cause]
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
