"""Pykka's Actor on our own loop: without a thread of its own, and restartable."""

from __future__ import annotations

import functools
import itertools
import logging
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pykka
from pykka import ActorDeadError, ActorRegistry

from .cell import Cell
from .context import Context
from .coroutines import async_handlers, has_async_methods
from .errors import HandlerError
from .future import Reply
from .handlers import Handler, collect, narrowest
from .mailbox import OVERFLOWS, Overflow
from .ref import Inbox, Ref
from .timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from .events.base import Event
    from .incarnation import Incarnation
    from .publication import Publication
    from .topics import Topic

logger = logging.getLogger("pykka")  # where Pykka's users look
A = TypeVar("A", bound="pykka.Actor")


@functools.cache
def default_context() -> Context:
    """Return what serves `MyActor.start()` without a system: Pykka's users know no systems."""
    return Context()


_numbers = itertools.count(1)


class Actor(pykka.Actor):
    """An actor: state that only its own handlers touch, and a mailbox.

    Write `@handles(SomeType)` methods, or `on_receive` as with Pykka. Everything that
    `pykka.Actor` documents holds: `start`, `on_start`, `on_stop`, `on_failure`, `on_receive`,
    `stop`, `actor_ref`. A class with `async def` handlers runs on the event loop.

    Failures: an exception while serving an `ask` goes to the caller, and the actor lives (Pykka's
    rule). One while serving a `tell`, an event or a timer ends this incarnation, and the
    supervisor decides what next. `SystemExit` and its like are failures of this actor alone.
    """

    dispatcher: ClassVar[str] = "pool"
    """What runs its turns: `pool`, `thread` (own thread, for blocking code), `async`, or `process`
    (a process of its own, for code that may crash, hang or grow)."""

    mailbox_capacity: ClassVar[int | None] = None
    """Messages that its mailbox holds; None: as the system says."""

    overflow: ClassVar[Overflow | None] = None
    """What happens to a message for a full mailbox; None: as the system says."""

    in_order: ClassVar[bool] = False
    """Whether orders to stop wait their turn behind other messages. For supervisors."""

    ref_class: ClassVar[type[Ref[Any]]] = Ref
    """The class of its refs."""

    durable: ClassVar[bool] = False
    """Whether it gets events through a durable consumer of the event log, named by its path: it
    goes on where it stopped, over restarts of the node too. Types that are not logged come as to
    everybody else."""

    exported: ClassVar[bool] = False
    """Whether other nodes may reach it: send it messages, call its public methods, watch it."""

    handlers: ClassVar[Mapping[type[Any] | Topic, Handler]] = {}
    """By type and by topic of events, what `@handles` declared."""

    _direct: ClassVar[dict[type[Any], Callable[[Any, Any], Any]]] = {}
    """The same, for turns that need not ask `on_receive`; empty if a class has one of its own."""

    _table: ClassVar[dict[type[Any], Callable[[Any, Any], Any]]] = {}
    _cell: Cell

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the class: its handlers, its dispatcher, its overflow policy.

        Raises:
            HandlerError: something is wrong with it.
        """
        super().__init_subclass__(**kwargs)
        cls.handlers = collect(cls)
        cls._table = {
            kind: handler.function
            for kind, handler in cls.handlers.items()
            if isinstance(kind, type)
        }
        cls._direct = cls._table if cls.on_receive is Actor.on_receive else {}
        if cls.overflow is not None and cls.overflow not in OVERFLOWS:
            raise HandlerError(
                f"{cls.__qualname__}.overflow is {cls.overflow!r}; it can be {', '.join(OVERFLOWS)}"
            )
        if cls.dispatcher in {"async", "process"}:
            return  # in a process of its own it has a loop of its own, if it needs one
        asyncs = async_handlers(cls)
        is_chosen = any("dispatcher" in vars(base) for base in cls.__mro__ if base is not Actor)
        if asyncs and is_chosen:
            raise HandlerError(
                f"{cls.__qualname__}.{asyncs[0]} is async, but its dispatcher is "
                f"{cls.dispatcher!r}; leave the dispatcher out, or make it 'async'"
            )
        if asyncs or (has_async_methods(cls, Actor) and not is_chosen):
            cls.dispatcher = "async"

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        if not hasattr(self, "_cell"):  # not by __dict__: asking for it makes one
            path = f"/{type(self).__name__}-{next(_numbers)}"
            self._cell = Cell(path, type(self), default_context(), is_anonymous=True)
            self._cell.instance = self

    # ---------------------------------------------------------------- Pykka's interface

    @classmethod
    def start(  # pyright: ignore[reportIncompatibleMethodOverride]  # a Ref is an ActorRef
        cls, *args: Any, **kwargs: Any
    ) -> Ref[Self]:
        """Start an actor that nobody supervises, as Pykka does; it is in `pykka.ActorRegistry`.

        The constructor runs in the calling thread, and what it raises is raised here.
        """
        actor = cls(*args, **kwargs)
        if not hasattr(actor, "_cell"):
            raise AssertionError(
                f"{cls.__name__}.__init__ has not called super().__init__(), so there is no mailbox"
            )
        ref = actor.actor_ref
        ActorRegistry.register(ref)
        actor._cell.is_registered = True
        actor._start_actor_loop()  # Pykka's own seam
        return ref

    @staticmethod
    def _create_actor_inbox() -> Any:
        raise NotImplementedError("the cell has the mailbox")

    @staticmethod
    def _create_future() -> Reply[Any]:
        return Reply()

    def _start_actor_loop(self) -> None:
        logger.debug("Starting %s", self)
        self._cell.launch(None, actor=self)

    def _stop(self) -> None:
        current = self._cell.current
        if current is not None:
            self._cell.stop(current, "normal")

    @property
    def actor_ref(  # pyright: ignore[reportIncompatibleMethodOverride]  # a Ref is an ActorRef
        self,
    ) -> Ref[Self]:
        """Its address, which stays valid over restarts."""
        return self._cell.ref

    @property
    def actor_urn(self) -> str:  # type: ignore[override]  # made when asked for
        """Pykka's unique name, kept over restarts."""
        return self._cell.urn

    @property
    def actor_inbox(self) -> Any:  # type: ignore[override]  # the cell's
        """The mailbox; only the cell takes from it."""
        return self._cell.mailbox

    @property
    def actor_stopped(self) -> Any:  # type: ignore[override]  # the cell's
        """Looks like a `threading.Event`, set once nobody will read the mailbox any more."""
        return self._cell.stopped

    def on_start(self) -> Any:
        """Begin this life, before its first message; may be `async def`.

        What it returns reaches the supervisor with the news that the actor is up. `LATER` says
        that it is not: the actor will say when. A failure is a failed start.
        """

    def on_stop(self) -> Any:
        """Clean up after the last message of a life that ends in order; may be `async def`."""

    def health(self) -> Any:
        """Say how it fares; asked if its spec has a `HealthCheck`; may be `async def`.

        A bool, None (no complaint), a word (`"degraded: the disk is slow"`), a mapping or an
        object with `healthy`, `status`, `message` and their like, or a `Health`. An exception is
        an unhealthy answer. It runs in the actor's turn, before the messages that wait.
        """
        return True

    def on_receive(self, message: Any) -> Any:
        """Take a message to the method that handles its type."""
        kind: type[Any] = type(message)  # pyright: ignore[reportUnknownVariableType]  # of Any
        handler = self._table.get(kind)
        if handler is None:
            handler = self._find(kind)
        return handler(self, message)

    def _find(self, kind: type[Any]) -> Callable[[Any, Any], Any]:
        handler = narrowest(self.handlers, kind)
        if handler is None:
            return Actor._unexpected
        self._table[kind] = handler.function
        return handler.function

    def _unexpected(self, message: Any) -> Any:
        return super().on_receive(message)  # logs that it was not expected

    # ---------------------------------------------------------------- what is more

    def ready(self) -> None:
        """Say that this incarnation can do its work, to who waits for it (`signals_ready`).

        Called in one of its own turns, `on_start` included: its supervisor hears it once, after
        the news that it is up. Repeated, or without a supervisor, it does nothing.
        """
        self._cell.ready(self._incarnation())

    @property
    def path(self) -> str:
        """Where it lives: `/pipeline/evaluator`."""
        return self._cell.path

    @property
    def context(self) -> Context:
        """Clock, seeded random numbers, node id: what the system's actors share."""
        return self._cell.context

    @property
    def timers(self) -> Timers:
        """Its timers; they die with this incarnation."""
        incarnation = self._incarnation()
        if incarnation.timers is None:
            incarnation.timers = Timers(incarnation)
        timers: Timers = incarnation.timers
        return timers

    def subscriptions(self) -> Mapping[Topic | str, str | Callable[[Any], Any]]:
        """Say which of its methods takes which events, beside what `@handles` declares.

        For who decides in `__init__` what to listen to; asked at each start. Keys are event types,
        their names, categories, or `ALL`; values are methods of this actor, or their names. Not
        for actors in processes of their own.
        """
        return {}

    def publish(self, event: Event, *, subject: str | None = None) -> Publication:
        """Publish an event. Never waits for a handler.

        What is returned has the event's `id`; await it, or call its `get`, to learn what became of
        the event: how many get it, or whether it was a duplicate.

        Raises:
            EventValidationError: a field is missing, or of another type than declared.
            UnknownEventTypeError: its type is not in the catalogue.
            PublishError: the actor runs without a registry.
        """
        cell = self._cell
        self._check_not_abandoned()
        delivery = cell.delivery
        cause = None if delivery is None else delivery.envelope
        return cell.context.publish(event, source=cell.path, subject=subject, cause=cause)

    def watch(self, target: Ref[Any] | Incarnation) -> None:
        """Be told `Terminated`, once, when somebody is gone.

        It is the address that watches: over the watcher's own restarts it goes on, and to watch
        again changes nothing.

        Args:
            target: a ref: when nobody will live at its path any more (not at a restart); an
                incarnation: when that life ends (Erlang's monitor). If it is gone already the
                message comes at once.
        """
        self._watched(target).add_watcher(self.actor_ref)

    def unwatch(self, target: Ref[Any] | Incarnation) -> None:
        """Not be told any more; a message that is queued already still comes."""
        self._watched(target).remove_watcher(self.actor_ref)

    @staticmethod
    def _watched(target: Ref[Any] | Incarnation) -> Cell | Incarnation:
        return target.cell if isinstance(target, Ref) else target

    def defer(self, close: Callable[[], object]) -> None:
        """Call `close` when this incarnation ends, whatever the end: stop, crash or kill.

        The last one deferred is called first. It may run in another thread, and must be quick.
        """
        incarnation = self._incarnation()
        if incarnation.closers is None:
            incarnation.closers = []
        incarnation.closers.append(close)

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` of the system's clock pass; for async actors."""
        reply: Reply[None] = Reply()
        timer = self.context.clock.call_later(seconds, reply.set)
        try:
            await reply
        finally:
            timer.cancel()

    @classmethod
    def is_idempotent(cls, message: Any) -> bool:
        """Tell whether the message may be handled again after an interruption."""
        kind: type[Any] = type(message)  # pyright: ignore[reportUnknownVariableType]  # of Any
        handler = narrowest(cls.handlers, kind)
        return handler is not None and handler.idempotent

    def _incarnation(self) -> Incarnation:
        current = self._cell.current
        if current is None or (current.actor is not None and current.actor is not self):
            raise ActorDeadError(f"{self} has ended")
        return current

    def _check_not_abandoned(self) -> None:
        current = self._cell.current
        if current is not None and current.actor is not None and current.actor is not self:
            raise ActorDeadError(f"{self} was given up and may not publish any more")


def build(actor_class: type[A], cell: Cell, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> A:
    """Construct an actor on an existing cell, so that `__init__` may already use its ref."""
    actor = actor_class.__new__(actor_class)
    vars(actor)["_cell"] = cell
    cell.instance = actor
    actor.__init__(*args, **kwargs)  # type: ignore[misc]  # the cell must be there before
    if not isinstance(actor, Actor):
        host(actor, cell)
    return actor


def host(actor: pykka.Actor, cell: Cell) -> None:
    """Put an unchanged Pykka actor on a cell; refs that its constructor gave away work, too."""
    told, inbox = actor.actor_inbox, Inbox(cell.ref)
    for pykka_s in (actor._actor_ref, actor):  # noqa: SLF001  # Pykka's own seam
        own: Any = pykka_s  # our inbox has no get(), our flag looks like an Event
        own.actor_inbox, own.actor_stopped = inbox, cell.stopped
        own.actor_urn = cell.urn
    actor._actor_ref = cell.ref  # noqa: SLF001
    while not told.empty():  # what the constructor has told
        inbox.put(told.get())


def needs_loop(cls: type[pykka.Actor]) -> bool:
    """Tell whether the actors of a class can run on an event loop only."""
    if not issubclass(cls, Actor):
        return False
    return cls.dispatcher == "async" or bool(async_handlers(cls)) or has_async_methods(cls, Actor)
