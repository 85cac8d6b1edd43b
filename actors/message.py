"""What a mailbox holds beside plain messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pykka import messages

from .lifecycle import Terminated
from .sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .events.base import Envelope, Event
    from .future import Reply
    from .letters import Outcome


class Ask:
    """A message whose sender waits for the reply."""

    __slots__ = ("message", "reply_to")

    def __init__(self, message: Any, reply_to: Any) -> None:
        self.message = message
        self.reply_to: Reply[Any] = reply_to


class Call:
    """A method to call, by name, so that a subclass's version is called."""

    __slots__ = ("args", "kwargs", "name")

    def __init__(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        self.name, self.args, self.kwargs = name, args, kwargs

    def on(self, actor: Any) -> Any:
        """Make the call."""
        return getattr(actor, self.name)(*self.args, **self.kwargs)


class Fired:
    """A timer's message; void when its incarnation is no more or the timer was cancelled."""

    __slots__ = ("is_void", "message")

    def __init__(self, message: Any, is_void: Callable[[], bool]) -> None:
        self.message = message
        self.is_void = is_void


class Again:
    """A message that was in hand when its incarnation ended, and may be handled twice."""

    __slots__ = ("message",)

    def __init__(self, message: Any) -> None:
        self.message = message


class Settles(Protocol):
    """Keeps the outcomes of the deliveries of one subscription."""

    @property
    def path(self) -> str:
        """The subscriber's path."""
        ...

    @property
    def consumer(self) -> str:
        """The name of its durable consumer; empty for a transient subscription."""
        ...

    @property
    def timeout(self) -> float | None:
        """Seconds that its handler may take for one event; None: as the system says."""
        ...

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Count one delivery's outcome; called exactly once for each."""
        ...

    def takes_back(self, delivery: Delivery) -> bool:
        """Take a delivery back that nobody will read any more; tell whether it is safe here."""
        ...


class Delivery:
    """One event for one subscriber.

    Attributes:
        event: as the handler gets it.
        envelope: of the event.
        subscription: hears of the outcome.
        settled: whether it has one.
        began: when its handler was called, in the clock's seconds; 0.0 before that.
        outcome: how it ended; None before that.
        seconds: how long its handler took.
    """

    __slots__ = ("began", "envelope", "event", "outcome", "seconds", "settled", "subscription")

    def __init__(self, event: Event, envelope: Envelope, subscription: Settles) -> None:
        self.event = event
        self.envelope = envelope
        self.subscription = subscription
        self.settled = False
        self.began = self.seconds = 0.0
        self.outcome: Outcome | None = None


def is_stop(item: Any) -> bool:
    """Tell whether a mailbox's item is Pykka's order to stop."""
    message = item.message if type(item) is Ask else item
    return type(message) is messages._ActorStop  # noqa: SLF001  # Pykka's own seam


def may_be_dropped(item: Any) -> bool:
    """Tell whether a full mailbox may let go of an item: not of an order to stop, nor of an end."""
    return type(item) is not Terminated and not is_stop(item)


def plain(item: Any) -> Any:
    """Return the message that a sender sent."""
    while isinstance(item, Ask | Fired | Again | Sealed):
        item = item.message
    return item.event if isinstance(item, Delivery) else item


def delivery_in(item: Any) -> Delivery | None:
    """Return the delivery that a mailbox's item is, if it is one."""
    while isinstance(item, Again):
        item = item.message
    return item if isinstance(item, Delivery) else None
