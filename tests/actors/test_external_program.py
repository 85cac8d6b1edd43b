from __future__ import annotations

import logging
import os
import queue
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.errors import ActorDied
from ringleader.actors.external_end import ProgramEnded
from ringleader.actors.external_options import ProgramOptions
from ringleader.actors.external_program import ExternalProgram
from ringleader.actors.lifecycle import Failed, Started, Up
from ringleader.actors.osprocess_end import EndCause
from ringleader.actors.osprocess_errors import ProcessError, ProcessStartError
from ringleader.actors.osprocess_limits import ProcessLimits
from ringleader.supervisors.errors import StartFailed
from ringleader.supervisors.spec import ChildSpec
from ringleader.system import System
from ringleader.testing import ManualClock
from tests.actors.programs import SECONDS, Fifo, is_alive
from tests.actors.stage import Stage
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ringleader.actors.cell import Cell
    from ringleader.actors.osprocess import OsProcess

SAY_AND_WAIT = "import signal; print('loading'); print('ready at last', flush=True); signal.pause()"
WAIT = "import signal; signal.pause()"
IGNORE_SIGTERM = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
while True: signal.pause()
"""
END_ON_SIGINT = """
import signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit(3))
print("up", flush=True)
signal.pause()
"""
HOLD_IN_A_GRANDCHILD = """
import signal, subprocess, sys
fifo = open(sys.argv[1], "wb", buffering=0)
subprocess.Popen([sys.executable, "-S", "-c", "import signal; signal.pause()"],
                 pass_fds=[fifo.fileno()])
fifo.write(b"up")
fifo.close()
print("up", flush=True)
signal.pause()
"""
SAY_TWO_AND_FAIL = """
import sys
print("one"); print("two", file=sys.stderr); sys.stdout.flush()
sys.exit(7)
"""


def python(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-u", "-S", "-c", program, *map(str, arguments)]


def outcomes(stage: Stage) -> list[Any]:
    """Return how starts went."""
    return [news.outcome for news in stage.parent.news if isinstance(news, Started)]


def wait_until_up(stage: Stage, times: int = 1) -> None:
    probe(lambda: len(outcomes(stage)) == times, SECONDS)
    assert all(isinstance(outcome, Up) for outcome in outcomes(stage)), outcomes(stage)


def failure(stage: Stage) -> Any:
    """Return why a start failed."""
    probe(lambda: outcomes(stage), SECONDS)
    (outcome,) = outcomes(stage)
    assert isinstance(outcome, Failed)
    return outcome.reason


def end(stage: Stage) -> Any:
    """Return why an incarnation that was up has ended."""
    probe(lambda: stage.parent.reasons, SECONDS)
    return stage.parent.reasons[-1]


def process_of(cell: Cell) -> OsProcess:
    assert cell.instance is not None
    process: OsProcess | None = cell.instance.process
    assert process is not None
    return process


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def timed(clock: ManualClock) -> Iterator[Stage]:
    """A stage on real threads whose time the test lets pass."""
    stage = Stage(clock=clock)
    yield stage
    stage.close()


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Fifo]:
    made = Fifo(tmp_path / "fifo")
    yield made
    made.close()


# ---------------------------------------------------------------- the start


def test_a_program_is_up_when_it_runs(real: Stage) -> None:
    cell = real.start(ExternalProgram, python(WAIT))
    wait_until_up(real)
    assert is_alive(process_of(cell).pid)


def test_a_program_with_a_pattern_is_up_when_a_line_matches(
    real: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="ringleader.program")
    cell = real.start(ExternalProgram, python(SAY_AND_WAIT), ready=r"^ready\b", path="/db/main")
    wait_until_up(real)
    assert cell.instance.last_lines() == ("loading", "ready at last")
    said = [(r.name, r.levelname, r.message) for r in caplog.records]
    assert ("ringleader.program.db.main", "INFO", "loading") in said


def test_a_program_without_a_word_is_not_up_before_its_time(
    timed: Stage, clock: ManualClock
) -> None:
    cell = timed.start(ExternalProgram, python(WAIT), ready_after=2.0)
    probe(lambda: cell.instance is not None and clock.next_time() is not None, SECONDS)
    clock.advance(1.9)
    assert outcomes(timed) == []
    clock.advance(0.2)
    wait_until_up(timed)


@pytest.mark.parametrize("how", [{"ready": "never said"}, {"ready_after": 60.0}])
def test_a_program_that_ends_before_it_is_up_has_not_started(
    real: Stage, how: Any, quiet: None
) -> None:
    real.start(ExternalProgram, python(SAY_TWO_AND_FAIL), **how)
    error = failure(real)
    assert isinstance(error, ProgramEnded)
    assert (error.end.exit_code, error.last) == (7, ("one", "two"))
    assert "ended with exit code 7 before it was up; it said last: one | two" in str(error)


def test_even_a_good_end_before_it_is_up_is_a_failed_start(real: Stage, quiet: None) -> None:
    real.start(ExternalProgram, ["true"], ready="never said")
    assert str(failure(real)) == ("true ended with exit code 0 before it was up; it said nothing")


def test_a_program_that_is_killed_before_it_is_up_has_not_started(real: Stage, quiet: None) -> None:
    program = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    real.start(ExternalProgram, python(program), ready="never said")
    assert "was killed by SIGKILL before it was up" in str(failure(real))


def test_a_program_that_takes_too_long_is_killed_and_has_not_started(
    timed: Stage, clock: ManualClock, quiet: None
) -> None:
    cell = timed.start(ExternalProgram, python(SAY_AND_WAIT), ready="never said", ready_timeout=9)
    probe(lambda: cell.instance is not None and len(cell.instance.last_lines()) == 2, SECONDS)
    pid = process_of(cell).pid
    clock.advance(9)
    error = failure(timed)
    assert "was not up within 9 s and was killed: no line matched 'never said'" in str(error)
    assert error.last == ("loading", "ready at last")
    assert not is_alive(pid)


def test_a_command_that_does_not_exist_has_not_started(real: Stage, quiet: None) -> None:
    real.start(ExternalProgram, ["no-such-program-at-all"])
    error = failure(real)
    assert isinstance(error, ProcessStartError)
    assert "there is no such program on PATH" in str(error)


def test_settings_that_can_not_work_fail_the_start(real: Stage, quiet: None) -> None:
    real.start(ExternalProgram, [])
    assert "the command is empty" in str(failure(real))


def test_options_and_settings_are_not_mixed(real: Stage, quiet: None) -> None:
    real.start(ExternalProgram, ["true"], options=ProgramOptions(command=("true",)))
    error = failure(real)
    assert isinstance(error, ProcessError)
    assert "options say everything" in str(error)


# ---------------------------------------------------------------- the program's own end


def test_exit_code_0_is_a_normal_end(real: Stage) -> None:
    real.start(ExternalProgram, options=ProgramOptions(command=("true",)))
    assert end(real) == "normal"


def test_another_exit_code_is_a_failure_that_tells_the_last_lines(real: Stage, quiet: None) -> None:
    real.start(ExternalProgram, python(SAY_TWO_AND_FAIL), keep_lines=1)
    error = end(real)
    assert isinstance(error, ProgramEnded)
    assert (error.end.cause, error.end.exit_code) == (EndCause.EXITED, 7)
    assert error.last == ("two",)
    assert str(error).endswith("ended with exit code 7; it said last: two")


def test_a_program_that_is_killed_is_a_failure(real: Stage, quiet: None) -> None:
    cell = real.start(ExternalProgram, python(SAY_AND_WAIT), ready="ready")
    wait_until_up(real)
    os.kill(process_of(cell).pid, signal.SIGKILL)
    assert str(end(real)).startswith(f"{os.path.basename(sys.executable)} was killed by SIGKILL")  # noqa: PTH119  # a name


def test_a_program_above_its_limits_is_a_failure_that_says_so(
    timed: Stage, clock: ManualClock, quiet: None
) -> None:
    limits = ProcessLimits(memory=1 << 20)
    timed.start(ExternalProgram, python(SAY_AND_WAIT), ready="ready", limits=limits)
    wait_until_up(timed)
    clock.advance(1)
    error = end(timed)
    assert error.end.cause is EndCause.MEMORY_LIMIT
    assert "it held more memory than allowed" in str(error)


def test_a_restarted_program_is_another_process(real: Stage, quiet: None) -> None:
    cell = real.start(ExternalProgram, python(WAIT))
    wait_until_up(real)
    first = process_of(cell).pid
    os.kill(first, signal.SIGKILL)
    end(real)
    real.restart(cell, python(WAIT))
    wait_until_up(real, times=2)
    assert process_of(cell).pid != first
    assert not is_alive(first)


def test_a_supervisor_restarts_a_program_and_stops_it_with_the_tree(quiet: None) -> None:
    with System() as system:
        spec = ChildSpec("db", ExternalProgram, (python(SAY_AND_WAIT),), kwargs={"ready": "ready"})
        ref = system.start_child(spec)
        first = ref.call(ExternalProgram.statistics).get(timeout=SECONDS).pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        seen: set[int | None] = set()

        def is_back() -> bool:
            with suppress(ActorDied):  # asked while it was dying
                seen.add(ref.call(ExternalProgram.statistics).get(timeout=SECONDS).pid)
            return bool(seen - {None, first})

        probe(is_back)
    (second,) = seen - {None, first}
    assert second is not None
    assert not is_alive(second)


def test_a_start_that_fails_says_to_whoever_asked_what_the_program_said(quiet: None) -> None:
    with System() as system:
        spec = ChildSpec("db", ExternalProgram, (python(SAY_TWO_AND_FAIL),), kwargs={"ready": "x"})
        with pytest.raises(StartFailed, match=r"exit code 7 before it was up.* one \| two"):
            system.start_child(spec)


# ---------------------------------------------------------------- being stopped


def test_stopping_asks_the_program_to_end(real: Stage) -> None:
    cell = real.start(ExternalProgram, python(END_ON_SIGINT), ready="up", stop_signal="INT")
    wait_until_up(real)
    process = process_of(cell)
    assert cell.current is not None
    cell.shutdown(cell.current, "shutdown")
    assert end(real) == "shutdown"
    assert process.end is not None
    assert (process.end.exit_code, process.end.cause) == (3, EndCause.STOPPED)


def test_a_program_that_does_not_end_when_asked_is_killed(timed: Stage, clock: ManualClock) -> None:
    cell = timed.start(ExternalProgram, python(IGNORE_SIGTERM), ready="up", stop_timeout=7.0)
    wait_until_up(timed)
    process, incarnation = process_of(cell), cell.current
    assert incarnation is not None
    before = clock.next_time()
    cell.shutdown(incarnation, "shutdown")
    probe(lambda: clock.next_time() not in {None, before}, SECONDS)
    clock.advance(6.9)
    assert timed.parent.reasons == []
    clock.advance(0.2)
    assert end(timed) == "shutdown"
    assert process.end is not None
    assert process.end.signal == signal.SIGKILL


def test_the_program_s_own_children_end_with_it(real: Stage, fifo: Fifo) -> None:
    cell = real.start(ExternalProgram, python(HOLD_IN_A_GRANDCHILD, fifo.path), ready="up")
    wait_until_up(real)
    assert fifo.read() == b"up"
    assert cell.current is not None
    cell.shutdown(cell.current, "shutdown")
    assert fifo.read() == b""
    end(real)


def test_killing_the_actor_kills_the_group_before_anybody_hears(real: Stage, fifo: Fifo) -> None:
    cell = real.start(ExternalProgram, python(HOLD_IN_A_GRANDCHILD, fifo.path), ready="up")
    wait_until_up(real)
    assert fifo.read() == b"up"
    pid, incarnation = process_of(cell).pid, cell.current
    assert incarnation is not None
    cell.kill(incarnation)
    assert not is_alive(pid)
    assert fifo.read() == b""


def test_killing_the_actor_while_the_program_starts_kills_the_group(real: Stage) -> None:
    cell = real.start(ExternalProgram, python(WAIT), ready="never said")
    probe(lambda: cell.instance is not None and cell.instance.process is not None, SECONDS)
    pid, incarnation = process_of(cell).pid, cell.current
    assert incarnation is not None
    cell.kill(incarnation)
    probe(lambda: not is_alive(pid), SECONDS)


def test_it_is_a_pykka_actor() -> None:
    ref = ExternalProgram.start(python(WAIT))
    assert ref.call(ExternalProgram.statistics).get(timeout=SECONDS).is_up
    assert ref.stop(timeout=SECONDS)


# ---------------------------------------------------------------- while it runs


def test_the_environment_is_laid_over_the_node_s_own(
    real: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KEPT", "kept")
    program = "import os; print(os.environ['KEPT'], os.environ['GIVEN'], os.getcwd())"
    cell = real.start(
        ExternalProgram,
        python(f"{program}; {WAIT}"),
        env={"GIVEN": "given"},
        cwd=str(tmp_path),
        ready=".",
    )
    wait_until_up(real)
    assert cell.instance.last_lines() == (f"kept given {tmp_path}",)


def test_lines_are_logged_at_their_level_or_not_at_all(
    real: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="ringleader.program")
    real.start(ExternalProgram, ["echo", "loud"], log_level="WARNING", path="/loud")
    real.start(ExternalProgram, ["echo", "silent"], log_level=None, path="/silent")
    probe(lambda: len(real.parent.reasons) == 2, SECONDS)
    said = [(r.levelname, r.message) for r in caplog.records if r.name.startswith("ringleader.pr")]
    assert said == [("WARNING", "loud")]


def test_lines_are_cut_and_what_is_no_text_is_replaced(real: Stage) -> None:
    program = "import os; os.write(1, b'\\xff' + b'x' * 200 + b'\\r\\n')"
    cell = real.start(ExternalProgram, python(f"{program}; {WAIT}"), max_line=80, ready="x")
    wait_until_up(real)
    assert cell.instance.last_lines() == ("\N{REPLACEMENT CHARACTER}" + "x" * 79,)


class Listener(ExternalProgram):
    """Keeps what its program says, with the thread's business out of the way."""

    heard: queue.SimpleQueue[str] = queue.SimpleQueue()

    def on_line(self, line: str) -> None:
        if line == "stumble":
            raise ValueError(line)
        self.heard.put(line)


def test_a_subclass_gets_every_line_before_the_end(real: Stage) -> None:
    Listener.heard = queue.SimpleQueue()
    real.start(Listener, python("print('one'); print('two')"))
    assert end(real) == "normal"
    assert [Listener.heard.get(timeout=SECONDS) for _ in range(2)] == ["one", "two"]


def test_a_line_that_a_subclass_fails_at_ends_actor_and_program(real: Stage, quiet: None) -> None:
    cell = real.start(Listener, python(f"print('stumble'); {WAIT}"))
    assert isinstance(end(real), ValueError)
    assert cell.instance is None
    assert not real.context.processes.live


def test_a_full_mailbox_does_not_hold_up_the_program(real: Stage) -> None:
    class Deaf(Listener):
        mailbox_capacity = 2

    Deaf.heard = queue.SimpleQueue()
    cell = real.start(Deaf, python(f"for n in range(99): print(n)\nprint('up'); {WAIT}"))
    wait_until_up(real)
    actor = cell.instance
    probe(lambda: "up" in actor.last_lines(), SECONDS)
    probe(lambda: actor.statistics().unheard + Deaf.heard.qsize() == 100)
    assert actor.statistics().lines == 100


def test_a_program_tells_how_it_does(real: Stage) -> None:
    cell = real.start(ExternalProgram, python(SAY_AND_WAIT), ready="ready")
    wait_until_up(real)
    known = cell.ref.call(ExternalProgram.statistics).get(timeout=SECONDS)
    assert (known.pid, known.is_up, known.lines) == (process_of(cell).pid, True, 2)
    assert known.rss > 1 << 20
    assert known.uptime > 0


def test_a_program_can_be_sent_a_signal(real: Stage, quiet: None) -> None:
    program = """
import signal
signal.signal(signal.SIGHUP, lambda *_: print("reloaded"))
print("up")
while True: signal.pause()
"""
    cell = real.start(ExternalProgram, python(program), ready="up")
    wait_until_up(real)
    assert cell.ref.call(ExternalProgram.send_signal, "HUP").get(timeout=SECONDS)
    probe(lambda: "reloaded" in cell.instance.last_lines(), SECONDS)
    with pytest.raises(ProcessError, match="there is no signal 'HPU'; there are HUP"):
        cell.ref.call(ExternalProgram.send_signal, "HPU").get(timeout=SECONDS)
