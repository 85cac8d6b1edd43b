"""An event on its way to the registry, and what its publisher can learn of it."""

from __future__ import annotations

import queue
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .future import Reply

if TYPE_CHECKING:
    from collections.abc import Generator

    from .events.base import Envelope, Event


class Routing(StrEnum):
    """What the registry did with an event."""

    ROUTED = "routed"
    """Each subscriber has its delivery, and the event log has it if its type is kept there."""
    UNROUTED = "unrouted"
    """The same, but nobody wants it."""
    DUPLICATE = "duplicate"
    """It was suppressed: the same fact was published less than a window ago."""
    SHED = "shed"
    """It was dropped under pressure, as its type allows, and is a dead letter."""
    EXPIRED = "expired"
    """It is older than its type's `max_age`, and is a dead letter."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a published event.

    Attributes:
        id: of the event.
        routing: what the registry did with it.
        deliveries: how many subscribers get it.
        sequence: its place in the event log; None if its type is not kept there.
        duplicate_of: the id of the event that said the same, if it is known.
    """

    id: str
    routing: Routing
    deliveries: int = 0
    sequence: int | None = None
    duplicate_of: str | None = None

    @property
    def is_duplicate(self) -> bool:
        """Whether it was suppressed as a duplicate."""
        return self.routing is Routing.DUPLICATE


class Publication:
    """A published event; returned at once, while the registry may not have seen it yet.

    Who wants to know what became of it awaits it, or calls `get`; nobody has to.

    Attributes:
        event: as subscribers get it.
        payload: the event as MessagePack, equal for equal payloads.
        envelope: who says it, when and why.
        is_logged: whether it is to be committed to the event log before anyone sees it.
    """

    __slots__ = ("_receipt", "_waiter", "envelope", "event", "is_logged", "payload", "sequence")

    def __init__(
        self, event: Event, payload: bytes, envelope: Envelope, *, is_logged: bool = False
    ) -> None:
        self.event, self.payload, self.envelope = event, payload, envelope
        self.is_logged = is_logged
        self.sequence: int | None = None
        """Its place in the log, once it is there; set by the log."""
        self._receipt: Receipt | None = None
        self._waiter: Reply[Receipt] | None = None

    @property
    def id(self) -> str:
        """The event's id."""
        return self.envelope.id

    @property
    def receipt(self) -> Receipt | None:
        """What became of it; None while the registry has not decided."""
        return self._receipt

    def get(self, *, timeout: float | None = None) -> Receipt:
        """Wait until the registry has decided, and the log has committed; return what became of it.

        Raises:
            pykka.Timeout: that took longer than `timeout` seconds; it is not taken back.
            BlockingCallError: called on the thread of an event loop; await it there.
        """
        return self._receipt or self._reply().get(timeout=timeout)

    def __await__(self) -> Generator[Any, Any, Receipt]:
        """Wait as `get` does, on an event loop."""
        return self._reply().__await__()

    def decided(self, receipt: Receipt) -> None:
        """Tell the publisher, if it wants to know; called once, by the registry."""
        self._receipt = receipt
        if self._waiter is not None:
            with suppress(queue.Full):  # it came between, and has looked for itself
                self._waiter.set(receipt)

    def _reply(self) -> Reply[Receipt]:
        waiter = self._waiter
        if waiter is None:
            waiter = self._waiter = Reply()
        # In this order: whoever comes second, this thread or the registry, sees the other.
        if self._receipt is not None:
            with suppress(queue.Full):
                waiter.set(self._receipt)
        return waiter

    def __repr__(self) -> str:
        return f"<Publication {self.envelope.type} {self.id}>"
