"""Which event handlers take too long: found by looking now and then, so that no delivery pays."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final

from .errors import Stuck
from .message import Routed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .cell import Cell
    from .message import Delivery, Settles


SHORTEST: Final = 0.01
"""Seconds between looks at least, however short a timeout is."""


class HandlerTimedOut(Stuck):
    """Why an incarnation was ended whose handler did not return in time.

    Attributes:
        event_type: the wire value of the type it was at.
        timeout: seconds.
    """

    def __init__(self, event_type: str, timeout: float, stack: str = "") -> None:
        super().__init__(f"the handler of {event_type} took longer than {timeout:g} s", stack)
        self.event_type = event_type
        self.timeout = timeout


@dataclass(frozen=True, slots=True)
class Late:
    """A handler that is over its time.

    Attributes:
        cell: whose it is.
        delivery: what it is at.
        timeout: seconds that it had.
    """

    cell: Cell
    delivery: Delivery | Routed
    timeout: float


def is_still(late: Late) -> bool:
    """Tell whether it is at that event still."""
    return late.cell.delivery is late.delivery


def subscription_of(delivery: Delivery | Routed, cell: Cell) -> Settles:
    """Return the subscription by which a cell has got an event."""
    subscription: Settles
    if isinstance(delivery, Routed):
        subscription = delivery.route.by_cell[cell]
    else:
        subscription = delivery.subscription
    return subscription


class Overdue:
    """Remember who was at which event at the last looks.

    A handler is late once it was seen at one and the same event for as long as it may take: it had
    at least that, and at most one interval between looks more.

    Args:
        timeout: seconds that a handler may take whose subscription says nothing else.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._since: dict[Cell, tuple[Delivery | Routed, float]] = {}

    def interval(self, shortest: float = inf) -> float:
        """Return the seconds between looks: a tenth of the shortest timeout, and at most 5.

        Args:
            shortest: the shortest of those that subscriptions have of their own, if any has.
        """
        timeout = min(shortest, self.timeout)
        return min(5.0, max(SHORTEST, timeout / 10))

    def look(self, cells: Iterable[Cell], now: float) -> list[Late]:
        """Return who is late now."""
        before, self._since = self._since, {}
        late: list[Late] = []
        for cell in cells:
            delivery = cell.delivery
            if delivery is None:
                continue
            seen, since = before.get(cell, (delivery, now))
            if seen is not delivery:
                since = now
            timeout = subscription_of(delivery, cell).timeout or self.timeout
            if now - since >= timeout:
                late.append(Late(cell, delivery, timeout))
            self._since[cell] = (delivery, since)
        return late
