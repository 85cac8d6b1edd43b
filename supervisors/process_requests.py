"""What a process actor has done for it in the parent: asks, tells, events, timers, watching."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from pykka import ActorDeadError

from ringleader.actors.errors import BadValue, CannotCross, DeadlockError, PublishError
from ringleader.actors.events.base import Event
from ringleader.actors.future import Reply
from ringleader.actors.ref import Ref
from ringleader.actors.remote import names_of

from .process_frames import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Terminated
    from ringleader.actors.process_cell import ProcessCell
    from ringleader.actors.publication import Publication
    from ringleader.actors.timers import ActorTimer, Timers

    from .process_link import ProcessLink


def _tell(ref: Ref[Any], message: Any) -> None:
    ref.tell(message)


def _ask(ref: Ref[Any], message: Any) -> Reply[Any]:
    return ref.ask(message, block=False)


def _stop(ref: Ref[Any]) -> Reply[bool]:
    return ref.stop(block=False)


def _end(ref: Ref[Any]) -> Reply[Terminated]:
    return ref.watch()


def _is_alive(ref: Ref[Any]) -> bool:
    return ref.is_alive()


def _names(ref: Ref[Any]) -> dict[str, bool]:
    instance = ref.cell.instance
    return {} if instance is None else names_of(instance)


_OF_REFS: Final[Mapping[str, Callable[..., Any]]] = {
    "tell": _tell,
    "ask": _ask,
    "stop": _stop,
    "end": _end,
    "is_alive": _is_alive,
    "names": _names,
}

KEPT: Final = 1_000
"""Events of a process actor of which it can still ask what became of them."""


class Requests:
    """Serves one incarnation, on the event loop's thread.

    What the actor does there has the effect that it would have here, in its own turn.

    Args:
        cell: the actor's.
        incarnation: who asks.
        timers: its timers.
        link: to its process.
    """

    def __init__(
        self, cell: ProcessCell, incarnation: Incarnation, timers: Timers, link: ProcessLink
    ) -> None:
        self._cell, self._incarnation, self._link = cell, incarnation, link
        self._timers = timers
        self._replies: dict[int, tuple[Reply[Any], asyncio.Task[None]]] = {}
        self._once: dict[int, ActorTimer] = {}
        self._published: dict[str, Publication] = {}

    def serve(self, number: int, what: str, data: bytes) -> None:
        """Do what is requested, and answer, now or later."""
        try:
            result = self._do(what, self._arguments(data))
        except Exception as error:  # noqa: BLE001  # it is the caller's, over there
            self._answer(number, False, error)  # noqa: FBT003  # as sent
            return
        if isinstance(result, Reply):
            reply: Reply[Any] = result  # pyright: ignore[reportUnknownVariableType]  # of Any
            task = asyncio.get_running_loop().create_task(self._answer_later(number, reply))
            self._replies[number] = (reply, task)
        else:
            self._answer(number, True, result)  # noqa: FBT003  # as sent

    def obey(self, what: str, data: bytes) -> None:
        """Do what is ordered."""
        with suppress(ActorDeadError):  # the actor was given up; or a ref's actor is gone
            self._order(what, self._arguments(data))

    def _do(self, what: str, args: list[Any]) -> Any:
        """Return the result, or a future of it."""
        match what, args:
            case "publish", [Event() as event, subject]:
                return self._publish(event, subject)
            case "receipt", [str(event_id)]:
                return self._receipt(event_id)
            case (str(), [ref, *rest]) if what in _OF_REFS and isinstance(ref, Ref):
                of_ref: Ref[Any] = ref  # pyright: ignore[reportUnknownVariableType]  # of Any
                return _OF_REFS[what](of_ref, *rest)
            case _:
                raise BadValue(f"no request: {what} {args!r}")

    def _order(self, what: str, args: list[Any]) -> None:
        match what, args:
            case "timer", [int(number), seconds, period, message]:
                self._set_timer(number, seconds, period, message)
            case "cancel", [int(number)]:
                self._timers.cancel(number)
            case "watch", [ref]:
                ref.cell.add_watcher(self._cell.ref)
            case "unwatch", [ref]:
                ref.cell.remove_watcher(self._cell.ref)
            case "wait", [int(number)]:
                self._wait(number)
            case "forget", [int(number)]:
                self._forget(number)
            case "ready", []:
                self._cell.ready(self._incarnation)
            case _:
                raise BadValue(f"no order: {what} {args!r}")

    def over_timers(self) -> list[int]:
        """Return the numbers of timers that have fired for the last time since the last call."""
        if not self._once:
            return []
        over = [number for number, timer in self._once.items() if not timer.is_active]
        for number in over:
            del self._once[number]
        return over

    def close(self) -> None:
        """Answer nothing any more."""
        for _, task in self._replies.values():
            task.cancel()
        self._replies.clear()
        if self._cell.current in (None, self._incarnation):  # else it waits for somebody itself
            self._cell.waits_for = None

    def _arguments(self, data: bytes) -> list[Any]:
        if not self._incarnation.alive:
            raise ActorDeadError(f"{self._cell.path} was given up and may do nothing any more")
        args: list[Any] = self._cell.codec.decode(data)
        return args

    # ------------------------------------------------------------------- answers

    async def _answer_later(self, number: int, reply: Reply[Any]) -> None:
        try:
            value = await reply
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # it is the caller's, over there
            self._answered(number, reply)
            self._answer(number, False, error)  # noqa: FBT003  # as sent
        else:
            self._answered(number, reply)
            self._answer(number, True, value)  # noqa: FBT003  # as sent

    def _answered(self, number: int, reply: Reply[Any]) -> None:
        self._replies.pop(number, None)
        if reply.target is not None and self._cell.waits_for is reply.target:
            self._cell.waits_for = None

    def _answer(self, number: int, succeeded: bool, value: Any) -> None:  # noqa: FBT001  # as sent
        codec = self._cell.codec
        try:
            data = codec.encode(value, f"the answer for {self._cell.path}")
        except CannotCross as error:
            succeeded, data = False, codec.encode(error, "an error")
        self._link.send(Word.ANSWER, number, succeeded, data)

    # ------------------------------------------------------------------- what is done

    def _publish(self, event: Event, subject: str | None) -> tuple[str, float]:
        cell = self._cell
        cause = None if cell.delivery is None else cell.delivery.envelope
        publication = cell.context.publish(event, source=cell.path, subject=subject, cause=cause)
        self._published[publication.id] = publication
        if len(self._published) > KEPT:
            del self._published[next(iter(self._published))]
        return publication.id, publication.envelope.time

    def _receipt(self, event_id: str) -> Reply[tuple[str, int, int | None, str | None]]:
        """Return what became of an event, once that is known."""
        publication = self._published.get(event_id)
        if publication is None:
            raise PublishError(
                f"what became of {event_id} is not known any more: {KEPT} were published since"
            )
        reply: Reply[tuple[str, int, int | None, str | None]] = Reply()
        publication.when_decided(
            lambda r: reply.set((str(r.routing), r.deliveries, r.sequence, r.duplicate_of))
        )
        return reply

    def _set_timer(self, number: int, seconds: float, period: float | None, message: Any) -> None:
        sealed = self._cell.seal(message)
        if period is None:
            self._once[number] = self._timers.once(seconds, sealed, key=number)
        else:
            self._timers.periodic(period, sealed, key=number, first=seconds)

    def _wait(self, number: int) -> None:
        """Take the news that the actor's turn does nothing but wait for this reply."""
        waiting = self._replies.get(number)
        if waiting is None:
            return  # answered meanwhile
        reply, task = waiting
        self._cell.waits_for = reply.target
        try:
            reply.forbid_circle(self._cell)
        except DeadlockError as error:
            task.cancel()
            self._answered(number, reply)
            self._answer(number, False, error)  # noqa: FBT003  # as sent

    def _forget(self, number: int) -> None:
        waiting = self._replies.get(number)
        if waiting is not None:
            reply, task = waiting
            task.cancel()
            self._answered(number, reply)
