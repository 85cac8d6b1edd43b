"""What a client asks a node about dead letters, or orders it to do with them."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

from ringleader.actors.dead_letters import LetterGroup, LetterQuery, LetterStatistics

from .question_base import QuestionBase, Seconds

PAGE: Final = 1_000
"""Letters in one answer: with the longest errors they still fit into a reply."""
FULL_PAGE: Final = 50
"""Letters in one answer with their payloads, of at most 1 MiB each, and death reports."""
BATCH: Final = 100
"""Letters that are tried again at once."""
LONGEST_WAIT: Final = 60.0
"""Seconds that an answer may wait for what comes of tries."""

Numbers: TypeAlias = Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=PAGE)]


class LetterSums(msgspec.Struct, frozen=True, kw_only=True):
    """How dead letters fare.

    Attributes:
        statistics: how many there are.
        status: `healthy` or `degraded`.
        message: why it is degraded.
        groups: open letters that are alike, the largest groups first.
        under_way: tries that have no outcome yet.
    """

    statistics: LetterStatistics
    status: str
    message: str = ""
    groups: tuple[LetterGroup, ...] = ()
    under_way: int = 0


class FindLetters(QuestionBase, frozen=True, kw_only=True, tag="find_letters"):
    """Which letters are these? Answered with a list of `StoredLetter`, in order of number.

    No more than fit into an answer: ask again behind the last one.
    """

    query: LetterQuery


class CountLetters(QuestionBase, frozen=True, kw_only=True, tag="count_letters"):
    """How many letters are these? Answered with a number."""

    query: LetterQuery


class SumLetters(QuestionBase, frozen=True, kw_only=True, tag="sum_letters"):
    """How do dead letters fare? Answered with `LetterSums`."""


class RetryLetters(QuestionBase, frozen=True, kw_only=True, tag="retry_letters"):
    """Try these again. Answered with `Retried`, when all have an outcome, or after `wait` seconds.

    Attributes:
        numbers: of the letters.
        wait: seconds; the tries go on after that.
    """

    numbers: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=BATCH)]
    wait: Annotated[float, msgspec.Meta(ge=0, le=LONGEST_WAIT)] = 0.0


class DropLetters(QuestionBase, frozen=True, kw_only=True, tag="drop_letters"):
    """Try these no more. Answered with how many were dropped."""

    numbers: Numbers


class PurgeLetters(QuestionBase, frozen=True, kw_only=True, tag="purge_letters"):
    """Delete letters that are closed. Answered with how many were deleted.

    Attributes:
        age: seconds for which nothing has happened to them.
    """

    age: Seconds


LetterQuestion: TypeAlias = (
    FindLetters | CountLetters | SumLetters | RetryLetters | DropLetters | PurgeLetters
)
