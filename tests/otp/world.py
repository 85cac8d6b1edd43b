"""One scenario on the production supervisor: starts it, does its steps, writes its trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ringleader.actors.base import build
from ringleader.actors.cell import Cell
from ringleader.actors.context import Context
from ringleader.actors.errors import ActorDied
from ringleader.actors.incarnation import Incarnation
from ringleader.actors.lifecycle import Exited, Failed, Ignored, Shutdown, Started
from ringleader.testing import ManualClock
from tests.otp.asking import check, request
from tests.otp.behaviour import Sup
from tests.otp.record import Record
from tests.otp.terms import reason_of, rows, term
from tests.otp.writing import COUNT, WHICH

if TYPE_CHECKING:
    from ringleader.actors.future import Reply
    from tests.otp.players import Player
    from tests.otp.writing import Scenario, Step, Trace


class OracleClock(ManualClock):
    """The oracle's clock: it tells the time that the steps let pass, and no other.

    Timers run on a time of their own: the oracle's shutdown timeouts are real milliseconds, which
    its virtual clock knows nothing of.
    """

    def __init__(self) -> None:
        super().__init__(time=0.0)
        self.passed = 0.0

    def now(self) -> float:
        return self.passed


class Outside:
    """The root's parent: takes note of how the root started."""

    alive = True

    def __init__(self) -> None:
        self.start: Any = None

    def hear(self, news: object) -> None:
        if isinstance(news, Started):
            self.start = news.outcome


@dataclass(frozen=True)
class Asked:
    """A call, and where its answer will be."""

    step: Step
    reply: Reply[Any]


@dataclass(frozen=True)
class Together:
    """What came of the entries of a batch."""

    results: list[Any]


class World:
    """One scenario's tree, clock and record. Contains no rule of supervision."""

    def __init__(self, player: Player) -> None:
        self.player, self._clock, self.record = player, OracleClock(), Record()
        context = Context(
            clock=self._clock,
            sink=self.record,
            dispatchers={"pool": lambda _: player.dispatcher},
            seed=1,
        )
        context.abandoned = player.abandoned
        self._root = Cell("root", Sup, context)

    def run(self, scenario: Scenario) -> Trace:
        """Play it; once only."""
        self.record.reports = scenario.get("reports", False)
        snapshots = scenario.get("snapshots", True)
        start = self._start({"type": "supervisor", "sup": scenario["tree"]})
        parts: list[dict[str, Any]] = []
        trace: Trace = {"name": scenario["name"], "start": self._part(start, tree=snapshots)}
        trace["steps"] = parts
        for step in scenario["steps"]:
            result = self._read_all(self._do(step))
            parts.append({"op": step["op"], **self._part(result, tree=snapshots)})
        trace["final"] = {path: self._look_at(pid) for path, pid in self._supervisors()}
        stopped = self._read_all(self._do({"op": "stop"}))
        trace["stop"] = self._part(stopped, tree=False)
        trace["left_alive"] = self.record.left_alive()
        return trace

    def _start(self, root: dict[str, Any]) -> Any:
        outside = Outside()
        args = (self.record, root, self.player)
        pid = self._root.launch(lambda: build(Sup, self._root, args, {}), outside)
        self._settle()
        match outside.start:
            case Failed(reason):
                return ["error", self.term(reason)]
            case Ignored():
                return "ignore"
            case _:
                return ["ok", self.record.label(pid)]

    def _settle(self) -> None:
        """Go on until nothing happens any more, and no timer runs."""
        self.player.run_until_quiescent()
        while (when := self._clock.next_time()) is not None:
            self._clock.advance_to(when)
            self.player.run_until_quiescent()

    # ------------------------------------------------------------------ steps

    def _do(self, step: Step) -> Any:
        """Do a step; return its result, or who will give it."""
        match step["op"]:
            case "advance":
                self._clock.passed += step["ms"] / 1000
                return "ok"
            case "check_childspecs":
                return self.check(step)
            case "crash" | "exit_signal" | "stop_sup" | "stop":
                pid = self.record.live(step.get("path", "root"))
                return "not_running" if pid is None else self._from_outside(step, pid)
            case _:
                pid = self.record.live(step["sup"])
                return "noproc" if pid is None else self._ask(step, pid)

    def _from_outside(self, step: Step, pid: Incarnation) -> Any:
        default = "boom" if step["op"] == "crash" else "shutdown"
        reason = reason_of(step.get("reason", default))
        is_supervisor = issubclass(pid.ref.actor_class, Sup)
        match step["op"]:
            case "stop":
                pid.ref.tell(Shutdown(reason))
                return pid
            case "exit_signal" if is_supervisor:
                stranger = Incarnation(pid.cell, None, None)
                pid.ref.tell(Exited(stranger, reason))
            case "exit_signal":
                pid.ref.tell(("signal", reason))
            case _ if reason == "kill":
                pid.cell.kill(pid)
            case _:
                pid.ref.tell(Shutdown(reason) if is_supervisor else ("die", reason))
        return "ok"

    def _ask(self, step: Step, pid: Incarnation) -> Any:
        if step["op"] == "batch":
            with self.player.hold(pid.cell):
                return Together([self._do_at_once(entry) for entry in step["ops"]])
        return self.send(step, pid)

    def check(self, step: Step) -> Any:
        """Check specs that nobody starts."""
        return self.term(check(step, self.record, self.player))

    def send(self, step: Step, pid: Incarnation) -> Asked:
        """Make a call; do not wait."""
        call = request(step, self.record, self.player)
        return Asked(step, pid.ref.ask(call, block=False))

    def _do_at_once(self, step: Step) -> Any:
        result = self._do(step)
        self.player.run_until_quiescent()
        return result

    # ------------------------------------------------------------------ results

    def _read_all(self, result: Any) -> Any:
        """Let everything come to rest; return the result, or of a batch all results."""
        self._settle()
        if isinstance(result, Together):
            return [self._read(entry) for entry in result.results]
        return self._read(result)

    def _read(self, result: Any) -> Any:
        match result:
            case Asked():
                return self.answer(result)
            case Incarnation():
                return ["stopped", self.term(result.reason)]
            case _:
                return result

    def answer(self, asked: Asked) -> Any:
        """Read an answer, in the oracle's words."""
        try:
            value: Any = asked.reply.get(timeout=0)
        except ActorDied as died:
            return ["exit", self.term(died.reason)]
        if asked.step["op"] == "which_children":
            is_worker = value == "ok"
            return ["children", value if is_worker else rows(value, self.record.number_of)]
        return self.term(value)

    def term(self, x: Any) -> Any:
        return term(x, self.record.label)

    # ------------------------------------------------------------------ looking

    def _part(self, result: Any, *, tree: bool) -> dict[str, Any]:
        events, orphans = self.record.take()
        part = {"result": result, "events": events}
        if orphans:
            part["orphans"] = orphans
        if tree:
            part["tree"] = {path: self._children(pid) for path, pid in self._supervisors()}
        return part

    def _supervisors(self) -> list[tuple[str, Incarnation]]:
        live = ((path, self.record.live(path)) for path in sorted(self.record.latest))
        return [(p, pid) for p, pid in live if pid and issubclass(pid.ref.actor_class, Sup)]

    def _look_at(self, pid: Incarnation) -> dict[str, Any]:
        return {"children": self._children(pid), "count": self._call(pid, COUNT)}

    def _children(self, pid: Incarnation) -> Any:
        return self._call(pid, WHICH)[1]

    def _call(self, pid: Incarnation, step: Step) -> Any:
        asked = self.send(step, pid)
        self.player.run_until_quiescent()
        return self.answer(asked)
