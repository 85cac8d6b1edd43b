"""Dead letters in the log: a flood is one line, with a sum."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.dead_letter_log import Grouping, LetterLog
from ringleader.actors.dead_letters import StoredLetter
from ringleader.actors.letters import Outcome
from ringleader.testing import ManualClock


def letter(path: str = "/a", error: str = "ValueError: no", fingerprint: str = "") -> StoredLetter:
    return StoredLetter(
        number=1,
        event_id="e",
        event_type="note",
        path=path,
        status="pending",
        reason=Outcome.FAILED,
        error=error,
        created_at=1.0,
        updated_at=1.0,
        fingerprint=fingerprint,
    )


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def log(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> LetterLog:
    caplog.set_level(logging.INFO, "ringleader.dead_letters")
    return LetterLog(clock.now, 60)


def test_letters_that_are_alike_share_a_line(
    log: LetterLog, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(1_235):
        log.note(letter())
    assert caplog.messages == ["dead letter: note for /a: failed, ValueError: no"]
    clock.advance(60)
    log.flush()
    assert caplog.messages[1:] == [
        "dead letters: note for /a: failed, ValueError: no … and 1,234 more like it"
    ]
    assert caplog.records[1].levelno == logging.WARNING
    log.flush()
    assert len(caplog.messages) == 2


def test_others_have_lines_of_their_own(log: LetterLog, caplog: pytest.LogCaptureFixture) -> None:
    log.note(letter("/a"))
    log.note(letter("/b"))
    log.note(letter("/a", fingerprint="KeyError"))
    assert len(caplog.messages) == 3


def test_a_flood_that_goes_on_has_a_sum_a_window(
    log: LetterLog, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(180):
        log.note(letter())
        clock.advance(1)
    log.flush()
    assert [message[-20:] for message in caplog.messages[1:]] == [
        " and 59 more like it",
        " and 60 more like it",
        " and 60 more like it",
    ]


def test_one_that_comes_back_after_a_quiet_window_is_told_at_once(
    log: LetterLog, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    log.note(letter())
    clock.advance(61)
    log.note(letter())
    assert len(caplog.messages) == 2


def test_a_line_is_short(log: LetterLog, caplog: pytest.LogCaptureFixture) -> None:
    log.note(letter("", error="first\nsecond"))
    log.note(letter("/a", error="failed"))
    log.note(letter("/b", error="x" * 1000))
    assert caplog.messages[:2] == [
        "dead letter: note for nobody in particular: failed, first …",
        "dead letter: note for /a: failed",
    ]
    assert len(caplog.messages[2]) < 220


@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(0, 30)), max_size=200),
    st.integers(1, 4),
)
def test_every_letter_is_in_a_line_or_in_a_sum(
    letters: list[tuple[int, float]], capacity: int
) -> None:
    grouping, now, told = Grouping(60, capacity), 0.0, 0
    for key, passed in letters:
        now += passed
        told += sum(more or 1 for _, more in grouping.note(key, str(key), now))
    told += sum(more for _, more in grouping.due(now + 61))
    assert told == len(letters)
