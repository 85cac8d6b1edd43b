"""One life of an actor: what Erlang calls a pid."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cell import Cell
    from .lifecycle import News, Reason, Terminated
    from .message import Delivery, Routed
    from .probe import Probe
    from .ref import Ref


class Parent(Protocol):
    """Somebody to report to: a supervisor's incarnation, or the owner of the root."""

    @property
    def alive(self) -> bool:
        """Whether it still wants to hear."""
        ...

    def hear(self, news: News) -> None:
        """Take news of a child; must return at once."""
        ...


class Watcher(Protocol):
    """Somebody who wants to hear of an end: a ref, or a future."""

    def notify(self, message: Terminated) -> None:
        """Take the news; must return at once."""
        ...


class Phase(Enum):
    """Where in its life an incarnation is; it only moves forward."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    ENDED = "ended"


class Incarnation:
    """A cell and a number. Its ref, the cell's, outlives it.

    Attributes:
        cell: where it lives.
        number: 1 for the first life at this path.
        phase: where in its life it is.
        reason: why it ended, once it has.
        supervisor: whoever hears of its start and end.
        cut_off: whether it was ended because its supervisor ended without stopping it.
        delivery: the event in hand; what is published meanwhile was caused by it.
        flush: called at the end of each turn, in it.
        through: the last event for many whose handler was through.
        extra: what `on_start` returned, OTP's `Info`.
        in_order: whether orders to stop wait behind other messages: a supervisor's do.
        probe: a question about its health that its event loop has yet to take up.
        is_ready: whether the actor has said that it is ready (`Actor.ready`).
    """

    __slots__ = (
        "actor",
        "began",
        "cell",
        "closers",
        "cut_off",
        "delivery",
        "extra",
        "flush",
        "in_order",
        "is_async",
        "is_ready",
        "make",
        "number",
        "phase",
        "probe",
        "reason",
        "stop_replies",
        "supervisor",
        "task",
        "through",
        "timers",
        "watchers",
    )

    def __init__(
        self, cell: Cell, make: Callable[[], Any] | None, supervisor: Parent | None
    ) -> None:
        self.cell = cell
        self.make = make
        self.supervisor = supervisor
        self.number = cell.launched
        self.phase = Phase.STARTING
        self.reason: Reason = None
        self.actor: Any = None
        self.in_order = False
        self.cut_off = False
        self.delivery: Delivery | Routed | None = None
        self.through: Routed | None = None
        self.flush: Callable[[], object] | None = None
        self.extra: Any = None
        self.is_async = False
        self.is_ready = False
        self.probe: Probe | None = None
        self.began = 0.0
        self.task: Any = None
        self.timers: Any = None
        self.stop_replies: list[Any] | None = None
        self.closers: list[Callable[[], object]] | None = None
        self.watchers: list[Watcher] | None = None

    @property
    def path(self) -> str:
        """The path of its cell."""
        return self.cell.path

    @property
    def ref(self) -> Ref[Any]:
        """The address: it means whoever lives at the path, this incarnation or a later one."""
        return self.cell.ref

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.phase is not Phase.ENDED

    def hear(self, news: News) -> None:
        """Take news of a child, if it is a supervisor."""
        self.cell.mailbox.put(news)

    def add_watcher(self, ref: Watcher) -> None:
        """Tell `ref` when this life ends; at once, if it has."""
        self.cell.add_watcher_of(self, ref)

    def remove_watcher(self, ref: Watcher) -> None:
        """Not tell `ref`."""
        self.cell.remove_watcher_of(self, ref)

    def __repr__(self) -> str:
        return f"<{self.cell.path}#{self.number} {self.phase.value}>"
