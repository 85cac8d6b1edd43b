"""Dead letters as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from ringleader.actors.dead_letter_records import as_plain
from ringleader.actors.dead_letters import STATUSES, LetterStatus

from .durations import in_words, local_time
from .snapshot import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ringleader.actors.dead_letters import LetterGroup, Retried, StoredLetter

    from .dlq_questions import LetterSums

_ERROR: Final = 120
_SHOWN: Final = 10
"""Types and reasons that sums name, of those that there are."""


def line(letter: StoredLetter, now: float) -> str:
    """Return a letter as one line."""
    return (
        f"{letter.number} {local_time(letter.created_at)} {_standing(letter, now)}: "
        f"{what(letter)}: {why(letter)}"
    )


def what(letter: StoredLetter | LetterGroup) -> str:
    """Return what it was, and for whom."""
    return f"{letter.event_type} for {letter.path or 'nobody in particular'}"


def why(letter: StoredLetter | LetterGroup) -> str:
    """Return why it was not handled."""
    error = one_line(letter.error, _ERROR)
    return str(letter.reason) if error in ("", letter.reason) else f"{letter.reason}, {error}"


def _standing(letter: StoredLetter, now: float) -> str:
    said: str = letter.status
    if letter.retry_count:
        said += f" after {_count(letter.retry_count, 'retry', 'retries')}"
    if letter.next_retry_at is not None:
        left = letter.next_retry_at - now
        said += f", tried again in {in_words(left)}" if left > 0 else ", due"
    return said


def details(letter: StoredLetter, now: float) -> Iterator[str]:
    """Yield all that is known of a letter."""
    yield f"letter {letter.number}: {what(letter)} is {_standing(letter, now)}"
    yield _row("failed", f"{local_time(letter.created_at)}: {why(letter)}")
    if letter.error.count("\n"):
        yield _row("error", letter.error)
    if letter.note:
        yield _row("note" if letter.event_id else "message", letter.note)
    if letter.last_retry_at is not None:
        yield _row("last try", local_time(letter.last_retry_at))
    if letter.event_id is not None:
        yield _row("event", letter.event_id)
    if letter.event_time is not None:
        yield _row("published", f"{local_time(letter.event_time)} by {letter.source}")
    if letter.consumer:
        yield _row("consumer", letter.consumer)
    if letter.fingerprint:
        yield _row("like it", letter.fingerprint)
    plain = as_plain(letter)
    if "payload" in plain:
        yield _row("payload", _json(plain["payload"]))
    report: Any = plain.get("report")
    if isinstance(report, dict):
        yield from _death(plain["report"])


def _death(report: Mapping[str, Any]) -> Iterator[str]:
    life, uptime = report.get("number"), float(report.get("uptime", 0.0))
    yield _row("death", f"of life {life} of {report.get('path')}, after {in_words(uptime)}")
    trace = str(report.get("traceback", ""))
    if trace:
        yield "  traceback"
        yield from (f"    {more}" for more in trace.rstrip().splitlines())


def sum_lines(sums: LetterSums, now: float) -> Iterator[str]:
    """Yield how letters fare, line by line."""
    statistics = sums.statistics
    if not statistics.total:
        yield "there are no dead letters"
        return
    counts = [(status, statistics.by_status.get(status, 0)) for status in STATUSES]
    yield f"{', '.join(f'{count:,} {status}' for status, count in counts)}: {sums.status}"
    if sums.message:
        yield f"  {sums.message}"
    if statistics.oldest is not None:
        ago = in_words(now - statistics.oldest)
        yield f"  the oldest that is pending failed {ago} ago, {local_time(statistics.oldest)}"
    yield _most("by reason", statistics.by_reason)
    yield _most("by type", statistics.by_type)
    if sums.groups:
        yield "open ones that are alike:"
        yield from (f"  {group.count:>7,}  {_group(group)}" for group in sums.groups)


def _group(group: LetterGroup) -> str:
    return f"{what(group)}: {why(group)} (last {local_time(group.last)})"


def _most(title: str, counts: Mapping[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{name} {count:,}" for name, count in ranked[:_SHOWN]]
    if len(ranked) > _SHOWN:
        named.append(f"and {len(ranked) - _SHOWN} more")
    return f"  {title}: {', '.join(named)}"


def others(sums: LetterSums, shown: tuple[LetterStatus, ...]) -> str:
    """Say how many letters there are that are not listed because of how far they are."""
    counts = sums.statistics.by_status
    rest = [
        f"{counts[status]:,} {status}"
        for status in STATUSES
        if status not in shown and counts.get(status)
    ]
    return ", ".join(rest)


def retried(result: Retried) -> str:
    """Say what came of tries."""
    parts = [
        (len(result.recovered), "recovered"),
        (len(result.failed), "failed again"),
        (len(result.under_way), "still under way"),
        (len(result.refused), "not tried"),
    ]
    said = ", ".join(f"{count:,} {word}" for count, word in parts if count)
    return said or "nothing was tried"


def letters(count: int) -> str:
    """Return `1 letter`, `1,234 letters`."""
    return _count(count, "letter", "letters")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _row(name: str, text: str) -> str:
    first, *rest = text.splitlines() or [""]
    return "\n".join([f"  {name:<11}{first}", *(f"  {'':<11}{more}" for more in rest)])


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
