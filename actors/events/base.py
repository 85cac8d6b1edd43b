"""What an event is: a frozen struct, what the catalogue says of its type, and its envelope."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, Self, TypeAlias, get_args

import msgspec

from .names import DataEventType, EventCategory
from .scales import Priority

__all__ = [
    "CONTENT_TYPE",
    "ON_PRESSURE",
    "PIPELINE_MAX_AGE",
    "STATUS_MAX_AGE",
    "Dedup",
    "Envelope",
    "Event",
    "EventCategory",
    "EventType",
    "OnPressure",
    "Priority",
]

#: Events that start work are not delivered after this many seconds: weeks-old ones have been
#: replayed in the reference system, and their work was done twice.
PIPELINE_MAX_AGE = 3600.0

#: Heartbeats, progress and measurements say nothing after this many seconds.
STATUS_MAX_AGE = 300.0

OnPressure: TypeAlias = Literal["accept", "slow", "shed", "refuse"]
"""What a publisher meets while the registry is under pressure.

- `accept`: the event is always taken.
- `slow`: the publisher is made to wait: a coroutine awaits, a thread blocks; in an actor's turn the
  event is taken, because an actor must not block.
- `shed`: the event becomes a dead letter; the next one says the same, only newer.
- `refuse`: the publisher gets an error, and may ask again later.
"""

CONTENT_TYPE: Final = "application/msgpack"
"""How payloads are encoded."""

ON_PRESSURE: Final[tuple[OnPressure, ...]] = get_args(OnPressure)


class Dedup(msgspec.Struct, frozen=True):
    """When two events of one type, close in time, count as one and the same.

    Attributes:
        kind: `content`: their payloads are equal. `id`: their envelopes have the same id, which
            means that one event was delivered twice. `key`: the named fields are equal.
        fields: the fields of a `key`.
    """

    kind: Literal["content", "id", "key"] = "content"
    fields: tuple[str, ...] = ()

    @classmethod
    def content(cls) -> Self:
        """Events with equal payloads say the same thing again."""
        return cls("content")

    @classmethod
    def id(cls) -> Self:
        """Events with equal payloads are different facts: transitions, counts, heartbeats."""
        return cls("id")

    @classmethod
    def key(cls, *fields: str) -> Self:
        """Events about the same thing are the same fact: a task completes once."""
        return cls("key", fields)


class EventType(msgspec.Struct, frozen=True, kw_only=True):
    """What the catalogue knows of an event type, beside the fields of its struct.

    Attributes:
        name: `NEW_GAMES_AVAILABLE`.
        value: how it is called on the wire: `new_games`.
        category: what it is about.
        module: where its struct stands.
        bridged: whether it goes to other nodes.
        durable: whether it is written to the event log before it is delivered.
        max_age: seconds after which it is not delivered any more; None: always delivered.
        dedup: when two of them are one.
        one_of: fields of which at least one must be given.
        priority: under pressure the registry routes higher ones first and sheds lower ones first.
            `high` and above is for what controls the system: supervision, pressure, leadership,
            alarms; they never wait behind the others. `low` is for measurements. What belongs to
            one story has one priority, or it would be told out of order: types that take each
            other back, and also a host that goes offline and the tasks that were started on it.
        on_pressure: what its publisher meets under pressure.
    """

    name: str
    value: str
    category: EventCategory = EventCategory.OTHER
    module: str = "user"
    bridged: bool = False
    durable: bool = False
    max_age: float | None = None
    dedup: Dedup = Dedup()
    one_of: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    on_pressure: OnPressure = "accept"

    @classmethod
    def named(cls, name: str, **data: Any) -> Self:
        """Describe a type of the catalogue, whose value, category and module the name tells.

        Raises:
            KeyError: `DataEventType` has no such name.
        """
        known = DataEventType[name]
        return cls(
            name=name, value=str(known), category=known.category, module=known.module, **data
        )

    @classmethod
    def control(cls, name: str, **data: Any) -> Self:
        """Describe a type of the catalogue that controls the system: it goes first.

        Its events are told apart by id unless `data` says otherwise.
        """
        return cls.named(name, **{"dedup": Dedup.id(), "priority": Priority.HIGH, **data})

    @classmethod
    def status(cls, name: str, **data: Any) -> Self:
        """Describe a type of the catalogue that says again and again how things are.

        Heartbeats, progress and measurements: told apart by id, soon out of date, and the first to
        be left out under pressure, unless `data` says otherwise.
        """
        usual = {"dedup": Dedup.id(), "max_age": STATUS_MAX_AGE, "on_pressure": "shed"}
        return cls.named(name, **{**usual, "priority": Priority.LOW, **data})

    @classmethod
    def custom(cls, name: str, **data: Any) -> Self:
        """Describe a type of one's own; its value is its name in small letters."""
        return cls(name=name.upper(), value=name.lower(), **data)


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A fact in the past tense. Its fields are its payload; all else is in the envelope.

    The constructor does not check types (msgspec); `Catalogue.validated` does, at publication.
    A field that has its default is not sent, so defaults are part of the wire format.

    Subclass it for types of your own, `frozen=True, kw_only=True`, with an `EVENT`; lists are
    `tuple[X, ...]` and mappings `Mapping[str, X]`. Then `Catalogue.register` it.
    """

    EVENT: ClassVar[EventType]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who says it, when, and why: the context attributes of CloudEvents 1.0 and extensions.

    `time`, `sequence` and `epoch` are numbers here; CloudEvents writes them as strings.

    Attributes:
        id: unique among all events of its source.
        source: who published it: the path of an actor, or the name a client gave.
        type: the wire value of its type: `training_completed`.
        time: when it was published, in seconds UTC.
        subject: what it is about, if the publisher said so: a task, a model, a path.
        datacontenttype: how the payload is encoded.
        traceparent: W3C trace context.
        correlationid: shared by all events of one undertaking.
        causationid: the id of the event whose handler published this one.
        depth: how many events lead to this one, one causing the next.
        sequence: place in the publishing node's log; None while it has none.
        epoch: which start of that node wrote it.
        origin: the node that it came from over the bridge; None: it was published on this one.
    """

    id: str
    source: str
    type: str
    time: float
    subject: str | None = None
    datacontenttype: str = CONTENT_TYPE
    traceparent: str | None = None
    correlationid: str | None = None
    causationid: str | None = None
    depth: int = 0
    sequence: int | None = None
    epoch: int | None = None
    origin: str | None = None
