"""Messages that a turn does not just hand to the actor: asks, calls, deliveries, timers, stops."""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from pykka import messages

from .letters import Outcome
from .lifecycle import LATER, Exit, Shutdown
from .message import Again, Ask, Call, Delivery, Fired, Routed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .incarnation import Incarnation
    from .turns import Turns

Special: TypeAlias = "Callable[[Turns, Incarnation, Any], Coroutine[Any, Any, None] | None]"

pykka_logger = logging.getLogger("pykka")  # where Pykka's users look


def _answer(turns: Turns, incarnation: Incarnation, ask: Ask) -> Coroutine[Any, Any, None] | None:
    actor, message = incarnation.actor, ask.message
    try:
        kind: type[Any] = type(message)  # pyright: ignore[reportUnknownVariableType]  # of Any
        if kind is Call:
            result = message.on(actor)
        elif kind not in SPECIAL:
            turns.reply_to = ask.reply_to
            result = actor.on_receive(message)
            turns.reply_to = None
        elif kind is messages._ActorStop:  # noqa: SLF001  # Pykka's own seam
            if incarnation.stop_replies is None:
                incarnation.stop_replies = []
            incarnation.stop_replies.append(ask.reply_to)
            _stop_in_turn(turns, incarnation, message)
            return None
        else:
            result = actor._handle_receive(message)  # noqa: SLF001  # Pykka's own seam
    except Exit:
        raise
    except Exception as error:  # noqa: BLE001  # Pykka's contract: it goes to the caller
        _refuse_ask(turns, incarnation, ask, error)
    else:
        if incarnation.is_async and inspect.iscoroutine(result):
            return _answer_later(turns, incarnation, ask, result)
        if result is not LATER and incarnation.alive:
            ask.reply_to.set(result)
    return None


async def _answer_later(
    turns: Turns, incarnation: Incarnation, ask: Ask, coroutine: Coroutine[Any, Any, Any]
) -> None:
    try:
        result = await coroutine
    except Exit:
        raise
    except Exception as error:  # noqa: BLE001  # Pykka's contract: it goes to the caller
        _refuse_ask(turns, incarnation, ask, error)
    else:
        if result is not LATER and incarnation.alive:
            ask.reply_to.set(result)


def _refuse_ask(turns: Turns, incarnation: Incarnation, ask: Ask, error: Exception) -> None:
    if incarnation.alive:
        pykka_logger.info(
            "Exception returned from %s to caller:", incarnation.actor, exc_info=error
        )
        turns.settle_in_turn(incarnation, Outcome.FAILED)
        ask.reply_to.set_exception((type(error), error, error.__traceback__))


def _deliver(
    turns: Turns, incarnation: Incarnation, item: Delivery
) -> Coroutine[Any, Any, None] | None:
    item.began = turns.context.now()
    incarnation.delivery = item
    result = incarnation.actor.on_receive(item.event)
    if incarnation.is_async and inspect.iscoroutine(result):
        return _deliver_later(turns, incarnation, item, result)
    _delivered(turns, incarnation, item)
    return None


async def _deliver_later(
    turns: Turns, incarnation: Incarnation, item: Delivery, coroutine: Coroutine[Any, Any, Any]
) -> None:
    await coroutine
    _delivered(turns, incarnation, item)


def _delivered(turns: Turns, incarnation: Incarnation, item: Delivery) -> None:
    incarnation.delivery = None
    item.ended = turns.context.now()
    if item.subscription.claim(item):  # else its killer has, or its first try ended after all
        item.subscription.settle(item, Outcome.HANDLED)


def _deliver_routed(
    turns: Turns, incarnation: Incarnation, item: Routed
) -> Coroutine[Any, Any, None] | None:
    """Deliver on an event loop; elsewhere a turn does it in line."""
    return _deliver(turns, incarnation, item.to(turns))


def _fired(turns: Turns, incarnation: Incarnation, item: Fired) -> Any:
    if item.is_void():
        turns.settle_in_turn(incarnation, Outcome.EXPIRED)
        return None
    return incarnation.actor.on_receive(item.message)


def _again(turns: Turns, incarnation: Incarnation, item: Again) -> Any:
    kind: type[Any] = type(item.message)  # pyright: ignore[reportUnknownVariableType]  # of Any
    special = SPECIAL.get(kind)
    if special is not None:
        return special(turns, incarnation, item.message)
    return incarnation.actor.on_receive(item.message)


def _proxied(_: Turns, incarnation: Incarnation, message: Any) -> Any:
    return incarnation.actor._handle_receive(message)  # noqa: SLF001  # Pykka's own seam


def _called(_: Turns, incarnation: Incarnation, call: Call) -> Any:
    return call.on(incarnation.actor)


def _stop_in_turn(turns: Turns, incarnation: Incarnation, _message: Any) -> None:
    if incarnation.in_order:
        incarnation.actor.on_receive(Shutdown("normal"))
    else:
        turns.stop(incarnation, "normal")


SPECIAL: dict[type[Any], Special] = {
    Ask: _answer,
    Delivery: _deliver,
    Routed: _deliver_routed,
    Fired: _fired,
    Again: _again,
    Call: _called,
    messages._ActorStop: _stop_in_turn,  # noqa: SLF001  # Pykka's own seam
    messages.ProxyCall: _proxied,
    messages.ProxyGetAttr: _proxied,
    messages.ProxySetAttr: _proxied,
}
"""What is done with messages of the system's own types; all others go to `on_receive`."""
