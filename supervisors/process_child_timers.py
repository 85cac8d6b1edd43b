"""Timers of a process actor: the parent keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors.clock import Timer
from ringleader.actors.timers import ActorTimer, Timers

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from ringleader.actors.incarnation import Incarnation

    from .process_child_link import ChildLink


class _Kept(Timer):
    """A timer that the parent keeps."""

    __slots__ = ("_link", "_number")

    def __init__(self, link: ChildLink, number: int) -> None:
        super().__init__(0.0, self.cancel)
        self._link, self._number = link, number

    def cancel(self) -> None:
        """Have it cancelled, its message too, if that is queued."""
        self._link.order("cancel", self._number)


class RemoteTimer(ActorTimer):
    """A timer whose message comes from the parent's mailbox, in order with all others."""

    __slots__ = ("_link", "number")

    def attach(self, link: ChildLink, number: int) -> None:
        """Say where it is kept."""
        self._link, self.number = link, number

    def set(self, seconds: float) -> None:
        """Let it fire after `seconds`."""
        self._timer = _Kept(self._link, self.number)
        self._link.order("timer", self.number, seconds, self._period, self.message)

    def over(self) -> None:
        """Take the news that its message is being handled, and there will be no other."""
        self._timer = None
        self._forget(self)


class RemoteTimers(Timers):
    """The timers of a process actor: kept by the parent, so that their messages queue there."""

    __slots__ = ("_by_number", "_link", "_made")

    def __init__(self, incarnation: Incarnation, link: ChildLink) -> None:
        super().__init__(incarnation)
        self._link = link
        self._made = 0
        self._by_number: dict[int, RemoteTimer] = {}

    def _make(self, key: Hashable, message: Any, period: float | None) -> ActorTimer:
        timer = RemoteTimer(self._incarnation, key, message, period, self._forget)
        self._made += 1
        timer.attach(self._link, self._made)
        self._by_number[self._made] = timer
        return timer

    def _forget(self, timer: ActorTimer) -> None:
        super()._forget(timer)
        if isinstance(timer, RemoteTimer):
            self._by_number.pop(timer.number, None)

    def over(self, numbers: Iterable[int]) -> None:
        """Take the news that these have fired for the last time."""
        for number in numbers:
            timer = self._by_number.get(number)
            if timer is not None:
                timer.over()
