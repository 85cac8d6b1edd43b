"""What outlives an incarnation: the path, the mailbox, the ref. And what does not."""

from __future__ import annotations

import inspect
import queue
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from pykka import ActorDeadError

from .ending import Ending
from .errors import ActorDied
from .frames import forget_frames
from .hang import turn_stack
from .incarnation import Incarnation, Parent, Phase
from .letters import Outcome
from .lifecycle import (
    LATER,
    Exit,
    Failed,
    Ignore,
    Ignored,
    Ready,
    Reason,
    Shutdown,
    Started,
    Up,
    reason_of,
)
from .mailbox import Mailbox
from .probe import Probe
from .ref import Ref, Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from .context import Context
    from .lifecycle import Outcome as Start
    from .mailbox import Overflow


class _Launch(NamedTuple):
    incarnation: Incarnation


class _Crash(NamedTuple):
    incarnation: Incarnation
    error: BaseException


class Cell(Ending):
    """Run the incarnations of one path, one at a time, on one mailbox."""

    __slots__ = (
        "__weakref__",
        "_urn",
        "children",
        "instance",
        "is_anonymous",
        "launched",
        "overflow",
        "path",
        "ref",
        "stopped",
    )

    def __init__(
        self,
        path: str,
        actor_class: type[Any],
        context: Context,
        *,
        dispatcher: str | None = None,
        is_anonymous: bool = False,
    ) -> None:
        super().__init__()
        self.path = path
        self.is_anonymous = is_anonymous
        """Whether nobody chose the path, so that the actor goes by its urn, as in Pykka."""
        self.context = context
        self.dispatcher = context.dispatcher(
            dispatcher or str(getattr(actor_class, "dispatcher", "thread")), path
        )
        capacity: int = getattr(actor_class, "mailbox_capacity", None) or context.capacity
        self.overflow: Overflow = getattr(actor_class, "overflow", None) or context.overflow
        self.mailbox = Mailbox(self, self.dispatcher, capacity)
        self.stopped = Stopped(self.mailbox)
        self._urn = ""
        ref_class: type[Ref[Any]] = getattr(actor_class, "ref_class", Ref)
        self.ref = ref_class(self, actor_class)
        self.children: dict[str, Cell] = {}
        self.launched = 0
        self.instance: Any = None
        context.opened(self)

    @property
    def urn(self) -> str:
        """Pykka's name for the actor, made when somebody asks for it."""
        if not self._urn:
            self._urn = self.context.new_urn()
        return self._urn

    def __repr__(self) -> str:
        return f"<Cell {self.path} {self.current}>"

    # ---------------------------------------------------------------- orders from outside

    def launch_child(
        self,
        supervisor: Incarnation,
        name: str,
        actor_class: type[Any],
        make: Callable[[Cell], Any],
        *,
        dispatcher: str | None = None,
        cell_class: type[Cell] | None = None,
    ) -> Incarnation | None:
        """Begin an incarnation below; a restarted supervisor adopts the cells that it had.

        Return None if the supervisor has been ended meanwhile: what it launched before that is
        cut off, and nothing comes after.
        """
        with self._lock:
            if not supervisor.alive:
                return None
            cell = self.children.get(name)
            kind = Cell if cell_class is None else cell_class
            if cell is not None and not (
                cell.ref.actor_class is actor_class and type(cell) is kind
            ):
                cell.close()  # another class at the old name: other messages, another mailbox
                cell = None
            if cell is None:
                path = f"{self.path}/{name}"
                cell = kind(path, actor_class, self.context, dispatcher=dispatcher)
                self.children[name] = cell
            child = cell
            return cell.launch(lambda: make(child), supervisor)

    def launch(
        self,
        make: Callable[[], Any] | None,
        supervisor: Parent | None = None,
        *,
        actor: Any = None,
    ) -> Incarnation:
        """Begin the next incarnation: `make` and `on_start` are its first turn.

        Args:
            make: makes the actor; None if it was made already.
            supervisor: hears of its start and end; without one the cell closes at the end.
            actor: the actor, if it was made already.
        """
        self.launched += 1
        self.current = incarnation = Incarnation(self, make, supervisor)
        incarnation.actor, incarnation.began = actor, self.context.clock.now()
        self.mailbox.put_control(_Launch(incarnation))
        return incarnation

    def shutdown(self, incarnation: Incarnation, reason: Reason) -> None:
        """Order an end. A supervisor takes the order in its turn, anybody else at once."""
        if incarnation.alive:
            order = Shutdown(reason)
            if incarnation.in_order:
                self.mailbox.put(order)
            else:
                self.mailbox.put_control((incarnation, order))

    def inject(self, incarnation: Incarnation, error: BaseException) -> None:
        """Let it fail with `error` at the start of its next turn, as if a handler had raised it."""
        self.mailbox.put_control(_Crash(incarnation, error))

    def kill(
        self,
        incarnation: Incarnation,
        reason: Reason = "killed",
        below: Reason = "killed",
        *,
        outcome: Outcome = Outcome.INTERRUPTED,
        only_if: Callable[[], object] | None = None,
    ) -> bool:
        """End it now, whatever it is doing, and all that it supervises (OTP's `brutal_kill`).

        A thread in the middle of a handler can't be stopped: it is given up, replaced, and may
        no longer tell, publish or answer. A coroutine is cancelled.

        Args:
            incarnation: ends.
            reason: why.
            below: why those below it do.
            outcome: of the message in hand.
            only_if: end it only if this is true still, as of the moment it ends.

        Returns:
            Whether this call has ended it.
        """
        stack = turn_stack(self, incarnation.task) if self.in_turn else ""
        if not self.finish(
            incarnation, reason, below, outcome=outcome, abandon=True, only_if=only_if, stack=stack
        ):
            return False
        self.context.check_stuck()
        if incarnation.task is not None:
            incarnation.task.cancel()
        self.mailbox.wake()
        return True

    def close(self) -> None:
        """No incarnation will follow: refuse what is queued and what comes."""
        for cell in self.children.values():
            cell.close()
        self.children.clear()
        self.stopped.set()
        self.mailbox.close()
        if not self.mailbox.empty():
            self._refuse(ActorDeadError(f"{self.ref} stopped before handling the message"))
        self.context.closed(self)
        if self.watchers is not None:  # who comes later finds the mailbox closed
            self.tell_watchers()
        self.dispatcher.release()

    def close_child(self, name: str, supervisor: Incarnation | None = None) -> None:
        """Close a child's cell, if there is one; but not for a supervisor that has ended."""
        with self._lock:
            if supervisor is not None and not supervisor.alive:
                return  # the child may be its successor's by now
            cell = self.children.pop(name, None)
        if cell is not None:
            cell.close()

    # ------------------------------------------------------------------ start

    def _obey(self, order: Any) -> None:
        if type(order) is _Launch:  # each actor has one, and matching costs a microsecond
            self._start(order.incarnation)
            return
        match order:
            case _Crash(incarnation, error):
                if incarnation.phase is Phase.RUNNING:
                    self._serving = False
                    self.fail(incarnation, error)
            case Probe():
                order.obey(self)
            case (incarnation, Shutdown(reason)):
                if incarnation.phase is Phase.RUNNING:
                    self.stop(incarnation, reason)
                elif incarnation.phase is Phase.STARTING:
                    incarnation.reason = order[1]  # obeyed when it is up
            case _:
                raise TypeError(f"not an order: {order!r}")

    def _start(self, incarnation: Incarnation) -> None:
        if incarnation.phase is not Phase.STARTING:
            return
        try:
            extra = self._make(incarnation)
        except Ignore:
            self.started(incarnation, Ignored())
        except BaseException as error:  # noqa: BLE001  # a failure of this actor alone
            self._failed_start(incarnation, error)
        else:
            if incarnation.is_async and inspect.iscoroutine(extra):
                self._run_coroutine(incarnation, self._start_later(incarnation, extra))
            elif extra is not LATER:
                self.started(incarnation, Up(extra))

    def _make(self, incarnation: Incarnation) -> Any:
        if incarnation.make is not None:
            incarnation.actor = incarnation.make()
        actor = incarnation.actor
        incarnation.in_order = getattr(actor, "in_order", False)
        incarnation.is_async = self.dispatcher.is_async
        self.context.joined(self)
        return actor.on_start()

    async def _start_later(self, incarnation: Incarnation, coroutine: Any) -> None:
        try:
            extra = await coroutine
        except Ignore:
            self.started(incarnation, Ignored())
        except BaseException as error:  # noqa: BLE001  # a failure of this actor alone
            self._failed_start(incarnation, error)
        else:
            self.started(incarnation, Up(extra))

    def _failed_start(self, incarnation: Incarnation, error: BaseException) -> None:
        if incarnation.phase is not Phase.STARTING:
            return  # killed meanwhile
        if incarnation.actor is not None and not isinstance(error, Exit):
            self.tell_failure(incarnation, error)
        forget_frames(error)
        self.started(incarnation, Failed(reason_of(error)))

    def started(self, incarnation: Incarnation, outcome: Start) -> None:
        """Say how the start went; called once, by the cell or by an actor that said `LATER`."""
        with self._lock:
            if incarnation.phase is not Phase.STARTING:
                return
            pending = incarnation.reason
            if isinstance(outcome, Up):
                incarnation.phase, incarnation.extra = Phase.RUNNING, outcome.extra
            else:
                incarnation.phase = Phase.ENDED
        self.context.sink.started(incarnation, outcome)
        if not incarnation.alive:
            reason = outcome.reason if isinstance(outcome, Failed) else "ignored"
            self.last_reason = incarnation.reason = reason
            self.down(incarnation, reason)
        if incarnation.supervisor is not None:
            self.tell_supervisor(incarnation, Started(incarnation, outcome))
            if incarnation.is_ready and incarnation.alive:
                self.tell_supervisor(incarnation, Ready(incarnation))
        if isinstance(pending, Shutdown) and incarnation.alive:
            self.shutdown(incarnation, pending.reason)
        self.mailbox.wake()

    def ready(self, incarnation: Incarnation) -> None:
        """Tell the supervisor that the actor is ready: now, or with the news that it is up."""
        with self._lock:
            if incarnation.is_ready or not incarnation.alive:
                return
            incarnation.is_ready = True
            is_up = incarnation.phase is not Phase.STARTING
        if is_up:
            self.tell_supervisor(incarnation, Ready(incarnation))

    # ------------------------------------------------------------------ refusals

    def down(self, incarnation: Incarnation, reason: Reason) -> None:
        """Let go of an incarnation that has ended; close the cell if nobody will restart it."""
        if self.current is incarnation:
            self.current = self.instance = None
        self.owned = None
        self._run_closers(incarnation)
        for reply in incarnation.stop_replies or ():
            with suppress(queue.Full):  # killed while it obeyed: it was told so
                reply.set(None)
        if incarnation.in_order and incarnation.actor is not None:
            # Calls and exits are the business of one incarnation of a supervisor, not of the next.
            incarnation.actor.ended(reason)
            self._refuse(ActorDied(reason))
        incarnation.actor = None  # who keeps the incarnation does not keep the instance
        if incarnation.watchers is not None:  # who comes later finds it ended
            self.tell_watchers_of(incarnation, reason)
        if incarnation.supervisor is None:
            self._unregister()
            self.close()
