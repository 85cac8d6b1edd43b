from __future__ import annotations

import signal

import pytest

from ringleader.actors.osprocess_end import EndCause, ProcessEnd, signal_name, signal_number
from ringleader.actors.osprocess_errors import ProcessError


def end(code: int | None, number: int | None, cause: EndCause, detail: str = "") -> ProcessEnd:
    return ProcessEnd(7, code, number, cause, seconds=1.0, detail=detail)


@pytest.mark.parametrize(
    ("ended", "words", "returncode"),
    [
        (end(3, None, EndCause.EXITED), "ended with exit code 3", 3),
        (end(None, 11, EndCause.SIGNALLED), "killed by SIGSEGV", -11),
        (end(None, 60, EndCause.SIGNALLED), "killed by signal 60", -60),
        (
            end(None, 9, EndCause.OUT_OF_MEMORY),
            "killed by SIGKILL (the kernel was out of memory)",
            -9,
        ),
        (
            end(None, 9, EndCause.MEMORY_LIMIT, "9 MiB of 8 MiB"),
            "killed by SIGKILL (it held more memory than allowed: 9 MiB of 8 MiB)",
            -9,
        ),
        (end(143, None, EndCause.STOPPED), "ended with exit code 143 (as it was told)", 143),
        (
            end(None, None, EndCause.UNKNOWN),
            "ended, but its status was taken by another waiter in this process",
            255,
        ),
    ],
)
def test_an_end_says_in_words_how_and_why(ended: ProcessEnd, words: str, returncode: int) -> None:
    assert str(ended) == words
    assert ended.returncode == returncode


@pytest.mark.parametrize("name", ["TERM", "SIGTERM", "sigterm", " term ", 15])
def test_a_signal_goes_by_several_names(name: str | int) -> None:
    assert signal_number(name) == signal.SIGTERM
    assert signal_name(15) == "SIGTERM"


def test_a_signal_that_does_not_exist_is_refused_with_those_that_sound_like_it() -> None:
    with pytest.raises(ProcessError, match="there is no signal 'TREM'; there are TERM"):
        signal_number("TREM")
    with pytest.raises(ProcessError, match="there is no signal 'flowers'; there are TERM, INT"):
        signal_number("flowers")


@pytest.mark.parametrize("number", [0, -1, 1000])
def test_a_number_that_is_no_signal_is_refused(number: int) -> None:
    with pytest.raises(ProcessError, match=f"there is no signal {number}"):
        signal_number(number)
