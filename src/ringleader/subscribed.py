"""Who is subscribed to what in a running node, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from ringleader.actors.events.base import EventCategory
from ringleader.actors.events.errors import UnknownEventTypeError
from ringleader.actors.letters import Outcome  # for msgspec
from ringleader.actors.topics import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ringleader.actors.events.base import Event
    from ringleader.actors.events.catalogue import Catalogue
    from ringleader.actors.routing import Subscription
    from ringleader.actors.topics import Topic

    from .system import System

Breadth: TypeAlias = Literal["type", "category", "all"]
"""What a subscription is to."""


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription.

    Attributes:
        path: of the subscriber.
        topic: the name of the event type, of a class that several are derived from, or of the
            category; `ALL`.
        breadth: which of these it is.
        published: the types of this topic that were published since the node started.
        sent: deliveries ever made.
        outcomes: how they ended.
        consumer: the name of its durable consumer; empty if it is transient.
    """

    path: str
    topic: str
    breadth: Breadth
    published: tuple[str, ...] = ()
    sent: int = 0
    outcomes: dict[Outcome, int] = {}
    consumer: str = ""


def subscribed(system: System) -> list[Subscribed]:
    """Look at the routing table; waits for nobody."""
    names = system.statistics().events.by_type
    kinds = list(_kinds(system.catalogue, names))
    return [_entry(found, kinds) for found in system.hub.table.subscriptions()]


def _kinds(catalogue: Catalogue, names: Iterable[str]) -> Iterable[type[Event]]:
    for name in sorted(names):
        try:
            yield catalogue.find(name)
        except UnknownEventTypeError:
            continue  # it was let in as what it is


def _entry(found: Subscription, kinds: Iterable[type[Event]]) -> Subscribed:
    return Subscribed(
        path=found.path,
        topic=_name(found.topic),
        breadth=_breadth(found.topic),
        published=tuple(kind.EVENT.name for kind in kinds if found.wants(kind)),
        sent=found.sent,
        outcomes=dict(found.outcomes),
        consumer=found.consumer,
    )


def _name(topic: Topic) -> str:
    if isinstance(topic, type):
        known = getattr(topic, "EVENT", None)
        return topic.__name__ if known is None else topic.EVENT.name
    return topic.name


def _breadth(topic: Topic) -> Breadth:
    if topic is ALL:
        return "all"
    return "category" if isinstance(topic, EventCategory) else "type"
