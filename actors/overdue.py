"""Which event handlers take too long: found by looking now and then, so that no delivery pays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import Stuck

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .cell import Cell
    from .events.base import Envelope


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
    """A handler that is over its time."""

    cell: Cell
    envelope: Envelope


def is_still(late: Late) -> bool:
    """Tell whether it is at that event still."""
    return late.cell.envelope is late.envelope


class Overdue:
    """Remember who was at which event at the last looks.

    A handler is late once it was seen at one and the same event for `timeout` seconds: it had at
    least that, and at most one interval between looks more.

    Args:
        timeout: seconds that a handler may take.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        self._since: dict[Any, tuple[Envelope, float]] = {}

    @property
    def interval(self) -> float:
        """Seconds between looks: a tenth of the timeout, and at most 5."""
        return min(5.0, self.timeout / 10)

    def look(self, cells: Iterable[Cell], now: float) -> list[Late]:
        """Return who is late now."""
        before, self._since = self._since, {}
        late: list[Late] = []
        for cell in cells:
            envelope = cell.envelope
            if envelope is None:
                continue
            seen, since = before.get(cell, (envelope, now))
            if seen is not envelope:
                since = now
            if now - since >= self.timeout:
                late.append(Late(cell, envelope))
            self._since[cell] = (envelope, since)
        return late
