"""How an incarnation ends: in order, by failure, or killed; and who is told."""

from __future__ import annotations

import inspect
import queue
from _thread import get_ident
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pykka import ActorRegistry

from .errors import ActorDied, Stuck
from .frames import forget_frames
from .incarnation import Phase
from .letters import DeathReport, Outcome
from .lifecycle import LATER, Exit, Exited, Failed, News, Reason, Started, Terminated, reason_of
from .message import Again, Ask, Fired, delivery_in, plain
from .specials import pykka_logger
from .turns import Turns, logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cell import Cell
    from .incarnation import Incarnation, Watcher
    from .message import Delivery
    from .ref import Ref


class Ending(Turns):
    """The half of a cell that ends incarnations."""

    __slots__ = ("is_registered", "last_reason", "watchers")

    children: dict[str, Cell]
    path: str
    ref: Ref[Any]
    stopped: Any

    def __init__(self) -> None:
        super().__init__()
        self.watchers: list[Watcher] | None = None
        self.last_reason: Reason = None
        self.is_registered = False
        """Whether it is in `pykka.ActorRegistry`: a list, so nobody is taken out twice."""

    # What the cell itself does.

    def down(self, incarnation: Incarnation, reason: Reason) -> None:
        """Let go of an incarnation that has ended."""
        raise NotImplementedError

    # ------------------------------------------------------------------------- in order

    def stop(self, incarnation: Incarnation, reason: Reason) -> None:
        """End in order, with `on_stop`, in the actor's own turn."""
        with self._lock:
            if incarnation.phase is not Phase.RUNNING:
                return
            incarnation.phase, incarnation.reason = Phase.STOPPING, reason
            in_hand = self._close_account(incarnation)
            self._tally(Outcome.HANDLED, len(in_hand))
            if not incarnation.is_async:  # else its handler goes on, and settles it
                self._count_routed(in_hand)
        if incarnation.supervisor is None:
            self._unregister()
            pykka_logger.debug("Stopped %s", incarnation.actor)
        try:
            later = incarnation.actor.on_stop()
        except BaseException as error:  # noqa: BLE001  # a failure of this actor alone
            self._failed_stop(incarnation, error)
        else:
            if incarnation.is_async and inspect.iscoroutine(later):
                self._run_coroutine(incarnation, self._stop_later(incarnation, later))
                return
            if later is LATER:
                return
        self.finish(incarnation, incarnation.reason)

    async def _stop_later(self, incarnation: Incarnation, coroutine: Any) -> None:
        try:
            await coroutine
        except BaseException as error:  # noqa: BLE001  # a failure of this actor alone
            self._failed_stop(incarnation, error)
        self.finish(incarnation, incarnation.reason)

    def _failed_stop(self, incarnation: Incarnation, error: BaseException) -> None:
        incarnation.reason = reason_of(error)
        if not isinstance(error, Exit):
            self.tell_failure(incarnation, error)
        forget_frames(error)

    def _run_coroutine(self, incarnation: Incarnation, coroutine: Any) -> None:
        def ended(_: None) -> None:
            if incarnation.task is task:
                incarnation.task = None

        task = incarnation.task = self.dispatcher.run_task(coroutine, ended)

    # ------------------------------------------------------------------------- the end

    def fail(self, incarnation: Incarnation, error: BaseException) -> None:
        """End because of an exception in the actor's own turn."""
        if not incarnation.alive:
            forget_frames(error)
            return  # abandoned long ago
        if not isinstance(error, Exit):
            self.tell_failure(incarnation, error)
        outcome = Outcome.HANDLED if isinstance(error, Exit) else Outcome.FAILED
        forget_frames(error)
        self.finish(incarnation, reason_of(error), outcome=outcome)

    def finish(
        self,
        incarnation: Incarnation,
        reason: Reason,
        below: Reason | None = None,
        *,
        outcome: Outcome = Outcome.INTERRUPTED,
        abandon: bool = False,
        only_if: Callable[[], object] | None = None,
        stack: str = "",
    ) -> bool:
        """Record the end and tell the supervisor. Only the first call for an incarnation counts.

        What a supervisor has not stopped is ended with it, from the top down, so that nobody in
        the subtree restarts anybody: its children with its own reason, unless `below`.

        Args:
            incarnation: ends.
            reason: why.
            below: why its children do, if that is another reason.
            outcome: of the message in hand.
            abandon: whether to give up the turn under way, in which it is.
            only_if: do nothing unless this is true; called with the cell locked.
            stack: where its turn is, as text.
        """
        with self._lock:
            if not incarnation.alive or (only_if is not None and not only_if()):
                return False
            began = self._began
            was_starting = incarnation.phase is Phase.STARTING
            incarnation.phase, incarnation.reason = Phase.ENDED, reason
            in_hand = self._close_account(incarnation)
            if abandon:
                self._abandon_turn()
        if in_hand or self.context.is_heard:
            report = self._report(incarnation, reason, in_hand, stack)
            if in_hand:
                delivery = delivery_in(in_hand[0], self)
                was_open = delivery is not None and delivery.is_open
                item = in_hand[0] if delivery is None else self._own(in_hand[0], delivery, began)
                self._set_aside(incarnation, item, outcome, report)
                if delivery is not None and was_open:
                    self._tell_registry(delivery, outcome, report)
            if not was_starting:
                self.context.sink.exited(incarnation, report)
        for cell in list(self.children.values()):
            current = cell.current
            if current is not None:
                current.cut_off = True
                cell.kill(current, reason if below is None else below, "shutdown")
        self.last_reason = reason
        self.down(incarnation, reason)
        if incarnation.supervisor is not None:
            failed = Started(incarnation, Failed(reason)) if was_starting else None
            self.tell_supervisor(incarnation, failed or Exited(incarnation, reason))
        return True

    @staticmethod
    def _own(item: Any, delivery: Delivery, began: float | None) -> Any:
        """Return what takes the place of an item in hand that is a delivery."""
        if delivery.began is None:
            delivery.began = began
        return item if isinstance(item, Again) and item.message is delivery else delivery

    def _report(
        self, incarnation: Incarnation, reason: Reason, in_hand: list[Any], stack: str
    ) -> DeathReport:
        clock = self.context.clock
        return DeathReport(
            path=self.path,
            number=incarnation.number,
            reason=reason,
            time=clock.time(),
            uptime=max(0.0, clock.now() - incarnation.began),
            depth=len(self.mailbox),
            in_hand=plain(in_hand[0]) if in_hand else None,
            stack=(reason.stack or stack) if isinstance(reason, Stuck) else stack,
        )

    def _set_aside(
        self, incarnation: Incarnation, item: Any, outcome: Outcome, report: DeathReport
    ) -> None:
        """Settle the message in hand: answer it, keep it for a second try, or bury it."""
        if incarnation.in_order:
            ends_itself = self.in_turn == get_ident()
            self.settle(Outcome.HANDLED if ends_itself else outcome)
            return
        delivery = delivery_in(item, self)
        if delivery is not None and not delivery.is_open:
            self.settle(Outcome.HANDLED)  # its handler was through
        elif type(item) is Ask:
            self.settle(outcome)
            with suppress(queue.Full):  # it has answered
                item.reply_to.set_exception((ActorDied, ActorDied(report.reason), None))
        elif outcome is Outcome.HANDLED:
            self.settle(outcome)
            if delivery is not None and delivery.subscription.claim(delivery):
                delivery.subscription.settle(delivery, outcome)
        elif self._may_try_again(incarnation, item):
            self.settle(Outcome.RETRIED)
            with self._lock:
                self.mailbox.q.insert(0, Again(item.message if type(item) is Fired else item))
        else:
            self.bury(item, outcome, detail=report.cause, report=report)

    @staticmethod
    def _may_try_again(incarnation: Incarnation, item: Any) -> bool:
        if type(item) is Again or incarnation.supervisor is None:
            return False
        is_idempotent: Callable[[Any], bool] | None = getattr(
            incarnation.actor, "is_idempotent", None
        )
        return is_idempotent is not None and is_idempotent(plain(item))

    # ------------------------------------------------------------------------- who is told

    def _tell_registry(self, delivery: Delivery, outcome: Outcome, report: DeathReport) -> None:
        told = self.context.handler_failed
        if told is not None and outcome in (Outcome.FAILED, Outcome.TIMED_OUT):
            told(delivery, outcome, report)

    def tell_failure(self, incarnation: Incarnation, error: BaseException) -> None:
        """Log a failure and call the actor's `on_failure`."""
        self._log_failure(incarnation, error)
        try:
            incarnation.actor.on_failure(type(error), error, error.__traceback__)
        except BaseException as second:  # noqa: BLE001  # a failure of this actor alone
            self._log_failure(incarnation, second)

    def _log_failure(self, incarnation: Incarnation, error: BaseException) -> None:
        if incarnation.supervisor is None:
            pykka_logger.error("Unhandled exception in %s:", incarnation.actor, exc_info=error)
            self._unregister()
        else:
            name = type(error).__name__
            logger.error("%s failed: %s: %s", self.path, name, error, exc_info=error)

    def _unregister(self) -> None:
        self.stopped.set()
        if self.is_registered:
            self.is_registered = False
            ActorRegistry.unregister(self.ref)

    def tell_supervisor(self, incarnation: Incarnation, news: News) -> None:
        """Tell the supervisor, if there is one and it lives."""
        supervisor = incarnation.supervisor
        if supervisor is not None and supervisor.alive:
            supervisor.hear(news)

    def add_watcher(self, ref: Watcher) -> None:
        """Tell `ref` once when nobody will live here any more; at once, if that is so already."""
        with self._lock:
            self.watchers = [*_without(self.watchers, ref), ref]
        if self.mailbox.closed:
            self.tell_watchers()

    def remove_watcher(self, ref: Watcher) -> None:
        """Not tell `ref`."""
        with self._lock:
            self.watchers = _without(self.watchers, ref)

    def tell_watchers(self) -> None:
        """Tell those who watch the ref that nobody will live here any more."""
        with self._lock:
            watchers, self.watchers = self.watchers, None
        for ref in watchers or ():
            ref.notify(Terminated(self.ref, self.last_reason))

    def add_watcher_of(self, incarnation: Incarnation, ref: Watcher) -> None:
        """Tell `ref` once when this incarnation ends; at once, if it has."""
        with self._lock:
            incarnation.watchers = [*_without(incarnation.watchers, ref), ref]
        if not incarnation.alive:
            self.tell_watchers_of(incarnation, incarnation.reason)

    def remove_watcher_of(self, incarnation: Incarnation, ref: Watcher) -> None:
        """Not tell `ref`."""
        with self._lock:
            incarnation.watchers = _without(incarnation.watchers, ref)

    def tell_watchers_of(self, incarnation: Incarnation, reason: Reason) -> None:
        """Tell those who watch this incarnation that it ended."""
        with self._lock:
            watchers, incarnation.watchers = incarnation.watchers, None
        for ref in watchers or ():
            ref.notify(Terminated(self.ref, reason))

    def _run_closers(self, incarnation: Incarnation) -> None:
        if incarnation.timers is not None:
            incarnation.timers.cancel_all()
        closers, incarnation.closers = incarnation.closers, None
        for close in reversed(closers or ()):
            try:
                close()
            except BaseException as error:  # noqa: BLE001  # the others must be closed, too
                self._log_failure(incarnation, error)


def _without(watchers: list[Watcher] | None, ref: Watcher) -> list[Watcher]:
    return [watcher for watcher in watchers or () if watcher is not ref]
