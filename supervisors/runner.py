"""Runs a supervisor's plans, one at a time, without ever waiting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ringleader.actors.base import build
from ringleader.actors.lifecycle import Exited, Ready, Shutdown, Started, Up

from .errors import StartTimedOut
from .plan import (
    AwaitReady,
    Cancelled,
    Decided,
    Forget,
    Park,
    Regroup,
    Release,
    Report,
    Retry,
    Start,
    Stop,
    Unpark,
    Waits,
    Wake,
)
from .process_launch import launch_process, lives_in_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.cell import Cell
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Outcome, Reason
    from ringleader.actors.timers import Timers

    from .child import Child
    from .chronicle import Chronicle
    from .inbox import Inbox
    from .plan import Effect, Plan, R


@dataclass(frozen=True, slots=True)
class TimeIsUp:
    """A step of the plan has taken long enough: who has not started or stopped is killed."""

    step: Start | Stop | AwaitReady


@dataclass(frozen=True, slots=True)
class IsHealthy:
    """A child in a crash loop has run for long enough, if it is still this incarnation."""

    child: Child
    pid: Incarnation


@dataclass(frozen=True, slots=True)
class Hurry:
    """Told to a supervisor that is being started by one that is to end: wait for nobody."""

    supervisor: Incarnation


class Runner:
    """Do what plans ask for, and give them the outcomes when these come as messages.

    Used in the supervisor's turn only.

    Args:
        me: the supervisor.
        inbox: what waits for the plan to end.
        timers: the supervisor's.
        chronicle: hears what happens.
    """

    def __init__(self, me: Incarnation, inbox: Inbox, timers: Timers, chronicle: Chronicle) -> None:
        self._me, self._inbox, self._timers, self._chronicle = me, inbox, timers, chronicle
        self._plan: Plan[Any] | None = None
        self._then: Callable[[Any], None] | None = None
        self._start: tuple[Start, Incarnation | None] | None = None
        self._await: AwaitReady | None = None
        self._is_ending = False
        self._stop: Stop | None = None
        self._ended: dict[Incarnation, Reason] = {}
        self._children: set[Incarnation] = set()

    @property
    def busy(self) -> bool:
        """Whether a plan is under way."""
        return self._plan is not None

    def run(self, plan: Plan[R], then: Callable[[R], None]) -> None:
        """Begin a plan; call `then` with its result, at once or in a later turn."""
        self._plan, self._then = plan, then
        self._resume(None)

    def take(self, message: object) -> bool:
        """Take a message if the plan waits for it; tell whether it did."""
        match message:
            case Started(incarnation, outcome) if self._start is not None:
                return self._take_start(incarnation, outcome)
            case Exited(incarnation, reason) if incarnation in self._children:
                self._note_exit(incarnation, reason)
                if not self._children:
                    self._resume(self._stopped())
            case Ready(incarnation) if self._awaits(incarnation):
                self._answer_ready()
            case Exited() | Shutdown():
                return self._is_cut_short(message)
            case TimeIsUp() | IsHealthy() | Hurry():
                self._note(message)
            case _:
                return False
        return True

    def _note(self, message: TimeIsUp | IsHealthy | Hurry) -> None:
        match message:
            case TimeIsUp(step):
                self._time_is_up(step)
            case IsHealthy(child, pid) if child.pid is pid:
                self._chronicle.healthy(child)
            case Hurry(supervisor) if supervisor is self._me:
                self._hurry()
            case _:
                return  # about an incarnation that is no more

    def _is_cut_short(self, message: Exited | Shutdown) -> bool:
        """Await no readiness that won't come, or is not needed; tell whether it took the message.

        The message itself is for a plan of its own.
        """
        awaits = self._await is not None
        if isinstance(message, Exited):
            awaits = self._awaits(message.incarnation)
        if awaits:
            self._inbox.put(message, None)
        if isinstance(message, Shutdown):
            self._hurry()
        elif awaits:
            self._answer_ready()
        return awaits

    def _hurry(self) -> None:
        """Await nobody's readiness from now on, here and in a supervisor that is being started."""
        self._is_ending = True
        if self._start is not None:
            self._pass_on(self._start)
        if self._await is not None:
            self._answer_ready()

    @staticmethod
    def _pass_on(step: tuple[Start, Incarnation | None]) -> None:
        start, pid = step
        if pid is not None and getattr(start.child.spec.actor_class, "in_order", False):
            pid.cell.mailbox.put(Hurry(pid))

    def _take_start(self, pid: Incarnation, outcome: Outcome) -> bool:
        if self._start is None or self._start[1] is not pid:
            return False
        child, self._start = self._start[0].child, None
        if child.spec.start_timeout is not None:
            self._timers.cancel("start")
        if isinstance(outcome, Up):
            self._care_for(child, pid)
            self._chronicle.started(child)
        self._resume((pid, outcome))
        return True

    def _time_is_up(self, step: Start | Stop | AwaitReady) -> None:
        if step is self._stop:
            for pid in tuple(self._children):
                pid.cell.kill(pid)
        elif step is self._await:
            self._answer_ready()
        elif self._start is not None and step is self._start[0]:
            late, spec = self._start[1], self._start[0].child.spec
            if late is not None:
                late.cell.kill(late, StartTimedOut(late.path, spec.start_timeout or 0.0))

    def _awaits(self, pid: Incarnation) -> bool:
        return self._await is not None and self._await.child.pid is pid

    def _answer_ready(self) -> None:
        awaited, self._await = self._await, None
        self._timers.cancel("ready")
        self._resume(awaited is not None and awaited.child.ready)

    def _resume(self, answer: Any) -> None:
        plan, then = self._plan, self._then
        if plan is None or then is None:
            return
        waits = False
        while not waits and self._me.alive:  # killed: what is below is no longer its business
            try:
                effect = plan.send(answer)
            except StopIteration as stop:
                self._plan = self._then = None
                then(stop.value)
                return
            waits, answer = self._do(effect)

    def _do(self, effect: Effect) -> tuple[bool, Any]:
        """Do it; tell whether the plan has to wait, and else what it is resumed with."""
        match effect:
            case Start():
                self._start = (effect, self._launch(effect))
                if self._is_ending:
                    self._pass_on(self._start)
                longest = effect.child.spec.start_timeout
                if longest is not None:
                    self._timers.once(longest, TimeIsUp(effect), key="start")
                return True, None
            case AwaitReady(child, timeout):
                is_alive = child.pid is not None and child.pid.alive
                if child.ready or not is_alive or self._is_ending:
                    return False, child.ready
                self._await = effect
                self._timers.once(timeout, TimeIsUp(effect), key="ready")
                return True, None
            case Stop():
                self._order_stop(effect)
                return (True, None) if self._children else (False, self._stopped())
            case Report():
                self._chronicle.report(effect)
            case Decided():
                self._chronicle.decided(effect)
            case _:
                self._do_later(effect)
        return False, None

    def _do_later(
        self, effect: Retry | Regroup | Wake | Park | Unpark | Waits | Cancelled | Forget
    ) -> None:
        """Do what concerns a child that does not run now."""
        match effect:
            case Retry(child, after=after) if after > 0.0:
                self._timers.once(after, effect, key=("retry", child.name))
            case Retry() | Regroup() | Wake():
                self._me.cell.mailbox.put(effect)
            case Cancelled(child):
                self._timers.cancel(("retry", child.name))
                self._chronicle.cancelled(child)
            case Forget(child):
                self._me.cell.close_child(child.name, self._me)
                self._chronicle.forgotten(child)
            case _:
                self._keep_down(effect)

    def _keep_down(self, effect: Park | Unpark | Waits) -> None:
        context = self._me.cell.context
        match effect:
            case Park(child, hold):
                context.holds.put(hold)
                if hold.until is not None:
                    due = max(0.0, hold.until - context.clock.time())
                    self._timers.once(due, Release(child, hold), key=("hold", child.name))
                self._chronicle.parked(child, hold)
            case Unpark(child, hold):
                context.holds.remove(hold.path)
                self._timers.cancel(("hold", child.name))
                self._chronicle.released(child, hold)
            case Waits(child, sibling):
                self._chronicle.waits(child, sibling)

    # ------------------------------------------------------------------------- start

    def _launch(self, start: Start) -> Incarnation | None:
        """Begin an incarnation; None if this supervisor has been ended meanwhile."""
        child, cell = start.child, self._me.cell
        spec = child.spec
        actor_class, (args, given) = spec.actor_class, child.own_arguments
        kwargs = dict(given)
        if lives_in_process(spec):
            return launch_process(self._me, child)

        def make(below: Cell) -> object:
            return build(actor_class, below, args, kwargs)

        try:
            return cell.launch_child(
                self._me, child.name, actor_class, make, dispatcher=spec.dispatcher
            )
        except ValueError as error:  # no such dispatcher: let the start fail as any other
            failure = error

        def fail(_: Cell) -> NoReturn:
            raise failure

        return cell.launch_child(self._me, child.name, actor_class, fail, dispatcher="pool")

    def _care_for(self, child: Child, pid: Incarnation) -> None:
        care, vigil = child.spec.care, pid.cell.context.vigil
        if care is not None and vigil is not None:
            vigil.add(pid, care)
        if self._chronicle.was_in_trouble(child):
            key = ("healthy", child.name)
            self._timers.once(child.spec.healthy_after, IsHealthy(child, pid), key=key)

    # ------------------------------------------------------------------------- stop

    def _order_stop(self, stop: Stop) -> None:
        self._stop, self._ended = stop, {}
        pids = [(child.pid, child.spec.shutdown) for child in stop.children]
        self._children = {pid for pid, _ in pids if pid is not None}
        timer: float | None = None
        for pid, grace in pids:
            if pid is None:
                continue
            if grace == "brutal_kill":
                pid.cell.kill(pid)
                continue
            pid.cell.shutdown(pid, "shutdown")
            if isinstance(grace, int | float):
                timer = grace
        # Exits that were queued before the order are used up by it.
        for pid in tuple(self._children):
            exited = self._inbox.take_exit(pid)
            if exited is not None:
                self._note_exit(pid, exited.reason)
        if timer is not None and self._children:
            self._timers.once(timer, TimeIsUp(stop), key="stop")

    def _note_exit(self, pid: Incarnation, reason: Reason) -> None:
        self._children.discard(pid)
        self._ended[pid] = reason

    def _stopped(self) -> dict[Incarnation, Reason]:
        stop, ended = self._stop, self._ended
        self._stop, self._ended = None, {}
        self._timers.cancel("stop")
        for child in () if stop is None else stop.children:
            if child.pid is not None:
                self._chronicle.stopped(child, ended[child.pid])
        return ended
