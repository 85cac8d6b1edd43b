"""The address of an actor."""

from __future__ import annotations

import threading
from _thread import get_ident
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, overload

import pykka
from pykka import ActorDeadError
from pykka.messages import _ActorStop

from .dispatch import here
from .errors import DeadlockError, MailboxFull
from .future import Reply
from .message import Ask, Call, is_stop, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .cell import Cell
    from .lifecycle import Terminated
    from .mailbox import Mailbox

A = TypeVar("A", bound=pykka.Actor)
P = ParamSpec("P")
R = TypeVar("R")


class _WasAlive(Reply[bool]):
    """Makes of the answer to a stop order whether there was anybody to obey it."""

    def _resolve(self, result: tuple[Any, Any]) -> None:
        _, exc_info = result
        if exc_info is None:
            result = (True, None)
        elif isinstance(exc_info[1], ActorDeadError):
            result = (False, None)
        super()._resolve(result)


class _End(Reply["Terminated"]):
    """Waits for the end of somebody, in place of an actor."""

    def notify(self, message: Terminated) -> None:
        self.set(message)


class Stopped:
    """Look like a `threading.Event` that is set once the mailbox is closed."""

    __slots__ = ("_event", "_mailbox")

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._event: threading.Event | None = None

    def is_set(self) -> bool:
        """Tell whether the mailbox is closed."""
        return self._mailbox.closed

    def set(self) -> None:
        """Close the mailbox."""
        self._mailbox.closed = True
        if self._event is not None:
            self._event.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the mailbox is closed."""
        event = threading.Event()
        if self._event is None:  # nothing comes between this line and the next
            self._event = event
        return self._mailbox.closed or self._event.wait(timeout)


class Ref(pykka.ActorRef[A]):
    """An address. It stays valid over restarts; it is dead once its cell is closed.

    Everything that `pykka.ActorRef` documents holds: `tell`, `ask`, `stop`, `proxy`, `is_alive`.
    """

    def __init__(self, cell: Cell, actor_class: type[A]) -> None:
        self.cell = cell
        self.actor_class = actor_class
        self._mailbox = cell.mailbox
        self.actor_inbox: Any = cell.mailbox  # only the cell takes from it, so it has no get()
        self.actor_stopped = cell.stopped  # looks like an Event
        self._abandoned = cell.context.abandoned

    @property
    def path(self) -> str:
        """Where the actor lives: `/pipeline/evaluator`."""
        return self.cell.path

    @property
    def actor_urn(self) -> str:  # type: ignore[override]  # made when asked for
        """Pykka's unique name of the actor; kept over restarts."""
        return self.cell.urn

    @property
    def _actor_weakref(self) -> Callable[[], Any]:  # type: ignore[override]  # for Pykka's proxies
        """Return what a proxy introspects: the instance, or an empty one while none lives."""
        instance, actor_class = self.cell.instance, self.actor_class
        return lambda: actor_class.__new__(actor_class) if instance is None else instance

    def __repr__(self) -> str:
        return f"<ActorRef for {self}>"

    def __str__(self) -> str:
        cell = self.cell
        return f"{self.actor_class.__name__} ({cell.urn if cell.is_anonymous else cell.path})"

    def tell(self, message: Any) -> None:
        """Send a message and go on.

        Raises:
            ActorDeadError: nobody will ever read it.
            MailboxFull: the mailbox is full, and its policy is to tell the sender.
        """
        mailbox = self._mailbox
        if mailbox.closed or (self._abandoned and get_ident() in self._abandoned):
            raise ActorDeadError(f"{self} not found")
        q = mailbox.q
        if len(q) >= mailbox.capacity:
            self._overflow(message)
        q.append(message)
        if not mailbox.busy:
            mailbox.wake()

    def notify(self, message: Terminated) -> None:
        """Send what must arrive whatever the bound, unless nobody reads any more."""
        if not self._mailbox.closed:
            self._mailbox.put(message)

    @overload
    def ask(
        self, message: Any, *, block: Literal[False], timeout: float | None = None
    ) -> Reply[Any]: ...
    @overload
    def ask(
        self, message: Any, *, block: Literal[True] = True, timeout: float | None = None
    ) -> Any: ...
    @overload
    def ask(
        self, message: Any, *, block: bool = True, timeout: float | None = None
    ) -> Any | Reply[Any]: ...
    def ask(  # pyright: ignore[reportIncompatibleMethodOverride]  # a Reply is a Future
        self, message: Any, *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Send a message and wait for the reply; with `block=False` return its future.

        Raises:
            pykka.Timeout: there was no reply within `timeout` seconds, or no room before that.
            MailboxFull: as `tell` says, also with `block=False`.
            DeadlockError: without a timeout, from the actor's own turn or in a circle of asks.
            ActorDeadError: nobody will ever read it; `ActorDied` if it was in hand at a death.
            Exception: whatever the actor raised.
        """
        future = self._ask(message, timeout if block else None)
        return future.get(timeout=timeout) if block else future

    def _ask(
        self, message: Any, timeout: float | None = None, reply: Reply[Any] | None = None
    ) -> Reply[Any]:
        mailbox = self._mailbox
        future: Reply[Any] = Reply(self.cell) if reply is None else reply
        if mailbox.closed or (self._abandoned and get_ident() in self._abandoned):
            future.fail(ActorDeadError(f"{self} not found"))
            return future
        if len(mailbox.q) >= mailbox.capacity:
            self._overflow(message, timeout)
        mailbox.q.append(Ask(message, future))
        if not mailbox.busy:
            mailbox.wake()
        return future

    def forward(self, message: Any, reply_to: Any) -> None:
        """Send a message whose reply, if one is wanted, goes to a future of Pykka's."""
        self.tell(message if reply_to is None else Ask(message, reply_to))

    @overload
    def stop(self, *, block: Literal[True] = True, timeout: float | None = None) -> bool: ...
    @overload
    def stop(self, *, block: Literal[False], timeout: float | None = None) -> Reply[bool]: ...
    @overload
    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Reply[bool]: ...
    def stop(  # pyright: ignore[reportIncompatibleMethodOverride]  # a Reply is a Future
        self, *, block: bool = True, timeout: float | None = None
    ) -> bool | Reply[bool]:
        """Ask the actor to stop, behind what was sent before; tell whether it was alive.

        With `block=False` return a future of that. A child of a supervisor that is `permanent`
        comes back: use the supervisor's `terminate_child`.
        """
        stopped = _WasAlive(self.cell)
        self._ask(_ActorStop(), reply=stopped)
        return stopped.get(timeout=timeout) if block else stopped

    def watch(self) -> Reply[Terminated]:
        """Return a future of the end: set once nobody will live at this path any more.

        For those who are no actors; an actor calls `self.watch(ref)` and is told.
        """
        end: _End = _End()
        self.cell.add_watcher(end)
        return end

    @overload
    def call(
        self,
        method: Callable[Concatenate[A, P], Coroutine[Any, Any, R]],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Reply[R]: ...
    @overload
    def call(
        self, method: Callable[Concatenate[A, P], R], /, *args: P.args, **kwargs: P.kwargs
    ) -> Reply[R]: ...
    def call(self, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Reply[Any]:
        """Let the actor call a method of its class; type checkers check the arguments.

        `ref.call(Evaluator.describe, "status").get(timeout=5)`. A subclass's version is called.
        """
        name = method.__name__
        if not callable(getattr(self.actor_class, name, None)):
            raise TypeError(f"{self.actor_class.__name__} has no method {name!r}")
        return self._ask(Call(name, args, kwargs))

    def _overflow(self, message: Any, timeout: float | None = None) -> None:
        if is_stop(message):
            return  # an order to stop gets in, whatever the bound
        cell, mailbox = self.cell, self._mailbox
        match cell.overflow:
            case "drop_oldest":
                cell.make_room()
            case "block" if here.seat.cell is None and not here.is_loop:
                self._wait_for_room(timeout)
            case policy:
                cell.context.reject()
                hint = "; an actor's turn does not block" if policy == "block" else ""
                raise MailboxFull(cell.path, plain(message), mailbox.capacity, hint)

    def _wait_for_room(self, timeout: float | None) -> None:
        mailbox, clock = self._mailbox, self.cell.context.clock
        deadline = None if timeout is None else clock.now() + timeout
        while len(mailbox.q) >= mailbox.capacity and not mailbox.closed:
            if self.cell.dispatcher.inline:
                self._drive()
            elif not mailbox.wait_for_room(None if deadline is None else deadline - clock.now()):
                raise pykka.Timeout(f"{timeout} seconds")
        if mailbox.closed:
            raise ActorDeadError(f"{self} not found")

    def _drive(self) -> None:
        """In a deterministic test nobody else will: run turns until there is room."""
        self.cell.dispatcher.drive()
        if len(self._mailbox.q) >= self._mailbox.capacity:
            raise DeadlockError(f"{self} is full, and there is nothing left to do")


class Inbox:
    """What refs that Pykka itself has made take for the actor's queue."""

    def __init__(self, ref: Ref[Any]) -> None:
        self._ref = ref

    def put(self, envelope: Any, /) -> None:
        """Send what Pykka has put into an envelope, by the rules of the ref."""
        self._ref.forward(envelope.message, envelope.reply_to)

    def empty(self) -> bool:
        """Tell whether nothing waits to be read."""
        return self._ref.cell.mailbox.empty()
