"""What stands in, in the parent, for an actor that lives in a process of its own."""

from __future__ import annotations

import asyncio
import queue
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ringleader.actors.base import Actor, build
from ringleader.actors.class_names import class_name
from ringleader.actors.errors import ActorDied, BadValue
from ringleader.actors.future import Reply
from ringleader.actors.letters import Outcome
from ringleader.actors.lifecycle import LATER, Exit, Terminated
from ringleader.actors.message import Call
from ringleader.actors.remote import blank_actor, note_names
from ringleader.actors.sealed import Sealed

from .process_died import ProcessDied
from .process_frames import Status, Word
from .process_link import ProcessLink, settings
from .process_plan import ProcessPlan, encode_arguments
from .process_requests import Requests
from .process_spares import Spares
from .process_stacks import stacks_text

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell
    from ringleader.actors.clock import Timer
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.osprocess_end import ProcessEnd
    from ringleader.actors.process_cell import ProcessCell

LAST_GRACE: Final = 1.0
"""Seconds that a process has to end in after its actor's life is over; then it is killed."""


def build_host(cell: Cell, plan: ProcessPlan) -> ProcessHost:
    """Make what stands in for an incarnation that will live in a process.

    Raises:
        CannotCross: its class, or an argument, can't be sent there.
    """
    host = build(ProcessHost, cell, (plan,), {})
    cell.instance = blank_actor(plan.actor_class, {})  # for proxies
    return host


class ProcessHost(Actor):
    """Hands messages to a process, one at a time, and takes what comes back for its own doing.

    The cell, the supervisor and all senders treat it as the actor. When the process dies, the
    message in hand is `interrupted`, and the incarnation ends with `ProcessDied`.

    Attributes:
        os_pid: the process's id; None before it is started.
    """

    dispatcher = "async"
    _cell: ProcessCell  # pyright: ignore[reportIncompatibleVariableOverride]  # set by the runner

    def __init__(self, plan: ProcessPlan) -> None:
        super().__init__()
        self._plan = plan
        self._class_name = class_name(plan.actor_class)
        self._arguments = encode_arguments(self._cell.codec, plan)
        self._me: Incarnation = self._incarnation()
        self._link: ProcessLink | None = None
        self._requests: Requests | None = None
        self._awaited: asyncio.Future[list[Any]] | None = None
        self._exit: BaseException | None = None
        self._died: ProcessDied | None = None
        self._is_ended = self._is_unsent = False
        self._last_timer: Timer | None = None
        self._turn = 0
        self._late: dict[int, Reply[Any]] = {}
        self._stacks: list[Reply[str]] = []
        self.os_pid: int | None = None

    # ------------------------------------------------------------------- its life

    async def on_start(self) -> Any:  # type: ignore[override]  # Pykka knows no async
        """Start the process, or take a spare one; return what the actor's `on_start` returned."""
        if self._cell.dispatcher.inline:
            raise RuntimeError(
                f"{self.path} should live in a process, which a deterministic test can't run; "
                "give its ChildSpec dispatcher='pool' there"
            )
        self.defer(self._end)
        if self._cell.last is not None:
            await self._cell.last.over()  # two lives of one actor never overlap
        spares = self._spares()
        link = None if spares is None else spares.take()
        if link is None:
            link = ProcessLink(self.context, self.path, self._plan.limits)
        self._link = self._cell.last = link
        self.os_pid = link.pid
        self._requests = Requests(self._cell, self._me, self.timers, link)
        link.listener = self
        if self._is_ended:
            link.kill()
        link.send(Word.START, settings(), self._birth())
        _, extra, names = await self._news()
        self._note(names)
        if spares is not None:
            spares.fill()
        return self._cell.codec.decode(extra)

    def on_receive(self, message: Any) -> Any:
        """Hand a message over; the turn lasts until the actor is done with it."""
        return self._hand_over(message, self._cell.reply_to)

    async def on_stop(self) -> None:  # type: ignore[override]  # Pykka knows no async
        """Let the actor stop in order; wait until its process has ended."""
        link = self._link
        if link is None or self._died is not None:
            raise self._died or Exit("killed")
        link.send(Word.STOP)
        try:
            await self._news()
        except Exit as end:
            if end.reason != self._me.reason:
                raise

    def is_idempotent(self, message: Any) -> bool:  # type: ignore[override]  # the class's own
        """Ask the actor's class; what was never sent there may be sent again in any case."""
        if self._is_unsent:
            return True
        ask = getattr(self._plan.actor_class, "is_idempotent", None)
        return ask is not None and bool(ask(message))

    def health(self) -> Any:
        """Ask the actor, if its class has a `health()`."""
        if not callable(getattr(self._plan.actor_class, "health", None)):
            return None
        return self._hand_over(Call("health", (), {}), Reply())

    def __str__(self) -> str:
        return f"{self._plan.actor_class.__name__} ({self.path}, process {self.os_pid})"

    def stacks(self) -> Reply[str]:
        """Return a future of where the process's threads are, as text; from any thread.

        It comes when the process has ended at the latest: it can't say where it is while C code
        holds the interpreter.
        """
        reply: Reply[str] = Reply()
        link = self._link
        if link is None or self._is_ended:
            reply.set("")
        else:
            self._stacks.append(reply)
            link.ask_for_stacks()
        return reply

    # ------------------------------------------------------------------- messages

    async def _hand_over(self, message: Any, reply_to: Reply[Any] | None) -> Any:
        link, requests = self._link, self._requests
        if self._died is not None or link is None or requests is None:
            self._is_unsent = True  # it died after the last message, so this one may wait
            self._cut_short()
            raise self._died or ActorDied("killed")
        data = message.data if isinstance(message, Sealed) else self._written(message)
        self._turn += 1
        link.send(Word.TURN, self._turn, reply_to is not None, data, requests.over_timers())
        try:
            _, number, status, answer, names = await self._news()
        except ProcessDied:
            self._cut_short()
            raise
        self._note(names)
        match Status(status):
            case Status.TOLD:
                return None
            case Status.VALUE:
                return self._cell.codec.decode(answer)
            case Status.ERROR:
                raise self._cell.codec.decode(answer)
            case Status.LATER:
                if reply_to is not None:
                    self._late[number] = reply_to
                return LATER

    def _written(self, message: Any) -> bytes:
        codec = self._cell.codec
        if isinstance(message, Terminated) and not codec.crosses(message.reason):
            message = Terminated(message.ref, repr(message.reason))
        return codec.encode(message, f"the message to {self.path}")

    def _cut_short(self) -> None:
        """End the incarnation because its process did, so that the message in hand says so."""
        died = self._died or ActorDied("killed")
        if self._me.alive:
            self._cell.tell_failure(self._me, died)
            self._cell.finish(self._me, died, outcome=Outcome.INTERRUPTED)

    def _handle_receive(self, message: Any) -> Any:
        return self.on_receive(message)  # what proxies send is for the process, too

    # ------------------------------------------------------------------- the process

    async def _news(self) -> list[Any]:
        """Wait for what ends the present step; raise why the process, or the actor, has ended."""
        if self._link is None or self._link.end is None:
            awaited: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
            self._awaited = awaited
            try:
                frame = await awaited
            finally:
                self._awaited = None
            if frame:
                return frame
        error = self._exit or self._died or ActorDied("killed")
        if isinstance(error, StopIteration | StopAsyncIteration):  # no coroutine can raise it
            raise RuntimeError(repr(error)) from error  # noqa: TRY004  # as Python would
        raise error

    def take(self, frame: list[Any]) -> None:
        """Take what the process says."""
        requests = self._requests
        match frame:
            case [Word.REQUEST, number, what, data] if requests is not None:
                requests.serve(number, what, data)
            case [Word.ORDER, what, data] if requests is not None:
                requests.obey(what, data)
            case [Word.DONE | Word.UP, *_]:
                self._resume(frame)
            case [Word.NOT_UP | Word.OVER, data]:
                self._exit = self._cell.codec.decode(data) if data else Exit(self._me.reason)
                self._last_timer = self.context.clock.call_later(LAST_GRACE, self._kill)
            case [Word.LATE, number, succeeded, data]:
                self._answer_late(number, succeeded, data)
            case [Word.STACKS, stacks]:
                for reply in self._taken_stacks():
                    reply.set(stacks_text(stacks))
            case _:
                raise BadValue(f"not from a process actor: {frame!r}")

    def gone(self, end: ProcessEnd, output: str) -> None:
        """Take the news that the process has ended."""
        if self._last_timer is not None:
            self._last_timer.cancel()
        if self._exit is None:
            self._died = ProcessDied(self.path, end, output)
        if self._requests is not None:
            self._requests.close()
        for reply in self._taken_stacks():
            reply.set(output)
        reason = self._died or self._exit
        for late in self._late.values():
            with suppress(queue.Full):
                late.fail(ActorDied(reason))
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result([])
        elif self._me.alive:
            self._cell.inject(self._me, self._exit or self._died or ActorDied("killed"))

    def _resume(self, frame: list[Any]) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(frame)

    def _answer_late(self, number: int, succeeded: bool, data: bytes) -> None:  # noqa: FBT001  # as sent
        reply = self._late.pop(number, None)
        if reply is None or not self._me.alive:
            return
        value = self._cell.codec.decode(data)
        with suppress(queue.Full):
            if succeeded:
                reply.set(value)
            else:
                reply.fail(value)

    def _taken_stacks(self) -> list[Reply[str]]:
        taken, self._stacks = self._stacks, []
        return taken

    def _end(self) -> None:
        """Let go of the process at the end of the incarnation, whatever the end; in any thread."""
        self._is_ended = True
        self._kill()

    def _kill(self) -> None:
        if self._link is not None:
            self._link.kill()

    def _note(self, names: dict[str, bool] | None) -> None:
        if names is not None and self._cell.instance is not None:
            note_names(self._cell.instance, names)

    def _birth(self) -> dict[str, Any]:
        cell = self._cell
        return {
            "class": self._class_name,
            "arguments": self._arguments,
            "path": cell.path,
            "number": self._me.number,
            "ref": cell.codec.encode(cell.ref, "its own ref"),
            "node_id": self.context.node_id,
            "seed": self.context.random.getrandbits(63),
        }

    def _spares(self) -> Spares | None:
        if not self._plan.spares:
            return None
        kept = self._cell.kept
        if not isinstance(kept, Spares):
            module = self._class_name.partition(":")[0]
            kept = self._cell.kept = Spares(
                self.context, self.path, module, self._plan.limits, self._plan.spares
            )
        return kept
