"""What to do when a job's process has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ..workloads.protocol import EXIT_BAD_JOB, EXIT_MISSING_EXTRA
from .job_errors import how

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..osprocess_end import ProcessEnd
    from ..workloads.protocol import Failure
    from .job_messages import GiveUpKind


@dataclass(frozen=True, slots=True)
class Done:
    """It has a result."""

    result: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hopeless:
    """Trying again would not help."""

    kind: GiveUpKind
    message: str


@dataclass(frozen=True, slots=True)
class Again:
    """A new process may go on from the last checkpoint; `last` is what this one said last."""

    last: str


Verdict: TypeAlias = Done | Hopeless | Again


def judge(
    end: ProcessEnd,
    result: Mapping[str, Any] | None,
    failure: Failure | None,
    last_words: str,
    *,
    attempt: int,
    attempts: int,
) -> Verdict:
    """Decide what follows from the end of a process.

    Success is exit code 0 and a result; neither alone is. A death by signal says nothing about
    the job. A program that says itself that its job is impossible is believed.

    Args:
        end: how the process ended.
        result: the fields of its result line, if there was one.
        failure: its last error line, if there was one.
        last_words: the last line on stderr.
        attempt: which process it was, from 1.
        attempts: how many may die.
    """
    returncode = end.returncode
    if returncode == 0 and result is not None:
        return Done(result)
    said = failure if failure is not None and returncode > 0 else None
    last = said.message if said is not None else last_words
    kind = _hopeless(returncode, said)
    if kind is not None:
        return Hopeless(kind, last or how(end))
    if attempt >= attempts:
        told = f"{how(end)}{f' ({last})' if last else ''}"
        return Hopeless("attempts", f"{told}; that was attempt {attempt} of {attempts}")
    return Again(last)


def _hopeless(returncode: int, said: Failure | None) -> GiveUpKind | None:
    if returncode == EXIT_MISSING_EXTRA:
        return "missing-extra"
    if returncode == EXIT_BAD_JOB:
        return "bad-job"
    if said is not None and said.kind != "failed":
        return said.kind
    return None
