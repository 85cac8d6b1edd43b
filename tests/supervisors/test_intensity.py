from __future__ import annotations

from math import floor

from hypothesis import given, strategies as st

from ringleader.supervisors.intensity import Window

times = st.lists(st.floats(0, 100, allow_nan=False), min_size=1, max_size=30).map(sorted)


def filled(intensity: int, period: int, moments: list[float]) -> Window:
    window = Window(intensity, period)
    for now in moments:
        window = window.add(now)
    return window


def test_intensity_restarts_are_allowed_and_the_next_one_is_not() -> None:
    assert not filled(2, 5, [0.0, 1.0]).exceeded
    assert filled(2, 5, [0.0, 1.0, 2.0]).exceeded


def test_with_intensity_0_the_first_restart_is_one_too_many() -> None:
    assert filled(0, 5, [0.0]).exceeded


def test_the_window_includes_both_its_ends() -> None:
    assert filled(1, 5, [0.0, 5.0]).exceeded
    assert not filled(1, 5, [0.0, 6.0]).exceeded


def test_time_is_counted_in_whole_seconds() -> None:
    assert filled(1, 1, [0.0, 1.9]).exceeded
    assert not filled(1, 1, [0.5, 2.0]).exceeded


@given(times, st.integers(0, 5), st.integers(1, 20))
def test_what_counts_is_what_lies_in_the_last_period(
    moments: list[float], intensity: int, period: int
) -> None:
    window = filled(intensity, period, moments)

    last = floor(moments[-1])
    recent = [floor(at) for at in moments if floor(at) >= last - period]
    assert list(window.restarts) == recent
    assert window.exceeded == (len(recent) > intensity)
