"""Refs of actors that live elsewhere: in the process that started this one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pykka
from pykka.messages import _ActorStop

from .dispatch import here
from .errors import BlockingCallError
from .future import Reply
from .message import Call
from .ref import Inbox, Ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lifecycle import Terminated

A = TypeVar("A", bound=pykka.Actor)
T = TypeVar("T")


class Link(Protocol):
    """The way to where the actors are."""

    def request(self, what: str, *args: Any) -> Any:
        """Have something done there that takes no time; return its result or raise its error.

        Raises:
            CannotCross: an argument can't be sent.
            ActorDeadError: the link is closed.
        """
        ...

    def begin(self, reply: RemoteReply[Any], what: str, *args: Any) -> None:
        """Have something done there; the reply is set when it is done. Raises as `request`."""
        ...

    def order(self, what: str, *args: Any) -> None:
        """Have something done there, without an answer. Raises as `request`."""
        ...

    def forget(self, reply: RemoteReply[Any]) -> None:
        """Say that nobody waits for a reply any more."""
        ...

    def find_class(self, name: str) -> type[Any]:
        """Import a class by `module:qualname`."""
        ...


class RemoteReply(Reply[T]):
    """The reply to something that happens elsewhere.

    Whether a wait could ever end is known there: who waits in a turn without a time-out says so,
    and gets `DeadlockError` if the wait would close a circle.
    """

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link
        self.number = 0
        """By which the link knows it."""

    def _wait(self, timeout: float | None) -> None:
        if here.is_loop:
            raise BlockingCallError(
                "a blocking get() on an event loop's thread; await the reply instead"
            )
        if timeout is None and here.seat.cell is not None:
            self._link.order("wait", self.number)
        try:
            self._block(timeout)
        except pykka.Timeout:
            self._link.forget(self)
            raise


class _Place:
    """What stands in for the cell of an actor that lives elsewhere."""

    def __init__(self, ref: RemoteRef[Any], path: str, urn: str, *, is_anonymous: bool) -> None:
        self._ref = ref
        self.path, self.urn, self.is_anonymous = path, urn, is_anonymous

    def add_watcher(self, _own: object) -> None:
        """Have this process's actor told of its end."""
        self._ref.link.order("watch", self._ref)

    def remove_watcher(self, _own: object) -> None:
        """Not have it told."""
        self._ref.link.order("unwatch", self._ref)


class _RemoteFlag:
    """Looks like a `threading.Event` that is set once nobody will live there any more."""

    def __init__(self, ref: RemoteRef[Any]) -> None:
        self._ref = ref

    def is_set(self) -> bool:
        """Ask."""
        return not self._ref.link.request("is_alive", self._ref)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; tell whether it came within `timeout` seconds."""
        try:
            self._ref.watch().get(timeout=timeout)
        except pykka.Timeout:
            return False
        return True


class RemoteRef(Ref[A]):
    """The address of an actor elsewhere: all that a `Ref` does, over a link.

    `tell` and `publish` wait until the message has arrived, so that they raise what they raise in
    one process: 0.1 ms.
    """

    def __init__(
        self, link: Link, path: str, urn: str, class_name: str, *, is_anonymous: bool = False
    ) -> None:
        self.link, self.class_name = link, class_name
        self.cell: Any = _Place(self, path, urn, is_anonymous=is_anonymous)
        self.actor_inbox = Inbox(self)
        self.actor_stopped: Any = _RemoteFlag(self)

    @property
    def actor_class(self) -> type[A]:  # type: ignore[override]  # imported when asked for
        """Its class; raises ImportError or AttributeError if it can't be imported here."""
        return self.link.find_class(self.class_name)

    @property
    def _actor_weakref(self) -> Callable[[], Any]:  # type: ignore[override]  # for Pykka's proxies
        blank = blank_actor(self.actor_class, self.link.request("names", self))
        return lambda: blank

    def __str__(self) -> str:
        name = self.class_name.rpartition(".")[2].rpartition(":")[2]
        return f"{name} ({self.cell.urn if self.cell.is_anonymous else self.path})"

    def tell(self, message: Any) -> None:
        """Send a message and go on; raises as `Ref.tell`, or CannotCross."""
        self.link.request("tell", self, message)

    def notify(self, message: Terminated) -> None:
        """Send what must arrive; not from here."""
        self.tell(message)

    def _ask(
        self, message: Any, timeout: float | None = None, reply: Reply[Any] | None = None
    ) -> Reply[Any]:
        del timeout  # a full mailbox makes nobody wait who is in another process
        future: RemoteReply[Any] = RemoteReply(self.link)
        if type(message) is _ActorStop:
            del reply  # there it is made of what comes whether anybody was alive
            self.link.begin(future, "stop", self)
        else:
            self.link.begin(future, "ask", self, message)
        return future

    def forward(self, message: Any, reply_to: Any) -> None:
        """Send a message whose reply, if one is wanted, goes to a future of Pykka's."""
        if reply_to is None:
            self.tell(message)
        else:
            answer = self._ask(message)

            def get(timeout: float | None) -> Any:
                return answer.get(timeout=timeout)

            reply_to.set_get_hook(get)

    def stop(self, *, block: bool = True, timeout: float | None = None) -> Any:
        """Ask the actor to stop, as `Ref.stop`."""
        stopped = self._ask(_ActorStop())
        return stopped.get(timeout=timeout) if block else stopped

    def watch(self) -> Reply[Terminated]:
        """Return a future of the end, as `Ref.watch`."""
        end: RemoteReply[Terminated] = RemoteReply(self.link)
        self.link.begin(end, "end", self)
        return end

    def call(self, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Reply[Any]:
        """Let the actor call a method of its class, as `Ref.call`."""
        return self._ask(Call(method.__name__, args, kwargs))


class _Attribute:
    """Stands for an attribute that an actor has elsewhere."""


class _Method:
    """Stands for one that can be called."""

    def __call__(self) -> None:
        """Do nothing: it is looked at only."""


def blank_actor(actor_class: type[pykka.Actor], names: dict[str, bool]) -> Any:
    """Return an actor for Pykka's proxies to look at: its class, and what its attributes are.

    Args:
        actor_class: its class.
        names: of attributes of the instance, and whether they can be called.
    """
    blank = actor_class.__new__(actor_class)
    note_names(blank, names)
    return blank


def note_names(blank: Any, names: dict[str, bool]) -> None:
    """Let a blank actor have these attributes."""
    attributes: dict[str, Any] = blank.__dict__
    attributes.update({n: _Method() if call else _Attribute() for n, call in names.items()})


def names_of(actor: Any) -> dict[str, bool]:
    """Name the attributes of an instance, as `blank_actor` wants them."""
    attributes: dict[str, Any] = actor.__dict__
    return {n: callable(v) for n, v in attributes.items() if not n.startswith("_")}
