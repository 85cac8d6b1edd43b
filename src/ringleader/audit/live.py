"""What a running node has seen that does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ringleader.actors.events.aliases import ALIASES
from ringleader.actors.events.errors import did_you_mean, nearest

from .model import Finding
from .vocabulary import rejected_because

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ringleader.actors.event_statistics import EventStatistics

    from ..client import NodeClient
    from ..subscribed import Subscribed
    from .model import EventInfo


NOT_YET: Final = "what has not happened yet was told to nobody"
"""Why a subscription that never got anything is no fault by itself."""


def ask(client: NodeClient, events: Mapping[str, EventInfo]) -> tuple[str, list[Finding]]:
    """Ask a node; return its name, and what was found.

    Args:
        client: connected to it.
        events: the types that are known here.

    Raises:
        NodeError: it does not answer.
    """
    statistics, table = client.statistics().events, client.subscriptions()
    return client.status().node, judge(statistics, table, events)


def judge(
    statistics: EventStatistics, table: Iterable[Subscribed], events: Mapping[str, EventInfo]
) -> list[Finding]:
    """Return what a node's counters and subscriptions tell.

    A type counts as handled if somebody is subscribed to it, to a class that it is derived from, or
    to its category; whoever is subscribed to all events counts for none.
    """
    subscriptions = list(table)
    return [
        *_unhandled(statistics.by_type, subscriptions),
        *_idle(subscriptions),
        *_renamed(statistics.renamed),
        *_unknown(statistics.unknown, events),
    ]


def _unhandled(by_type: Mapping[str, int], table: list[Subscribed]) -> Iterator[Finding]:
    wanted = {name for s in table if s.breadth != "all" for name in s.published}
    for name, number in sorted(by_type.items()):
        if name not in wanted and number:
            what = f"{name} was published {_times(number)}, and nobody is subscribed to it"
            yield Finding("unhandled", name, what)


def _idle(table: list[Subscribed]) -> Iterator[Finding]:
    for found in sorted(table, key=lambda s: (s.topic, s.path)):
        if not found.sent and found.breadth != "all":
            what = f"{found.path} is subscribed to {found.topic}, and never got anything"
            yield Finding("idle", found.topic, what, owners=(found.path,), excused=NOT_YET)


def _renamed(renamed: Mapping[str, int]) -> Iterator[Finding]:
    for name, number in sorted(renamed.items()):
        meant = ALIASES.get(name.upper())
        advice = "" if meant is None else f": write {meant}"
        what = f"{name!r}, an old spelling, came {_times(number)}{advice}"
        field = "" if meant is not None else name
        yield Finding("alias", meant or name, what, field=field)


def _unknown(unknown: Mapping[str, int], events: Mapping[str, EventInfo]) -> Iterator[Finding]:
    for name, number in sorted(unknown.items()):
        advice = rejected_because(name) or did_you_mean(nearest(name.upper(), events))
        what = f"{name!r}, which the catalogue does not know, came {_times(number)}{advice}"
        yield Finding("unregistered", name, what)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
