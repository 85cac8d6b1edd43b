"""The options that choose dead letters."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

import typer

from ringleader.actors.clock import RealClock
from ringleader.actors.dead_letters import (
    MOST,
    OPEN,
    STATUSES,
    LetterQuery,
    LetterStatus,
    StoredLetter,
    spellings,
)
from ringleader.actors.dispatch import spawn
from ringleader.actors.events.catalogue import Catalogue
from ringleader.actors.letters import Outcome

from ..dlq_source import Letters, pages
from ..durations import seconds_in
from .output import BadArgument


class Reason(StrEnum):
    """How deliveries end that make a letter."""

    FAILED = Outcome.FAILED
    TIMED_OUT = Outcome.TIMED_OUT
    INTERRUPTED = Outcome.INTERRUPTED
    REJECTED = Outcome.REJECTED
    UNDELIVERABLE = Outcome.UNDELIVERABLE
    EXPIRED = Outcome.EXPIRED
    UNKNOWN_TYPE = Outcome.UNKNOWN_TYPE
    POISON = Outcome.POISON


class Status(StrEnum):
    """How far letters are."""

    PENDING = "pending"
    RETRYING = "retrying"
    RECOVERED = "recovered"
    ABANDONED = "abandoned"
    DROPPED = "dropped"
    ALL = "all"


Ids: TypeAlias = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Numbers of letters, or ids of events: all their letters."),
]
Type: TypeAlias = Annotated[
    str | None, typer.Option("--type", metavar="TYPE", help="Only of this event type.")
]
Handler: TypeAlias = Annotated[
    str | None,
    typer.Option("--handler", metavar="PATH", help="Only of the subscriber there, or below."),
]
Why: TypeAlias = Annotated[
    Reason | None, typer.Option("--reason", help="Only those whose delivery ended so.")
]
Statuses: TypeAlias = Annotated[
    list[Status] | None,
    typer.Option("--status", help="Only those that are so far; repeatable."),
]
Since: TypeAlias = Annotated[
    str | None,
    typer.Option("--since", metavar="DURATION", help="None that failed before: 90s, 30m, 2h, 7d."),
]
Limit: TypeAlias = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, max=MOST, help="At most so many.")
]
All: TypeAlias = Annotated[bool, typer.Option("--all", help="All that the filters let through.")]


def now() -> float:
    """Return seconds UTC."""
    return RealClock(spawn).time()


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which letters a command is about."""

    type: str | None = None
    handler: str | None = None
    reason: Reason | None = None
    status: list[Status] | None = None
    since: str | None = None
    limit: int = MOST

    def statuses(self, usual: tuple[LetterStatus, ...] = OPEN) -> tuple[LetterStatus, ...] | None:
        """Return how far the letters are; None: anything."""
        if self.status and Status.ALL in self.status:
            return None
        words = {status.value for status in self.status or ()}
        return tuple(status for status in STATUSES if status in words) or usual

    def query(self, usual: tuple[LetterStatus, ...] | None = OPEN) -> LetterQuery:
        """Return the question; `usual` is what statuses are meant where none is named."""
        statuses = None if usual is None and not self.status else self.statuses(usual or ())
        since = None if self.since is None else now() - seconds_in(self.since)
        return LetterQuery(
            types=None if self.type is None else spellings(self.type, Catalogue()),
            handler=self.handler,
            reason=None if self.reason is None else Outcome(self.reason),
            statuses=statuses,
            since=since,
            limit=self.limit,
        )

    @property
    def are_given(self) -> bool:
        """Whether any filter is named, the limit aside."""
        return any((self.type, self.handler, self.reason, self.status, self.since))


def named(found: Letters, ids: list[str], *, full: bool = False) -> list[StoredLetter]:
    """Return the letters with these numbers, or of these events, each once.

    Raises:
        BadArgument: there is none; says which.
    """
    letters: dict[int, StoredLetter] = {}
    for word in ids:
        # An event's id is no number: it has its node's epoch in front.
        numbers = (int(word),) if word.isdecimal() else None
        event_id = None if numbers is not None else word
        query = LetterQuery(numbers=numbers, event_id=event_id, full=full, limit=MOST)
        some = [letter for page in pages(found, query) for letter in page]
        if not some:
            kind = "number" if numbers is not None else "event id"
            raise BadArgument(f"there is no dead letter with the {kind} {word}")
        letters |= {letter.number: letter for letter in some}
    return list(letters.values())


def chosen(
    found: Letters,
    ids: list[str] | None,
    filters: Filters,
    usual: tuple[LetterStatus, ...],
    *,
    all_: bool,
) -> list[int]:
    """Return the numbers of letters that are named, or of all that the filters let through.

    Raises:
        BadArgument: neither is said, or both are; or there is no such letter.
    """
    if bool(ids) == all_ or (ids and filters.are_given):
        raise BadArgument(
            "name letters by their numbers or event ids, or choose them with --all and filters"
        )
    if ids:
        return [letter.number for letter in named(found, ids)]
    return [letter.number for page in pages(found, filters.query(usual)) for letter in page]
