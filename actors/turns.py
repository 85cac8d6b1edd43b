"""The reading half of a cell: turns, messages one by one, replies, and the failure rule."""

from __future__ import annotations

import inspect
import logging
from _thread import get_ident
from typing import TYPE_CHECKING, Any

from .accounts import HANDLED, SHORT, Accounts
from .frames import forget_frames
from .incarnation import Phase
from .letters import Outcome
from .message import Note, Routed
from .specials import SPECIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .dispatch import Dispatcher
    from .incarnation import Incarnation
    from .lifecycle import Reason
    from .message import Delivery
    from .routing import Route

RUNNING, ENDED = Phase.RUNNING, Phase.ENDED  # an enum's members are slow to look up
ON_LOOP = -1
"""In place of a thread, for a turn that is a task of an event loop."""

logger = logging.getLogger("ringleader.actor")


def _receive(actor: Any, event: Any) -> None:
    actor.on_receive(event)


class Turns(Accounts):
    """Give the current incarnation its messages, in order, a batch a turn."""

    __slots__ = (
        "current",
        "dispatcher",
        "in_turn",
        "owned",
        "reply_to",
        "waits_for",
    )

    dispatcher: Dispatcher

    def __init__(self) -> None:
        super().__init__()
        self.current: Incarnation | None = None
        self.reply_to: Any = None
        """Of the ask in hand, for actors that answer `LATER`."""
        self.waits_for: Turns | None = None
        """The cell whose reply this one's turn waits for, without a time-out."""
        self.in_turn = 0
        self.owned: tuple[Routed, Delivery] | None = None
        """The last event for many that became a delivery of its own."""

    @property
    def delivery(self) -> Delivery | Routed | None:
        """The event in hand."""
        current = self.current
        if current is None or current.delivery is current.through:
            return None
        return current.delivery

    # The other half: `Cell`.

    def _obey(self, order: Any) -> None:
        raise NotImplementedError

    def stop(self, incarnation: Incarnation, reason: Reason) -> None:
        """End in order, in the actor's own turn."""
        raise NotImplementedError

    def fail(self, incarnation: Incarnation, error: BaseException) -> None:
        """End because of an exception in the actor's own turn."""
        raise NotImplementedError

    # ------------------------------------------------------------------------- turns
    #
    # What follows is written for speed: a ring of actors pays all of it for each message.

    def run(self, turn: int) -> None:  # noqa: C901, PLR0912, PLR0915  # split it is slower
        """Obey what is in the control lane, then handle up to `turn` messages."""
        mailbox = self.mailbox
        sched = mailbox.sched
        self.in_turn = get_ident()
        left = turn
        route: Any = None
        handler: Callable[[Any, Any], Any] = _receive
        sorts = 0
        try:
            if mailbox.control:
                self._obey_all(sched)
            current = self.current
            if current is None:
                return
            phase = current.phase
            if phase is not RUNNING and (phase is ENDED or not current.in_order):
                return
            if current.is_async:
                self._serve_on_loop(current, turn, sched)
                return
            actor = current.actor
            if actor is None:
                return  # ended in this moment
            # No check whether it still lives: its end takes the rest of the batch away.
            on_receive, special = actor.on_receive, SPECIAL
            handlers: dict[Route, Callable[[Any, Any], Any]] | None = None
            try:
                for item in self._begin(current, sched):
                    if type(item) is Routed:
                        if item.route is not route:
                            route, sorts = item.route, sorts + 1
                            if handlers is None:
                                handlers = {}
                                self._routed, self._began = True, self.context.now()
                            if route not in handlers:
                                handlers[route] = self._handler_of(route, current)
                            handler = handlers[route]
                        current.delivery = item
                        handler(actor, item.event)
                        current.through = item
                    else:
                        sorts = 2  # not one for all
                        if type(item) in special:
                            special[type(item)](self, current, item)
                        else:
                            on_receive(item)
                    left -= 1
                    if not left:
                        mailbox.partial = True
                        break
                if current.flush is not None:
                    current.flush()
            except KeyboardInterrupt as error:
                if self.dispatcher.inline:
                    mailbox.partial = True
                    self.settle(Outcome.INTERRUPTED)
                    current.delivery = None
                    raise  # the turn was run by a caller's thread, and it is the caller's
                self.fail(current, error)
            except BaseException as error:  # noqa: BLE001  # SystemExit is this actor's failure
                self.fail(current, error)
                del actor, on_receive  # the error's traceback keeps this frame
        finally:
            if self.in_turn != ON_LOOP:  # else the task ends it
                self._end_turn(sched, turn - left, route if sorts == 1 else None)

    def _handler_of(self, route: Route, incarnation: Incarnation) -> Callable[[Any, Any], Any]:
        """Return what takes the events of a type in this turn; it is called with the actor."""
        handler: Callable[[Any, Any], Any]
        handler = getattr(incarnation.actor, "_direct", SPECIAL).get(route.kind, _receive)
        is_timed = self.is_slow or self._began is None
        return self._timed(handler, incarnation) if is_timed else handler

    def _timed(
        self, handler: Callable[[Any, Any], Any], incarnation: Incarnation
    ) -> Callable[[Any, Any], Any]:
        """Return a handler of which each call is timed."""

        def timed(actor: Any, event: Any) -> None:
            item: Any = incarnation.delivery
            self._began = began = self.context.now()
            handler(actor, event)
            incarnation.through = item
            self._time(incarnation, item, began)

        return timed

    def _time(self, incarnation: Incarnation, item: Routed, began: float) -> None:
        """Note how long a handler took that is one of those that take their time."""
        if not incarnation.alive:
            return  # it was given up, and its delivery settled
        seconds = self.context.now() - began
        self._began, self.is_slow = None, seconds > SHORT
        subscription = item.route.by_cell[self]
        if subscription.notes is not None:
            subscription.notes.append(Note(self.path, (item,), seconds, HANDLED))

    def _begin(self, incarnation: Incarnation, sched: Any) -> Iterable[Any]:
        """Return the messages of this turn: the rest of a batch, or all that has come since."""
        mailbox = self.mailbox
        with self._lock:
            if incarnation.phase is ENDED or sched is not mailbox.sched:
                return ()
            self._serving = True
            if mailbox.partial and mailbox.unread_in_batch:
                self._place = mailbox.read
                return mailbox.batch
            self._place = cut_off = mailbox.cut_off
            q = mailbox.q
            count = len(q)
            mailbox.last_cut = cut = q[:count]
            mailbox.batch = batch = iter(cut)
            del q[:count]
            mailbox.cut_off = cut_off + count
            mailbox.partial = False
        if mailbox.waiters:
            mailbox.let_in()
        return batch

    def _end_turn(self, sched: Any, done: int, route: Route | None = None) -> None:
        """Count, and give the turn away.

        Args:
            sched: what the turn was begun with.
            done: so many messages were handled, or settled otherwise.
            route: of all of them, if they are events for many of one type.
        """
        mailbox = self.mailbox
        with self._lock:
            if sched is not mailbox.sched:
                return  # given up as hung; another turn may be under way
            if done and self._serving:  # else the end of its incarnation has counted
                if self._routed:
                    begin = self._begin_of_turn()
                    self._count_routed(mailbox.last_cut[begin : begin + done], route)
                if mailbox.closed or self._settled:
                    self._tally(HANDLED, done - self._settled)
                    self._settled = 0
                else:
                    self.outcomes[HANDLED] = self.outcomes.get(HANDLED, 0) + done
            self.in_turn, self._serving = 0, False
        if (mailbox.q or mailbox.partial or mailbox.control) and self.has_work():
            mailbox.again()
            return
        mailbox.busy = False
        sched.release()
        if mailbox.q or mailbox.control:  # it came between the two lines above
            if self.has_work():
                mailbox.wake()
            elif mailbox.closed:
                self.refuse_late()

    def has_work(self) -> bool:
        """Tell whether a turn would find something to do."""
        mailbox = self.mailbox
        if mailbox.control:
            return True
        current = self.current
        if current is None or mailbox.empty():
            return False
        phase = current.phase
        return phase is RUNNING or (phase is not ENDED and current.in_order)

    def _obey_all(self, sched: Any) -> None:
        mailbox = self.mailbox
        while mailbox.control:
            with self._lock:
                if sched is not mailbox.sched:
                    return  # given up as hung: what is in the lane is for others
                order = mailbox.control.popleft()
            self._obey(order)

    def _abandon_turn(self) -> None:
        """Give up the turn under way, if there is one; the caller has the lock.

        In one go with the end of the incarnation, so that the thread can't be at something else.
        """
        thread = self.in_turn
        if not thread:
            return
        self.in_turn, self.waits_for = 0, None
        if thread not in (ON_LOOP, get_ident()):
            self.dispatcher.replace(thread)
        self.mailbox.abandon_turn()

    # ------------------------------------------------------------------- on an event loop

    def _serve_on_loop(self, incarnation: Incarnation, turn: int, sched: Any) -> None:
        with self._lock:
            if sched is not self.mailbox.sched:
                return
            self.in_turn = ON_LOOP

        def ended(done: int | None) -> None:
            if incarnation.task is task:  # else it is the task of `on_stop` already
                incarnation.task = None
            self._end_turn(sched, done or 0)

        task = self.dispatcher.run_task(self._serve_async(incarnation, turn, sched), ended)
        incarnation.task = task

    async def _serve_async(self, incarnation: Incarnation, turn: int, sched: Any) -> int:
        actor, special, left = incarnation.actor, SPECIAL, turn
        if actor is None:
            return 0  # ended in this moment
        on_receive = actor.on_receive
        try:
            probe, incarnation.probe = incarnation.probe, None
            if probe is not None:
                await probe.obey_async()
            for item in self._begin(incarnation, sched):
                if type(item) in special:
                    more = special[type(item)](self, incarnation, item)
                else:
                    more = on_receive(item)
                if more is not None and inspect.iscoroutine(more):
                    await more
                left -= 1
                if not left:
                    self.mailbox.partial = True
                    break
        except BaseException as error:  # noqa: BLE001  # a cancelled handler, too, is a failed one
            if sched is self.mailbox.sched:
                self.fail(incarnation, error)
            else:
                forget_frames(error)  # it may be the reason of a death that is kept
            del actor, on_receive  # the error's traceback keeps this frame
        return turn - left
