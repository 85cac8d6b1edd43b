"""Who answers a node's clients about dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from ringleader.actors.dead_letter_rules import health_of
from ringleader.actors.dead_letters import LetterError, LetterQuery

from .dlq_questions import (
    FULL_PAGE,
    PAGE,
    CountLetters,
    DropLetters,
    FindLetters,
    LetterSums,
    PurgeLetters,
    RetryLetters,
    SumLetters,
)

if TYPE_CHECKING:
    from ringleader.actors.dead_letter_queue import DeadLetterQueue
    from ringleader.actors.dead_letters import LetterGroup, LetterStatistics

    from .dlq_questions import LetterQuestion


def answer_about_letters(queue: DeadLetterQueue | None, question: LetterQuestion) -> Any:
    """Answer a question, or do what is ordered; waits for the disk, and as long as is asked.

    Raises:
        LetterError: there is no queue, or the disk refuses.
    """
    if queue is None:
        raise LetterError("this node keeps no dead letters")
    match question:
        case FindLetters(query=query):
            return queue.find(fitting(query))
        case CountLetters(query=query):
            return queue.count(query)
        case SumLetters():
            groups = queue.error_summary()
            return sums_of(queue.statistics(), groups, queue.tries.under_way)
        case RetryLetters(numbers=numbers, wait=wait):
            return queue.retry_each(numbers, timeout=wait)
        case DropLetters(numbers=numbers):
            return queue.drop(LetterQuery(numbers=numbers, limit=len(numbers)))
        case PurgeLetters(age=age):
            return queue.cleanup(seconds=age)


def fitting(query: LetterQuery) -> LetterQuery:
    """Return a query for no more than fits into an answer."""
    return replace(query, limit=min(query.limit, FULL_PAGE if query.full else PAGE))


def sums_of(
    statistics: LetterStatistics, groups: list[LetterGroup], under_way: int = 0
) -> LetterSums:
    """Return how letters fare, of what is known of them."""
    health = health_of(statistics)
    return LetterSums(
        statistics=statistics,
        status=health.status,
        message=health.message,
        groups=tuple(groups),
        under_way=under_way,
    )
