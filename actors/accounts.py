"""What becomes of messages: a cell counts each once, and sets aside what was not handled."""

from __future__ import annotations

from _thread import allocate_lock
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

from .errors import ActorDied, MailboxFull
from .letters import DeadLetter, Outcome
from .message import Again, Ask, Chore, Delivery, Fired, Note, Routed, delivery_in, is_stop, plain
from .publication import Publication, Routing

if TYPE_CHECKING:
    from .context import Context
    from .incarnation import Incarnation
    from .mailbox import Mailbox
    from .ref import Ref
    from .routing import Route

HANDLED = Outcome.HANDLED
SHORT = 1e-4
"""Seconds: of handlers of events that take less, only a whole turn is timed."""


def _by_route(items: list[Any]) -> dict[Route, list[Routed]]:
    """Sort out the events for many by what they are routed by: one type, and its subscribers."""
    found: dict[Route, list[Routed]] = {}
    for item in items:
        if type(item) is Routed:
            found.setdefault(item.route, []).append(item)
    return found


class Accounts:
    """The counters of a cell, and the ways for messages to end without a handler."""

    __slots__ = (
        "_began",
        "_lock",
        "_place",
        "_routed",
        "_serving",
        "_settled",
        "_settled_at",
        "context",
        "is_slow",
        "mailbox",
        "outcomes",
    )

    context: Context
    mailbox: Mailbox
    path: str
    ref: Ref[Any]

    def __init__(self) -> None:
        self.outcomes: dict[Outcome, int] = {}
        self._lock = allocate_lock()  # of phases, batches and counters; never held for long
        self._serving = False  # whether the turn is at the messages
        self._place = 0  # how many messages were ever read when the turn began
        self._settled = 0  # messages of this turn with another outcome than handled
        self._routed = False  # whether the turn has come to an event that is routed to many
        self._began: float | None = None  # when it came to the first; None: each is timed
        self.is_slow = False
        """Whether its handlers of events take longer than `SHORT`, so that each is timed."""
        self._settled_at = 0  # how many messages were ever read when the last of them was in hand

    # ------------------------------------------------------------------- counters

    def _tally(self, outcome: Outcome, number: int) -> None:
        """Count outcomes; the caller holds the lock."""
        if number and not self.context.tally_closed(self, outcome, number):
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + number

    def settle(self, outcome: Outcome) -> None:
        """Count a message that ended otherwise than handled, from any thread."""
        with self._lock:
            self._tally(outcome, 1)

    def settle_in_turn(self, incarnation: Incarnation, outcome: Outcome) -> None:
        """Count the message in hand, unless the end of its incarnation has done so."""
        with self._lock:
            if incarnation.alive and self._serving:
                self._settled += 1
                self._settled_at = self.mailbox.read
                self._tally(outcome, 1)

    def _close_account(self, incarnation: Incarnation) -> list[Any]:
        """Count what the turn has handled, at the end of its incarnation; the caller has the lock.

        Return the message in hand, in a list, if there is one that has no outcome yet.
        """
        if not self._serving:
            return []
        self._serving = False
        begin = self._begin_of_turn()
        cut = self.mailbox.last_cut
        in_hand = self.mailbox.unread()  # first: until then the reader may go on reading
        place = self.mailbox.read
        read = place - self._place
        through = incarnation.through
        is_through = through is not None and any(item is through for item in in_hand)
        if not read or place == self._settled_at or is_through:
            in_hand = []
        if self._routed:
            self._count_routed(cut[begin : begin + read - len(in_hand)])
        self._tally(HANDLED, read - self._settled - len(in_hand))
        self._settled = 0
        return in_hand

    def _begin_of_turn(self) -> int:
        """Return the place in the batch where the turn began; the caller has the lock."""
        mailbox = self.mailbox
        return len(mailbox.last_cut) - (mailbox.cut_off - self._place)

    def _count_routed(self, part: list[Any], route: Route | None = None) -> None:
        """Count what a turn has handled for its subscriptions; the caller has the lock.

        Args:
            part: what was handled.
            route: of all that is in it, if that is known.
        """
        self._routed = False
        items_by_route = _by_route(part) if route is None else {route: part}
        began, self._began = self._began, None
        seconds = 0.0
        if items_by_route and began is not None:
            number = sum(map(len, items_by_route.values()))
            seconds = (self.context.now() - began) / number
            self.is_slow = seconds > SHORT
        for of, items in items_by_route.items():
            subscription = of.by_cell[self]  # type: ignore[index]  # a cell
            subscription.handled(len(items))
            if subscription.notes is not None and began is not None:
                subscription.notes.append(Note(self.path, items, seconds, HANDLED))

    # ------------------------------------------------------------------- refusals

    def _refuse(self, error: ActorDeadError) -> None:
        is_supervisor = issubclass(type(error), ActorDied)
        with self._lock:
            items = self.mailbox.drain()
        for item in items:
            if type(item) is Ask:
                if is_stop(item):
                    item.reply_to.set(None)
                else:
                    item.reply_to.set_exception((type(error), error, None))
                self.settle(Outcome.UNDELIVERABLE)
            elif is_supervisor or type(item) is Fired or is_stop(item):
                self.settle(Outcome.EXPIRED)
            elif isinstance(item, Chore):
                self.settle(Outcome.EXPIRED)
                item.refused()
            else:
                self.bury(item, Outcome.UNDELIVERABLE, detail=str(error))

    def refuse_late(self) -> None:
        """Refuse what came while the cell was closed."""
        if self.mailbox.q:
            self._refuse(ActorDeadError(f"{self.ref} stopped before handling the message"))

    def withdraw(self, reply: Any) -> None:
        """Take back what was asked, if it is still queued: its sender has got an error."""
        with self._lock:
            if self.mailbox.withdraw(reply):
                self.context.reject()

    def make_room(self) -> None:
        """Let go of the oldest message that may go."""
        with self._lock:
            dropped = self.mailbox.drop_oldest()
            self._place += len(dropped)  # the turn under way has not read it
            self._settled_at += len(dropped)
        for item in dropped:
            self._discard(item)

    def _discard(self, item: Any) -> None:
        if type(item) is Ask:
            full = MailboxFull(self.path, item.message, self.mailbox.capacity)
            item.reply_to.set_exception((MailboxFull, full, None))
            self.settle(Outcome.UNDELIVERABLE)
        else:
            self.bury(item, Outcome.UNDELIVERABLE, detail="dropped: the mailbox was full")

    def take_rest(self, *kinds: type[Any]) -> list[Any]:
        """Take the messages of some types that wait, in order; they count as handled."""
        with self._lock:
            waiting = self.mailbox.drain()
            mine = [item for item in waiting if isinstance(item, kinds)]
            self.mailbox.put_back([item for item in waiting if not isinstance(item, kinds)])
            self._tally(HANDLED, len(mine))
        return mine

    def _bury_publication(self, item: Publication, outcome: Outcome, detail: str) -> None:
        """Set an event aside that never came to be routed."""
        letter = DeadLetter(
            path="",
            message=item.event,
            reason=outcome,
            time=self.context.clock.time(),
            detail=detail,
            event_id=item.id,
            envelope=item.envelope,
        )
        self.context.dead_letters.put(letter)
        item.decided(Routing.REJECTED)

    def bury(self, item: Any, outcome: Outcome, *, detail: str = "", report: Any = None) -> None:
        """Count a message that was not handled, and put it among the dead letters."""
        self.settle(outcome)
        if isinstance(item, Publication):
            self._bury_publication(item, outcome, detail)
            return
        if isinstance(item, Routed):  # out of the queue: what the cell owns may be in hand
            item = Delivery(item.event, item.envelope, item.route.by_cell[self]).opened()
        delivery = delivery_in(item, self)  # type: ignore[arg-type]  # the cell is one
        if delivery is not None:
            if not delivery.subscription.claim(delivery):
                return
            delivery.ended = self.context.now()
            if outcome is Outcome.UNDELIVERABLE:
                was_begun = isinstance(item, Again)
                keeper = delivery.subscription
                if keeper.leaves(delivery) if was_begun else keeper.takes_back(delivery):
                    keeper.settle(delivery, Outcome.HANDED_OVER)
                    return
        letter = DeadLetter(
            path=self.path,
            message=plain(item),
            reason=outcome,
            time=self.context.clock.time(),
            detail=detail,
            report=report,
            event_id=None if delivery is None else delivery.envelope.id,
            envelope=None if delivery is None else delivery.envelope,
            consumer="" if delivery is None else delivery.subscription.consumer,
        )
        self.context.dead_letters.put(letter)
        if delivery is not None:  # last: a durable consumer goes on once its letter is kept
            delivery.subscription.settle(delivery, outcome)
