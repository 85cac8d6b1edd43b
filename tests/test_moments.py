"""People name a place in the log by a time, by how long ago, or by a sequence number."""

from __future__ import annotations

from datetime import datetime

import pytest

from ringleader.moments import BadMoment, Moment, moment_in

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1234", Moment(sequence=1234)),
        (" 0 ", Moment(sequence=0)),
        ("90s", Moment(time=NOW - 90)),
        ("1h30m", Moment(time=NOW - 5400)),
        ("2026-01-31T12:00Z", Moment(time=1769860800.0)),
        ("2026-01-31 12:00:00+01:00", Moment(time=1769857200.0)),
    ],
)
def test_a_moment_is_read(text: str, moment: Moment) -> None:
    assert moment_in(text, NOW) == moment


def test_a_time_without_an_offset_is_local() -> None:
    expected = datetime(2026, 1, 31, 12, 30).astimezone().timestamp()  # local is meant
    assert moment_in("2026-01-31T12:30", NOW).time == expected
    midnight = datetime(2026, 1, 31).astimezone().timestamp()  # local is meant
    assert moment_in("2026-01-31", NOW).time == midnight


@pytest.mark.parametrize("text", ["", "x", "yesterday", "-5", "2026-13-01", "2 parsecs"])
def test_what_is_none_is_told_with_what_would_be_one(text: str) -> None:
    with pytest.raises(BadMoment, match=r"write how long ago \(90s, 2h, 7d\), a time"):
        moment_in(text, NOW)
