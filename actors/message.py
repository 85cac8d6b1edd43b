"""What a mailbox holds beside plain messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from pykka import messages

from .lifecycle import Terminated
from .sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .future import Reply
    from .history import Notes
    from .letters import Outcome
    from .turns import Turns


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


class Chore:
    """A message of the system's own that means nothing once nobody reads it: no dead letter."""

    __slots__ = ()

    def refused(self) -> None:
        """Hear that nobody will read it."""


class Settles:
    """Whoever keeps the outcomes of deliveries: a subscription, or who tries one again.

    The first who claims a delivery says how it ended: its handler's turn, when that is through;
    whoever ends the turn in the middle; or whoever can't deliver it.

    Attributes:
        path: the subscriber's.
        consumer: the name of its durable consumer; empty if it is transient.
        timeout: seconds that its handler may take for one event; None: as the system says.
        open: deliveries, each an object of its own, without an outcome.
        notes: where it is noted how deliveries ended, for who looks; None: nowhere.
    """

    __slots__ = ("consumer", "notes", "open", "path", "timeout")

    def __init__(self, path: str, *, consumer: str = "", timeout: float | None = None) -> None:
        self.path, self.consumer, self.timeout = path, consumer, timeout
        self.open: set[Delivery] = set()
        self.notes: Notes | None = None

    def claim(self, delivery: Delivery) -> bool:
        """Take the right to say how it ended; tell whether nobody else has it."""
        try:
            self.open.remove(delivery)  # atomic: of two threads one gets it
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

    def leaves(self, delivery: Delivery) -> bool:
        """Leave one to others that was begun once and waits to be tried again; the same."""
        del delivery
        return False


class Routed(msgspec.Struct, eq=False):
    """One event for many subscribers: the same object lies in the mailboxes of all of them.

    Who is at it, and how it ended for whom, is known from each cell's place in its mailbox; only
    where one fails it becomes a `Delivery`. That makes a delivery about six times as cheap.

    Attributes:
        event: as the handlers get it.
        envelope: of the event.
        route: knows the subscription of each cell.
    """

    event: Any
    envelope: Any
    route: Any  # a `Route`

    def to(self, cell: Turns) -> Delivery:
        """Return the delivery that it is to one cell, the same one for the item in hand.

        By who has taken it out of the mailbox.
        """
        owned = cell.owned
        if owned is None or owned[0] is not self:
            delivery = Delivery(self.event, self.envelope, self.route.by_cell[cell]).opened()
            owned = cell.owned = (self, delivery)
        return owned[1]


class Delivery(msgspec.Struct, eq=False):
    """One event for one subscriber.

    Attributes:
        event: as the handler gets it.
        envelope: of the event.
        subscription: hears of the outcome.
        began: when its handler was called, in the clock's seconds; None before that.
        ended: when that was through, or given up; 0.0 before that.
        feed: the durable consumer that has brought it; None if it was published just now.
    """

    event: Any
    envelope: Any
    subscription: Any  # `Settles`
    began: float | None = None
    ended: float = 0.0
    feed: Any = None  # a `Feed`

    def opened(self) -> Delivery:
        """Say that it has no outcome yet; return it."""
        self.subscription.open.add(self)
        return self

    @property
    def is_open(self) -> bool:
        """Whether nobody has said yet how it ended."""
        return self in self.subscription.open

    @property
    def seconds(self) -> float:
        """How long its handler took; 0.0 if it was never called."""
        return 0.0 if self.began is None else max(0.0, self.ended - self.began)


class Note(NamedTuple):
    """How deliveries to one subscriber ended that were handled in one turn.

    Attributes:
        path: the subscriber's.
        items: what was handled.
        seconds: how long each took; if they took less than 0.1 ms, on average.
        outcome: how they ended.
    """

    path: str
    items: Sequence[Routed | Delivery]
    seconds: float
    outcome: Outcome


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
    return item.event if isinstance(item, Delivery | Routed) else item


def delivery_in(item: Any, cell: Turns) -> Delivery | None:
    """Return the delivery to a cell that its mailbox's item is, if it is one.

    What is routed to many becomes one of its own.
    """
    while isinstance(item, Again):
        item = item.message
    if isinstance(item, Routed):
        return item.to(cell)
    return item if isinstance(item, Delivery) else None
