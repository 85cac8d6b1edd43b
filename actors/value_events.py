"""Events as values: by wire name, so that both sides check them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from .errors import BadValue
from .events.base import Event
from .events.catalogue import load
from .events.codec import Codec as EventCodec, PayloadLimits
from .events.names import DataEventType
from .events.unknown import UnknownEvent

if TYPE_CHECKING:
    from .values import Codec


@functools.cache
def _codec(kind: type[Event], max_bytes: int) -> EventCodec[Any]:
    return EventCodec(kind, PayloadLimits(max_bytes=max_bytes))


def take_event(event: Event, codec: Codec) -> Any:
    """Return the event's wire name, its class if that is no type of the catalogue, its payload.

    Raises:
        EventValidationError: it holds something that can't be written.
    """
    kind = type(event)
    name = event.EVENT.value
    ours = kind.__module__.startswith("ringleader.actors.events.") and kind is not UnknownEvent
    payload = _codec(kind, codec.max_bytes).encode(event)
    return [name, "" if ours else codec.name(kind), payload]


def make_event(data: Any, codec: Codec) -> Event:
    """Make the event, checked, of what `take_event` returned."""
    name, path, payload = data
    kind = codec.find(path) if path else load(DataEventType(name))
    if not issubclass(kind, Event):
        raise BadValue(f"{path} is no event type")
    event: Event = _codec(kind, codec.max_bytes).decode(payload)
    return event
