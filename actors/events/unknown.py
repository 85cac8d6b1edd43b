"""The event that stands for all that the catalogue does not know, where that is allowed."""

from collections.abc import Mapping
from typing import Any

from .base import Dedup, Event, EventType

__all__ = ["UnknownEvent"]


class UnknownEvent(Event, frozen=True, kw_only=True):
    """Something was published under a name that the catalogue does not have.

    Every catalogue knows this type, and none counts it. Nothing is known of its fields, so they
    are as they came: no spelling is translated, no type checked but that it can be sent.

    Attributes:
        type: the name that was given, letter for letter.
        fields: the payload.
    """

    EVENT = EventType(
        name="UNKNOWN_EVENT", value="unknown_event", module="unknown", dedup=Dedup.id()
    )

    type: str
    fields: Mapping[str, Any] = {}
