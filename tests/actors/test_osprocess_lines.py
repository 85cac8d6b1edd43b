from __future__ import annotations

import os
import queue
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.dispatch import spawn
from ringleader.actors.osprocess_end import EndCause
from ringleader.actors.osprocess_errors import ProcessError
from ringleader.actors.osprocess_lines import LineReader, chunks, lines
from tests.actors.programs import SECONDS, WAIT, Fifo, Nursery, is_alive, open_files
from tests.probe import probe

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ringleader.actors.osprocess_end import ProcessEnd

LONGEST = 1_000

CLOSE_STDOUT_AND_WAIT = """
import os, signal, sys
fifo = open(sys.argv[1], "wb", buffering=0)
os.close(1)
fifo.write(b"up")
signal.pause()
"""
LEAVE_STDOUT_TO_A_STRANGER = """
import subprocess, sys
stranger = subprocess.Popen([sys.executable, "-S", "-c", "import signal; signal.pause()"],
                            start_new_session=True)
print(stranger.pid, flush=True)
"""
LEAVE_STDOUT_TO_A_CHATTERBOX = """
import subprocess
subprocess.Popen(["yes"], start_new_session=True)
"""


class Talking:
    """A process whose lines and end come into queues."""

    def __init__(self, nursery: Nursery, program: str, *arguments: str | Path, **how: Any) -> None:
        self.lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.ends: queue.SimpleQueue[ProcessEnd] = queue.SimpleQueue()
        self.threads: list[threading.Thread] = []
        self.process = nursery.python(program, *arguments, stdout=subprocess.PIPE, **how)
        self.reader = LineReader(
            self.process,
            spawn=self.spawn,
            name="reader",
            hear=self.lines.put,
            ended=self.ends.put,
            max_line=LONGEST,
        )

    def spawn(self, name: str, run: Callable[[], None]) -> None:
        self.threads.append(spawn(name, run))

    def end(self) -> ProcessEnd:
        return self.ends.get(timeout=SECONDS)

    def all_lines(self) -> list[bytes]:
        found: list[bytes] = []
        while not self.lines.empty():
            found.append(self.lines.get())
        return found


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Fifo]:
    made = Fifo(tmp_path / "fifo")
    yield made
    made.close()


def test_lines_come_one_by_one_and_then_the_end(nursery: Nursery) -> None:
    talking = Talking(nursery, "print('one'); print('two'); print('three', end='')")
    assert talking.end().exit_code == 0
    assert talking.all_lines() == [b"one", b"two", b"three"]
    assert talking.process.is_over


def test_the_end_comes_as_the_owner_hears_of_it(nursery: Nursery) -> None:
    talking = Talking(nursery, WAIT)
    os.kill(talking.process.pid, signal.SIGKILL)
    end = talking.end()
    assert (end.signal, end.cause) == (signal.SIGKILL, EndCause.SIGNALLED)
    assert nursery.end() == end


def test_a_line_that_is_too_long_is_cut_and_the_next_one_is_whole(nursery: Nursery) -> None:
    program = f"print('x' * {3 * LONGEST}); print('next'); print('y' * 200000); print('last')"
    talking = Talking(nursery, program)
    talking.end()
    long, *rest = talking.all_lines()
    assert long == b"x" * (LONGEST + 1)
    assert rest == [b"next", b"y" * (LONGEST + 1), b"last"]


def test_a_line_that_ends_in_another_chunk_is_cut_likewise() -> None:
    parts = [b"a" * 6, b"b" * 6, b"\nnext\n", b"c"]
    assert list(lines(iter(parts), 8)) == [b"a" * 6 + b"b" * 3, b"next", b"c"]


def test_the_end_is_seen_while_a_stranger_holds_stdout_open(nursery: Nursery) -> None:
    talking = Talking(nursery, LEAVE_STDOUT_TO_A_STRANGER)
    try:
        assert talking.end().exit_code == 0
    finally:
        os.kill(int(talking.lines.get(timeout=SECONDS)), signal.SIGKILL)


def test_a_stranger_that_talks_on_is_not_listened_to_for_ever(nursery: Nursery) -> None:
    talking = Talking(nursery, LEAVE_STDOUT_TO_A_CHATTERBOX)
    assert talking.end().exit_code == 0  # and then the pipe is closed, which ends the stranger


def test_what_was_said_before_the_end_is_read_after_it() -> None:
    source, writer = os.pipe()
    over, waker = os.pipe()
    os.write(writer, b"said")
    os.close(waker)
    assert list(chunks(source, over)) == [b"said"]
    for descriptor in (source, writer, over):
        os.close(descriptor)


def test_a_process_that_closed_its_stdout_is_waited_for(nursery: Nursery, fifo: Fifo) -> None:
    talking = Talking(nursery, CLOSE_STDOUT_AND_WAIT, fifo.path)
    assert fifo.read() == b"up"
    assert talking.ends.empty()
    talking.process.kill()
    assert talking.end().signal == signal.SIGKILL


def test_a_process_that_has_ended_before_is_read_to_its_end(nursery: Nursery) -> None:
    process = nursery.python("print('one')", stdout=subprocess.PIPE)
    nursery.end()
    heard: list[bytes] = []
    ends: queue.SimpleQueue[ProcessEnd] = queue.SimpleQueue()
    LineReader(
        process, spawn=spawn, name="reader", hear=heard.append, ended=ends.put, max_line=LONGEST
    )
    assert ends.get(timeout=SECONDS) == process.end
    assert heard == [b"one"]


def test_nothing_is_left_open_and_no_thread_runs_on(nursery: Nursery) -> None:
    nursery.start("true")
    nursery.end()
    before = len(open_files())
    talkings = [Talking(nursery, "print('one')"), Talking(nursery, WAIT, stdin=subprocess.PIPE)]
    talkings[1].process.kill()
    for talking in talkings:
        talking.end()
        for thread in talking.threads:
            thread.join(SECONDS)
            assert not thread.is_alive()
    probe(lambda: len(open_files()) <= before)


def test_a_process_whose_reader_can_not_be_started_is_killed(nursery: Nursery) -> None:
    nursery.start("true")
    nursery.end()
    before = len(open_files())

    def refuse(_name: str, _run: Callable[[], None]) -> None:
        raise RuntimeError("can't start new thread")

    process = nursery.python(WAIT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with pytest.raises(RuntimeError, match="can't start"):
        LineReader(process, spawn=refuse, name="reader", hear=print, ended=print, max_line=LONGEST)
    assert not is_alive(process.pid)
    probe(lambda: len(open_files()) <= before)


def test_a_process_without_a_pipe_can_not_be_read(nursery: Nursery) -> None:
    process = nursery.python(WAIT)
    with pytest.raises(ProcessError, match="has no stdout to read; start it with stdout=PIPE"):
        LineReader(process, spawn=spawn, name="r", hear=print, ended=print, max_line=LONGEST)
