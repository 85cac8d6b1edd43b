from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from ringleader.supervisors.crash_loop import CrashLoop, is_crash

gaps = st.lists(st.floats(0, 500, allow_nan=False), max_size=40)


def test_three_crashes_in_the_window_are_a_loop() -> None:
    loop = CrashLoop(3, 300.0).crashed(0.0).crashed(100.0)
    assert loop.since is None

    assert loop.crashed(300.0).since == 300.0


def test_crashes_further_apart_are_none() -> None:
    loop = CrashLoop(3, 300.0)
    for now in (0.0, 200.0, 400.0, 600.0, 800.0):
        loop = loop.crashed(now)
        assert loop.since is None


def test_a_loop_that_goes_on_is_the_same_loop() -> None:
    loop = CrashLoop(3, 300.0)
    for now in range(0, 1000, 10):
        loop = loop.crashed(float(now))

    assert loop.since == 20.0


def test_a_healthy_window_ends_a_loop() -> None:
    loop = CrashLoop(3, 300.0).crashed(0.0).crashed(1.0).crashed(2.0)

    calm = loop.crashed(303.0)
    assert calm.since is None

    assert calm.crashed(304.0).crashed(305.0).since == 305.0


@given(gaps, st.integers(2, 5))
def test_a_loop_begins_once_between_two_healthy_windows(between: list[float], count: int) -> None:
    moments = [sum(between[: i + 1]) for i in range(len(between))]
    loop = CrashLoop(count, 300.0)
    begun: list[float] = []
    for now in moments:
        before, loop = loop, loop.crashed(now)
        assert len(loop.crashes) <= count
        if loop.since is not None and loop.since != before.since:
            begun.append(now)

    for one, other in pairwise(begun):
        crashes = [at for at in moments if one <= at <= other]
        assert any(b - a > 300.0 for a, b in pairwise(crashes))


@pytest.mark.parametrize("reason", ["boom", "killed", ValueError("x")])
def test_an_end_that_is_not_normal_is_a_crash(reason: object) -> None:
    assert is_crash("worker", reason)
    assert is_crash("supervisor", reason)


def test_a_normal_end_is_no_crash_unless_a_supervisor_gave_up() -> None:
    assert not is_crash("worker", "normal")
    assert not is_crash("worker", "shutdown")
    assert not is_crash("supervisor", "normal")
    assert is_crash("supervisor", "shutdown")
