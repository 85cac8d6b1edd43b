"""All that is known of one event, and of the undertaking that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from ringleader.actors.dead_letters import LetterQuery, StoredLetter
from ringleader.actors.event_log import ConsumerInfo, LogQuery, Record
from ringleader.actors.history import Handling

from .causes import Happening
from .dlq_questions import FULL_PAGE
from .log_questions import PAGE, PastEvent, PastQuery
from .log_source import pages

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .log_source import Events

MOST: Final = 10_000
"""Events of one undertaking that are looked at."""
LETTERS: Final = 200
"""Events of which dead letters are looked up."""
_LONGEST: Final = 200
_DIGITS: Final = 18


class Undertaking(Struct, frozen=True, kw_only=True):
    """Events that go back to one and the same.

    Attributes:
        correlation: the id of the first, or what a client calls it.
        happenings: the events.
        is_cut: whether there are more than were looked at.
        is_remembered: whether a node runs that could know who handled them.
    """

    correlation: str
    happenings: tuple[Happening, ...]
    is_cut: bool
    is_remembered: bool


class Known(Struct, frozen=True, kw_only=True):
    """One event.

    Attributes:
        record: the event; its sequence is 0 if it is not in the log.
        handlings: who handled it, and how that ended; None: that is not known.
        is_remembered: whether a node runs that could know.
        letters: its dead letters.
        consumers: the durable consumers that get it out of the log.
        cause: the event that led to it, if it is known.
        effects: the events that it led to.
    """

    record: Record
    handlings: tuple[Handling, ...] | None
    is_remembered: bool
    letters: tuple[StoredLetter, ...]
    consumers: tuple[ConsumerInfo, ...]
    cause: Happening | None
    effects: tuple[Happening, ...]


def know(events: Events, word: str) -> Known | None:
    """Find an event by its id, or by its sequence in the log; None: it is not known."""
    if not 0 < len(word) <= _LONGEST:
        return None
    logged = events.find(LogQuery(event_id=word, limit=1))
    past = events.past(PastQuery(event_id=word, limit=1, full=True))
    letters = events.letters.find(LetterQuery(event_id=word, full=True, limit=FULL_PAGE))
    record = _record(logged, past or [], letters)
    if record is None:
        found = _at(events, word)
        return None if found is None else know(events, found.envelope.id)
    whole = undertaking(events, record)
    envelope = record.envelope
    return Known(
        record=record,
        handlings=past[0].handlings if past else None,
        is_remembered=past is not None,
        letters=tuple(letters),
        consumers=tuple(_consumers(events, record)),
        cause=next((h for h in whole.happenings if h.envelope.id == envelope.causationid), None),
        effects=tuple(h for h in whole.happenings if h.envelope.causationid == envelope.id),
    )


def undertaking(events: Events, record: Record) -> Undertaking:
    """Find the events that go back to the same one as this, itself included."""
    correlation = record.envelope.correlationid or record.envelope.id
    found: dict[str, Happening] = {record.envelope.id: Happening(record.envelope)}
    logged = 0
    for page in pages(events, LogQuery(correlation=correlation, limit=MOST)):
        logged += len(page)
        found |= {each.envelope.id: Happening(each.envelope) for each in page}
    past = events.past(PastQuery(undertaking=correlation, limit=PAGE))
    for each in past or ():
        found[each.envelope.id] = Happening(each.envelope, each.handlings)
    return Undertaking(
        correlation=correlation,
        happenings=tuple(found.values()),
        is_cut=logged == MOST or len(past or ()) == PAGE,
        is_remembered=past is not None,
    )


def letters_of(
    events: Events, happenings: Iterable[Happening]
) -> dict[tuple[str, str], StoredLetter]:
    """Find dead letters, by event and subscriber; of the first of many events only."""
    suspects = [each.envelope.id for each in happenings if _may_have_letters(each)]
    return {
        (event_id, letter.path): letter
        for event_id in suspects[:LETTERS]
        for letter in events.letters.find(LetterQuery(event_id=event_id))
    }


def _may_have_letters(happening: Happening) -> bool:
    handlings = happening.handlings
    return handlings is None or any(each.outcome not in ("handled", "") for each in handlings)


def _record(
    logged: list[Record], past: list[PastEvent], letters: list[StoredLetter]
) -> Record | None:
    """Put an event together from wherever it is kept."""
    if logged:
        return logged[0]
    if past:
        return Record(past[0].envelope.sequence or 0, past[0].envelope, past[0].payload)
    for letter in letters:
        if letter.envelope is not None:
            return Record(0, letter.envelope, letter.payload or b"")
    return None


def _at(events: Events, word: str) -> Record | None:
    if not (word.isascii() and word.isdecimal() and len(word) <= _DIGITS):
        return None
    found = events.find(LogQuery(after=int(word) - 1, limit=1))
    return found[0] if found and found[0].sequence == int(word) else None


def _consumers(events: Events, record: Record) -> list[ConsumerInfo]:
    if not record.sequence:
        return []
    kind = record.envelope.type
    return [info for info in events.consumers() if info.types is None or kind in info.types]
