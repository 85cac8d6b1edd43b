"""What `health()` may return, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from .reasons import describe

Status: TypeAlias = Literal["healthy", "degraded", "unhealthy"]
"""Degraded: it works, but not well. Only an unhealthy actor is ended."""

_WORST_FIRST: Final[tuple[Status, ...]] = ("unhealthy", "degraded", "healthy")
_SCORES: Final[Mapping[Status, float]] = {"healthy": 1.0, "degraded": 0.5, "unhealthy": 0.0}

_WORDS: Final[Mapping[Status, str]] = {
    "healthy": "healthy health ok okay fine good well up alive active idle running ready green "
    "pass passed passing success true yes",
    "degraded": "degraded degrading draining paused warn warning yellow slow partial limited "
    "overloaded recovering starting initializing unknown",
    "unhealthy": "unhealthy error errored fail failed failing failure critical fatal down dead bad "
    "broken stopped stopping red sick false no",
}
_STATUS_OF: Final[Mapping[str, Status]] = {
    word: status for status, words in _WORDS.items() for word in words.split()
}
_VERDICTS: Final = ("healthy", "is_healthy", "ok", "alive", "status", "state", "health")
_MESSAGES: Final = ("message", "reason", "error", "detail")
_DETAILS: Final = "details"
_SHAPES: Final = "a bool, None, a word such as 'healthy', a mapping or an object with such, Health"


@dataclass(frozen=True, slots=True)
class Health:
    """How an actor fares, by its own judgement.

    Attributes:
        status: `healthy`, `degraded` or `unhealthy`.
        message: why, for people.
        details: what more it said.
    """

    status: Status = "healthy"
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def score(self) -> float:
        """Health between 0 and 1: the actor's own `health_score`, if it gave one."""
        for key in ("health_score", "score"):
            own = self.details.get(key)
            if isinstance(own, int | float) and not isinstance(own, bool) and 0 <= own <= 1:
                return float(own)
        return _SCORES[self.status]


def read_health(value: Any) -> Health:
    """Return what a result of `health()` means, whatever its shape.

    A bool says it; None has no complaint. A word or an enum is looked up; `degraded: disk is
    slow` has a message. A mapping or an object is searched for `healthy`, `ok`, `status`,
    `state`, `message` and their like; of several verdicts the worst counts, and a mapping without
    any has no complaint, unless it has an `error`. A pair is a verdict and a message. An exception
    is a bad verdict. What can't be understood is `degraded`, so that somebody looks and nobody is
    ended by a word.
    """
    match value:
        case Health():
            health = value
        case None | bool():
            health = Health("unhealthy" if value is False else "healthy")
        case str() | Enum():
            health = _of_word(_word_in(value))
        case BaseException():
            health = Health("unhealthy", describe(value))
        case Mapping():
            said = _with_words(value)
            health = _of_mapping(said) or Health(details=said)
        case (verdict, str(message)) if type(value) is tuple or type(value) is list:
            health = replace(read_health(verdict), message=message)
        case _:
            health = _of_mapping(_attributes(value)) or _strange(value)
    return health


def _word_in(value: str | Enum) -> str:
    """Return the word; an enum that is no string goes by its name if its value is none."""
    if isinstance(value, Enum):
        return value.value if isinstance(value.value, str) else value.name
    return value


def _of_word(text: str) -> Health:
    word, _, message = text.partition(":")
    status = _status_of(word)
    return _strange(text) if status is None else Health(status, message.strip())


def _status_of(word: str) -> Status | None:
    return _STATUS_OF.get(word.strip().lower())


def _of_mapping(said: Mapping[str, Any]) -> Health | None:
    """Return the worst that is said; None if nothing is."""
    verdicts: set[Status] = set()
    strange: list[object] = []
    for key in _VERDICTS:
        verdict = said.get(key)
        if isinstance(verdict, int) and verdict in (True, False):
            verdicts.add("healthy" if verdict else "unhealthy")
        elif isinstance(verdict, str | Enum):
            status = _status_of(_word_in(verdict))
            if status is None:
                strange.append(verdict)
            else:
                verdicts.add(status)
    if not verdicts:
        if said.get("error"):
            return Health("degraded", _message_in(said), _details_in(said))
        return _strange(strange[0]) if strange else None
    worst: Status = next(status for status in _WORST_FIRST if status in verdicts)
    return Health(worst, _message_in(said), _details_in(said))


def _with_words(said: Any) -> dict[str, Any]:
    """Return a mapping of whatever keys with words as keys."""
    return {f"{key}": value for key, value in said.items()}


def _message_in(said: Mapping[str, Any]) -> str:
    for key in _MESSAGES:
        message = said.get(key)
        if isinstance(message, str) and message:
            return message
        if isinstance(message, BaseException):
            return describe(message)
    return ""


def _details_in(said: Mapping[str, Any]) -> Mapping[str, Any]:
    known = {*_VERDICTS, *_MESSAGES, _DETAILS}
    rest = {key: value for key, value in said.items() if key not in known}
    details = said.get(_DETAILS)
    if isinstance(details, Mapping):
        rest |= _with_words(details)
    return rest


def _attributes(value: object) -> dict[str, Any]:
    names = (*_VERDICTS, *_MESSAGES, _DETAILS, "health_score", "score")
    found = ((name, getattr(value, name, None)) for name in names)
    return {name: item for name, item in found if item is not None and not callable(item)}


def _strange(value: Any) -> Health:
    said = repr(value)
    if len(said) > 100:  # noqa: PLR2004  # for people
        said = f"{said[:98]} …"
    return Health("degraded", f"health() said {said}, which is none of: {_SHAPES}")
