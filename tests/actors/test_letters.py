from __future__ import annotations

import pytest

from ringleader.actors.letters import (
    DeadLetter,
    DeadLetters,
    DeathReport,
    Decision,
    NoSink,
    Outcome,
)


def letter(number: int, reason: Outcome = Outcome.FAILED) -> DeadLetter:
    return DeadLetter(path="/a", message=number, reason=reason, time=0.0)


def report(reason: object) -> DeathReport:
    return DeathReport(path="/a", number=1, reason=reason, time=0.0, uptime=1.5, depth=3)


def raised(text: str = "no such game") -> ValueError:
    """Return an exception that was raised in this very line."""
    try:
        raise ValueError(text)  # noqa: TRY301  # for its traceback
    except ValueError as error:
        return error


def deeper() -> ValueError:
    try:
        _fail()
    except ValueError as error:
        return error
    raise AssertionError


def _fail() -> None:
    raise ValueError("no such game")


def test_the_last_letters_are_kept_and_all_are_counted() -> None:
    letters = DeadLetters(capacity=2)

    for number in range(3):
        letters.put(letter(number))
    letters.put(letter(3, Outcome.UNDELIVERABLE))

    assert [kept.message for kept in letters.letters()] == [2, 3]
    assert letters.counts() == {Outcome.FAILED: 3, Outcome.UNDELIVERABLE: 1}
    assert len(letters) == 4


def test_counts_are_a_copy() -> None:
    letters = DeadLetters()
    letters.counts()[Outcome.FAILED] = 7

    assert letters.counts() == {}


def test_outcomes_are_words() -> None:
    assert [outcome.value for outcome in Outcome] == [
        "handled",
        "failed",
        "interrupted",
        "timed_out",
        "expired",
        "deduplicated",
        "rejected",
        "undeliverable",
        "unknown_type",
        "poison",
        "handed_over",
        "retried",
    ]


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        (ValueError("no such game"), "ValueError: no such game"),
        (ValueError(), "ValueError"),
        ("killed", "killed"),
        (("shutdown", "x"), "('shutdown', 'x')"),
    ],
)
def test_the_cause_of_a_death_in_a_few_words(reason: object, cause: str) -> None:
    assert report(reason).cause == cause


def test_crashes_at_the_same_place_have_one_fingerprint_whatever_they_say() -> None:
    assert report(raised("hex5")).fingerprint == report(raised("hex8")).fingerprint


def test_crashes_at_different_places_have_different_fingerprints() -> None:
    assert report(raised()).fingerprint != report(deeper()).fingerprint


def test_a_fingerprint_is_readable_innermost_frame_first() -> None:
    names = [part.split(":")[0] for part in report(deeper()).fingerprint.split(" < ")]

    assert names == ["ValueError", "_fail", "deeper"]


def test_a_reason_of_otp_is_its_own_fingerprint() -> None:
    assert report("killed").fingerprint == "killed"


def test_the_sink_that_hears_nothing_takes_everything() -> None:
    sink = NoSink()
    nobody: object = None

    sink.started(nobody, None)  # type: ignore[arg-type]  # it does not look
    sink.exited(nobody, report("killed"))  # type: ignore[arg-type]  # it does not look
    sink.report(nobody, "progress", None, None)  # type: ignore[arg-type]  # it does not look
    sink.decided(nobody, nobody, "killed", Decision("restarted"))  # type: ignore[arg-type]  # it does not look
