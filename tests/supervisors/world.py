"""Runs plans without actors: starts and stops are answered from a script, and written down."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from ringleader.actors.base import Actor
from ringleader.actors.holds import MemoryHolds
from ringleader.actors.incarnation import Incarnation, Phase
from ringleader.actors.lifecycle import Failed, Ignored, Outcome, Reason, Up
from ringleader.supervisors import management, operations, restarts
from ringleader.supervisors.calls import HoldChild
from ringleader.supervisors.family import Family
from ringleader.supervisors.plan import (
    AwaitReady,
    Cancelled,
    Decided,
    Effect,
    Forget,
    Park,
    Plan,
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
from ringleader.supervisors.policy import Policy
from ringleader.supervisors.spec import ChildSpec, Flags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringleader.actors.cell import Cell
    from ringleader.actors.holds import Hold, HoldKind
    from ringleader.supervisors.child import Child
    from ringleader.supervisors.spec import Restart, Term

UP = Up()
IGNORED = Ignored()


def child(name: str, restart: Restart = "permanent", **fields: Any) -> ChildSpec:
    """Return a spec."""
    return ChildSpec(name, Actor, restart=restart, **fields)


def family(
    *specs: ChildSpec, backoff: float = 0.0, policy: Mapping[str, Any] | None = None, **flags: Any
) -> World:
    """Return a family that has started, with nothing written down yet."""
    world = World(Flags(**flags), backoff=backoff, policy=policy)
    assert world.begin(*specs) is None
    world.clear()
    return world


def _constant(wait: float, _: Child) -> float:
    return wait


class World:
    """A family and everything that its plans asked for.

    `starts[name]` are the outcomes of the next starts, else all go well; `ends[name]` is how a
    child ends that is stopped, else with `shutdown`.
    """

    def __init__(
        self, flags: Flags, *, backoff: float = 0.0, policy: Mapping[str, Any] | None = None
    ) -> None:
        self.now = 0.0
        self.holds = MemoryHolds()
        beyond = Policy(
            path="/top",
            backoff=partial(_constant, backoff),
            held=self._held,
            wall=lambda: 1_000_000.0 + self.now,
        )
        self.family = Family(flags, lambda: self.now, replace(beyond, **(policy or {})))
        self.wakes = 0
        self.ready: set[str] = set()
        self.starts: defaultdict[str, list[Outcome]] = defaultdict(list)
        self.ends: dict[str, Reason] = {}
        self.log: list[str] = []
        self.reports: list[tuple[str, str, Reason]] = []
        self.decisions: list[Decided] = []
        self.retries: list[Retry] = []
        self.regroups: list[Regroup] = []
        self.ended: list[Incarnation] = []
        self._launched = 0

    def _held(self, name: str) -> Hold | None:
        return self.holds.get(f"/top/{name}")

    def run(self, plan: Plan[Any]) -> Any:
        """Run a plan to its end; return its result."""
        answer: Any = None
        while True:
            try:
                effect = plan.send(answer)
            except StopIteration as stop:
                return stop.value
            answer = self._do(effect)

    def _do(self, effect: Effect) -> Any:  # noqa: C901  # a table
        match effect:
            case Start(child):
                return self._start(child)
            case Stop(children):
                return {pid: self._end(child.name, pid) for child in children if (pid := child.pid)}
            case Retry():
                self.retries.append(effect)
            case Regroup():
                self.regroups.append(effect)
            case AwaitReady(child, timeout):
                self.log.append(f"await {child.name} for {timeout:g} s")
                return child.name in self.ready
            case Waits(child, sibling):
                self.log.append(f"{child.name} waits for {sibling}")
            case Wake():
                self.wakes += 1
            case Park() | Unpark():
                self._keep_down(effect)
            case Cancelled(child):
                self.log.append(f"cancel {child.name}")
            case Forget(child):
                self.log.append(f"forget {child.name}")
            case Report(context, child, reason):
                self.reports.append((context, child.name, reason))
            case Decided():
                self.decisions.append(effect)
        return None

    def _keep_down(self, effect: Park | Unpark) -> None:
        name, path = effect.child.name, effect.hold.path
        if isinstance(effect, Park):
            self.holds.put(effect.hold)
            self.log.append(f"park {name}")
        else:
            self.holds.remove(path)
            self.log.append(f"unpark {name}")

    def _start(self, child: Child) -> tuple[Incarnation, Outcome]:
        self._launched += 1
        cell = SimpleNamespace(path=f"/{child.name}", launched=self._launched)
        pid = Incarnation(cast("Cell", cell), lambda: None, None)
        script = self.starts[child.name]
        outcome = script.pop(0) if script else UP
        pid.phase = Phase.RUNNING if outcome is UP else Phase.ENDED
        if isinstance(outcome, Failed):
            self.ended.append(pid)
        self.log.append(f"start {child.name}" if outcome is UP else f"try {child.name}")
        return pid, outcome

    def _end(self, name: str, pid: Incarnation) -> Reason:
        pid.phase = Phase.ENDED
        self.log.append(f"stop {name}")
        return self.ends.get(name, "shutdown")

    # -- what may happen

    def begin(self, *specs: ChildSpec) -> Reason | None:
        """Start the family; return why it did not start."""
        return self.run(self.family.begin(specs))

    def crash(self, name: str, reason: Reason = "boom") -> bool:
        """Let a running child end by itself; tell whether its supervisor goes on."""
        pid = self.pid(name)
        pid.phase = Phase.ENDED
        self.ended.append(pid)
        return cast("bool", self.run(restarts.exited(self.family, pid, reason)))

    def retry(self) -> bool:
        """Let the oldest retry come due; tell whether the supervisor goes on."""
        return cast("bool", self.run(restarts.retry(self.family, self.retries.pop(0))))

    def regroup(self) -> bool:
        """Look at those who were down for a restart that is off; tell whether it goes on."""
        child = self.regroups.pop(0).child
        return cast("bool", self.run(restarts.regroup(self.family, child)))

    def wake(self) -> bool:
        """Look at those who wait for siblings."""
        self.wakes = 0
        return cast("bool", self.run(restarts.wake(self.family)))

    def release_due(self, name: str) -> bool:
        """Let the time come at which a child is released."""
        child = self.family.children[name]
        assert child.hold is not None
        return cast("bool", self.run(restarts.release(self.family, Release(child, child.hold))))

    def hold(self, name: str, kind: HoldKind = "hold", release_after: float | None = None) -> Term:
        """Make the call."""
        call = HoldChild(name, kind, "ann", "too loud", release_after)
        return self.run(operations.hold_child(self.family, call))

    def release(self, name: str) -> Term:
        """Make the call."""
        return self.run(operations.release_child(self.family, name))

    def renew(self, name: str) -> Term:
        """Make the call."""
        return self.run(operations.renew_child(self.family, name))

    def start_child(self, spec: ChildSpec) -> Term:
        """Make the call."""
        return self.run(management.start_child(self.family, spec))

    def start_dynamic(self, *args: object, name: str | None = None) -> Term:
        """Make the call."""
        return self.run(management.start_dynamic(self.family, args, {}, name))

    def terminate(self, which: object) -> Term:
        """Make the call."""
        return self.run(management.terminate_child(self.family, which))

    def restart(self, name: str) -> Term:
        """Make the call."""
        return self.run(management.restart_child(self.family, name))

    def delete(self, name: str) -> Term:
        """Make the call."""
        return self.run(management.delete_child(self.family, name))

    # -- looking

    def pid(self, name: str) -> Incarnation:
        """Return what runs of a child."""
        pid = self.family.children[name].pid
        assert pid is not None
        return pid

    def states(self) -> dict[str, str]:
        """Return the state of each child, in start order."""
        return {name: child.state for name, child in self.family.children.items()}

    def clear(self) -> None:
        """Forget what was written down."""
        self.log.clear()
        self.reports.clear()
        self.decisions.clear()
