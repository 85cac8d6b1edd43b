"""Refs of actors on other nodes: `ringleader://node-b/coordination/training`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

import pykka
from pykka import ActorProxy

from .errors import NoSuchActor
from .ref import Inbox, Ref
from .remote import blank_actor

if TYPE_CHECKING:
    from collections.abc import Callable

    from .future import Reply
    from .incarnation import Watcher
    from .lifecycle import Terminated

A = TypeVar("A", bound=pykka.Actor)
B = TypeVar("B", bound=pykka.Actor)

SCHEME: Final = "ringleader://"
NO_BRIDGE: Final = ", and it has no bridge to others: name them in [[peers]], or set [node] bind"
"""What is said where an address of another node means nothing."""
LONGEST: Final = 1_024
"""Characters of an address."""
LOOK: Final = 5.0
"""Seconds that the questions of `is_alive` and `proxy` wait for another node."""


class Address(NamedTuple):
    """Where an actor lives, for all nodes."""

    node: str
    path: str

    def __str__(self) -> str:
        return f"{SCHEME}{self.node}{self.path}"


def parse(text: str) -> Address:
    """Read `ringleader://node/path`.

    Raises:
        NoSuchActor: it is no such address.
    """
    node, slash, path = text.removeprefix(SCHEME).partition("/")
    is_plain = text.isprintable() and " " not in text and len(text) <= LONGEST
    if not (text.startswith(SCHEME) and node and slash and path and is_plain):
        raise NoSuchActor(text[:LONGEST], "; an address looks like ringleader://node/path")
    return Address(node, f"/{path}")


class RemoteNodes(Protocol):
    """The way to the actors of other nodes."""

    def ref(self, address: Address) -> NodeRef[Any]:
        """Return the ref of an address; nothing is sent."""
        ...

    def expect(self, what: Callable[..., Any]) -> None:
        """Let come from other nodes what a method, or those of an actor's class, return."""
        ...

    def tell(self, ref: NodeRef[Any], message: Any) -> None:
        """Send a message, at most once; see `NodeRef.tell`."""
        ...

    def tell_durably(self, ref: NodeRef[Any], message: Any, seconds: float | None) -> Reply[None]:
        """Send a message until it is acknowledged; see `NodeRef.tell_durably`."""
        ...

    def ask(self, ref: NodeRef[Any], message: Any, seconds: float | None) -> Reply[Any]:
        """Send a message; return the future of its answer. None: as the bridge's settings say."""
        ...

    def look(self, ref: NodeRef[Any], what: str, seconds: float) -> Reply[Any]:
        """Ask a node about an actor: `alive` or `names`."""
        ...

    def watch(self, ref: NodeRef[Any], watcher: Watcher) -> None:
        """Tell `watcher` once when nobody will live there any more, or the node is down."""
        ...

    def unwatch(self, ref: NodeRef[Any], watcher: Watcher) -> None:
        """Not tell `watcher`."""
        ...


class _Place:
    """What stands in for the cell of an actor on another node."""

    instance = None
    is_anonymous = False

    def __init__(self, ref: NodeRef[Any]) -> None:
        self._ref = ref
        self.path = self.urn = str(ref.address)

    def add_watcher(self, watcher: Watcher) -> None:
        self._ref.nodes.watch(self._ref, watcher)

    def remove_watcher(self, watcher: Watcher) -> None:
        self._ref.nodes.unwatch(self._ref, watcher)


class _Flag:
    """Looks like a `threading.Event` that is set once nobody will live there any more."""

    def __init__(self, ref: NodeRef[Any]) -> None:
        self._ref = ref

    def is_set(self) -> bool:
        """Ask the node; who can't be reached counts as dead."""
        try:
            return not self._ref.nodes.look(self._ref, "alive", LOOK).get(timeout=LOOK)
        except (pykka.Timeout, pykka.ActorDeadError):
            return True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end; tell whether it came within `timeout` seconds."""
        try:
            self._ref.watch().get(timeout=timeout)
        except pykka.Timeout:
            return False
        return True


class NodeRef(Ref[A]):
    """The address of an actor on another node. Two refs of one address are equal.

    What differs from a `Ref`: messages, arguments and answers are copies, and only what can cross
    does (`values`); an `ask` without a time-out has the one of the bridge's settings; an actor is
    stopped, and its attributes are set, on its own node only.

    Attributes:
        address: node and path.
        nodes: the way there.
    """

    def __init__(
        self,
        nodes: RemoteNodes,
        address: Address,
        actor_class: type[A] | None = None,
        seconds: float | None = None,
    ) -> None:
        self.nodes, self.address = nodes, address
        self._class, self._seconds = actor_class, seconds
        self.cell: Any = _Place(self)
        self.actor_inbox = Inbox(self)
        self.actor_stopped: Any = _Flag(self)

    def of(self, actor_class: type[B]) -> NodeRef[B]:
        """Return the same address, for type checkers and proxies that of an actor of a class."""
        self.nodes.expect(actor_class)
        return NodeRef(self.nodes, self.address, actor_class, self._seconds)

    def within(self, seconds: float) -> NodeRef[A]:
        """Return the same address with a deadline for whatever is asked: calls and proxies, too.

        It is carried along: what was not begun there within `seconds` is given up.
        """
        return NodeRef(self.nodes, self.address, self._class, seconds)

    @property
    def node(self) -> str:
        """The node's id."""
        return self.address.node

    @property
    def actor_class(self) -> type[A]:  # type: ignore[override]  # known if somebody said so
        """The class given by `of`, else `pykka.Actor`."""
        return self._class or pykka.Actor  # type: ignore[return-value]  # nobody has said more

    @property
    def _actor_weakref(self) -> Callable[[], Any]:  # type: ignore[override]  # for Pykka's proxies
        kind: type[Any] = self._class or _Nobody
        blank = blank_actor(kind, self.nodes.look(self, "names", LOOK).get(timeout=LOOK))
        return lambda: blank

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeRef) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __repr__(self) -> str:
        return f"<NodeRef {self.address}>"

    def __str__(self) -> str:
        return str(self.address)

    def tell(self, message: Any) -> None:
        """Send a message and go on. It arrives at most once, and in the order of sending.

        If it is refused there (not exported, mailbox full) that is logged on this node.

        Raises:
            CannotCross: it can't be sent.
            NodeDown: there is no link to the node now.
        """
        self.nodes.tell(self, message)

    def tell_durably(self, message: Any, *, timeout: float | None = None) -> Reply[None]:
        """Send a message until the node says that it is in the actor's mailbox.

        Over cut links and restarts of that node, but not of this one: it is kept in memory. Each
        life of that node takes it once. It may be overtaken by others. Without an answer in time
        it is a dead letter here. What becomes of it in the mailbox is as with any other message.

        Args:
            message: to send.
            timeout: seconds to try; None: as the bridge's settings say.

        Returns:
            A future that is set when it is acknowledged; `NotAcknowledged` after the time.

        Raises:
            CannotCross: it can't be sent.
            MailboxFull: too many to this node wait to be acknowledged.
        """
        return self.nodes.tell_durably(self, message, timeout)

    def notify(self, message: Terminated) -> None:
        """Send what must arrive."""
        self.tell_durably(message)

    def ask(self, message: Any, *, block: bool = True, timeout: float | None = None) -> Any:
        """Send a message and wait for the reply; with `block=False` return its future.

        Raises:
            CannotCross: it can't be sent.
            pykka.Timeout: there was no reply in time; if it was not begun there, it is given up.
            NodeDown: there is no link to the node, or it went down meanwhile.
            NotExported: nobody there may be asked.
            MailboxFull: the mailbox there is full.
            Exception: whatever the actor raised, with its `remote_traceback` as text; of the
                same class if that is Python's or Ringleader's own, else a `RemoteError`.
        """
        future = self._ask(message, timeout)
        return future.get(timeout=timeout) if block else future

    def _ask(
        self, message: Any, timeout: float | None = None, reply: Reply[Any] | None = None
    ) -> Reply[Any]:
        del reply
        return self.nodes.ask(self, message, self._seconds if timeout is None else timeout)

    def call(self, method: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Reply[Any]:
        """Let the actor call a public method of its class, as `Ref.call`."""
        from .message import Call  # noqa: PLC0415  # it imports what imports refs

        self.nodes.expect(method)
        return self._ask(Call(method.__name__, args, kwargs))

    def forward(self, message: Any, reply_to: Any) -> None:
        """Send a message whose reply, if one is wanted, goes to a future of Pykka's."""
        if reply_to is None:
            self.tell(message)
            return
        answer = self._ask(message)

        def get(timeout: float | None) -> Any:
            return answer.get(timeout=timeout)

        reply_to.set_get_hook(get)

    def proxy(self) -> ActorProxy[A]:
        """Return a proxy; what the actor has is asked of its node first.

        Raises:
            ActorDeadError: the node can't be reached, or exports no such actor.
        """
        return ActorProxy(actor_ref=self)


class _Nobody:
    """What a proxy looks at if nobody has said of which class the actor is."""
