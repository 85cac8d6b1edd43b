"""What happens to dead letters, as functions of a letter and the time.

The numbers are the reference system's, and settings (`DeadLetterOptions`); its faults are not here:
a letter belongs to one subscriber, and is recovered only when that one has handled the event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from .events.names import DataEventType
from .health import Health
from .letters import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .dead_letter_options import DeadLetterOptions
    from .dead_letters import LetterStatistics, LetterStatus, StoredLetter

NEWS: Final = frozenset(
    str(DataEventType[name])
    for name in (
        "DLQ_STALE_EVENTS",
        "DLQ_EVENTS_REPLAYED",
        "DLQ_EVENTS_PURGED",
        "HANDLER_FAILED",
        "HANDLER_TIMEOUT",
        "COORDINATOR_HEALTH_DEGRADED",
    )
)
"""Types that tell of failures. Who fails at these is not tried again by itself, and of these dead
letters nothing is published: each try that fails would make the next one."""

MANY_PENDING: Final = 1_000
"""Letters that may be pending before the queue's health is degraded, as in the reference system."""
MOSTLY_ABANDONED: Final = 0.5
"""Share of abandoned events above which it is."""

_MOST_DOUBLINGS: Final = 40  # of any wait, that is longer than any wait may be


def backoff(tries: int, options: DeadLetterOptions) -> float:
    """Return the seconds until the next try, after `tries` that failed."""
    wait: float = options.backoff * 2 ** min(max(0, tries), _MOST_DOUBLINGS)
    return min(wait, options.backoff_max)


def is_tried_by_itself(letter: StoredLetter, options: DeadLetterOptions) -> bool:
    """Tell whether a letter may be tried again without a person asking for it.

    Not what was shed, nor news of failures. Not what was interrupted, either: nobody knows how much
    of it was done, and a handler for which that does not matter (`idempotent`) has had a second
    try already. And not what killed its holder twice: a third time would be the node's.
    """
    is_safe = letter.reason is not Outcome.POISON and (
        letter.reason is not Outcome.INTERRUPTED or options.retry_interrupted
    )
    is_delivery = letter.is_retryable and letter.path.startswith("/")
    return is_delivery and is_safe and letter.event_type not in NEWS


# ---------------------------------------------------------------- how a letter begins


def first_status(letter: StoredLetter) -> LetterStatus:
    """Return how far a letter is that was put just now.

    What is too old is abandoned at once. A message can't be tried again, and an event that was
    shed was let go on purpose: there is nothing to wait for, and they don't count as pending.
    """
    if letter.event_id is None or (not letter.path and letter.reason is not Outcome.EXPIRED):
        return "dropped"
    if letter.reason is Outcome.EXPIRED or not letter.is_retryable:
        return "abandoned"
    return "pending"


def opened(letter: StoredLetter, options: DeadLetterOptions) -> StoredLetter:
    """Return a new letter with its status, and when it is due."""
    status = first_status(letter)
    due = None
    if status == "pending" and is_tried_by_itself(letter, options):
        due = letter.created_at + backoff(0, options)
    return replace(letter, status=status, next_retry_at=due)


def failed_again(known: StoredLetter, news: StoredLetter) -> StoredLetter:
    """Return what is known of a delivery that has a letter already, and has failed again.

    What the news say is taken over. A try of ours was counted when it ended (`after_try`), so
    nothing is counted here. A letter that was recovered begins anew: the event was delivered once
    more, and failed. One that was dropped stays so: nobody wants it.
    """
    kept = news if news.size else known
    told = replace(
        news,
        number=known.number,
        status=known.status,
        created_at=known.created_at,
        retry_count=known.retry_count,
        last_retry_at=known.last_retry_at,
        next_retry_at=known.next_retry_at,
        note=news.note or known.note,
        size=kept.size,
        payload=kept.payload,
        envelope=news.envelope or known.envelope,
        updated_at=max(known.updated_at, news.created_at),
    )
    if known.status == "recovered":
        return replace(
            told,
            status=news.status,
            created_at=news.created_at,
            retry_count=0,
            next_retry_at=news.next_retry_at,
            note=news.note,
        )
    return told


# ---------------------------------------------------------------- a try


def is_too_old(letter: StoredLetter, max_age: float | None, now: float) -> bool:
    """Tell whether the event means nothing any more; `max_age` is its type's, None: never."""
    published = letter.created_at if letter.event_time is None else letter.event_time
    return max_age is not None and now - published > max_age


def by_itself(
    letter: StoredLetter, max_age: float | None, now: float, options: DeadLetterOptions
) -> StoredLetter | None:
    """Begin a try of a letter that is due, or abandon it; None: leave it as it is."""
    if letter.status != "pending" or not is_tried_by_itself(letter, options):
        return None
    if letter.next_retry_at is None or letter.next_retry_at > now:
        return None
    return _begun_or_given_up(letter, max_age, now, options)


def at_start(
    letter: StoredLetter, max_age: float | None, now: float, options: DeadLetterOptions
) -> StoredLetter | None:
    """Begin a try of a letter of an earlier run, or abandon it; None: leave it as it is.

    Whether it is due does not matter. What failed only just now waits for its time.
    """
    if letter.status != "pending" or not is_tried_by_itself(letter, options):
        return None
    limit = options.replay_max_age if max_age is None else max_age
    if is_too_old(letter, limit, now) or letter.retry_count >= options.retries:
        return _begun_or_given_up(letter, limit, now, options)
    if now - max(letter.created_at, letter.last_retry_at or 0.0) < options.replay_min_age:
        return None
    return begun(letter, now)


def _begun_or_given_up(
    letter: StoredLetter, max_age: float | None, now: float, options: DeadLetterOptions
) -> StoredLetter:
    if is_too_old(letter, max_age, now):
        why = f"expired: published more than {max_age:g} s ago, which is too old to be replayed"
        return abandoned(letter, why, now, Outcome.EXPIRED)
    if letter.retry_count >= options.retries:
        return abandoned(letter, _tried(letter.retry_count), now)
    return begun(letter, now)


def begun(letter: StoredLetter, now: float) -> StoredLetter:
    """Begin a try."""
    return replace(
        letter, status="retrying", last_retry_at=now, next_retry_at=None, note="", updated_at=now
    )


def by_hand(letter: StoredLetter, now: float) -> StoredLetter | None:
    """Begin a try because a person wants it, due or not, too old or not; None: it can't be."""
    return None if why_not(letter) else begun(letter, now)


def why_not(letter: StoredLetter) -> str:
    """Say why a person can't have a letter tried again; nothing if that is possible."""
    if letter.status == "recovered":
        return "it is recovered: its subscriber has handled the event"
    if letter.status == "retrying":
        return "a try is under way"
    if letter.event_id is None:
        return "it is a message, not an event: nobody can send it again"
    if not letter.is_retryable:
        return f"the event is not kept: {letter.note or 'it could not be written'}"
    return ""


def after_try(
    letter: StoredLetter, outcome: Outcome, now: float, options: DeadLetterOptions
) -> StoredLetter | None:
    """Return a letter as the outcome of its try leaves it; None: the outcome changes nothing.

    Each failure counts once, here; what was wrong comes with the news of it (`failed_again`). A
    delivery that nobody began to handle (`HANDED_OVER`) was no try.
    """
    if outcome is Outcome.HANDLED:
        return replace(letter, status="recovered", next_retry_at=None, note="", updated_at=now)
    if letter.status != "retrying":
        return None  # dropped meanwhile
    if outcome is Outcome.HANDED_OVER:
        return put_off(letter, "", now, options)
    tries = letter.retry_count + 1
    tried = replace(letter, retry_count=tries, reason=outcome, updated_at=now)
    if tries >= options.retries:
        return abandoned(tried, _tried(tries), now)
    due = now + backoff(tries, options) if is_tried_by_itself(tried, options) else None
    return replace(tried, status="pending", next_retry_at=due)


def put_off(
    letter: StoredLetter,
    why: str,
    now: float,
    options: DeadLetterOptions,
    reason: Outcome | None = None,
) -> StoredLetter:
    """Return a letter that could not be tried, and was not: it stays, and is due again later."""
    return replace(
        letter,
        status="pending",
        reason=reason or letter.reason,
        note=why,
        next_retry_at=now + backoff(letter.retry_count, options)
        if is_tried_by_itself(letter, options)
        else None,
        updated_at=now,
    )


def after_restart(
    letter: StoredLetter, now: float, options: DeadLetterOptions
) -> StoredLetter | None:
    """Return a letter whose try was under way when the node ended; None: none was."""
    if letter.status != "retrying":
        return None
    note = "the node ended while it was tried again"
    stopped = replace(letter, status="pending", reason=Outcome.INTERRUPTED, note=note)
    due = now + backoff(letter.retry_count, options)
    by_itself = is_tried_by_itself(stopped, options)
    return replace(stopped, next_retry_at=due if by_itself else None, updated_at=now)


def _tried(tries: int) -> str:
    return f"given up: tried again {tries} time{'' if tries == 1 else 's'} without success"


# ---------------------------------------------------------------- how a letter ends


def abandoned(
    letter: StoredLetter, why: str, now: float, reason: Outcome | None = None
) -> StoredLetter:
    """Return a letter that is not tried again by itself."""
    return replace(
        letter,
        status="abandoned",
        reason=reason or letter.reason,
        note=why,
        next_retry_at=None,
        updated_at=now,
    )


def aged(letter: StoredLetter, now: float, options: DeadLetterOptions) -> StoredLetter | None:
    """Abandon a letter that has waited for too long; None: it has not."""
    if letter.status != "pending" or now - letter.created_at <= options.abandon_after:
        return None
    hours = f"{options.abandon_after / 3600:g} h"
    return abandoned(letter, f"expired: not recovered within {hours}", now, Outcome.EXPIRED)


def dropped(letter: StoredLetter, now: float) -> StoredLetter | None:
    """Drop a letter because a person wants it no more; None: there is nothing to drop."""
    if letter.status in ("recovered", "dropped"):
        return None
    return replace(letter, status="dropped", next_retry_at=None, updated_at=now)


# ---------------------------------------------------------------- all letters


def health_of(statistics: LetterStatistics) -> Health:
    """Return how the queue fares: degraded if too many letters wait, or are given up."""
    waiting = statistics.pending
    given_up = statistics.by_status.get("abandoned", 0)
    settled = waiting + given_up + statistics.by_status.get("recovered", 0)
    problems: list[str] = []
    if waiting > MANY_PENDING:
        problems.append(f"{waiting:,} dead letters are pending, more than {MANY_PENDING:,}")
    if settled and given_up / settled > MOSTLY_ABANDONED:
        problems.append(f"{given_up:,} of {settled:,} events that failed are abandoned")
    details = {"pending": waiting, "abandoned": given_up}
    return Health("degraded" if problems else "healthy", "; ".join(problems), details)


def is_stale_news(
    stale: int, told_at: float | None, now: float, options: DeadLetterOptions
) -> bool:
    """Tell whether DLQ_STALE_EVENTS is due: when there are too many, and then once in a while.

    Args:
        stale: letters that are pending for longer than `stale_age`.
        told_at: when it was told last; None: not since there were fewer.
        now: the time, in the same seconds.
        options: the numbers.
    """
    if stale < options.stale_count:
        return False
    return told_at is None or now - told_at >= options.stale_age


def without_news(types: Iterable[str]) -> tuple[str, ...]:
    """Return those of some event types that may be told of, in order."""
    return tuple(sorted(set(types) - NEWS))
