from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors import osprocess_watch
from ringleader.actors.context import Context
from ringleader.actors.osprocess_end import EndCause
from ringleader.actors.osprocess_errors import ProcessError
from ringleader.actors.osprocess_oom import OomCounter
from ringleader.actors.osprocess_watch import has_pidfd, make_watch
from tests.actors.programs import (
    HOLD_IN_A_GRANDCHILD,
    SECONDS,
    WAIT,
    Fifo,
    Nursery,
    is_alive,
    open_files,
)
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ringleader.actors.osprocess_end import ProcessEnd

WAYS = [
    pytest.param(
        True, id="pidfd", marks=pytest.mark.skipif(not has_pidfd(), reason="only Linux has them")
    ),
    pytest.param(False, id="threads"),
]


@pytest.fixture(params=WAYS)
def nursery(request: pytest.FixtureRequest) -> Iterator[Nursery]:
    """An owner that sees ends in each way there is."""
    with Nursery(pidfd=request.param) as made:
        yield made


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Fifo]:
    made = Fifo(tmp_path / "fifo")
    yield made
    made.close()


# ---------------------------------------------------------------- the end


def test_the_exit_code_is_told(nursery: Nursery) -> None:
    process = nursery.python("raise SystemExit(64)")
    end = nursery.end()
    assert (end.pid, end.exit_code, end.signal, end.cause) == (
        process.pid,
        64,
        None,
        EndCause.EXITED,
    )
    assert end.seconds > 0
    assert end.cpu > 0
    assert process.end == end
    assert process.is_over


def test_a_signal_from_elsewhere_is_told(nursery: Nursery) -> None:
    process = nursery.python(WAIT)
    os.kill(process.pid, signal.SIGKILL)
    end = nursery.end()
    assert (end.exit_code, end.signal, end.cause) == (None, signal.SIGKILL, EndCause.SIGNALLED)


def test_a_fault_of_its_own_is_a_signal(nursery: Nursery) -> None:
    nursery.python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert nursery.end().signal == signal.SIGSEGV


def test_who_was_told_to_end_was_stopped(nursery: Nursery) -> None:
    process = nursery.python(WAIT)
    assert process.stop()
    end = nursery.end()
    assert (end.signal, end.cause) == (signal.SIGTERM, EndCause.STOPPED)
    assert not process.stop()


def test_who_was_told_to_end_and_crashed_has_crashed(nursery: Nursery) -> None:
    program = """
import os, signal
signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGABRT))
print("up", flush=True)
signal.pause()
"""
    process = nursery.python(program, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()
    process.stop()
    end = nursery.end()
    assert (end.signal, end.cause) == (signal.SIGABRT, EndCause.SIGNALLED)


def test_a_signal_that_is_no_stop_leaves_the_end_to_the_program(nursery: Nursery) -> None:
    process = nursery.python(WAIT)
    assert process.signal(signal.SIGUSR1)
    assert nursery.end().cause is EndCause.SIGNALLED
    assert not process.signal(signal.SIGUSR1)


def test_who_saw_its_parent_gone_says_so_with_its_exit_code(nursery: Nursery) -> None:
    nursery.python("raise SystemExit(76)", parent_gone_exit=76)
    assert nursery.end().cause is EndCause.PARENT_GONE


def test_a_kill_of_the_kernel_s_for_want_of_memory_is_told(tmp_path: Path) -> None:
    counts = tmp_path / "vmstat"
    counts.write_text("oom_kill 0\n")
    with Nursery(oom=OomCounter(tmp_path, tmp_path)) as nursery:
        victim, other = nursery.python(WAIT), nursery.python(WAIT)
        counts.write_text("oom_kill 1\n")
        os.kill(victim.pid, signal.SIGKILL)
        assert nursery.end().cause is EndCause.OUT_OF_MEMORY
        os.kill(other.pid, signal.SIGKILL)
        assert nursery.end().cause is EndCause.SIGNALLED


def test_a_status_that_somebody_else_took_is_not_guessed(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    reaped = os.wait4

    def taken(pid: int, options: int) -> Any:
        reaped(pid, options)
        raise ChildProcessError

    monkeypatch.setattr(os, "wait4", taken)
    nursery.python("pass")
    end = nursery.end()
    assert (end.cause, end.exit_code, end.signal) == (EndCause.UNKNOWN, None, None)


def test_the_end_is_seen_soon(nursery: Nursery) -> None:
    process = nursery.python(WAIT)
    began = nursery.clock.now()
    os.kill(process.pid, signal.SIGKILL)
    nursery.end()
    assert nursery.clock.now() - began < 1.0  # 0.3 ms, but this machine may be busy


# ---------------------------------------------------------------- ending it


def test_killing_waits_for_the_end_if_it_is_told_to(nursery: Nursery) -> None:
    process = nursery.python(WAIT)
    assert process.kill(SECONDS)
    assert not is_alive(process.pid)
    assert process.kill(SECONDS)
    assert nursery.end().cause is EndCause.STOPPED


def test_the_whole_group_is_killed(nursery: Nursery, fifo: Fifo) -> None:
    process = nursery.python(HOLD_IN_A_GRANDCHILD, fifo.path)
    assert fifo.read() == b"up"
    process.kill()
    assert fifo.read() == b""


def test_what_a_dead_process_leaves_of_its_group_is_killed(nursery: Nursery, fifo: Fifo) -> None:
    process = nursery.python(HOLD_IN_A_GRANDCHILD, fifo.path)
    assert fifo.read() == b"up"
    os.kill(process.pid, signal.SIGKILL)
    assert fifo.read() == b""
    assert nursery.end().cause is EndCause.SIGNALLED


def test_waiting_ends_with_the_process_or_with_the_time(nursery: Nursery) -> None:
    process = nursery.python(WAIT)
    assert process.wait(0.001) is None
    os.kill(process.pid, signal.SIGTERM)
    end = process.wait(SECONDS)
    assert end is not None
    assert end.signal == signal.SIGTERM
    assert process.wait(0) == end
    assert nursery.end() == end


def test_who_hears_of_one_end_may_wait_for_another(nursery: Nursery) -> None:
    first, second = nursery.python(WAIT), nursery.python(WAIT)
    waited: list[bool] = []
    first.when_over(lambda _: waited.append(second.kill(SECONDS)))
    first.kill()
    assert {nursery.end().pid, nursery.end().pid} == {first.pid, second.pid}
    probe(lambda: waited == [True])


# ---------------------------------------------------------------- being told


def test_who_asks_after_the_end_is_told_at_once(nursery: Nursery) -> None:
    process = nursery.python("pass")
    end = nursery.end()
    probe(process._over.is_set)
    told: list[ProcessEnd] = []
    process.when_over(told.append)
    assert told == [end]


def test_what_fails_on_an_end_keeps_nobody_from_being_told(
    nursery: Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: ProcessEnd) -> None:
        raise ValueError("no such thing")

    process = nursery.python("import sys; sys.stdin.read()", stdin=subprocess.PIPE)
    process._callbacks.insert(0, fail)
    assert process.stdin is not None
    process.stdin.close()
    assert nursery.end().exit_code == 0
    nursery.python("pass")
    assert nursery.end().exit_code == 0
    assert "no such thing" in caplog.text


# ---------------------------------------------------------------- the owner


def test_an_owner_knows_its_processes(nursery: Nursery) -> None:
    processes = nursery.processes
    assert processes.statistics().guard is None
    one = nursery.python(WAIT)
    two = nursery.start("sleep", "60", name="sleeper")
    assert list(processes.live) == [one, two]
    assert repr(two) == f"<OsProcess {two.pid} sleeper running>"
    known = processes.statistics()
    assert (known.started, known.live, dict(known.ended)) == (2, 2, {})
    assert known.guard is not None
    two.kill(SECONDS)
    assert "as it was told" in repr(two)
    nursery.end()
    assert list(processes.live) == [one]
    assert processes.statistics().ended == {EndCause.STOPPED: 1}


def test_closing_kills_all_and_starts_no_others(nursery: Nursery) -> None:
    started = [nursery.python(WAIT) for _ in range(3)]
    assert nursery.processes.close(SECONDS)
    assert all(process.is_over and not is_alive(process.pid) for process in started)
    assert {nursery.end().pid for _ in started} == {process.pid for process in started}
    with pytest.raises(ProcessError, match="is not started: its owner has been closed"):
        nursery.start("true")
    assert nursery.processes.close(SECONDS)


def test_a_context_has_one_owner_and_closes_it_with_itself() -> None:
    context = Context()
    assert context.processes is context.processes
    process = context.processes.start([sys.executable, "-S", "-c", WAIT])
    assert context.close(SECONDS)
    assert process.is_over
    assert not is_alive(process.pid)


def test_a_context_that_needs_no_processes_does_not_load_what_they_need() -> None:
    code = "import sys, ringleader.actors.context; print('psutil' in sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own
    assert done.stdout == "False\n"


def test_nothing_is_left_open_and_no_thread_runs_on() -> None:
    for pidfd in (True, False) if has_pidfd() else (False,):
        before, threads = open_files(), set(threading.enumerate())
        with Nursery(pidfd=pidfd) as nursery:
            for _ in range(5):
                nursery.python("pass")
                nursery.python(WAIT)
            for _ in range(5):
                nursery.end()
        assert open_files() == before
        assert set(threading.enumerate()) == threads


def test_a_thousand_ends_leave_nothing_behind(nursery: Nursery) -> None:
    nursery.start("true")
    nursery.end()
    before = len(open_files())
    for _ in range(20):
        for _ in range(10):
            nursery.start("true")
        assert {nursery.end().exit_code for _ in range(10)} == {0}
    assert nursery.processes.live == ()
    probe(lambda: len(open_files()) <= before)


def test_what_a_process_and_its_descendants_use_can_be_seen(nursery: Nursery, fifo: Fifo) -> None:
    process = nursery.python(HOLD_IN_A_GRANDCHILD, fifo.path)
    assert fifo.read() == b"up"
    used = process.stats()
    assert used is not None
    assert (used.pid, used.processes) == (process.pid, 2)
    assert used.rss > 1 << 20
    assert used.cpu > 0
    process.kill(SECONDS)
    assert process.stats() is None


# ---------------------------------------------------------------- starting


def test_the_command_gets_its_environment_directory_and_files(
    nursery: Nursery, tmp_path: Path
) -> None:
    file, other = os.pipe()
    with os.fdopen(file, "rb") as reader, (tmp_path / "out").open("wb") as out:
        program = (
            "import os, sys; os.write(int(sys.argv[1]), os.environ['A'].encode()); "
            "print(os.getcwd())"
        )
        with os.fdopen(other, "wb") as writer:
            nursery.python(
                program,
                str(writer.fileno()),
                env={"A": "b"},
                cwd=tmp_path,
                stdout=out,
                pass_fds=[writer.fileno()],
            )
        assert reader.read() == b"b"
    assert nursery.end().exit_code == 0
    assert (tmp_path / "out").read_text() == f"{tmp_path}\n"


def test_a_process_leads_a_session_and_a_group_of_its_own(nursery: Nursery) -> None:
    process = nursery.python(WAIT)
    assert os.getpgid(process.pid) == os.getsid(process.pid) == process.pid


def test_a_process_that_can_not_be_watched_is_not_left_alone(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    nursery.start("true")
    nursery.end()
    before, seen = len(open_files()), list[int]()

    def refuse(process: Any) -> None:
        seen.append(process.pid)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(nursery.processes._watch, "add", refuse)
    with pytest.raises(RuntimeError, match="can't start"):
        nursery.python(WAIT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert not is_alive(seen[0])
    probe(lambda: len(open_files()) <= before)
    assert nursery.processes.live == ()
    assert nursery.ends.empty()


# ---------------------------------------------------------------- the watch


def test_pidfds_are_used_where_they_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def spawn(_name: str, _run: Callable[[], None]) -> threading.Thread:
        raise AssertionError("no thread is needed yet")

    assert make_watch(spawn).close(1)
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    watch = make_watch(spawn)
    assert not watch.has_pidfd
    assert watch.close(1)


def test_a_kernel_that_forbids_pidfds_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbid(_pid: int) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "pidfd_open", forbid, raising=False)
    assert not has_pidfd()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has its own way")
def test_waiting_for_a_process_that_is_no_child_ends_at_once() -> None:
    osprocess_watch.wait_for_end(1)


@pytest.mark.skipif(not has_pidfd(), reason="only Linux has them")
def test_a_closed_watch_takes_in_nobody() -> None:
    with Nursery(pidfd=True) as nursery:
        nursery.start("true")
        nursery.end()
    with pytest.raises(RuntimeError, match="not watched any more"):
        nursery.processes._watch.add(nursery.processes._watch)  # type: ignore[arg-type]  # unused
