"""An actor's timers: messages to itself at a later time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .message import Fired

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .clock import Timer
    from .incarnation import Incarnation


class ActorTimer:
    """One timer of one incarnation."""

    __slots__ = (
        "_forget",
        "_incarnation",
        "_is_cancelled",
        "_pending",
        "_period",
        "_timer",
        "key",
        "message",
    )

    def __init__(
        self,
        incarnation: Incarnation,
        key: Hashable,
        message: Any,
        period: float | None,
        forget: Callable[[ActorTimer], None],
    ) -> None:
        self._incarnation, self._period, self._forget = incarnation, period, forget
        self.key, self.message = key, message
        self._is_cancelled = False
        self._timer: Timer | None = None
        self._pending: Fired | None = None

    @property
    def is_active(self) -> bool:
        """Whether it has not been cancelled and, if it is not periodic, has not been handled."""
        return self._timer is not None and self._incarnation.alive

    def cancel(self) -> None:
        """Cancel it, also if its message is queued already: it will not be handled."""
        self._is_cancelled = True
        timer, self._timer, self._pending = self._timer, None, None
        if timer is not None:
            timer.cancel()
        self._forget(self)

    def set(self, seconds: float) -> None:
        """Let it fire after `seconds`."""
        self._timer = timer = self._incarnation.cell.context.clock.call_later(seconds, self._fire)
        if self._is_cancelled:  # by the actor, while the clock's thread was here
            self._timer = None
            timer.cancel()

    def _fire(self) -> None:
        # Not `is_active`: the clock's thread may be here before `set` has taken note of the timer.
        if self._is_cancelled or not self._incarnation.alive:
            return
        if self._pending is None:  # else the last one still waits: ticks don't pile up
            self._pending = fired = Fired(self.message, lambda: self._take(fired))
            self._incarnation.cell.mailbox.put(fired)
        if self._period is not None:
            self.set(self._period)

    def _take(self, fired: Fired) -> bool:
        """Tell whether the message is void; called when its turn has come."""
        if self._is_cancelled or self._pending is not fired or not self._incarnation.alive:
            return True
        self._pending = None
        if self._period is None:
            self._timer = None
            self._forget(self)
        return False


class Timers:
    """The timers of one incarnation; they die with it.

    A timer's message is told to the actor itself, in order with all others: `@handles` and
    `on_receive` see it as any message. Setting a timer under a key that is in use replaces the
    old one (Akka's rule); without a key each is its own.
    """

    __slots__ = ("_incarnation", "_timers")

    def __init__(self, incarnation: Incarnation) -> None:
        self._incarnation = incarnation
        self._timers: dict[Hashable, ActorTimer] = {}

    def once(self, seconds: float, message: Any, *, key: Hashable = None) -> ActorTimer:
        """Tell the actor `message` after `seconds`."""
        return self._set(seconds, message, key, None)

    def periodic(
        self, seconds: float, message: Any, *, key: Hashable = None, first: float | None = None
    ) -> ActorTimer:
        """Tell the actor `message` every `seconds`, the first time after `first` (or `seconds`).

        While one message waits in the mailbox no second one is added.
        """
        _check_seconds(seconds)
        if seconds <= 0:
            raise ValueError(f"a period must be positive, not {seconds} s")
        return self._set(seconds if first is None else first, message, key, seconds)

    def cancel(self, key: Hashable) -> bool:
        """Cancel the timer with this key; tell whether there was one."""
        timer = self._timers.get(key)
        if timer is None:
            return False
        active = timer.is_active
        timer.cancel()
        return active

    def cancel_all(self) -> None:
        """Cancel all timers."""
        for timer in list(self._timers.values()):
            timer.cancel()

    def __len__(self) -> int:
        """Return how many will fire."""
        return sum(timer.is_active for timer in self._timers.values())

    def _set(self, seconds: float, message: Any, key: Hashable, period: float | None) -> ActorTimer:
        _check_seconds(seconds)
        if not seconds >= 0:
            raise ValueError(f"a timer can't fire in {seconds} s: that is not in the future")
        if key is None:
            key = object()
        self.cancel(key)
        timer = self._make(key, message, period)
        self._timers[key] = timer
        timer.set(seconds)
        return timer

    def _make(self, key: Hashable, message: Any, period: float | None) -> ActorTimer:
        return ActorTimer(self._incarnation, key, message, period, self._forget)

    def _forget(self, timer: ActorTimer) -> None:
        if self._timers.get(timer.key) is timer:
            self._timers.pop(timer.key, None)


def _check_seconds(seconds: object) -> None:
    if not isinstance(seconds, int | float):
        raise TypeError(f"the first argument of a timer is its seconds, not {seconds!r}")
