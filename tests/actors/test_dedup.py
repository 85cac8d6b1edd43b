"""The window of keys that were seen."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.dedup import DedupWindow


def test_a_key_is_let_through_once_in_a_window() -> None:
    window = DedupWindow(60.0, 10)

    assert window.original("a", "1", 0.0) is None
    assert window.original("a", "2", 59.9) == "1"
    assert window.original("a", "3", 60.0) is None
    assert window.original("a", "4", 60.0) == "3"


def test_what_is_repeated_for_ever_is_let_through_once_a_window() -> None:
    window = DedupWindow(60.0, 10)

    passed = [now for now in range(0, 300, 10) if window.original("a", "id", float(now)) is None]

    assert passed == [0, 60, 120, 180, 240]


def test_the_oldest_keys_go_when_there_are_too_many_and_are_counted() -> None:
    window = DedupWindow(60.0, 4)
    for key in "abcde":
        window.original(key, "id", 0.0)

    assert len(window) == 3
    assert window.evicted == 2
    assert [window.original(key, "id", 1.0) is None for key in "cdea"] == [False] * 3 + [True]


@given(st.lists(st.integers(0, 100), max_size=200), st.integers(2, 40))
def test_never_more_than_the_capacity_is_held_and_never_less_than_half_is_remembered(
    keys: list[int], capacity: int
) -> None:
    window, passed = DedupWindow(60.0, capacity), list[int]()
    for key in keys:
        if window.original(key, "id", 0.0) is None:
            passed.append(key)
        assert len(window) <= capacity
        recent = passed[-(capacity // 2) :]
        assert all(window.original(old, "id", 0.0) is not None for old in recent)


@pytest.mark.parametrize(("seconds", "capacity"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_a_window_that_can_hold_nothing_is_refused(seconds: float, capacity: int) -> None:
    with pytest.raises(ValueError, match="both must be positive"):
        DedupWindow(seconds, capacity)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 50)), max_size=60))
def test_two_passes_of_a_key_are_a_window_apart(steps: list[tuple[int, float]]) -> None:
    window, now, last = DedupWindow(60.0, 1_000), 0.0, dict[int, float]()
    for key, step in steps:
        now += step
        duplicate = window.original(key, "id", now) is not None
        assert duplicate == (key in last and now - last[key] < 60.0)
        if not duplicate:
            last[key] = now
