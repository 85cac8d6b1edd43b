"""Durations are read as people write them, and written as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.durations import BadDuration, in_words, local_time, seconds_in


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("1.5h", 5400.0),
        ("30m", 1800.0),
        ("30min", 1800.0),
        ("1h30m", 5400.0),
        ("2 d", 172800.0),
        (" 1W ", 604800.0),
        ("0s", 0.0),
    ],
)
def test_a_duration_is_a_number_with_a_unit_or_several(text: str, seconds: float) -> None:
    assert seconds_in(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "soon", "-3s", "3x", "1h later", "h", "1e3"])
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(BadDuration, match="is no duration; write 90s, 30m"):
        seconds_in(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 s"),
        (0.42, "0.42 s"),
        (9.0, "9 s"),
        (9.96, "10 s"),
        (60.0, "1 min"),
        (3599.6, "1 h"),
        (3661.0, "1 h 1 min"),
        (90000.0, "1 d 1 h"),
        (86400.0 + 59.0, "1 d"),
        (-1.0, "0 s"),
    ],
)
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


@given(st.integers(min_value=10, max_value=10**9))
def test_what_is_told_is_read_back_to_within_the_smaller_unit(seconds: int) -> None:
    told = seconds_in(in_words(seconds).replace(" ", ""))
    assert 0 <= seconds - told < max(60, seconds / 24)


def test_a_time_is_told_by_the_clock_on_the_wall() -> None:
    assert len(local_time(0.0)) == len("1970-01-01 00:00:00")
