"""The cell of an actor that lives in a process of its own: what it is sent is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from weakref import WeakValueDictionary

import pykka
from pykka import ActorDeadError
from pykka.messages import _ActorStop

from .cell import Cell
from .class_names import class_name
from .errors import BadValue, CannotCross
from .lifecycle import Terminated
from .message import Again, Ask, Delivery, Fired, Routed
from .ref import Ref
from .remote import RemoteRef
from .sealed import Sealed
from .values import Codec

if TYPE_CHECKING:
    from .context import Context
    from .future import Reply
    from .remote import RemoteReply

A = TypeVar("A", bound=pykka.Actor)
AS_IT_IS = (Delivery, Routed, Fired, Again, Sealed, Terminated, _ActorStop)
"""What the system itself sends; it is written when its turn has come."""


class Closable(Protocol):
    """Something that is kept for a cell."""

    def close(self) -> None:
        """Let go of it; from any thread."""
        ...


class Ends(Protocol):
    """Something that ends."""

    async def over(self) -> None:
        """Wait until it has ended."""
        ...


class ProcessCell(Cell):
    """A cell whose incarnations are processes; here lives what stands in for them.

    Its codec and its sealed messages outlive each process, as the mailbox does.
    """

    __slots__ = ("codec", "kept", "last")

    def __init__(
        self,
        path: str,
        actor_class: type[Any],
        context: Context,
        *,
        dispatcher: str | None = None,
        is_anonymous: bool = False,
    ) -> None:
        del dispatcher
        self.codec = Codec(KnownRefs(), where=path)
        self.kept: Closable | None = None
        """What is kept from one incarnation to the next: spare processes."""
        self.last: Ends | None = None
        """The process of the last incarnation."""
        super().__init__(
            path, actor_class, context, dispatcher=context.process_loop, is_anonymous=is_anonymous
        )
        base = type(self.ref)
        sealing = SealingRef if base is Ref else type(base.__name__, (SealingRef, base), {})
        self.ref = sealing(self, actor_class)

    def close(self) -> None:
        """No incarnation will follow."""
        super().close()
        kept, self.kept = self.kept, None
        if kept is not None:
            kept.close()

    def seal(self, message: Any) -> Any:
        """Write a message down.

        Raises:
            CannotCross: it can't be.
        """
        if isinstance(message, AS_IT_IS):
            return message
        return Sealed(message, self.codec.encode(message, f"the message to {self.path}"))


class SealingRef(Ref[A]):
    """The address of an actor in a process of its own.

    All that a `Ref` does; beside what it raises, `CannotCross` for what can't be sent there.
    """

    cell: ProcessCell

    def tell(self, message: Any) -> None:
        """Send a message and go on."""
        super().tell(self.cell.seal(message))

    def _ask(
        self, message: Any, timeout: float | None = None, reply: Reply[Any] | None = None
    ) -> Reply[Any]:
        return super()._ask(self.cell.seal(message), timeout, reply)

    def forward(self, message: Any, reply_to: Any) -> None:
        """Send a message whose reply, if one is wanted, goes to a future of Pykka's."""
        sealed = self.cell.seal(message)
        super().tell(sealed if reply_to is None else Ask(sealed, reply_to))


class Nobody:
    """The way to an actor that is gone."""

    def request(self, what: str, *args: Any) -> Any:
        """Say that it is gone."""
        del args
        if what == "is_alive":
            return False
        raise ActorDeadError("it is gone")

    def begin(self, reply: RemoteReply[Any], what: str, *args: Any) -> None:
        """Say that it is gone."""
        del what, args
        reply.fail(ActorDeadError("it is gone"))

    def order(self, what: str, *args: Any) -> None:
        """Say that it is gone."""
        self.request(what, *args)

    def forget(self, reply: RemoteReply[Any]) -> None:
        """Do nothing."""

    def find_class(self, name: str) -> type[Any]:
        """Say that it is gone."""
        raise ActorDeadError(f"{name} is gone")


class KnownRefs:
    """Refs of this process that others were given; while their actors are there, they work."""

    def __init__(self) -> None:
        self._refs: WeakValueDictionary[str, Ref[Any]] = WeakValueDictionary()

    def describe(self, ref: Ref[Any]) -> Any:
        """Return path, urn, class, and whether the path was chosen by nobody."""
        if isinstance(ref, RemoteRef):
            raise CannotCross(f"{ref!r} can't cross: its actor is gone")
        cell = ref.cell
        self._refs[cell.urn] = ref
        try:
            name = class_name(ref.actor_class)
        except CannotCross:
            name = f"{ref.actor_class.__module__}:{ref.actor_class.__qualname__}"
        return [cell.path, cell.urn, name, cell.is_anonymous]

    def find(self, data: Any) -> Ref[Any]:
        """Return the ref; one that is dead, if its actor is gone."""
        path, urn, name, is_anonymous = data
        if not isinstance(urn, str):
            raise BadValue(f"no ref: {data!r}")
        known = self._refs.get(urn)
        if known is not None:
            return known
        return RemoteRef(Nobody(), path, urn, name, is_anonymous=is_anonymous)
