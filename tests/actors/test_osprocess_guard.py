from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.osprocess_guard_main import guard, take
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
    from collections.abc import Iterator

OWNER = """
import signal, sys
from ringleader.actors.context import Context
context = Context()
context.processes.start([sys.executable, "-S", "-c", *sys.argv[1:]])
print("started", flush=True)
signal.pause()
"""


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[Fifo]:
    made = Fifo(tmp_path / "fifo")
    yield made
    made.close()


def guard_of(nursery: Nursery) -> int:
    pid = nursery.processes.statistics().guard
    assert pid is not None
    return pid


def ignores(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigIgn"))
    return bool(int(mask, 16) >> (number - 1) & 1)


# ---------------------------------------------------------------- when the parent is killed


def test_children_and_grandchildren_end_when_their_parent_is_killed(fifo: Fifo) -> None:
    command = [sys.executable, "-c", OWNER, HOLD_IN_A_GRANDCHILD, str(fifo.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as owner:  # noqa: S603  # our own
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"started\n"
        assert fifo.read() == b"up"
        owner.kill()
        assert owner.wait(SECONDS) == -signal.SIGKILL
    assert fifo.read() == b""


def test_they_end_when_their_parent_ends_without_a_word(fifo: Fifo) -> None:
    program = OWNER.replace("signal.pause()", "sys.stdin.read()")
    command = [sys.executable, "-c", program, HOLD_IN_A_GRANDCHILD, str(fifo.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as owner:  # noqa: S603  # our own
        assert fifo.read() == b"up"
        assert owner.stdin is not None
        owner.stdin.close()
        assert owner.wait(SECONDS) == 0
    assert fifo.read() == b""


# ---------------------------------------------------------------- the guard's process


def test_there_is_no_guard_before_there_is_a_process(nursery: Nursery) -> None:
    assert nursery.processes.statistics().guard is None
    nursery.python(WAIT)
    first = guard_of(nursery)
    nursery.python(WAIT)
    assert guard_of(nursery) == first


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process ignores")
def test_signals_that_end_all_programs_of_a_service_do_not_end_it(nursery: Nursery) -> None:
    nursery.python(WAIT)
    pid = guard_of(nursery)
    probe(lambda: ignores(pid, signal.SIGHUP))  # the last of them, a few milliseconds after start
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(pid, number)
    nursery.python(WAIT)
    assert guard_of(nursery) == pid


def test_a_guard_that_is_killed_young_is_replaced_with_the_next_process(
    nursery: Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    nursery.python(WAIT)
    first = guard_of(nursery)
    os.kill(first, signal.SIGKILL)
    probe(lambda: nursery.processes.statistics().guard is None)
    assert "killed by SIGKILL; starting another" in caplog.text
    nursery.python(WAIT)
    assert guard_of(nursery) != first


def test_a_guard_that_is_killed_later_is_replaced_at_once(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch, quiet: None
) -> None:
    monkeypatch.setattr("ringleader.actors.osprocess_guard._LIVED", 0.0)
    nursery.python(WAIT)
    first = guard_of(nursery)
    os.kill(first, signal.SIGKILL)
    probe(lambda: nursery.processes.statistics().guard not in {None, first})


def test_a_new_guard_knows_the_old_processes(nursery: Nursery, fifo: Fifo, quiet: None) -> None:
    process = nursery.python(HOLD_IN_A_GRANDCHILD, fifo.path)
    assert fifo.read() == b"up"
    os.kill(guard_of(nursery), signal.SIGKILL)
    probe(lambda: nursery.processes.statistics().guard is None)
    nursery.python(WAIT)
    nursery.processes._guard.close(SECONDS)  # to it that is as if we were dead
    assert fifo.read() == b""
    assert process.wait(SECONDS) is not None


def test_a_guard_that_does_not_read_is_replaced(
    nursery: Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    before = open_files()
    process = nursery.python(WAIT)
    first = guard_of(nursery)
    os.kill(first, signal.SIGSTOP)
    guard = nursery.processes._guard
    for _ in range(1 << 14):
        guard.forget(1 << 22)
    assert f"the guard {first} does not read" in caplog.text
    probe(lambda: not is_alive(first))
    nursery.python(WAIT)
    assert guard_of(nursery) != first
    assert not process.is_over
    assert nursery.processes.close(SECONDS)
    assert len(open_files()) <= len(before)


def test_closing_ends_even_a_guard_that_was_stopped(nursery: Nursery) -> None:
    nursery.python(WAIT)
    os.kill(guard_of(nursery), signal.SIGSTOP)
    assert nursery.processes._guard.close(0.01)


def test_without_a_guard_nothing_is_started(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pipe", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        nursery.python(WAIT)
    assert nursery.processes.live == ()


# ---------------------------------------------------------------- its program


def test_lines_add_groups_and_take_them_off() -> None:
    groups = {1}
    take(b"+2", groups)
    take(b"-1", groups)
    take(b"-3", groups)
    assert groups == {2}


def test_when_the_lines_end_what_is_on_the_list_is_killed(nursery: Nursery) -> None:
    doomed, spared = nursery.python(WAIT), nursery.python(WAIT)
    source, pipe = os.pipe()
    os.write(pipe, b"+%d\n+%d\n-%d\n+%d" % (doomed.pid, spared.pid, spared.pid, spared.pid))
    os.close(pipe)
    guard(source, os.getpid())
    os.close(source)
    assert nursery.end().pid == doomed.pid
    assert not spared.is_over


def test_when_the_parent_has_ended_nobody_waits_for_the_lines_to_end(nursery: Nursery) -> None:
    if not hasattr(os, "pidfd_open"):
        pytest.skip("only Linux tells of the end of a process")
    parent, child = nursery.python(WAIT), nursery.python(WAIT)
    source, pipe = os.pipe()
    os.write(pipe, b"+%d\n" % child.pid)
    thread = threading.Thread(target=guard, args=(source, parent.pid))
    thread.start()
    probe(lambda: not _is_readable(source))
    parent.kill(SECONDS)
    thread.join(SECONDS)
    assert {nursery.end().pid, nursery.end().pid} == {parent.pid, child.pid}
    os.close(source)
    os.close(pipe)


def _is_readable(source: int) -> bool:
    return bool(select.select([source], [], [], 0)[0])


def test_a_group_that_is_gone_is_no_obstacle(nursery: Nursery) -> None:
    gone, there = nursery.python(WAIT), nursery.python(WAIT)
    gone.kill(SECONDS)
    source, pipe = os.pipe()
    os.write(pipe, b"+%d\n+%d\n" % (gone.pid, there.pid))
    os.close(pipe)
    guard(source, gone.pid)
    os.close(source)
    assert there.wait(SECONDS) is not None
