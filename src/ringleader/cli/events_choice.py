"""The options that choose events of the log."""

from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import typer

from ringleader.actors.clock import RealClock
from ringleader.actors.dead_letters import spellings
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import LogQuery
from ringleader.actors.events import Catalogue, UnknownEventTypeError
from ringleader.actors.events.base import EventCategory

from ..moments import Moment, moment_in
from .output import BadArgument, note

MOST: Final = 1 << 62
"""More events than there are."""

Types: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="Only of this event type; repeatable."),
]
Category: TypeAlias = Annotated[
    EventCategory | None,
    typer.Option(
        "--category", metavar="NAME", help="Only types of this category (see: events types)."
    ),
]
Source: TypeAlias = Annotated[
    str | None,
    typer.Option("--source", metavar="PATH", help="Only what was published there, or below."),
]
Since: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="MOMENT",
        help="From then on: how long ago (30m, 2h, 7d), a time (2026-01-31T12:00), or the "
        "sequence number of an event.",
    ),
]
Until: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="MOMENT",
        help="Up to then, in the same words; the event of a sequence number included.",
    ),
]


def now() -> float:
    """Return seconds UTC."""
    return RealClock(spawn).time()


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which events a command is about."""

    type: list[str] | None = None
    category: EventCategory | None = None
    source: str | None = None
    since: str | None = None
    until: str | None = None

    def query(self, limit: int = MOST) -> LogQuery:
        """Return the question to the log; `last` is not in it.

        Raises:
            BadMoment: a moment is none.
        """
        since = _moment(self.since)
        return LogQuery(
            after=max(0, (since.sequence or 1) - 1),
            since=since.time,
            until=_moment(self.until).time,
            types=self.types(),
            source=self.source,
            limit=limit,
        )

    @property
    def last(self) -> int | None:
        """The last sequence, if it is named."""
        return _moment(self.until).sequence

    def types(self) -> tuple[str, ...] | None:
        """Return the wire values of what is wanted; None: all types."""
        if not self.type and self.category is None:
            return None
        catalogue = Catalogue()
        named = [value for name in self.type or () for value in spellings(name, catalogue)]
        if self.category is None:
            return tuple(dict.fromkeys(named))
        those = [kind.EVENT.value for kind in catalogue.of_category(self.category)]
        chosen = [value for value in those if not self.type or value in named]
        if not chosen:
            raise BadArgument(f"no such type is of the category {self.category}")
        return tuple(chosen)

    def note_unknown(self) -> None:
        """Say which types are none of ringleader's own: there may be others, or it is a typo."""
        catalogue = Catalogue()
        for name in self.type or ():
            try:
                catalogue.find(name)
            except UnknownEventTypeError as error:
                note(str(error))


def _moment(text: str | None) -> Moment:
    return Moment() if text is None else moment_in(text, now())
