"""What a mailbox holds beside plain messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from pykka import messages

from .letters import Outcome
from .lifecycle import Terminated
from .sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .future import Reply


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


class Settles:
    """Whoever keeps the outcomes of deliveries: a subscription, or who tries one again.

    The first who claims a delivery says how it ended: its handler's turn, when that is through;
    whoever ends the turn in the middle; or whoever can't deliver it.

    Attributes:
        path: the subscriber's.
        consumer: the name of its durable consumer; empty if it is transient.
        timeout: seconds that its handler may take for one event; None: as the system says.
        pending: deliveries without an outcome.
        hears: whether `settle` is called for what was handled, too.
    """

    __slots__ = ("consumer", "hears", "path", "pending", "timeout")

    def __init__(self, path: str, *, consumer: str = "", timeout: float | None = None) -> None:
        self.path, self.consumer, self.timeout = path, consumer, timeout
        self.pending: set[Delivery] = set()
        self.hears = True

    def claim(self, delivery: Delivery) -> bool:
        """Take the right to say how it ended; tell whether nobody else has it."""
        try:
            self.pending.remove(delivery)  # atomic: of two threads one gets it
        except KeyError:
            return False
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Take note of the outcome; called once, by who has claimed it, from any thread."""
        raise NotImplementedError

    def takes_back(self, delivery: Delivery) -> bool:
        """Take a delivery back that nobody will read any more; tell whether it is safe here."""
        del delivery
        return False


class Times(msgspec.Struct, eq=False, gc=False):
    """When the handlers of one or more deliveries were called, and when the last one was through.

    A clock for each delivery would be a third of what it costs, so deliveries whose handlers take
    less than 0.1 ms share one for a turn. Others have their own, and so has one that is alone.

    Attributes:
        began: in the clock's seconds.
        ended: the same; 0.0 while it has not.
        count: deliveries.
    """

    began: float
    ended: float = 0.0
    count: int = 1

    @property
    def seconds(self) -> float:
        """How long a handler took, on average if there were several; 0.0 while that is open."""
        return (self.ended - self.began) / self.count if self.ended else 0.0


class Delivery(msgspec.Struct, eq=False, gc=False):
    """One event for one subscriber.

    A struct, since that is made in a quarter of the time; it is in no circle of references that
    would need the garbage collector.

    Attributes:
        event: as the handler gets it.
        envelope: of the event.
        subscription: hears of the outcome.
        times: when its handler was called, and was through; None before that.
        ended_as: how it ended, once it has.
    """

    event: Any
    envelope: Any
    subscription: Any
    times: Times | None = None
    ended_as: Outcome = Outcome.HANDLED

    @property
    def is_open(self) -> bool:
        """Whether nobody has said yet how it ended."""
        return self in self.subscription.pending

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while it has not."""
        return None if self.is_open else self.ended_as

    @property
    def seconds(self) -> float:
        """How long its handler took; 0.0 if it was never called."""
        return 0.0 if self.times is None else self.times.seconds


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
