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
from ringleader.supervisors import calls
from ringleader.testing import ManualClock
from tests.otp.asking import check, request
from tests.otp.behaviour import Sup
from tests.otp.record import Record
from tests.otp.terms import reason_of, rows, term

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

    def hear(self, news: Started | Exited) -> None:
        if isinstance(news, Started):
            self.start = news.outcome


@dataclass(frozen=True)
class Asked:
    """A call, and where its answer will be."""

    call: calls.Call
    reply: Reply[Any]


class World:
    """One scenario's tree, clock and record. Contains no rule of supervision."""

    def __init__(self, player: Player) -> None:
        self._player, self._clock, self._record = player, OracleClock(), Record()
        context = Context(
            clock=self._clock,
            sink=self._record,
            dispatchers={"pool": lambda _: player.dispatcher},
            seed=1,
        )
        context.abandoned = player.abandoned
        self._root = Cell("root", Sup, context)

    def run(self, scenario: Scenario) -> Trace:
        """Play it; once only."""
        self._record.reports = scenario.get("reports", False)
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
        trace["left_alive"] = self._record.left_alive()
        return trace

    def _start(self, root: dict[str, Any]) -> Any:
        outside = Outside()
        args = (self._record, root, self._player)
        pid = self._root.launch(lambda: build(Sup, self._root, args, {}), outside)
        self._settle()
        match outside.start:
            case Failed(reason):
                return ["error", self._term(reason)]
            case Ignored():
                return "ignore"
            case _:
                return ["ok", self._record.label(pid)]

    def _settle(self) -> None:
        """Go on until nothing happens any more, and no timer runs."""
        self._player.run_until_quiescent()
        while (when := self._clock.next_time()) is not None:
            self._clock.advance_to(when)
            self._player.run_until_quiescent()

    # ------------------------------------------------------------------ steps

    def _do(self, step: Step) -> Any:
        """Do a step; return its result, or who will give it."""
        match step["op"]:
            case "advance":
                self._clock.passed += step["ms"] / 1000
                return "ok"
            case "check_childspecs":
                return self._term(check(step, self._record, self._player))
            case "crash" | "exit_signal" | "stop_sup" | "stop":
                pid = self._record.live(step.get("path", "root"))
                return "not_running" if pid is None else self._from_outside(step, pid)
            case _:
                pid = self._record.live(step["sup"])
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
            with self._player.hold(pid.cell):
                return tuple(self._do_at_once(entry) for entry in step["ops"])
        call = request(step, self._record, self._player)
        return Asked(call, pid.ref.ask(call, block=False))

    def _do_at_once(self, step: Step) -> Any:
        result = self._do(step)
        self._player.run_until_quiescent()
        return result

    # ------------------------------------------------------------------ results

    def _read_all(self, result: Any) -> Any:
        """Let everything come to rest; return the result, or of a batch all results."""
        self._settle()
        if isinstance(result, tuple):
            entries: list[Any] = list(result)
            return [self._read(entry) for entry in entries]
        return self._read(result)

    def _read(self, result: Any) -> Any:
        match result:
            case Asked():
                return self._answer(result)
            case Incarnation():
                return ["stopped", self._term(result.reason)]
            case _:
                return result

    def _answer(self, asked: Asked) -> Any:
        try:
            value: Any = asked.reply.get(timeout=0)
        except ActorDied as died:
            return ["exit", self._term(died.reason)]
        if isinstance(asked.call, calls.WhichChildren):
            is_worker = value == "ok"
            return ["children", value if is_worker else rows(value, self._record.number_of)]
        return self._term(value)

    def _term(self, x: Any) -> Any:
        return term(x, self._record.label)

    # ------------------------------------------------------------------ looking

    def _part(self, result: Any, *, tree: bool) -> dict[str, Any]:
        events, orphans = self._record.take()
        part = {"result": result, "events": events}
        if orphans:
            part["orphans"] = orphans
        if tree:
            part["tree"] = {path: self._children(pid) for path, pid in self._supervisors()}
        return part

    def _supervisors(self) -> list[tuple[str, Incarnation]]:
        live = ((path, self._record.live(path)) for path in sorted(self._record.latest))
        return [(p, pid) for p, pid in live if pid and issubclass(pid.ref.actor_class, Sup)]

    def _look_at(self, pid: Incarnation) -> dict[str, Any]:
        count = self._call(pid, calls.CountChildren())
        return {"children": self._children(pid), "count": count}

    def _children(self, pid: Incarnation) -> Any:
        return self._call(pid, calls.WhichChildren())[1]

    def _call(self, pid: Incarnation, call: calls.Call) -> Any:
        asked = Asked(call, pid.ref.ask(call, block=False))
        self._player.run_until_quiescent()
        return self._answer(asked)
