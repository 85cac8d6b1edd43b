"""The cell of the one actor of a child process: turns as anywhere, and the parent hears of them."""

from __future__ import annotations

import queue
from _thread import allocate_lock
from typing import TYPE_CHECKING, Any, Final

from ringleader.actors.cell import Cell
from ringleader.actors.errors import CannotCross
from ringleader.actors.lifecycle import Exit, Failed, Ignore, Started, Up
from ringleader.actors.message import Ask
from ringleader.actors.remote import names_of

from .process_child_timers import RemoteTimers
from .process_frames import Status, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ringleader.actors.context import Context
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.letters import Outcome
    from ringleader.actors.lifecycle import News
    from ringleader.actors.ref import Ref
    from ringleader.actors.routing import Route

    from .process_child_link import ChildLink


AS_TOLD: Final = ("shutdown", "as told")
"""The reason of an end that the parent has ordered; the parent knows the true one."""


class TurnReply:
    """Takes the answer of an ask: with the news that its turn is over, or after it."""

    def __init__(self, cell: ChildCell, number: int) -> None:
        self._cell, self._number = cell, number
        self._lock = allocate_lock()
        self._result: tuple[bool, bytes] | None = None
        self._is_late = False

    def set(self, value: Any = None) -> None:
        """Take an answer; if it can't cross, the one who asked hears that."""
        try:
            self._put(True, self._cell.link.codec.encode(value, self._what()))  # noqa: FBT003  # as sent
        except CannotCross as error:
            self._fail(error)

    def set_exception(self, exc_info: tuple[Any, Any, Any]) -> None:
        """Take an error as the answer."""
        self._fail(exc_info[1])

    def fail(self, error: BaseException) -> None:
        """Take an error as the answer."""
        self._fail(error)

    def collect(self) -> tuple[Status, bytes]:
        """Return the answer, the turn being over; what comes later is sent by itself."""
        with self._lock:
            if self._result is None:
                self._is_late = True
                return Status.LATER, b""
            succeeded, data = self._result
        return (Status.VALUE if succeeded else Status.ERROR), data

    def _what(self) -> str:
        return f"the answer of {self._cell.path}"

    def _fail(self, error: BaseException) -> None:
        self._put(False, self._cell.link.codec.encode(error, self._what()))  # noqa: FBT003  # as sent

    def _put(self, succeeded: bool, data: bytes) -> None:  # noqa: FBT001  # as sent
        with self._lock:
            if self._result is not None:
                raise queue.Full
            self._result = (succeeded, data)
            is_late = self._is_late
        if is_late:
            self._cell.link.send(Word.LATE, self._number, succeeded, data)


class ChildCell(Cell):
    """Takes one message at a time, and says when it is done with it."""

    __slots__ = ("error", "known", "link", "names", "number", "on_end", "reply")

    def __init__(
        self,
        path: str,
        actor_class: type[Any],
        context: Context,
        *,
        dispatcher: str,
        ref: Ref[Any],
        link: ChildLink,
        on_end: Callable[[], None],
    ) -> None:
        super().__init__(path, actor_class, context, dispatcher=dispatcher)
        self.ref = ref
        self._urn = ref.cell.urn
        self.link = link
        self.on_end = on_end
        self.number = 0
        self.reply: TurnReply | None = None
        self.error: BaseException | None = None
        self.names: dict[str, bool] = {}
        self.known = -1

    def begin(self, make: Callable[[], Any], number: int) -> None:
        """Begin the one life that there is here."""
        self.launched = number - 1
        incarnation = self.launch(make, self)
        incarnation.timers = RemoteTimers(incarnation, self.link)

    def take(self, number: int, is_ask: bool, message: Any, over: Iterable[int]) -> None:  # noqa: FBT001  # as sent
        """Take a message in; the last one is done with."""
        current = self.current
        if current is not None and over:
            current.timers.over(over)
        self.number = number
        self.reply = TurnReply(self, number) if is_ask else None
        self.mailbox.put(Ask(message, self.reply) if is_ask else message)

    # ------------------------------------------------------------------- what the parent hears

    @property
    def alive(self) -> bool:
        """Whether the parent wants to hear."""
        return True

    def hear(self, news: News) -> None:
        """Tell the parent of the start or the end."""
        if isinstance(news, Started):
            match news.outcome:
                case Up(extra):
                    self._tell_up(news.incarnation, extra)
                case Failed(reason):
                    self._tell_end(Word.NOT_UP, self.error or reason)
                case _:
                    self._tell_end(Word.NOT_UP, Ignore())
        else:
            reason = getattr(news, "reason", None)
            is_told = self.error is None and reason is AS_TOLD
            self._tell_end(Word.OVER, None if is_told else self.error or reason)

    def _tell_up(self, incarnation: Incarnation, extra: Any) -> None:
        try:
            data = self.link.codec.encode(extra, f"what on_start of {self.path} returned")
        except CannotCross as error:
            self._tell_end(Word.NOT_UP, error)
            return
        self._has_new_names(incarnation)
        self.link.send(Word.UP, data, self.names)

    def _tell_end(self, word: Word, reason: Any) -> None:
        if not isinstance(reason, BaseException | None):
            reason = Exit(reason)
        data = b"" if reason is None else self.link.codec.encode(reason, f"the end of {self.path}")
        self.link.send(word, data)
        self.on_end()

    def _end_turn(self, sched: Any, done: int, route: Route | None = None) -> None:
        current = self.current
        super()._end_turn(sched, done, route)
        if not done or current is None or not current.alive:
            return
        status, data = (Status.TOLD, b"") if self.reply is None else self.reply.collect()
        names = self.names if self._has_new_names(current) else None
        self.link.send(Word.DONE, self.number, status, data, names)

    def _has_new_names(self, incarnation: Incarnation) -> bool:
        """Look at what attributes the actor has; tell whether there are others than before."""
        actor = incarnation.actor
        attributes: dict[str, Any] = {} if actor is None else actor.__dict__
        if actor is None or len(attributes) == self.known:
            return False
        self.known = len(attributes)
        before, self.names = self.names, names_of(actor)
        return before != self.names

    # ------------------------------------------------------------------- what is done elsewhere

    def fail(self, incarnation: Incarnation, error: BaseException) -> None:
        """End because of an exception in the actor's own turn."""
        if incarnation.alive:
            self.error = error
        super().fail(incarnation, error)

    def tell_failure(self, incarnation: Incarnation, error: BaseException) -> None:
        """Call the actor's `on_failure`; the parent logs the failure."""
        try:
            incarnation.actor.on_failure(type(error), error, error.__traceback__)
        except BaseException as second:  # noqa: BLE001  # a failure of this actor alone
            self._log_failure(incarnation, second)

    def _refuse_ask(self, incarnation: Incarnation, ask: Ask, error: Exception) -> None:
        """Give the error to who asked; the parent logs it."""
        if incarnation.alive:
            ask.reply_to.set_exception((type(error), error, error.__traceback__))

    def bury(self, item: Any, outcome: Outcome, *, detail: str = "", report: Any = None) -> None:
        """Do nothing: the parent has the message, and counts it."""

    def ready(self, incarnation: Incarnation) -> None:
        """Have the supervisor told that the actor is ready."""
        if incarnation.alive:
            self.link.order("ready")
