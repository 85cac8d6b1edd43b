from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.clock import Agenda, Clock, RealClock, Timer
from ringleader.actors.dispatch import spawn
from ringleader.testing import ManualClock
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator


@pytest.fixture
def real_clock() -> Iterator[RealClock]:
    clock = RealClock(spawn)
    yield clock
    assert clock.close(5)


@pytest.fixture(params=["real", "manual"])
def clock(request: pytest.FixtureRequest) -> Clock:
    """Each of the two clocks keeps the protocol."""
    made: Clock = (
        request.getfixturevalue("real_clock") if request.param == "real" else ManualClock()
    )
    return made


@contextmanager
def paused(clock: Clock) -> Generator[None]:
    """Let no call come meanwhile, however long it takes to set them."""
    if isinstance(clock, ManualClock):
        yield
        return
    gate = threading.Event()
    clock.call_later(0, lambda: gate.wait(5))
    yield
    gate.set()


def let_pass(clock: Clock, event: threading.Event) -> bool:
    """Let 20 ms pass, or as much as it takes."""
    if isinstance(clock, ManualClock):
        clock.advance(0.02)
    return event.wait(5)


# ---------------------------------------------------------------- both clocks


def test_monotonic_time_does_not_go_back(clock: Clock) -> None:
    first = clock.now()

    assert clock.now() >= first


def test_wall_time_is_in_seconds_since_1970(clock: Clock) -> None:
    year_2025 = 1_735_689_600

    assert clock.time() > year_2025


def test_a_call_comes_once_and_not_before_its_time(clock: Clock) -> None:
    times: list[float] = []
    called = threading.Event()
    begin = clock.now()

    def call() -> None:
        times.append(clock.now())
        called.set()

    clock.call_later(0.01, call)

    assert let_pass(clock, called)
    assert len(times) == 1
    assert times[0] >= begin + 0.01


def test_calls_come_in_order_of_time_not_of_setting(clock: Clock) -> None:
    order: list[int] = []
    called = threading.Event()
    timers: list[Timer] = []

    with paused(clock):
        for number, seconds in enumerate((0.01, 0.005, 0.001)):
            timers.append(clock.call_later(seconds, lambda n=number: order.append(n)))  # type: ignore[misc]  # a default
        clock.call_later(0.02, called.set)

    assert let_pass(clock, called)
    assert order == sorted(range(3), key=lambda n: timers[n].when)


def test_a_cancelled_call_does_not_come(clock: Clock) -> None:
    calls: list[str] = []
    called = threading.Event()
    with paused(clock):
        timer = clock.call_later(0.005, lambda: calls.append("cancelled"))
        clock.call_later(0.01, called.set)

        timer.cancel()
        timer.cancel()  # may be repeated

    assert let_pass(clock, called)
    assert calls == []


def test_a_call_may_set_the_next_one(clock: Clock) -> None:
    called = threading.Event()

    clock.call_later(0.005, lambda: clock.call_later(0.005, called.set))

    assert let_pass(clock, called)


# ---------------------------------------------------------------- the real clock


def test_the_real_clock_reads_the_machines_clocks(real_clock: RealClock) -> None:
    assert abs(real_clock.now() - time.monotonic()) < 1
    assert abs(real_clock.time() - time.time()) < 1


def test_one_thread_serves_all_timers_and_starts_with_the_first(real_clock: RealClock) -> None:
    before = threading.active_count()
    seen: set[int] = set()
    done = threading.Event()
    for milliseconds in range(5):
        real_clock.call_later(milliseconds / 1000, lambda: seen.add(threading.get_ident()))

    real_clock.call_later(0.006, done.set)

    assert done.wait(5)
    assert len(seen) == 1
    assert threading.active_count() == before + 1


def test_a_call_that_fails_stops_no_other(
    real_clock: RealClock, caplog: pytest.LogCaptureFixture
) -> None:
    called = threading.Event()

    def fail() -> None:
        raise ValueError("no")

    real_clock.call_later(0, fail)
    real_clock.call_later(0.001, called.set)

    assert called.wait(5)
    assert "a timer's call failed; the clock goes on" in caplog.text


def test_an_earlier_timer_wakes_the_clock(real_clock: RealClock) -> None:
    early = threading.Event()
    real_clock.call_later(60, lambda: None)

    real_clock.call_later(0.001, early.set)

    assert early.wait(5)


def test_closing_drops_timers_and_ends_the_thread() -> None:
    clock = RealClock(spawn)
    calls: list[str] = []
    clock.call_later(60, lambda: calls.append("late"))

    assert clock.close(5)
    clock.call_later(0, lambda: calls.append("later")).cancel()
    assert clock.close(5)

    assert calls == []


def test_a_clock_that_was_never_used_has_no_thread_to_end() -> None:
    before = threading.active_count()

    assert RealClock(spawn).close(0)
    assert threading.active_count() == before


def test_a_clock_can_be_closed_from_one_of_its_calls() -> None:
    clock = RealClock(spawn)
    ended: list[bool] = []

    clock.call_later(0, lambda: ended.append(clock.close(5)))

    probe(lambda: ended == [True])


def test_closing_says_when_a_call_does_not_return() -> None:
    clock = RealClock(spawn)
    begun, release = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        release.wait(5)

    clock.call_later(0, hang)
    begun.wait(5)

    assert not clock.close(0.001)
    release.set()
    assert clock.close(5)


# ---------------------------------------------------------------- the agenda


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30), st.integers(0, 9))
def test_an_agenda_gives_what_is_due_by_time_then_by_order_of_setting(
    entries: list[tuple[int, bool]], now: int
) -> None:
    agenda, timers = Agenda(), [Timer(when, lambda: None) for when, _ in entries]
    for timer in timers:
        agenda.add(timer)
    for timer, (_, cancelled) in zip(timers, entries, strict=True):
        if cancelled:
            timer.cancel()

    given_out: list[Timer] = []
    while (due := agenda.pop_due(now)) is not None:
        given_out.append(due)

    live = [t for t, (_, cancelled) in zip(timers, entries, strict=True) if not cancelled]
    assert given_out == sorted((t for t in live if t.when <= now), key=lambda t: t.when)
    assert agenda.next_time() == min((t.when for t in live if t.when > now), default=None)


def test_a_timer_fires_once() -> None:
    calls: list[int] = []
    timer = Timer(0, lambda: calls.append(1))

    timer.fire()
    timer.fire()

    assert calls == [1]


def test_a_call_that_never_comes_delays_no_other(real_clock: RealClock) -> None:
    called = threading.Event()
    real_clock.call_later(float("inf"), called.clear)
    real_clock.call_later(1e12, called.clear)
    real_clock.call_later(0.01, called.set)  # wakes the thread, which then waits for the others
    assert called.wait(5)
    called.clear()

    real_clock.call_later(0.01, called.set)

    assert called.wait(5)
