"""What other processes of the host ask a node about events: to publish, to be handed, to settle.

A consumer has a connection of its own. What it holds ends with the connection.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from ringleader.actors.event_log import Record, Settled

from .question_base import Name, QuestionBase

EventId: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
TypeName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Source: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
Subject: TypeAlias = Annotated[str, msgspec.Meta(max_length=1_000)]
Moment: TypeAlias = Annotated[float, msgspec.Meta(ge=0.0, le=1e11)]
"""Seconds UTC."""
Types: TypeAlias = Annotated[tuple[TypeName, ...], msgspec.Meta(min_length=1, max_length=2_000)]
CONSUMER_NAME: Final = re.compile(r"[^/\s]\S*")
LONGEST_NAME: Final = 100
ConsumerName: TypeAlias = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=LONGEST_NAME, pattern=f"^{CONSUMER_NAME.pattern}$"),
]
"""Names with a slash in front are paths of the node's own actors."""

LONGEST_WAIT: Final = 20.0
"""Seconds that a fetch waits for events; whoever asks asks again, which is the safety poll."""

SHORTEST_LEASE: Final = 6.0
LONGEST_LEASE: Final = 86_400.0
"""Seconds; a lease is renewed every few seconds while the connection stands."""

MOST: Final = 1_000
"""Events in one answer."""


class Cause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The event whose handler published another one.

    Attributes:
        id: its id.
        correlation: shared by all events of one undertaking.
        depth: how many events led to it, one causing the next.
        traceparent: its W3C trace context.
    """

    id: EventId
    correlation: EventId | None = None
    depth: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    traceparent: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class SentEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event on its way to a node, from a process that is not part of it.

    Attributes:
        id: given by the sender; the same event sent twice has the same one.
        type: wire value of its type.
        payload: MessagePack.
        source: who publishes it.
        time: when it was published.
        subject: what it is about.
        cause: the event that it follows from.
        renamed: old spellings that the sender was given, for counting.
        is_raw: whether the sender does not know the type: the payload is as it was given.
    """

    id: EventId
    type: TypeName
    payload: bytes
    source: Source
    time: Moment
    subject: Subject | None = None
    cause: Cause | None = None
    renamed: tuple[TypeName, ...] = ()
    is_raw: bool = False


class Publish(QuestionBase, frozen=True, kw_only=True, tag="publish"):
    """Publish this. Answered with a `Receipt`: when it is routed, and committed if its type is.

    Attributes:
        event: what to publish.
        wait: otherwise the answer is nil, and comes when the node has accepted the event.
    """

    event: SentEvent
    wait: bool = True


class Consume(QuestionBase, frozen=True, kw_only=True, tag="consume"):
    """Become the holder of a durable consumer, until the connection ends. Answered with `Attached`.

    Attributes:
        consumer: its name.
        owner: who holds it; the same one gets what it has in hand back after a reconnection.
        types: wire values; None: all that are logged.
        idempotent: what was in hand of a holder that is gone is handed out again, once.
        start: where a new name begins: see `ConsumerSpec`.
        lease: seconds that the holder's rights last while no node runs.
    """

    consumer: ConsumerName
    owner: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    types: Types | None = None
    idempotent: bool = False
    start: Literal["new", "first"] | Annotated[int, msgspec.Meta(ge=0)] = "new"
    lease: Annotated[float, msgspec.Meta(ge=SHORTEST_LEASE, le=LONGEST_LEASE)] = 30.0


class Listen(QuestionBase, frozen=True, kw_only=True, tag="listen"):
    """Keep events for me from now on, until the connection ends. Answered with `Attached`.

    Attributes:
        types: wire values; None: all.
    """

    types: Types | None = None


class Fetch(QuestionBase, frozen=True, kw_only=True, tag="fetch"):
    """Hand me the next events. Answered with a `Batch` as soon as there are any.

    Attributes:
        session: from `Attached`.
        outcomes: how events in hand ended.
        limit: events at most.
        wait: seconds after which the answer is an empty batch.
    """

    session: Name
    outcomes: tuple[Settled, ...] = ()
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 1
    wait: Annotated[float, msgspec.Meta(ge=0.0, le=LONGEST_WAIT)] = LONGEST_WAIT


class Wake(QuestionBase, frozen=True, kw_only=True, tag="wake"):
    """Answer the fetch that waits, with nothing. Answered with nil."""

    session: Name


class Settle(QuestionBase, frozen=True, kw_only=True, tag="settle"):
    """Note these outcomes. Answered, when they are committed, with how many were in hand.

    Attributes:
        session: from `Attached`.
        outcomes: how events in hand ended.
        hand_back: events in hand that were not begun.
    """

    session: Name
    outcomes: tuple[Settled, ...] = ()
    hand_back: tuple[int, ...] = ()


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `Consume` and `Listen`.

    Attributes:
        session: to name it by.
        in_hand: events that the consumer has in hand from before.
        lag: events of its types that wait for it.
    """

    session: str
    in_hand: int = 0
    lag: int = 0


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `Fetch`.

    Attributes:
        events: in order; they are in hand from now on.
        missed: events that a listener had no room for since the last answer.
    """

    events: tuple[Record, ...] = ()
    missed: int = 0


EventQuestion: TypeAlias = Publish | Consume | Listen | Fetch | Wake | Settle
