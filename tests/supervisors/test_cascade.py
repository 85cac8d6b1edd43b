"""The cascade breaker: pure state first, then the breaker of a node."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, strategies as st

from ringleader.supervisors.cascade import (
    CATEGORIES,
    Cascade,
    CascadeBreaker,
    CascadeLimits,
    Threshold,
)

CALM = CascadeLimits(grace=0.0)


class Time:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def restart(
    breaker: CascadeBreaker, category: str, times: int = 1, *, critical: bool = False
) -> int:
    """Ask for restarts; return how many were allowed."""
    return sum(breaker.delay(category, critical=critical) == 0.0 for _ in range(times))


@pytest.mark.parametrize("category", CATEGORIES)
def test_each_category_has_a_threshold_and_a_cooldown_of_its_own(category: str, time: Time) -> None:
    breaker = CascadeBreaker(CALM, time)
    threshold = CATEGORIES[category]

    assert restart(breaker, category, 50) == threshold.restarts
    assert breaker.delay(category, critical=False) == threshold.cooldown

    time.now = threshold.cooldown
    assert restart(breaker, category, 50) == threshold.restarts


def test_categories_trip_independently(time: Time) -> None:
    breaker = CascadeBreaker(CALM, time)
    restart(breaker, "provider", 9)

    assert list(breaker.open()) == ["provider"]
    assert restart(breaker, "queue") == 1


def test_restarts_far_apart_never_trip(time: Time) -> None:
    breaker = CascadeBreaker(CALM, time)
    for _ in range(100):
        time.now += CATEGORIES["provider"].window / 2
        assert restart(breaker, "provider") == 1


def test_what_has_no_category_is_not_counted(time: Time) -> None:
    breaker = CascadeBreaker(CALM, time)
    assert restart(breaker, "", 1000) == 1000


def test_a_category_that_is_unknown_counts_as_misc(time: Time) -> None:
    breaker = CascadeBreaker(CALM, time)
    restart(breaker, "of-my-own", 9)
    assert list(breaker.open()) == ["misc"]


def test_a_critical_child_is_never_delayed_and_counts_all_the_same(time: Time) -> None:
    breaker = CascadeBreaker(CALM, time)
    assert restart(breaker, "misc", 50, critical=True) == 50
    assert restart(breaker, "misc") == 0


def test_too_many_of_all_kinds_stop_all_but_the_exempt(time: Time) -> None:
    limits = CascadeLimits(overall=Threshold(5, cooldown=120), grace=0.0)
    breaker = CascadeBreaker(limits, time)
    assert restart(breaker, "sync", 3) + restart(breaker, "health", 2) == 5

    assert breaker.delay("queue", critical=False) == 120.0
    assert restart(breaker, "event") == 1
    assert restart(breaker, "queue", critical=True) == 1

    time.now = 120.0
    assert restart(breaker, "queue") == 1


def test_much_may_fail_while_a_node_comes_up(time: Time) -> None:
    wide = {"misc": Threshold(1000)}
    limits = CascadeLimits(overall=Threshold(5), grace=300.0, grace_restarts=20, categories=wide)
    breaker = CascadeBreaker(limits, time)
    assert restart(breaker, "misc", 100) == 20

    late = CascadeBreaker(limits, time)
    time.now = 300.0
    assert restart(late, "misc", 100) == 5


def test_the_log_says_once_what_was_tripped(time: Time, caplog: pytest.LogCaptureFixture) -> None:
    breaker = CascadeBreaker(CALM, time)
    with caplog.at_level(logging.WARNING):
        restart(breaker, "provider", 20)
    (record,) = caplog.records
    said = record.getMessage()
    assert said.startswith("cascade breaker: too many restarts of provider daemons; none for 120 s")


@given(
    st.lists(
        st.tuples(st.sampled_from([*CATEGORIES, "?"]), st.booleans(), st.floats(0, 100)),
        max_size=200,
    )
)
def test_nobody_but_the_critical_passes_an_open_breaker(
    asked: list[tuple[str, bool, float]],
) -> None:
    state, now = Cascade(CALM, 0.0), 0.0
    for category, critical, later in asked:
        now += later
        name, threshold = CALM.of(category)
        before = state
        wait, state = state.delay(category, now, critical=critical)
        count = before.counts.get(name)
        is_open = count is not None and count.wait(now) > 0
        if not threshold.ignores_all:
            is_open = is_open or before.overall.wait(now) > 0
        assert (wait > 0) == (is_open and not critical)
        assert wait <= max(threshold.cooldown, CALM.overall.cooldown)
        assert len(state.counts.get(name, before.overall).restarts) <= threshold.restarts
