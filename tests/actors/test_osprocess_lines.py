from __future__ import annotations

import os
import queue
import select
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.daemons.job_process import JobProcess
from ringleader.actors.dispatch import spawn
from ringleader.actors.workloads.protocol import MAX_LINE_BYTES

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECONDS = 30.0
HAS_PIDFD = hasattr(os, "pidfd_open")

OWNER = """
import sys, threading
from ringleader.actors.daemons.job_process import JobProcess
from ringleader.actors.dispatch import spawn
JobProcess(
    sys.argv[1:], stderr=sys.stderr.buffer, name="reader", spawn=spawn,
    hear=lambda line: None, ended=lambda code: None,
)
threading.Event().wait()
"""
HOLD_AND_WAIT_FOR_END_OF_STDIN = """
import sys
fifo = open(sys.argv[1], "wb", buffering=0)
fifo.write(b"up")
sys.stdin.read()
fifo.write(b"orphaned")
"""
HOLD_IN_A_GRANDCHILD = """
import subprocess, sys
fifo = open(sys.argv[1], "wb", buffering=0)
subprocess.Popen([sys.executable, "-S", "-c", "import sys; sys.stdin.read()"],
                 stdin=subprocess.PIPE, pass_fds=[fifo.fileno()])
fifo.write(b"up")
fifo.close()
sys.stdin.read()
"""
LEAVE_STDOUT_TO_A_STRANGER = """
import subprocess, sys
stranger = subprocess.Popen([sys.executable, "-S", "-c", "import signal; signal.pause()"],
                            start_new_session=True)
print(stranger.pid, flush=True)
"""


class Watched:
    """A process whose lines and end come into queues."""

    def __init__(self, log: Path, *command: str | Path) -> None:
        self.lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.ends: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.threads: list[threading.Thread] = []
        with log.open("ab") as stderr:
            self.process = JobProcess(
                [str(part) for part in command],
                stderr=stderr,
                name="reader",
                spawn=self.spawn,
                hear=self.lines.put,
                ended=self.ends.put,
            )

    def spawn(self, name: str, run: Callable[[], None]) -> None:
        self.threads.append(spawn(name, run))

    def end(self) -> int:
        return self.ends.get(timeout=SECONDS)

    def all_lines(self) -> list[bytes]:
        found: list[bytes] = []
        while not self.lines.empty():
            found.append(self.lines.get())
        return found


class Fifo:
    """Tells what writers write, and when the last of them is gone."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self) -> bytes:
        """Wait for something; nothing means that all writers are gone."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        assert poll.poll(SECONDS * 1000), "nothing came"
        return os.read(self.fd, 100)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "stderr.log"


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Fifo]:
    made = Fifo(tmp_path / "fifo")
    yield made
    os.close(made.fd)


def python(log: Path, program: str, *arguments: str | Path) -> Watched:
    return Watched(log, sys.executable, "-S", "-c", program, *arguments)


def open_files() -> set[str]:
    return set(os.listdir("/dev/fd"))  # noqa: PTH208  # names of file descriptors


def test_lines_come_one_by_one_and_then_the_end(log: Path) -> None:
    job = python(log, "print('one'); print('two'); print('three', end='')")
    assert job.end() == 0
    assert job.all_lines() == [b"one", b"two", b"three"]
    assert job.process.is_over


def test_the_exit_code_is_told(log: Path) -> None:
    assert python(log, "raise SystemExit(64)").end() == 64


def test_the_signal_that_ended_it_is_told(log: Path) -> None:
    job = python(log, "import sys; print(1, flush=True); sys.stdin.read()")
    job.lines.get(timeout=SECONDS)
    os.kill(job.process.pid, signal.SIGKILL)
    assert job.end() == -signal.SIGKILL


def test_stderr_goes_to_its_file(log: Path) -> None:
    job = python(log, "import sys; print('oops', file=sys.stderr)")
    assert job.end() == 0
    assert log.read_text() == "oops\n"
    assert job.all_lines() == []


def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_whole(log: Path) -> None:
    job = python(log, f"print('x' * {3 * MAX_LINE_BYTES}); print('next'); print('last')")
    assert job.end() == 0
    long, *rest = job.all_lines()
    assert len(long) == MAX_LINE_BYTES + 1
    assert rest == [b"next", b"last"]


def test_a_program_that_can_not_be_started_is_an_error_at_once(log: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Watched(log, log.parent / "no-such-program")


def test_kill_returns_when_the_process_is_gone_and_may_be_repeated(log: Path) -> None:
    job = python(log, "import sys; sys.stdin.read()")
    job.process.kill()
    with pytest.raises(ProcessLookupError):
        os.kill(job.process.pid, 0)
    job.process.kill()
    assert job.end() == -signal.SIGKILL
    assert not job.process.signal(signal.SIGTERM)


def test_the_whole_group_is_killed(log: Path, fifo: Fifo) -> None:
    job = python(log, HOLD_IN_A_GRANDCHILD, fifo.path)
    assert fifo.read() == b"up"
    job.process.kill()
    assert fifo.read() == b""
    job.end()


def test_what_a_dead_process_leaves_of_its_group_is_killed(log: Path, fifo: Fifo) -> None:
    job = python(log, HOLD_IN_A_GRANDCHILD, fifo.path)
    assert fifo.read() == b"up"
    os.kill(job.process.pid, signal.SIGKILL)
    assert fifo.read() == b""
    assert job.end() == -signal.SIGKILL


@pytest.mark.skipif(not HAS_PIDFD, reason="only Linux tells of the end of a process itself")
def test_the_end_is_seen_while_a_stranger_holds_stdout_open(log: Path) -> None:
    job = python(log, LEAVE_STDOUT_TO_A_STRANGER)
    try:
        assert job.end() == 0
    finally:
        os.kill(int(job.lines.get(timeout=SECONDS)), signal.SIGKILL)


def test_the_end_is_seen_without_a_pidfd(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    job = python(log, "print('one')")
    assert job.end() == 0
    assert job.all_lines() == [b"one"]


def test_a_process_that_closed_its_stdout_is_waited_for(log: Path, fifo: Fifo) -> None:
    program = f"import os; os.close(1)\n{HOLD_AND_WAIT_FOR_END_OF_STDIN}"
    job = python(log, program, fifo.path)
    assert fifo.read() == b"up"
    assert job.ends.empty()
    job.process.kill()
    assert job.end() == -signal.SIGKILL


def test_the_program_reads_end_of_file_when_its_owner_is_killed(fifo: Fifo) -> None:
    program = (sys.executable, "-S", "-c", HOLD_AND_WAIT_FOR_END_OF_STDIN, str(fifo.path))
    owner = subprocess.Popen([sys.executable, "-c", OWNER, *program])  # noqa: S603  # our own
    assert fifo.read() == b"up"
    owner.kill()
    assert owner.wait(SECONDS) == -signal.SIGKILL
    assert fifo.read() == b"orphaned"
    assert fifo.read() == b""


def test_nothing_is_left_open_and_no_thread_runs_on(log: Path) -> None:
    before = open_files()
    jobs = [python(log, "print('one')"), python(log, "import sys; sys.stdin.read()")]
    jobs[1].process.kill()
    for job in jobs:
        job.end()
        for thread in job.threads:
            thread.join(SECONDS)
            assert not thread.is_alive()
    assert open_files() == before


def test_a_process_whose_reader_can_not_be_started_is_killed(log: Path) -> None:
    before = open_files()
    pids: list[int] = []

    def refuse(_name: str, run: Callable[[], None]) -> None:
        pids.append(run.__self__.pid)  # type: ignore[attr-defined]  # a bound method
        raise RuntimeError("can't start new thread")

    with log.open("wb") as stderr, pytest.raises(RuntimeError, match="can't start"):
        JobProcess(
            [sys.executable, "-S", "-c", "import sys; sys.stdin.read()"],
            stderr=stderr,
            name="reader",
            spawn=refuse,
            hear=print,
            ended=print,
        )
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert open_files() == before
