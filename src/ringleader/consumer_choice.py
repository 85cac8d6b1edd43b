"""What a consumer outside the node asks for: which events, under which name, on which terms."""

from __future__ import annotations

import os
import secrets
import socket
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from ringleader.actors.events.base import Event, EventCategory
from ringleader.actors.topics import ALL, All

from .event_questions import (
    CONSUMER_NAME,
    LONGEST_LEASE,
    LONGEST_NAME,
    MOST,
    SHORTEST_LEASE,
    Consume,
    Listen,
)
from .node_errors import OrderRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ringleader.actors.events.catalogue import Catalogue

Wanted: TypeAlias = type[Event] | EventCategory | str | Literal[All.ALL]
"""An event type or its name, a category, or `ALL`."""

BATCH: Final = 100
"""Events in one answer, where it does not matter which of them was in hand at a kill."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What a consumer asks a node for, again after each reconnection.

    Attributes:
        question: that attaches it.
        batch: events in hand at once, at most.
    """

    question: Consume | Listen
    batch: int = BATCH

    @property
    def is_durable(self) -> bool:
        """Whether its place in the event log is kept."""
        return isinstance(self.question, Consume)

    @property
    def label(self) -> str:
        """Its name for people."""
        return self.question.consumer if isinstance(self.question, Consume) else "a listener"


def listener(catalogue: Catalogue, wanted: Wanted | Iterable[Wanted] | None) -> Choice:
    """Choose what comes from now on.

    Raises:
        UnknownEventTypeError: there is no such type.
    """
    return Choice(question=Listen(types=values_of(catalogue, wanted)))


def durable(
    catalogue: Catalogue,
    name: str,
    wanted: Wanted | Iterable[Wanted] | None,
    *,
    source: str,
    idempotent: bool,
    start: Literal["new", "first"] | int,
    lease: float,
    batch: int | None,
) -> Choice:
    """Choose a durable consumer.

    Raises:
        UnknownEventTypeError: there is no such type.
        OrderRefused: a name, a lease or a batch that can't be had.
    """
    many = batch if batch is not None else BATCH if idempotent else 1
    if not 1 <= many <= MOST:
        raise OrderRefused(f"a batch of {many} events; it can have 1 to {MOST}")
    if not CONSUMER_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise OrderRefused(
            f"{name!r} can't be the name of a durable consumer: it has 1 to {LONGEST_NAME} "
            "characters without spaces, and no slash in front, which is for actors of the node"
        )
    if not SHORTEST_LEASE <= lease <= LONGEST_LEASE:
        raise OrderRefused(
            f"a lease of {lease:g} s; it can have {SHORTEST_LEASE:g} to {LONGEST_LEASE:g} s"
        )
    question = Consume(
        consumer=name,
        owner=f"{source} ({socket.gethostname()}:{os.getpid()}-{secrets.token_hex(3)})"[-300:],
        types=values_of(catalogue, wanted),
        idempotent=idempotent,
        start=start,
        lease=lease,
    )
    try:  # a constructor does not check
        msgspec.convert(msgspec.to_builtins(question), Consume)
    except msgspec.ValidationError as error:
        raise OrderRefused(f"the durable consumer {name!r} can't be had: {error}") from error
    return Choice(question=question, batch=many)


def values_of(
    catalogue: Catalogue, wanted: Wanted | Iterable[Wanted] | None
) -> tuple[str, ...] | None:
    """Return the wire values of what is wanted; None for all.

    Raises:
        UnknownEventTypeError: there is no such type.
    """
    if wanted is None:
        return None
    many = [wanted] if isinstance(wanted, str | type | All) else list(wanted)
    if ALL in many:
        return None
    values: dict[str, None] = {}
    for one in many:
        if isinstance(one, EventCategory):
            values.update((kind.EVENT.value, None) for kind in catalogue.of_category(one))
        elif not isinstance(one, All):
            values[catalogue.find(one).EVENT.value] = None
    return tuple(values)
