"""Events as people read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from .durations import in_words
from .event_export import payload_of
from .snapshot import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.dead_letters import StoredLetter
    from ringleader.actors.event_log import ConsumerInfo, LogStatistics, Record
    from ringleader.actors.events.base import Envelope
    from ringleader.actors.history import Handling

    from .event_findings import Known

_PLAIN: Final = re.compile(r"[\w./:@+-]+", re.ASCII)
_FIELDS: Final = 120
_ERROR: Final = 120
_SECOND: Final = 1.0


def line(record: Record) -> str:
    """Return an event as one line: its place, when, what, who, its fields and its id."""
    envelope = record.envelope
    parts = (
        f"#{record.sequence}" if record.sequence else "-",
        local_time(envelope.time),
        word(envelope.type),
        source(envelope),
        fields(record),
        f"({word(envelope.id)})",
    )
    return " ".join(part for part in parts if part)


def fields(record: Record) -> str:
    """Return an event's fields in short: `config_key=hex8_2p names=["a","b"]`."""
    try:
        payload = payload_of(record)
    except ValueError as error:
        return f"({error})"
    if not isinstance(payload, dict):
        return one_line(_json(payload), _FIELDS)
    found = cast("dict[str, Any]", payload)
    told = " ".join(f"{word(name)}={word(value)}" for name, value in found.items())
    return one_line(told, _FIELDS) if told else ""


def word(value: Any) -> str:
    """Return a value in one word; what would not be read as one, or move the cursor, is JSON."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return _json(value)


def source(envelope: Envelope) -> str:
    """Return who published an event; the top of the tree has no name."""
    return word(envelope.source or "/")


def local_time(seconds: float) -> str:
    """Return a time, seconds UTC, on the wall's clock: `2026-01-31 12:00:00.123`."""
    told = datetime.fromtimestamp(seconds, UTC).astimezone()
    return f"{told:%Y-%m-%d %H:%M:%S}.{told.microsecond // 1000:03}"


def took(seconds: float) -> str:
    """Return how long something took: `0.04 ms`, `12 ms`, `2.5 s`, `3 min 2 s`."""
    if seconds >= _SECOND:
        return in_words(seconds)
    return f"{float(f'{seconds * 1000:.2g}'):g} ms"


def handled(handling: Handling, letter: StoredLetter | None = None) -> str:
    """Say how one subscriber fared with an event."""
    if not handling.outcome:
        return "no outcome is known yet"
    told = handling.outcome.replace("_", " ")
    if handling.seconds:
        told += f" in {took(handling.seconds)}"
    return told if letter is None else f"{told}; {letter_in_short(letter)}"


def letter_in_short(letter: StoredLetter) -> str:
    """Say that there is a dead letter, and of what."""
    error = one_line(letter.error, _ERROR)
    return f"dead letter {letter.number} {letter.status}{f': {error}' if error else ''}"


def details(known: Known) -> Iterator[str]:
    """Yield all that is known of an event."""
    record, envelope = known.record, known.record.envelope
    yield f"{word(envelope.type)} {word(envelope.id)}"
    yield _row("published", f"{local_time(envelope.time)} by {source(envelope)}")
    if envelope.subject:
        yield _row("about", word(envelope.subject))
    place = f"#{record.sequence}" if record.sequence else "no: not of a type that is kept, or gone"
    yield _row("in the log", place)
    if envelope.causationid is not None:
        yield _row("caused by", _kin(envelope.causationid, known))
    if envelope.correlationid is not None:
        yield _row("began with", word(envelope.correlationid))
    if envelope.traceparent is not None:
        yield _row("trace", word(envelope.traceparent))
    for effect in known.effects:
        told = effect.envelope
        yield _row("led to", f"{word(told.type)} {word(told.id)} by {source(told)}")
    yield from _subscribers(known)
    for info in known.consumers:
        yield _row("consumer", f"{word(info.name)} {_standing(info, record.sequence)}")
    try:
        yield _row("payload", _indented(payload_of(record)))
    except ValueError as error:
        yield _row("payload", f"({error})")


def unknown(*, is_remembered: bool) -> str:
    """Say why it is not known who handled an event."""
    if is_remembered:
        return "not known: the node remembers its last events only"
    return "not known: no node runs; dead letters are what is kept of it"


def _kin(event_id: str, known: Known) -> str:
    if known.cause is None:
        return f"{word(event_id)}, of which nothing more is known"
    envelope = known.cause.envelope
    return f"{word(envelope.type)} {word(event_id)} by {source(envelope)}"


def _subscribers(known: Known) -> Iterator[str]:
    letters = {letter.path: letter for letter in known.letters}
    if known.handlings is None:
        yield _row("handled", unknown(is_remembered=known.is_remembered))
    elif not known.handlings:
        yield _row("handled", "by nobody")
    for handling in known.handlings or ():
        told = handled(handling, letters.pop(handling.path, None))
        yield _row("handled", f"{handling.path}: {told}")
    for letter in letters.values():
        whom = letter.path or "nobody in particular"
        yield _row("failed", f"{word(whom)}: {letter_in_short(letter)}")


def _standing(info: ConsumerInfo, sequence: int) -> str:
    return "has been handed it" if info.cursor >= sequence else "has not been handed it yet"


def consumer_rows(consumers: list[ConsumerInfo], now: float) -> Iterator[tuple[str, ...]]:
    """Yield a table of durable consumers, its heading first."""
    yield ("CONSUMER", "CURSOR", "WAITING", "IN HAND", "HELD BY", "TYPES")
    for info in consumers:
        holder = word(info.owner) if info.owner else "nobody"
        if info.lease_until is not None:
            left = info.lease_until - now
            holder += f" for {in_words(left)}" if left > 0 else ", lease ran out"
        types = "all" if info.types is None else ", ".join(info.types)
        yield (
            word(info.name),
            f"{info.cursor}",
            f"{info.lag:,}",
            f"{info.in_hand:,}",
            holder,
            one_line(types, _FIELDS),
        )


def log_lines(found: LogStatistics) -> Iterator[str]:
    """Yield how the event log fares."""
    if found.trouble:
        yield f"nothing can be written: {found.trouble}"
    if not found.head:
        yield "there are no events"
    elif not found.events:
        yield f"there are no events any more; the last one was #{found.head}"
    else:
        yield f"{found.events:,} events, #{found.first} to #{found.head}"
    if found.bytes:
        yield f"  {found.bytes:,} bytes in the file"
    if found.waiting:
        yield f"  {found.waiting:,} wait to be committed"
    if found.commits:
        yield (
            f"  since the node started: {found.commits:,} transactions, "
            f"{found.pruned:,} events removed"
        )
    if found.lost_to_cap:
        yield (
            f"  {found.lost_to_cap:,} of these before all consumers had them: the log was at its "
            "cap"
        )


def count(number: int, one: str = "event") -> str:
    """Return `1 event`, `1,234 events`."""
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _row(name: str, text: str) -> str:
    first, *rest = text.splitlines() or [""]
    return "\n".join([f"  {name:<11}{first}", *(f"  {'':<11}{more}" for more in rest)])


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _indented(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
