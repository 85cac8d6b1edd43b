"""An event on its way to the registry, and what its publisher can learn of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from .future import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

logger = logging.getLogger("ringleader.events")


class Routing(StrEnum):
    """What the registry did with an event."""

    ROUTED = "routed"
    """Each subscriber has its delivery, and the event log has it if its type is kept there."""
    UNROUTED = "unrouted"
    """The same, but nobody wants it."""
    DUPLICATE = "duplicate"
    """It was suppressed: the same fact was published less than a window ago."""
    REJECTED = "rejected"
    """The event log can't take it, or the registry has stopped; it is a dead letter."""
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


Decision: TypeAlias = tuple[Routing, int, str | None]


class Publication(msgspec.Struct, eq=False, gc=False):
    """A published event; returned at once, while the registry may not have seen it yet.

    Who wants to know what became of it awaits it, or calls `get`; nobody has to.

    Attributes:
        event: as subscribers get it.
        payload: the event as MessagePack, equal for equal payloads.
        envelope: who says it, when and why.
        is_logged: whether it is to be committed to the event log before anyone sees it.
        is_own: whether its id was made here, so that no other event has it.
        sequence: its place in the log once it is there, set by the log; see `EventLog.append`.
        decision: routing, deliveries, and the id of the event that it repeats.
        callbacks: functions that take a receipt, once there is one.
    """

    event: Any
    payload: bytes
    envelope: Any
    is_logged: bool = False
    is_own: bool = True
    sequence: int | None = None
    decision: Decision | None = None
    callbacks: Any = None

    @property
    def id(self) -> str:
        """The event's id."""
        return str(self.envelope.id)

    @property
    def receipt(self) -> Receipt | None:
        """What became of it; None while the registry has not decided."""
        decision = self.decision
        if decision is None:
            return None
        routing, deliveries, about = decision
        return Receipt(self.id, routing, deliveries, self.sequence, about)

    def get(self, *, timeout: float | None = None) -> Receipt:
        """Wait until the registry has decided, and the log has committed; return what became of it.

        Raises:
            pykka.Timeout: that took longer than `timeout` seconds; it is not taken back.
            BlockingCallError: called on the thread of an event loop; await it there.
        """
        return self.receipt or self._reply().get(timeout=timeout)

    def __await__(self) -> Generator[Any, Any, Receipt]:
        """Wait as `get` does, on an event loop."""
        return self._reply().__await__()

    def when_decided(self, call: Callable[[Receipt], object]) -> None:
        """Call `call` once with what became of it: at once, or by the registry; it must not block.

        It may be called in any thread; what it raises is logged.
        """
        if self.callbacks is None:
            self.callbacks = []
        self.callbacks.append(call)
        if self.decision is not None:  # after the append: whoever comes second sees the other
            self.tell()

    def decided(self, routing: Routing, deliveries: int = 0, about: str | None = None) -> None:
        """Say what became of it; by the registry, or whoever keeps it from getting there.

        The first decision counts.
        """
        if self.decision is not None:
            return
        self.decision = (routing, deliveries, about)
        if self.callbacks is not None:
            self.tell()

    def tell(self) -> None:
        """Tell those who wait for the decision; called by whoever has made it."""
        receipt, callbacks = self.receipt, self.callbacks
        while callbacks and receipt is not None:
            try:
                call = callbacks.pop()
            except IndexError:  # the registry, or the publisher, took the last one
                return
            try:
                call(receipt)
            except Exception:  # the registry, and who else waits, must not suffer
                logger.exception("who wanted to know what became of %s failed at that", self.id)

    def _reply(self) -> Reply[Receipt]:
        reply: Reply[Receipt] = Reply()
        self.when_decided(reply.set)
        return reply

    def __repr__(self) -> str:
        return f"<Publication {self.envelope.type} {self.id}>"
