"""What can be wrong with an event, said so that it can be put right."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from ..errors import RingleaderError
from .shown import ascii_only, shown

if TYPE_CHECKING:
    from collections.abc import Iterable


#: Nobody means one of our names with a longer word, and comparing takes its length squared.
_LONGEST_NAME = 200


def nearest(word: str, known: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Find the known words that look most like this one, best first."""
    if len(word) > _LONGEST_NAME:
        return ()
    return tuple(get_close_matches(word, list(known), limit))


def did_you_mean(names: Iterable[str]) -> str:
    """Turn near names into a question, or into nothing."""
    joined = " or ".join(names)
    return f"; did you mean {joined}?" if joined else ""


def _quoted(name: str) -> str:
    return repr(name) if len(name) <= _LONGEST_NAME else shown(name)


class UnknownEventTypeError(RingleaderError, LookupError):
    """No event type of the catalogue has this name.

    Attributes:
        name: what was asked for.
        suggestions: the nearest names, best first.
        hint: what to use instead, for names that are known to be wrong.
    """

    def __init__(self, name: str, suggestions: tuple[str, ...] = (), hint: str = "") -> None:
        advice = f": {hint}" if hint else did_you_mean(suggestions)
        super().__init__(f"{_quoted(name)} is not an event type of the catalogue{advice}")
        self.name = name
        self.suggestions = suggestions
        self.hint = hint


class EventTypeError(RingleaderError, TypeError):
    """A class can't be an event type, or clashes with one that is registered."""


class EventValidationError(RingleaderError, ValueError):
    """An event's payload is not what its type declares.

    Attributes:
        event_type: the name of the type.
        field: the field at fault, with the path inside it; None if it is the payload as a whole.
        problem: what is wrong, and what would be right.
    """

    def __init__(self, event_type: str, field: str | None, problem: str) -> None:
        where = event_type if field is None else f"{event_type}.{field}"
        super().__init__(ascii_only(f"{where}: {problem}"))
        self.event_type = event_type
        self.field = field
        self.problem = problem


class UnknownStageError(RingleaderError, LookupError):
    """The pipeline has no stage of this name.

    Attributes:
        name: what was asked for.
        suggestions: the nearest names, best first.
    """

    def __init__(self, name: str, suggestions: tuple[str, ...], known: Iterable[str]) -> None:
        advice = did_you_mean(suggestions) or f"; there are {', '.join(known)}"
        super().__init__(f"{_quoted(name)} is not a stage of the pipeline{advice}")
        self.name = name
        self.suggestions = suggestions
