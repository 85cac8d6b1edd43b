"""What the registry needs to know of an event type, worked out once for each."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from .events.scales import PressureLevel, Priority
from .pressure import Verdict, verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .events.base import Event, EventType
    from .pressure import OnPressure

    Key = Callable[[Event, bytes], Hashable]


class Kind:
    """One event type, and how often it was published.

    Attributes:
        check: validates an event; returns what subscribers get, and its bytes.
        name: `TRAINING_COMPLETED`.
        value: on the wire.
        is_logged: whether it is committed to the event log before anyone sees it.
        is_urgent: whether it is routed before what waits.
        max_age: seconds after which it means nothing any more; None: never.
        key: what two events have in common that are the same fact; None: nothing but the id.
        published: how many were taken from publishers.
    """

    __slots__ = (
        "_on_pressure",
        "_priority",
        "check",
        "is_logged",
        "is_urgent",
        "key",
        "max_age",
        "name",
        "published",
        "value",
    )

    def __init__(self, event_type: EventType, check: Callable[[Any], tuple[Any, bytes]]) -> None:
        self.check = check
        self.name, self.value = event_type.name, event_type.value
        self.is_logged = event_type.durable or event_type.bridged
        self.max_age = event_type.max_age
        self._priority: Priority = event_type.priority
        self._on_pressure: OnPressure = event_type.on_pressure
        self.is_urgent = self._priority >= Priority.HIGH
        self.key = key_function(event_type)
        self.published = 0

    def verdict(self, level: PressureLevel) -> Verdict:
        """Return what a publisher meets while the registry is that far behind."""
        return verdict(self._on_pressure, self._priority, level)


def key_function(event_type: EventType) -> Key | None:
    """Return what makes the key by which duplicates are recognised; None for `id`.

    `content`: SHA-256 over type and canonical payload, as the reference system has it. `key`: the
    fields that are named.
    """
    value, fields = event_type.value, event_type.dedup.fields
    match event_type.dedup.kind:
        case "id":
            return None
        case "key":
            return lambda event, _: (value, *(_hashable(getattr(event, f)) for f in fields))
        case "content":
            begun = hashlib.sha256(value.encode() + b"\0")  # a copy is cheaper than a new one

            def digest(_: Event, payload: bytes) -> bytes:
                copy = begun.copy()
                copy.update(payload)
                return copy.digest()

            return digest


def _hashable(value: Any) -> Hashable:
    return value if isinstance(value, str | int | float | None) else msgspec.msgpack.encode(value)
