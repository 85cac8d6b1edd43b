"""The children of one incarnation of a supervisor, in start order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ringleader.actors.lifecycle import Failed, Up

from . import restarts
from .checks import specs_problem
from .child import Child
from .dependencies import in_start_order
from .intensity import Window
from .plan import (
    AwaitReady,
    Cancelled,
    Decided,
    Forget,
    Park,
    Report,
    Start,
    Stop,
    Unpark,
    Verdict,
    Waits,
    Wake,
)
from .policy import Policy
from .spec import Limit
from .strategy import is_expected_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ringleader.actors.holds import Hold
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason

    from .plan import Plan
    from .spec import ChildSpec, Flags


SOFT_WAIT: Final = 5.0
"""Seconds that a child waits for a sibling that it can do without (the reference system's)."""


class Family:
    """Know the children; offer the plans that all others are made of.

    Plans for what happens to children are in `restarts`, those for calls in `management`. A plan
    runs to its end before the next one begins.

    Args:
        flags: the supervisor's.
        now: gives monotonic seconds.
        policy: what goes beyond OTP.
    """

    def __init__(
        self, flags: Flags, now: Callable[[], float], policy: Policy | None = None
    ) -> None:
        self.flags, self.now = flags, now
        self.policy = Policy() if policy is None else policy
        self.children: dict[str, Child] = {}
        self.template: ChildSpec | None = None
        self.window = Window(flags.intensity, flags.period)
        self.waiting: dict[str, Child] = {}
        """Those who wait for siblings, by name."""
        self.dynamic_started = 0
        self._by_pid: dict[Incarnation, Child] = {}

    @property
    def simple(self) -> bool:
        """Whether all children are of one template."""
        return self.flags.strategy == "simple_one_for_one"

    def find_pid(self, pid: Incarnation) -> Child | None:
        """Return the child that runs as `pid`, or did so last and is being restarted."""
        return self._by_pid.get(pid)

    def is_there(self, name: str) -> bool:
        """Tell whether the child of this name runs and is ready."""
        child = self.children.get(name)
        return child is not None and child.ready

    def parks(self, child: Child) -> bool:
        """Tell whether one restart too many of this child concerns nobody else."""
        on_limit = child.spec.on_limit or self.policy.on_limit
        return on_limit == "quarantine"

    def parks_import(self, child: Child, reason: Reason) -> bool:
        """Tell whether a failed start is one that is never tried again, and parks the child."""
        return isinstance(reason, ImportError) and self.parks(child)

    def count_restart(self, child: Child) -> Window:
        """Count a restart that is due; return the window that says whether it is one too many.

        Where only the child is parked, only its own restarts count: by its own limit, or else by
        the supervisor's intensity.
        """
        child.restarts += 1
        limit, parks, now = child.spec.limit, self.parks(child), self.now()
        if limit is None and parks:
            limit = Limit(self.flags.intensity, self.flags.period)
        if limit is not None:
            window = Window(limit.intensity, limit.period) if child.window is None else child.window
            child.window = window = window.add(now)
            if parks or window.exceeded:
                return window
        self.window = self.window.add(now)
        return self.window

    # -------------------------------------------------------------------- start and stop

    def begin(self, specs: Sequence[ChildSpec]) -> Plan[Reason | None]:
        """Check and start everything; return why not, when all is stopped again.

        OTP supervisor, `init`: specs and flags are checked before anything starts; children start
        one at a time in order; the first that fails ends it, whatever its restart type.
        """
        wrong = self.flags.problem()
        if wrong is not None:
            return ("supervisor_data", wrong)
        if self.simple and len(specs) != 1:
            return ("bad_start_spec", list(specs))
        wrong = specs_problem(specs, self.flags.auto_shutdown)
        if wrong is not None:
            return ("start_spec", wrong)
        if self.simple:
            self.template = specs[0]
            return None
        self.children = {spec.id: Child(spec, spec.id) for spec in in_start_order(specs)}
        failed = yield from self.start(list(self.children.values()))
        while failed is not None and self.parks_import(failed[0], failed[2]):
            child, _, reason = failed
            yield from restarts.give_up(self, child, None, restarts.import_error(reason))
            order = list(self.children.values())
            failed = yield from self.start(order[order.index(child) + 1 :])
        if failed is None:
            return None
        child, pid, reason = failed
        yield Decided(child, pid, reason, Verdict.START_ENDED)
        yield from self.stop(list(self.children.values()))
        return ("shutdown", ("failed_to_start_child", child.spec.id, reason))

    def end(self) -> Plan[None]:
        """Stop everything: in reverse start order, or all at once if they are of one template."""
        if self.simple:
            yield from self._stop_at_once([c for c in self.children.values() if c.running])
        else:
            yield from self.stop(list(self.children.values()))

    # -------------------------------------------------------------------- parts of plans

    def start(self, children: Iterable[Child]) -> Plan[tuple[Child, Incarnation, Reason] | None]:
        """Start them in order; stop at the first that fails, and return it.

        Passed over are those that are held, and those without what they depend on.
        """
        for child in children:
            if not self.is_free(child) and (yield from self.is_kept_down(child)):
                continue
            pid, outcome = yield Start(child)
            if isinstance(outcome, Failed):
                child.ended = (pid, outcome.reason)
                yield Report("start_error", child, outcome.reason)
                return child, pid, outcome.reason
            if isinstance(outcome, Up):
                yield from self.is_up(child, pid)
            elif child.dynamic or child.spec.restart == "temporary":
                yield from self.remove(child)  # it declined, and is not kept for another try
        return None

    def is_up(self, child: Child, pid: Incarnation) -> Plan[None]:
        """Note that it runs."""
        self.assign(child, pid)
        child.up_since = self.now()
        child.ended = None  # an exception holds on to the frames that it came through
        if not child.dynamic:
            yield Report("progress", child, "started")
        if self.waiting:
            yield Wake()

    def is_free(self, child: Child) -> bool:
        """Tell whether nothing beyond OTP keeps it from starting: nearly always so."""
        spec = child.spec
        return (
            child.hold is None
            and not spec.depends_on
            and not spec.soft_depends_on
            and self.policy.held(child.name) is None
        )

    def is_kept_down(self, child: Child) -> Plan[bool]:
        """Tell whether it must not start now: it is held, or a sibling is not there for it."""
        if child.hold is None:
            held = self.policy.held(child.name)
            if held is not None and held.until is not None and held.until <= self.policy.wall():
                child.quarantines = held.times
                yield Unpark(child, held)  # its time came while nobody was there
            elif held is not None:
                yield from self.park(child, held)
        if child.hold is not None:
            return True
        if not child.spec.depends_on and not child.spec.soft_depends_on:
            return False
        missing = yield from self._await_siblings(child)
        if missing is None:
            return False
        child.waits_for = missing
        self.waiting[child.name] = child
        yield Waits(child, missing)
        return True

    def park(self, child: Child, hold: Hold) -> Plan[None]:
        """Keep it down; it does not run."""
        self.clear(child)
        child.hold = hold
        if hold.kind == "quarantine":
            child.quarantines = hold.times
        yield Park(child, hold)

    def lift(self, child: Child) -> Plan[None]:
        """Take the hold off it, if there is one."""
        hold, child.hold = child.hold, None
        if hold is not None:
            child.window = None  # what was counted has had its consequence
            yield Unpark(child, hold)

    def _await_siblings(self, child: Child) -> Plan[str | None]:
        """Wait for what it depends on; return who is missing that it can't do without.

        The reference system: hard dependencies must be ready; soft ones are waited for a little.
        """
        for name in child.spec.soft_depends_on:
            yield from self._is_ready(name, SOFT_WAIT)
        for name in child.spec.depends_on:
            if not (yield from self._is_ready(name, None)):
                return name
        return None

    def _is_ready(self, name: str, timeout: float | None) -> Plan[bool]:
        sibling = self.children.get(name)
        if sibling is None or not sibling.running:
            return False
        if sibling.ready:
            return True
        longest = sibling.spec.ready_timeout
        longest = longest if timeout is None else min(timeout, longest)
        ready: bool = yield AwaitReady(sibling, longest)
        return ready

    def stop(self, children: Sequence[Child]) -> Plan[None]:
        """Stop them one at a time in reverse order; temporary ones are gone then, spec and all."""
        for child in reversed(children):
            yield from self.stop_one(child)
            if child.spec.restart == "temporary":
                yield from self.remove(child)

    def stop_one(self, child: Child) -> Plan[None]:
        """Stop it if it runs; void its retry if one waits. The spec stays."""
        if child.running and child.pid is not None:
            pid = child.pid
            reasons: dict[Incarnation, Reason] = yield Stop((child,))
            yield from self._note_end(child, pid, reasons[pid])
        elif child.restarting:
            yield Cancelled(child)
        self.clear(child)

    def drop(self, child: Child) -> Plan[None]:
        """Note that it ended for good; its spec stays if it may be started again."""
        self.clear(child)
        if child.dynamic or child.spec.restart == "temporary" or not self.flags.keeps_ended:
            yield from self.remove(child)

    def remove(self, child: Child) -> Plan[None]:
        """Forget it, spec and all."""
        self.clear(child)
        del self.children[child.name]
        yield Forget(child)

    def assign(self, child: Child, pid: Incarnation | None) -> None:
        """Note which incarnation stands for it."""
        self.clear(child)
        if pid is not None:
            self._by_pid[pid] = child
            child.pid = pid

    def clear(self, child: Child) -> None:
        """Note that nothing runs of it and nothing will."""
        if child.pid is not None:
            self._by_pid.pop(child.pid, None)
        if child.waits_for is not None:
            self.waiting.pop(child.name, None)
        child.clear()

    def _stop_at_once(self, running: list[Child]) -> Plan[None]:
        by_pid = {child.pid: child for child in running}
        reasons: dict[Incarnation, Reason] = yield Stop(tuple(running))
        odd: dict[str, tuple[Child, Reason]] = {}
        for pid, reason in reasons.items():
            child = by_pid[pid]
            if not is_expected_end(child.spec, reason):
                yield Decided(child, pid, reason, Verdict.WAS_STOPPING)
                odd[repr(reason)] = (child, reason)
        for _, (child, reason) in sorted(odd.items()):  # one report for each reason, as in OTP
            yield Report("shutdown_error", child, reason)

    def _note_end(self, child: Child, pid: Incarnation, reason: Reason) -> Plan[None]:
        if not is_expected_end(child.spec, reason):
            yield Decided(child, pid, reason, Verdict.WAS_STOPPING)
            yield Report("shutdown_error", child, reason)
