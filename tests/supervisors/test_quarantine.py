from __future__ import annotations

from hypothesis import given, strategies as st

from ringleader.supervisors.quarantine import (
    BY_HAND,
    COOL_DOWN,
    DAY,
    DEGRADED,
    HOUR,
    Quarantine,
)


def test_a_cool_down_is_a_day_each_time() -> None:
    assert [COOL_DOWN.pause(times) for times in (1, 2, 9)] == [DAY, DAY, DAY]


def test_by_hand_is_for_ever() -> None:
    assert BY_HAND.pause(1) is None


def test_degraded_mode_tries_again_with_growing_pauses() -> None:
    assert [DEGRADED.pause(times) for times in (1, 2, 3, 4, 5)] == [
        4 * HOUR, 8 * HOUR, 16 * HOUR, DAY, DAY,
    ]  # fmt: skip


def test_what_all_depend_on_is_tried_again_sooner() -> None:
    assert [DEGRADED.pause(times, critical=True) for times in (1, 2, 9)] == [1800, 3600, DAY]
    assert COOL_DOWN.pause(1, critical=True) == DAY
    assert BY_HAND.pause(1, critical=True) is None


@given(st.floats(0.1, 1e6), st.floats(1, 10), st.floats(0.1, 1e6), st.integers(1, 10_000))
def test_pauses_never_shrink_nor_grow_beyond_the_longest(
    first: float, growth: float, longest: float, times: int
) -> None:
    quarantine = Quarantine(first, growth, longest)
    pause, after = quarantine.pause(times), quarantine.pause(times + 1)
    assert pause is not None
    assert after is not None
    assert first <= pause <= after <= max(first, longest)
