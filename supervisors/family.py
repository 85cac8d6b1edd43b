"""The children of one incarnation of a supervisor, in start order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.lifecycle import Failed, Up

from .child import Child
from .intensity import Window
from .plan import Cancelled, Decided, Forget, Report, Start, Stop, Verdict
from .spec import check_childspecs
from .strategy import is_expected_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason

    from .plan import Plan
    from .spec import ChildSpec, Flags


def no_wait(_: Child) -> float:
    """Restart at once, as OTP does."""
    return 0.0


class Family:
    """Know the children; offer the plans that all others are made of.

    Plans for what happens to children are in `restarts`, those for calls in `management`. A plan
    runs to its end before the next one begins.

    Args:
        flags: the supervisor's.
        now: gives monotonic seconds.
        backoff: says how many seconds to wait before a child's restart.
    """

    def __init__(
        self,
        flags: Flags,
        now: Callable[[], float],
        backoff: Callable[[Child], float] = no_wait,
    ) -> None:
        self.flags = flags
        self.children: dict[str, Child] = {}
        self.template: ChildSpec | None = None
        self.window = Window(flags.intensity, flags.period)
        self.backoff = backoff
        self.dynamic_started = 0
        self._now = now
        self._by_pid: dict[Incarnation, Child] = {}

    @property
    def simple(self) -> bool:
        """Whether all children are of one template."""
        return self.flags.strategy == "simple_one_for_one"

    def find_pid(self, pid: Incarnation) -> Child | None:
        """Return the child that runs as `pid`, or did so last and is being restarted."""
        return self._by_pid.get(pid)

    def count_restart(self, child: Child) -> bool:
        """Count a restart that is due; tell whether it is one too many."""
        child.restarts += 1
        self.window = self.window.add(self._now())
        return self.window.exceeded

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
        wrong = check_childspecs(specs, self.flags.auto_shutdown)
        if wrong is not None:
            return ("start_spec", wrong)
        if self.simple:
            self.template = specs[0]
            return None
        self.children = {spec.id: Child(spec, spec.id) for spec in specs}
        failed = yield from self.start(list(self.children.values()))
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
        """Start them in order; stop at the first that fails, and return it."""
        for child in children:
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
        child.ended = None  # an exception holds on to the frames that it came through
        if not child.dynamic:
            yield Report("progress", child, "started")

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
        if child.dynamic or child.spec.restart == "temporary":
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
