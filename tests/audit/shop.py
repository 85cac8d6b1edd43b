"""A small tree of code that has nothing wrong with it, to be changed and audited."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ringleader.audit.findings import cycle_findings, findings
from ringleader.audit.scan import scan

if TYPE_CHECKING:
    from pathlib import Path

    from ringleader.audit.model import Facts, Finding

EVENTS = """
from ringleader.events import Event, EventType

class OrderPlaced(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("ORDER_PLACED")
    order_id: str
    note: str | None = None
    urgent: bool = False

class OrderShipped(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("ORDER_SHIPPED")
    order_id: str
"""

ACTORS = """
from ringleader import Actor, handles
from .events import OrderPlaced, OrderShipped

class Desk(Actor):
    @handles(str)
    def order(self, order_id: str) -> None:
        self.publish(OrderPlaced(order_id=order_id, note="by hand"))

    @handles(OrderShipped)
    def close(self, event: OrderShipped) -> None:
        print(event.order_id)

class Warehouse(Actor):
    @handles(OrderPlaced)
    def ship(self, event: OrderPlaced) -> None:
        self._pack(event)

    def _pack(self, order):
        print(order.note, order.urgent)
        self.publish(OrderShipped(order_id=order.order_id))
"""


@dataclass
class Shop:
    """The tree. Paths are relative to its directory."""

    path: Path
    files: dict[str, str] = field(default_factory=dict[str, str])

    def change(self, old: str, new: str, file: str = "shop/actors.py") -> Shop:
        """Replace a piece of a file, which must be there once."""
        assert self.files[file].count(old) == 1, f"{old!r} is not in {file} once"
        self.files[file] = self.files[file].replace(old, new)
        return self

    def add(self, text: str, file: str = "shop/actors.py") -> Shop:
        """Put more code at the end of a file, or into a new one."""
        self.files[file] = self.files.get(file, "") + text
        return self

    def facts(self) -> Facts:
        """Scan it, without ringleader's own code."""
        for name, text in self.files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return scan([self.path], background=None)

    def findings(self) -> list[Finding]:
        """Scan it, and return what does not fit."""
        facts = self.facts()
        return [*findings(facts), *cycle_findings(facts, ())]

    def found(self) -> list[tuple[str, str, str]]:
        """Scan it, and return kind, event and field of what does not fit."""
        return [(f.kind, f.event, f.field) for f in self.findings()]

    def line(self, text: str, file: str = "shop/actors.py") -> str:
        """Return the place of the only line with a text in it: `path:line`."""
        lines = self.files[file].split("\n")
        [number] = [n for n, line in enumerate(lines, 1) if text in line]
        return f"{self.path.resolve() / file}:{number}"
