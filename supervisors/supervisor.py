"""The supervisor: an actor that keeps its children as their specs say, without ever waiting."""

from __future__ import annotations

import logging
import queue
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from ringleader.actors.base import Actor
from ringleader.actors.errors import ActorDied, HandlerError
from ringleader.actors.handlers import name_of
from ringleader.actors.lifecycle import LATER, Exited, Failed, Ready, Shutdown, Up
from ringleader.actors.ref import Ref

from . import calls, management, operations, restarts
from .backoff import seconds
from .chronicle import Chronicle
from .crash_loop import CrashLoop
from .errors import SupervisorError
from .family import Family
from .inbox import Inbox
from .plan import Regroup, Release, Retry, Wake
from .policy import Policy
from .quarantine import COOL_DOWN, Quarantine
from .ref import SupervisorRef
from .runner import Runner
from .spec import AutoShutdown, ChildSpec, ChildType, Flags, OnLimit, Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringleader.actors.cell import Cell
    from ringleader.actors.future import Reply
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason

    from .child import Child
    from .lifecycle_events import LifecycleEvent
    from .plan import Plan
    from .spec import Term

logger = logging.getLogger("ringleader.supervisor")


class Supervisor(Actor):
    """Starts, watches, restarts and stops children by the rules of Erlang/OTP's `supervisor`.

    Subclass it, set the class attributes, and return the children from `init`; its calls are
    methods of its ref (`SupervisorRef`). A restarted supervisor begins afresh from `init`.

    Exits of children, calls and the order to stop come through one queue and are dealt with one
    after the other, as in OTP. Starting and stopping take as long as the children need, and no
    worker waits meanwhile: the queue does.

    Attributes:
        strategy: who is restarted along with a child.
        intensity: how many restarts are allowed in a period; one more ends the supervisor with
            `shutdown`, which its own supervisor then deals with.
        period: whole seconds.
        auto_shutdown: whether the end of significant children ends the supervisor.
        keeps_ended: whether a child that ended for good stays with its spec; see `Flags`.
        crash_loop_count: how many crashes of one child in the window are a crash loop.
        crash_loop_window: seconds.
        on_limit: what follows one restart too many: `escalate`, as in OTP, ends the supervisor;
            `quarantine` parks the child, and then only a child's own restarts count.
        quarantine: how long a child is parked.
        announce: whether `DAEMON_*` events tell of its children (never of temporary ones).
    """

    in_order: ClassVar[bool] = True
    child_type: ClassVar[ChildType] = "supervisor"
    ref_class: ClassVar[type[Ref[Any]]] = SupervisorRef

    strategy: Strategy = "one_for_one"
    intensity: int = 1
    period: int = 5
    auto_shutdown: AutoShutdown = "never"
    keeps_ended: bool = True
    crash_loop_count: int = 3
    crash_loop_window: float = 300.0
    on_limit: OnLimit = "escalate"
    quarantine: Quarantine = COOL_DOWN
    announce: bool = True

    _reply: Reply[Any] | None = None
    _inbox: Inbox | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a supervisor with handlers.

        Raises:
            HandlerError: it has some; they would never be called.
        """
        super().__init_subclass__(**kwargs)
        for handler in cls.handlers.values():
            raise HandlerError(
                f"{cls.__qualname__}.{handler.name} handles {name_of(handler.type)}, but a "
                "supervisor only supervises; let a child handle it"
            )

    def init(self) -> list[ChildSpec]:
        """Return the children, in start order; called at each start.

        May raise `Ignore`, or `Exit` with the reason of a failed start. For
        `simple_one_for_one`, return one spec, the template.
        """
        return []

    def flags(self) -> Flags:
        """Return strategy, intensity, period and auto_shutdown; called at each start."""
        return Flags(
            self.strategy, self.intensity, self.period, self.auto_shutdown, self.keeps_ended
        )

    def backoff(self, child: Child) -> float:
        """Return how many seconds to wait before this child's restart; called for each.

        What its spec's `backoff` says, else 0, which is OTP's answer. A wait counts as one restart
        however long it is; the group is down meanwhile and the child `restarting`, so that
        `terminate_child` cancels it.
        """
        strategy = child.spec.backoff
        if strategy is None:
            return 0.0
        reason = None if child.ended is None else child.ended[1]
        context = self.context
        return seconds(strategy, child.streak, context.clock.now(), reason, context.random)

    # ------------------------------------------------------------------------- life

    def on_start(self) -> Any:
        """Start the children; the start is over when all of them are up. Override `init`."""
        me: Incarnation | None = self._cell.current
        if me is None:
            raise SupervisorError(f"{type(self).__name__} was started without a cell")
        flags = self.flags()
        self._me, self._inbox = me, Inbox()
        loop = CrashLoop(self.crash_loop_count, self.crash_loop_window)
        chronicle = Chronicle(me, flags, loop, self._announce if self.announce else None)
        self._runner = Runner(me, self._inbox, self.timers, chronicle)
        self._family = Family(flags, self.context.clock.now, self._policy(me.path))
        self._runner.run(self._family.begin(self.init()), self._begun)
        return LATER

    def _policy(self, path: str) -> Policy:
        context = self.context
        return Policy(
            path=path,
            on_limit=self.on_limit,
            quarantine=self.quarantine,
            backoff=self.backoff,
            gate=context.gate,
            held=lambda name: context.holds.get(f"{path}/{name}"),
            wall=context.clock.time,
        )

    def _begun(self, wrong: Reason | None) -> None:
        if wrong is not None:
            self._cell.started(self._me, Failed(wrong))
            return
        for name in set(self._cell.children) - set(self._family.children):
            self._cell.close_child(name, self._me)  # of an earlier incarnation
        self._cell.started(self._me, Up())

    def ended(self, reason: Reason) -> None:
        """Fail the calls in hand and queued: called by the cell, from any thread, at the end."""
        reply, self._reply = self._reply, None
        waiting = [] if self._inbox is None else self._inbox.replies()
        for waits in waiting if reply is None else [reply, *waiting]:
            with suppress(queue.Full):  # answered in the same moment
                waits.fail(ActorDied(reason))

    @property
    def known_children(self) -> Mapping[str, Child]:
        """The children by name, in start order: for onlookers, from any thread, without waiting."""
        family: Family | None = getattr(self, "_family", None)  # none before `on_start`
        return {} if family is None else dict(family.children)

    def _announce(self, event: LifecycleEvent, subject: str) -> None:
        if self.context.events is not None:
            self.publish(event, subject=subject)

    # -------------------------------------------------------------------- the queue

    def on_receive(self, message: Any) -> Any:
        """Take a call, an exit or an order; its turn will come."""
        reply, self._cell.reply_to = self._cell.reply_to, None
        try:
            self._take(message, reply)
        except Exception as error:  # noqa: BLE001  # not the fault of whoever called just now
            self._cell.fail(self._me, error)
        if not self._me.alive:
            self.ended(self._me.reason)
        return LATER

    def _take(self, message: Any, reply: Reply[Any] | None) -> None:
        inbox = self._inbox
        if inbox is None:
            return
        if not self._runner.take(message):
            inbox.put(message, reply)
        while self._me.alive and not self._runner.busy:
            entry = inbox.get()
            if entry is None:
                return
            self._begin(*entry)

    def _begin(self, message: Any, reply: Reply[Any] | None) -> None:
        family, run = self._family, self._runner.run
        match message:
            case Exited(pid, reason):
                run(restarts.exited(family, pid, reason), self._go_on)
            case Retry():
                run(restarts.retry(family, message), self._go_on)
            case Regroup(child):
                run(restarts.regroup(family, child), self._go_on)
            case Wake() | Ready():
                run(restarts.wake(family), self._go_on)
            case Release():
                run(restarts.release(family, message), self._go_on)
            case Shutdown(reason):
                self._finish(reason)
            case _:
                self._call(message, reply)

    def _go_on(self, go_on: bool) -> None:  # noqa: FBT001  # the result of a plan
        if not go_on:
            self._finish("shutdown")

    def _finish(self, reason: Reason) -> None:
        def ended(_: None) -> None:
            self.on_stop()
            self._cell.finish(self._me, reason)

        self._runner.run(self._family.end(), ended)

    # ------------------------------------------------------------------------- calls

    def _call(self, call: Any, reply: Reply[Any] | None) -> None:
        family = self._family
        match call:
            case calls.StartChild(spec):
                self._run(management.start_child(family, spec), reply)
            case calls.StartChildren(specs):
                self._run(management.start_children(family, specs), reply)
            case calls.StartDynamic(args, name, kwargs):
                self._run(management.start_dynamic(family, args, kwargs, name), reply)
            case calls.StartDynamics(each):
                self._run(management.start_dynamics(family, each), reply)
            case calls.TerminateChild(which):
                self._run(management.terminate_child(family, self._named(which)), reply)
            case calls.RestartChild(which):
                self._run(management.restart_child(family, which), reply)
            case calls.DeleteChild(which):
                self._run(management.delete_child(family, which), reply)
            case _:
                self._operate(call, reply)

    def _operate(self, call: Any, reply: Reply[Any] | None) -> None:
        family = self._family
        match call:
            case calls.HoldChild():
                self._run(operations.hold_child(family, call), reply)
            case calls.ReleaseChild(name, only):
                self._run(operations.release_child(family, name, only), reply)
            case calls.RenewChild(name):
                self._run(operations.renew_child(family, name), reply)
            case _:
                self._look(call, reply)

    def _look(self, call: Any, reply: Reply[Any] | None) -> None:
        family = self._family
        match call:
            case calls.GetChildSpec(which):
                _answer(reply, management.get_childspec(family, which))
            case calls.WhichChildren():
                _answer(reply, management.which_children(family))
            case calls.CountChildren():
                _answer(reply, management.count_children(family))
            case _:
                _refuse(
                    reply,
                    SupervisorError(f"{self.path} is a supervisor; it can't do {call!r:.100}"),
                )

    def _run(self, plan: Plan[Term], reply: Reply[Any] | None) -> None:
        def answer(value: Term) -> None:
            self._reply = None
            _answer(reply, value)

        self._reply = reply
        self._runner.run(plan, answer)

    def _named(self, which: Any) -> Any:
        """Return what a ref means now, in OTP's terms: the id, or under a template the pid."""
        if not isinstance(which, Ref):
            return which
        cell: Cell = which.cell
        child = self._family.children.get(cell.path.rpartition("/")[2])
        if child is None or self._cell.children.get(child.name) is not cell:
            return cell.current
        if not child.dynamic:
            return child.name
        return child if child.pid is None else child.pid  # one that is held has none


def _answer(reply: Reply[Any] | None, value: Any) -> None:
    if reply is not None:
        with suppress(queue.Full):  # it was ended in this moment, or a proxy had the ask
            reply.set(value)


def _refuse(reply: Reply[Any] | None, error: SupervisorError) -> None:
    if reply is None:
        logger.info("%s; it was told, not asked, so nobody hears of it", error)
        return
    with suppress(queue.Full):  # as above
        reply.fail(error)
