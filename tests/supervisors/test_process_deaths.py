"""How processes of actors die, what is said of it, and what becomes of the messages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from ringleader.actors.errors import ActorDied, Hung
from ringleader.actors.letters import Outcome
from ringleader.actors.osprocess_end import EndCause
from ringleader.actors.osprocess_limits import ProcessLimits
from ringleader.supervisors.process_died import ProcessDied
from ringleader.supervisors.spec import ChildSpec
from ringleader.system import System
from tests.probe import probe
from tests.supervisors.process_actors import Add, Idempotent, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.actors.letters import DeathReport

PATIENCE = 30.0
"""Seconds after which a test has failed; none of them waits that long."""
MIB = 2**20


@pytest.fixture
def system() -> Iterator[System]:
    with System(seed=1, intensity=1000) as system:
        yield system


def start(system: System, actor_class: type[Any], *args: Any, **spec: Any) -> Any:
    return system.start_child(ChildSpec("p", actor_class, args, **spec), timeout=PATIENCE)


def last_report(system: System) -> DeathReport:
    probe(system.deaths.all, PATIENCE)
    return system.deaths.all()[-1].report


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("os_exit", "ended with exit code 3"),
        ("kill", "SIGKILL"),
        ("segfault", "SIGSEGV"),
    ],
)
def test_the_report_says_how_the_process_ended_and_the_next_one_takes_the_rest(
    system: System, word: str, said: str
) -> None:
    ref = start(system, Worker)
    first = ref.ask("pid", timeout=PATIENCE)
    ref.tell(word)
    ref.tell(Add(5))
    assert ref.ask(Add(1), timeout=PATIENCE) == 6
    assert ref.ask("pid", timeout=PATIENCE) != first
    report = last_report(system)
    assert isinstance(report.reason, ProcessDied)
    assert said in report.cause
    assert report.in_hand == word
    assert (report.path, report.number) == ("/p", 1)
    (letter,) = system.dead_letters.letters()
    assert (letter.message, letter.reason, letter.report) == (word, Outcome.INTERRUPTED, report)
    if word == "segfault":
        assert "Segmentation fault" in report.reason.output
        assert "do_segfault" in report.reason.output


def test_equal_ends_of_processes_have_equal_fingerprints(system: System) -> None:
    ref = start(system, Worker)
    for word in ("os_exit", "os_exit", "kill", "sys_exit", "raise"):
        ref.tell(word)
    ref.ask(Add(1), timeout=PATIENCE)
    prints = [death.report.fingerprint for death in system.deaths.all()]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 4
    assert "do_raise" in prints[4]


@pytest.mark.parametrize(
    ("word", "kind"),
    [("sys_exit", SystemExit), ("interrupt", KeyboardInterrupt), ("raise", Exception)],
)
def test_exceptions_end_it_as_they_end_any_actor(
    system: System, word: str, kind: type[BaseException]
) -> None:
    ref = start(system, Worker)
    ref.tell(word)
    assert ref.ask(Add(1), timeout=PATIENCE) == 1
    report = last_report(system)
    assert isinstance(report.reason, kind)
    (letter,) = system.dead_letters.letters()
    assert (letter.message, letter.reason) == (word, Outcome.FAILED)


def test_an_exit_with_a_reason_of_its_own_is_that_reason(system: System) -> None:
    ref = start(system, Worker)
    ref.tell("exit")
    ref.ask(Add(1), timeout=PATIENCE)
    assert last_report(system).reason == ("done", 1)
    assert not system.dead_letters.letters()


@pytest.mark.parametrize("word", ["os_exit", "sys_exit", "exit"])
def test_the_ask_in_hand_hears_that_the_actor_died(system: System, word: str) -> None:
    ref = start(system, Worker)
    with pytest.raises(ActorDied):
        ref.ask(word, timeout=PATIENCE)
    assert ref.ask(Add(1), timeout=PATIENCE) == 1


def test_an_endless_loop_is_ended_and_the_report_shows_where_it_was(system: System) -> None:
    ref = start(system, Worker, progress_deadline=0.2)
    ref.tell("loop")
    assert ref.ask(Add(1), timeout=PATIENCE) == 1
    report = last_report(system)
    assert isinstance(report.reason, Hung)
    assert "do_loop" in report.stack
    probe(lambda: len(system.context.processes.live) == 1, PATIENCE)


def test_an_endless_loop_can_be_killed_at_once(system: System) -> None:
    ref = start(system, Worker)
    ref.tell("loop")
    current = ref.cell.current
    probe(lambda: "do_loop" in current.actor.stacks().get(timeout=PATIENCE), PATIENCE)
    ref.cell.kill(current)
    assert ref.ask(Add(1), timeout=PATIENCE) == 1
    assert last_report(system).reason == "killed"


def test_who_holds_too_much_memory_is_ended(system: System) -> None:
    ref = start(system, Worker, limits=ProcessLimits(memory=400 * MIB))
    ref.tell("balloon")
    assert ref.ask(Add(1), timeout=PATIENCE) == 1
    reason = last_report(system).reason
    assert isinstance(reason, ProcessDied)
    assert reason.end.cause is EndCause.MEMORY_LIMIT


def test_a_process_that_dies_while_it_is_idle_is_replaced(system: System) -> None:
    ref = start(system, Worker)
    pid = ref.ask("pid", timeout=PATIENCE)
    os.kill(pid, signal.SIGKILL)
    probe(system.deaths.all, PATIENCE)
    assert ref.ask("pid", timeout=PATIENCE) != pid
    assert last_report(system).in_hand is None
    assert not system.dead_letters.letters()


def test_messages_wait_for_the_next_life_in_order_and_none_is_handled_twice(
    system: System,
) -> None:
    ref = start(system, Worker)
    words: list[Any] = [Add(1), "os_exit", Add(2), "kill", Add(3), "sys_exit", Add(4), Add(5)]
    for word in words:
        ref.tell(word)
    assert ref.ask(Add(0), timeout=PATIENCE) == 9  # 4 + 5, in the last life
    counts = ref.cell.outcomes
    assert counts[Outcome.INTERRUPTED] == 2
    assert counts[Outcome.FAILED] == 1
    probe(lambda: counts[Outcome.HANDLED] == 6, PATIENCE)


def test_an_idempotent_message_is_tried_again_once(system: System, tmp_path: Path) -> None:
    ref = start(system, Idempotent, tmp_path / "mark")
    ref.tell(b"x")
    assert ref.ask(Add(0), timeout=PATIENCE) == 1
    assert ref.cell.outcomes[Outcome.RETRIED] == 1
    assert not system.dead_letters.letters()


def test_grandchildren_end_with_the_process(system: System) -> None:
    ref = start(system, Worker)
    grandchild = psutil.Process(ref.ask("grandchild", timeout=PATIENCE))
    ref.tell("os_exit")
    ref.ask(Add(0), timeout=PATIENCE)
    probe(lambda: not is_running(grandchild), PATIENCE)


def is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_processes_and_grandchildren_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(
        textwrap.dedent(
            """
            import sys
            from ringleader import ChildSpec, System
            from tests.supervisors.process_actors import Worker

            if __name__ == "__main__":
                system = System().start()
                for name in ("a", "b"):
                    ref = system.start_child(ChildSpec(name, Worker, spares=1))
                    print(ref.ask("pid"), ref.ask("grandchild"), flush=True)
                system.ref("/a").tell("loop")
                system.wait()
            """
        )
    )
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for _ in "ab" for pid in parent.stdout.readline().split()]
        assert len(pids) == 4
        everybody = psutil.Process(parent.pid).children(recursive=True)
        assert {*pids} <= {process.pid for process in everybody}
        parent.kill()
    probe(lambda: not any(is_running(process) for process in everybody), PATIENCE)


def test_a_class_of_the_main_module_is_imported_again_by_its_path(tmp_path: Path) -> None:
    program = tmp_path / "main_class.py"
    program.write_text(
        textwrap.dedent(
            """
            from dataclasses import dataclass
            from ringleader import Actor, ChildSpec, System, handles

            @dataclass(frozen=True)
            class Greet:
                name: str

            class Greeter(Actor):
                dispatcher = "process"

                @handles(Greet)
                def greet(self, message: Greet) -> Greet:
                    return Greet(f"hello {message.name}")

            if __name__ == "__main__":
                with System() as system:
                    ref = system.start_child(ChildSpec("greeter", Greeter, spares=1))
                    print(ref.ask(Greet("world"), timeout=30))
            """
        )
    )
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, str(program)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "Greet(name='hello world')\n", done.stderr


def test_a_class_that_was_typed_in_is_refused_with_a_hint() -> None:
    program = textwrap.dedent(
        """
        from ringleader import Actor, ChildSpec, System
        class Typed(Actor):
            dispatcher = "process"
        with System() as system:
            system.start_child(ChildSpec("typed", Typed))
        """
    )
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert "put the class into a module" in done.stderr
