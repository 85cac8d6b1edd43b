"""Actors in processes of their own: the same class, the same ref."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.errors import CannotCross
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
    OwnError,
    Sold,
    Starter,
    Stopper,
    Worker,
    local_class,
)
from tests.supervisors.process_stage import PATIENCE, Echo, start

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.actors.base import Actor
    from ringleader.actors.ref import Ref


@pytest.fixture
def system() -> Iterator[System]:
    with System(node_id="node-p", seed=1, intensity=1000, event_types=[Sold]) as system:
        yield system


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
