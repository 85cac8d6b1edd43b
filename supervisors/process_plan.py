"""What is to live in a process, and its constructor's arguments, written down."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ringleader.actors.errors import CannotCross

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pykka

    from ringleader.actors.osprocess_limits import ProcessLimits
    from ringleader.actors.values import Codec


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """What lives in a process, and how.

    Attributes:
        actor_class: its class.
        args: for the constructor.
        kwargs: for the constructor.
        limits: of the process.
        spares: how many processes are kept warm.
    """

    actor_class: type[pykka.Actor]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    limits: ProcessLimits | None = None
    spares: int = 0


def encode_arguments(codec: Codec, plan: ProcessPlan) -> bytes:
    """Write down what the constructor is called with.

    Raises:
        CannotCross: names the argument.
    """
    try:
        return codec.encode([plan.args, dict(plan.kwargs)], "")
    except CannotCross as error:
        whole = error
    name = plan.actor_class.__name__
    for argument, value in _named(plan):
        codec.encode(value, f"argument {argument!r} of {name}")
    raise CannotCross(f"the arguments of {name}{whole}") from whole


def _named(plan: ProcessPlan) -> list[tuple[str, Any]]:
    """Return each argument with the name that the constructor has for it."""
    try:
        bound = inspect.signature(plan.actor_class.__init__).bind(None, *plan.args, **plan.kwargs)
    except (TypeError, ValueError):
        return [*((str(i), v) for i, v in enumerate(plan.args, 1)), *plan.kwargs.items()]
    return list(bound.arguments.items())[1:]
