"""The catalogue: which event types there are, and how their events are written and read."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

import msgspec

from .aliases import ALIASES, REJECTED, canonical
from .base import Event, EventType
from .codec import Codec, PayloadLimits
from .errors import EventTypeError, UnknownEventTypeError
from .fields import source_in, time_in
from .names import DataEventType, EventCategory
from .registration import check_event_class
from .shown import shown
from .unknown import UnknownEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

E = TypeVar("E", bound=Event)


def load(member: DataEventType) -> type[Event]:
    """Import the struct of one type of the catalogue, and with it its module only."""
    module = import_module(f".{member.module}", __package__)
    return cast("type[Event]", getattr(module, member.class_name))


class ParsedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event made of a plain payload, and what the payload said for the envelope.

    Attributes:
        event: the event, checked.
        source: the publisher, if the payload named one.
        time: when it happened (seconds UTC), if the payload said so.
        renamed: old spellings that were met, the event's name included, for counting.
        unknown: why the name is not in the catalogue, if the event is an `UnknownEvent` for that
            reason; it says which names are near.
    """

    event: Event
    source: str | None = None
    time: float | None = None
    renamed: tuple[str, ...] = ()
    unknown: UnknownEventTypeError | None = None


class Catalogue:
    """All event types: the 253 of the pipeline, loaded when asked for, and the user's own.

    Types are found by name, wire value, alias (in either case) or class. Every system has a
    catalogue of its own, so types registered in one are unknown to the other. `UnknownEvent` is
    found in all of them, and neither counted nor listed.
    """

    def __init__(self, options: PayloadLimits | None = None) -> None:
        self._options = PayloadLimits() if options is None else options
        self._own: dict[str, type[Event]] = {UnknownEvent.EVENT.name: UnknownEvent}
        self._found: dict[str, type[Event]] = {}
        self._codecs: dict[type[Event], Codec[Any]] = {}
        self._checks: dict[type[Event], Callable[[Any], Any]] = {}
        self._decoders: dict[str | type[Event], Callable[[bytes], Any]] = {}

    def __len__(self) -> int:
        """Count the types, the registered ones included."""
        return len(DataEventType) + len(self._registered())

    def __iter__(self) -> Iterator[type[Event]]:
        """Go through all types, which loads them; the registered ones come last."""
        for member in DataEventType:
            yield self.find(member.name)
        yield from self._registered()

    def __contains__(self, name: object) -> bool:
        """Tell whether a class, or a name in any spelling, is one of the types."""
        if not isinstance(name, str | type):
            return False
        try:
            self.find(cast("str | type[Event]", name))
        except UnknownEventTypeError:
            return False
        return True

    def canonical(self, name: str) -> str:
        """Find the name that is meant by any spelling of it.

        Raises:
            UnknownEventTypeError: no type is called so; it says what to use instead.
        """
        spelling = name.upper()
        if spelling in self._own:
            return spelling
        for own, event_class in self._own.items():
            if event_class.EVENT.value.upper() == spelling:
                return own
        return canonical(name, [event_class.EVENT.name for event_class in self._registered()])

    @overload
    def find(self, name: type[E]) -> type[E]: ...
    @overload
    def find(self, name: str) -> type[Event]: ...
    def find(self, name: str | type[Event]) -> type[Event]:
        """Find a type by any spelling of its name, or make sure that a class is one of the types.

        Raises:
            UnknownEventTypeError: it is not in the catalogue.
        """
        if isinstance(name, type):
            return self._known_class(name)
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # from outside
            raise UnknownEventTypeError(shown(name), hint="give a name, or an event type")
        found = self._found.get(name)
        if found is None:
            known = self.canonical(name)
            found = self._own.get(known) or load(DataEventType[known])
            self._found[name] = found
        return found

    def of_category(self, category: EventCategory | str) -> tuple[type[Event], ...]:
        """List the types of a category; loads the modules that hold them.

        Raises:
            ValueError: there is no such category.
        """
        wanted = EventCategory(category)
        known = [self.find(member.name) for member in DataEventType if member.category is wanted]
        own = [cls for cls in self._registered() if cls.EVENT.category is wanted]
        return (*known, *own)

    def register(self, event_class: type[E]) -> type[E]:
        """Add a type of one's own; usable as a decorator. Registering a type again is harmless.

        Raises:
            EventTypeError: the class can't be an event type, or its name is taken.
        """
        check_event_class(event_class)
        kind: EventType = event_class.EVENT
        for spelling in dict.fromkeys((kind.name, kind.value)):
            self._check_free(spelling.upper(), event_class)
        self._own[kind.name] = event_class
        return event_class

    def encode(self, event: Event) -> bytes:
        """Write an event's payload as MessagePack, without checking its types.

        Raises:
            EventValidationError: it holds something that can't be written, or is too large.
            UnknownEventTypeError: its type is not in the catalogue.
        """
        return self._codec(type(event)).encode(event)

    @overload
    def decode(self, name: type[E], data: bytes) -> E: ...
    @overload
    def decode(self, name: str, data: bytes) -> Event: ...
    def decode(self, name: str | type[Event], data: bytes) -> Event:
        """Read an event's payload and check it.

        Fields that the type does not have are ignored: a newer sender may have more.

        Raises:
            EventValidationError: it is not a payload of this type, too large, or too deep.
            UnknownEventTypeError: there is no such type.
        """
        decode = self._decoders.get(name)
        if decode is None:
            event_class = self.find(name) if isinstance(name, str) else name
            decode = self._decoders[name] = self._codec(event_class).decode
        return decode(data)

    def validated(self, event: E) -> tuple[E, bytes]:
        """Check an event; answer what subscribers get, and its bytes.

        The value is decoded anew, so nothing in it is shared with the publisher; lists have become
        tuples, and mappings read-only. Equal payloads have equal bytes.

        Raises:
            EventValidationError: a field is not what its type declares; it names the field.
            UnknownEventTypeError: its type is not in the catalogue.
        """
        return self.check_of(type(event))(event)

    def check_of(self, event_class: type[E]) -> Callable[[E], tuple[E, bytes]]:
        """Return what `validated` does with the events of one type; for who checks many.

        Raises:
            UnknownEventTypeError: the type is not in the catalogue.
        """
        check: Callable[[E], tuple[E, bytes]] | None = self._checks.get(event_class)
        if check is None:
            check = self._checks[event_class] = self._codec(event_class).validated
        return check

    def parse(self, name: str | type[Event], payload: Mapping[str, Any]) -> ParsedEvent:
        """Make an event out of a name and a plain payload, in old spellings or new ones.

        Raises:
            EventValidationError: a field is missing, unknown, given twice or of another type.
            UnknownEventTypeError: there is no such type.
        """
        codec = self._codec(self.find(name))
        told = codec.translate(payload)
        old_name = isinstance(name, str) and name.upper() in ALIASES
        return ParsedEvent(
            event=codec.build(told.payload),
            source=told.source,
            time=told.time,
            renamed=(str(name), *told.renamed) if old_name else told.renamed,
        )

    def parse_leniently(self, name: str, payload: Mapping[str, Any]) -> ParsedEvent:
        """Make an event as `parse` does, and an `UnknownEvent` if there is no such type.

        What an unknown payload says of `source` and `timestamp` is taken for the envelope if it
        makes sense, and left where it is besides.

        Raises:
            EventValidationError: as `parse`; of an unknown event, only what can't be sent at all.
        """
        try:
            return self.parse(name, payload)
        except UnknownEventTypeError as error:
            is_mapping = isinstance(payload, Mapping)  # pyright: ignore[reportUnnecessaryIsInstance]  # from outside
            fields = {"type": name, "fields": dict(payload) if is_mapping else payload}
            return ParsedEvent(
                event=self._codec(UnknownEvent).build(fields),
                source=source_in(payload),
                time=time_in(payload),
                unknown=error,
            )

    def from_payload(self, name: str | type[Event], payload: Mapping[str, Any]) -> Event:
        """Make an event as `parse` does, without what the payload says for the envelope."""
        return self.parse(name, payload).event

    def _codec(self, event_class: type[E]) -> Codec[E]:
        codec = self._codecs.get(event_class)
        if codec is None:
            codec = Codec(self._known_class(event_class), self._options)
            self._codecs[event_class] = codec
        return cast("Codec[E]", codec)

    def _registered(self) -> tuple[type[Event], ...]:
        return tuple(cls for cls in self._own.values() if cls is not UnknownEvent)

    def _known_class(self, event_class: type[E]) -> type[E]:
        kind = getattr(event_class, "EVENT", None)
        if not isinstance(kind, EventType):
            raise UnknownEventTypeError(
                event_class.__qualname__, hint="it is not a subclass of Event with an EVENT"
            )
        known = self._own.get(kind.name)
        if known is None and kind.name in DataEventType.__members__:
            known = load(DataEventType[kind.name])
        if known is not event_class:
            raise UnknownEventTypeError(
                event_class.__qualname__, hint="register it first: catalogue.register(...)"
            )
        return event_class

    def _check_free(self, spelling: str, event_class: type[Event]) -> None:
        if spelling in REJECTED:
            raise EventTypeError(f"{spelling} can't be an event type: {REJECTED[spelling]}")
        try:
            taken = self.find(spelling)
        except UnknownEventTypeError:
            return
        if taken is not event_class:
            raise EventTypeError(
                f"{event_class.__qualname__} can't be registered as {spelling}: that is "
                f"{taken.__module__}.{taken.__qualname__}; give its EVENT another name"
            )
