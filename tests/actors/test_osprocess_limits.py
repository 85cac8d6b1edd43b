from __future__ import annotations

import resource
import subprocess
from typing import Any

import pytest

from ringleader.actors.osprocess_end import EndCause
from ringleader.actors.osprocess_limits import CPU_GRACE, MEMORY_POLL, ProcessLimits, limited
from ringleader.testing import ManualClock
from tests.actors.programs import WAIT, Nursery

SWELL_IN_A_CHILD = """
import subprocess, sys
child = "import signal; held = b'x' * (64 << 20); print('full', flush=True); signal.pause()"
subprocess.run([sys.executable, "-S", "-c", child])
"""


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"memory": 0}, "the limit memory is 0; it must be at least 1"),
        ({"address_space": 100}, "the limit address_space is 100; it must be at least 1024"),
        ({"cpu_time": 0}, "the limit cpu_time is 0; it must be at least 1"),
        ({"nice": 20}, "the limit nice is 20; it must be from -20 to 19"),
    ],
)
def test_a_limit_out_of_its_range_is_refused(limits: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProcessLimits(**limits)


def test_a_command_without_limits_of_the_kernel_stays_as_it_is() -> None:
    assert limited(["a", "b"], ProcessLimits(memory=1, nice=3)) == ["a", "b"]


def test_limits_are_in_force_before_the_program_begins() -> None:
    program = ["/bin/sh", "-c", "ulimit -v; ulimit -S -t; ulimit -H -t; echo $0 $1", "it's", "b c"]
    command = limited(program, ProcessLimits(address_space=1 << 30, cpu_time=7))
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")  # noqa: S603  # our own
    assert said[:4] == [str(1 << 20), "7", str(7 + CPU_GRACE), "it's b c"]


def test_a_limit_above_the_one_in_force_is_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_force(_kind: int) -> tuple[int, int]:
        return 10, 10

    monkeypatch.setattr(resource, "getrlimit", in_force)
    assert "ulimit -S -t 10 && ulimit -H -t 10" in limited(["a"], ProcessLimits(cpu_time=99))[2]


def test_a_process_that_allocates_too_much_is_refused_memory() -> None:
    with Nursery() as nursery:
        nursery.python(
            "b'x' * (1 << 28)",
            stderr=subprocess.DEVNULL,
            limits=ProcessLimits(address_space=128 << 20),
        )
        assert nursery.end().exit_code == 1


def test_a_process_that_computes_too_long_is_ended_for_it() -> None:
    with Nursery() as nursery:
        process = nursery.python("while True: pass", limits=ProcessLimits(cpu_time=1))
        end = nursery.end()
        assert (end.pid, end.cause) == (process.pid, EndCause.CPU_LIMIT)
        assert end.cpu >= 0.9


def test_a_process_and_its_children_that_hold_too_much_memory_are_killed() -> None:
    clock = ManualClock()
    with Nursery(clock=clock) as nursery:
        process = nursery.python(
            SWELL_IN_A_CHILD, stdout=subprocess.PIPE, limits=ProcessLimits(memory=60 << 20)
        )
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == b"full\n"
        clock.advance(MEMORY_POLL)
        end = nursery.end()
        assert end.cause is EndCause.MEMORY_LIMIT
        assert "MiB of 60 MiB" in str(end)


def test_a_process_within_its_memory_is_left_alone_and_looked_at_again() -> None:
    clock = ManualClock()
    with Nursery(clock=clock) as nursery:
        process = nursery.python(WAIT, limits=ProcessLimits(memory=1 << 40))
        other = nursery.python(WAIT, limits=ProcessLimits(memory=1 << 40))
        clock.advance(10 * MEMORY_POLL)
        assert not process.is_over
        assert process.kill(30)
        assert other.kill(30)
        clock.advance(MEMORY_POLL)
        assert clock.next_time() is None
        nursery.python(WAIT, limits=ProcessLimits(memory=1))
        clock.advance(MEMORY_POLL)
        assert {nursery.end().cause for _ in range(3)} == {
            EndCause.STOPPED,
            EndCause.MEMORY_LIMIT,
        }


def test_a_nice_process_gives_way() -> None:
    with Nursery() as nursery:
        program = "import os, sys; sys.stdin.read(); sys.exit(os.nice(0))"
        process = nursery.python(program, stdin=subprocess.PIPE, limits=ProcessLimits(nice=7))
        assert process.stdin is not None
        process.stdin.close()
        assert nursery.end().exit_code == 7
