from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.daemons.job_errors import JobProcessDied
from ringleader.actors.daemons.job_verdict import Again, Done, Hopeless, judge
from ringleader.actors.osprocess_end import EndCause, ProcessEnd
from ringleader.actors.workloads.protocol import Failure

if TYPE_CHECKING:
    from ringleader.actors.daemons.job_verdict import Verdict

RESULT = {"games": 300}


def end(returncode: int, cause: EndCause = EndCause.EXITED) -> ProcessEnd:
    code, signal = (None, -returncode) if returncode < 0 else (returncode, None)
    return ProcessEnd(1, code, signal, cause, seconds=1.0)


def verdict(returncode: int, **fields: Any) -> Verdict:
    known: dict[str, Any] = {
        "result": None,
        "failure": None,
        "last_words": "",
        "attempt": 1,
        "attempts": 20,
        **fields,
    }
    return judge(end(returncode), **known)


def test_a_result_and_exit_code_0_are_success() -> None:
    assert verdict(0, result=RESULT) == Done(RESULT)


@pytest.mark.parametrize("returncode", [1, 143, -9])
def test_a_result_is_not_enough(returncode: int) -> None:
    assert verdict(returncode, result=RESULT) == Again("")


def test_exit_code_0_is_not_enough() -> None:
    assert verdict(0) == Again("")


def test_a_wrong_job_file_is_hopeless() -> None:
    failure = Failure("bad-input", "unknown option 'gmaes'")
    assert verdict(64, failure=failure) == Hopeless("bad-job", "unknown option 'gmaes'")


def test_a_missing_extra_is_hopeless() -> None:
    assert verdict(69, last_words="no open_spiel") == Hopeless("missing-extra", "no open_spiel")
    assert verdict(1, failure=Failure("missing-extra", "no numpy")) == Hopeless(
        "missing-extra", "no numpy"
    )


def test_a_wrong_input_is_hopeless() -> None:
    assert verdict(1, failure=Failure("bad-input", "no such file")) == Hopeless(
        "bad-input", "no such file"
    )


def test_without_a_word_the_exit_code_is_told() -> None:
    assert verdict(64) == Hopeless("bad-job", "its process ended with exit code 64")


def test_a_failure_is_tried_again_with_what_was_said() -> None:
    failure = Failure("failed", "ValueError: x")
    assert verdict(1, failure=failure, last_words="y") == Again("ValueError: x")
    assert verdict(1, last_words="y") == Again("y")


def test_a_death_by_signal_says_nothing_about_the_job() -> None:
    assert verdict(-9, failure=Failure("bad-input", "said before"), last_words="y") == Again("y")


def test_the_last_attempt_ends_it() -> None:
    assert verdict(-9, attempt=19) == Again("")
    assert verdict(-9, attempt=20, last_words="oops") == Hopeless(
        "attempts", "its process was killed by SIGKILL (oops); that was attempt 20 of 20"
    )
    assert verdict(0, result=RESULT, attempt=20) == Done(RESULT)


def test_a_death_names_its_signal() -> None:
    error = JobProcessDied("j1", end(-9), "")
    assert (error.signal, error.exit_code) == (9, None)
    assert str(error) == "job j1: its process was killed by SIGKILL"
    assert "signal 60" in str(JobProcessDied("j1", end(-60), ""))


def test_a_death_names_its_exit_code_and_the_last_words() -> None:
    error = JobProcessDied("j1", end(3), "oops")
    assert (error.signal, error.exit_code, error.last) == (None, 3, "oops")
    assert str(error) == "job j1: its process ended with exit code 3 (oops)"


def test_a_death_for_want_of_memory_says_so() -> None:
    error = JobProcessDied("j1", end(-9, EndCause.OUT_OF_MEMORY), "")
    assert error.end.cause is EndCause.OUT_OF_MEMORY
    assert str(error) == (
        "job j1: its process was killed by SIGKILL (the kernel was out of memory)"
    )
