"""Whom other nodes may reach, and what they may want of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
from pykka import Actor as PykkaActor
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr, _ActorStop

from ringleader.actors.base import Actor
from ringleader.actors.errors import BadValue, CannotCross
from ringleader.actors.lifecycle import Terminated
from ringleader.actors.message import Call
from ringleader.actors.specials import SPECIAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ringleader.actors.cell import Cell
    from ringleader.actors.ref import Ref

    from .remote_messages import Verb

OWN: Final = "/system/"
"""Where the system's own actors live."""
_CallParts: TypeAlias = tuple[str, list[Any], dict[str, Any]]


class Exports:
    """Finds the actors that other nodes may reach.

    Supervisors are not among them, and no actors of the system's own.

    Args:
        root: the cell at the top of the tree.
        paths: `/a/b`: the actor at this path; `/a/`: all below `/a`. Beside them all whose class
            says `exported = True`.

    Raises:
        ValueError: a path does not begin with a slash.
    """

    def __init__(self, root: Cell, paths: Iterable[str] = ()) -> None:
        self._root = root
        entries = tuple(paths)
        for entry in entries:
            if not entry.startswith("/"):
                raise ValueError(
                    f"{entry!r} is no path of an exported actor; write {f'/{entry}'!r}"
                )
        self._exact = frozenset(entry for entry in entries if not entry.endswith("/"))
        self._below = tuple(entry for entry in entries if entry.endswith("/"))

    def find(self, path: str) -> Ref[Any] | None:
        """Return the ref of an exported actor; None if there is none, whatever the reason."""
        cell = self._root
        for name in path[1:].split("/"):
            child = cell.children.get(name)
            if child is None:
                return None
            cell = child
        return cell.ref if self._allows(cell) else None

    def has(self, ref: Ref[Any]) -> bool:
        """Tell whether a ref is that of an exported actor of this node."""
        path = getattr(ref.cell, "path", "")
        return path.startswith("/") and self.find(path) is ref

    def _allows(self, cell: Cell) -> bool:
        kind = cell.ref.actor_class
        if getattr(kind, "in_order", False):
            return False  # who may give orders to a supervisor may do anything
        path = cell.path
        return not path.startswith(OWN) and (
            path in self._exact
            or path.startswith(self._below)
            or getattr(kind, "exported", False) is True
        )


def is_open(name: str) -> bool:
    """Tell whether other nodes may use an attribute of this name: public, and not every actor's."""
    return not (name.startswith("_") or hasattr(Actor, name) or hasattr(PykkaActor, name))


def names_of(ref: Ref[Any]) -> dict[str, bool]:
    """Return the attributes of an actor that other nodes may use, and which can be called."""
    instance: Any = ref.cell.instance
    own: dict[str, Any] = {} if instance is None else instance.__dict__.copy()
    names: dict[str, bool] = {n: callable(value) for n, value in own.items() if is_open(n)}
    kind = ref.actor_class
    names.update({n: callable(getattr(kind, n, None)) for n in dir(kind) if is_open(n)})
    return names


def spoken(message: Any, address: object) -> tuple[Verb, Any]:
    """Return what a message wants of an actor, and the value that is sent for it.

    Raises:
        CannotCross: it is nothing that one node can want of another.
    """
    match message:
        case Call():
            return "call", [message.name, list(message.args), dict(message.kwargs)]
        case ProxyCall(attr_path=(name,)):
            return "call", [name, list(message.args), message.kwargs]
        case ProxyGetAttr(attr_path=(name,)):
            return "get", name
        case ProxyCall() | ProxyGetAttr():
            wanted = ".".join(message.attr_path)
            raise CannotCross(f"{wanted!r} of {address}: only what the actor itself has is reached")
        case ProxySetAttr():
            raise CannotCross(
                f"{'.'.join(message.attr_path)!r} of {address} can't be set from another node; "
                "call a method"
            )
        case _ActorStop():
            raise CannotCross(f"{address} can't be stopped from another node; stop it there")
        case Terminated():
            raise CannotCross(f"news of an end can't be sent to {address}; let it watch")
        case _:
            return "message", message


def heard(verb: Verb, value: Any, actor_class: type[Any], *, is_ask: bool) -> Any:
    """Return the message for the mailbox; the other way round.

    Raises:
        AttributeError: the actor has no such method for other nodes.
        BadValue: it is nothing of the kind.
    """
    match verb, value:
        case "message", _ if type(value) not in SPECIAL and not isinstance(value, Terminated):
            return value  # no order of the system's own
        case "call", _:
            name, args, kwargs = _call_in(value)
            _check(name, actor_class, callable(getattr(actor_class, name, None)))
            if is_ask:
                return Call(name, tuple(args), kwargs)
            return ProxyCall((name,), tuple(args), kwargs)
        case "get", str(name):
            _check(name, actor_class, True)  # noqa: FBT003  # whether it is there its turn will show
            return ProxyGetAttr((name,))
        case _:
            raise BadValue(f"not to be asked of an actor: {verb}")


def _call_in(value: Any) -> _CallParts:
    try:
        parts: _CallParts = msgspec.convert(value, _CallParts)
    except msgspec.ValidationError as error:
        raise BadValue(f"no call, which is name, list and map of arguments: {error}") from error
    return parts


def _check(name: str, actor_class: type[Any], is_there: bool) -> None:  # noqa: FBT001  # two lines up
    if not (is_there and is_open(name)):
        raise AttributeError(f"{actor_class.__name__} has no {name[:100]!r} for other nodes")
