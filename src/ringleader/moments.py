"""Places in the event log as people name them: a time, how long ago, or a sequence number."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ringleader.actors.errors import RingleaderError

from .durations import BadDuration, seconds_in

_DIGITS = 18
"""Of a sequence number, at most; more would not fit into 64 bits."""


class BadMoment(RingleaderError, ValueError):  # noqa: N818  # as a command says it
    """A text names no place in the log.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code = 1

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is no place in the event log; write how long ago (90s, 2h, 7d), a time "
            "(2026-01-31, 2026-01-31T12:00, 2026-01-31T12:00Z), or a sequence number (1234)"
        )


class Moment(NamedTuple):
    """A place in the log: one of both is known.

    Attributes:
        time: seconds UTC.
        sequence: of an event.
    """

    time: float | None = None
    sequence: int | None = None


def moment_in(text: str, now: float) -> Moment:
    """Read a place in the log. A time without an offset is local; a bare number is a sequence.

    Args:
        text: what a person wrote.
        now: seconds UTC.

    Raises:
        BadMoment: it is none of these.
    """
    word = text.strip()
    if word.isascii() and word.isdecimal() and len(word) <= _DIGITS:
        return Moment(sequence=int(word))
    try:
        return Moment(time=datetime.fromisoformat(word).timestamp())
    except (ValueError, OverflowError):
        pass
    try:
        return Moment(time=now - seconds_in(word))
    except BadDuration as error:
        raise BadMoment(text) from error
