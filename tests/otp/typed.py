"""The same scenarios through the typed calls: refs, values and exceptions in place of terms."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ringleader.actors.errors import ActorDied
from ringleader.actors.ref import Ref
from ringleader.supervisors.checks import check_childspecs
from ringleader.supervisors.dynamic import DynamicSupervisorRef
from ringleader.supervisors.errors import (
    AlreadyPresent,
    AlreadyStarted,
    BadChildSpec,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    StartFailed,
    StartIgnored,
    SupervisorError,
    WrongStrategy,
)
from tests.otp.asking import NOT_OVER
from tests.otp.behaviour import Sup, spec_of
from tests.otp.normal import line
from tests.otp.terms import rows
from tests.otp.world import Asked, World

if TYPE_CHECKING:
    from ringleader.actors.incarnation import Incarnation
    from ringleader.supervisors.answers import ChildInfo
    from ringleader.supervisors.ref import SupervisorRef
    from tests.otp.writing import Step, Trace

NUMBER = re.compile(r'(?<=")(root[^"#]*)#\d+(?=")')
"""Which life it is that a pid names: a ref names a path."""
WORDS: dict[type[SupervisorError], str] = {
    AlreadyPresent: "already_present",
    ChildNotFound: "not_found",
    ChildRunning: "running",
    ChildRestarting: "restarting",
    WrongStrategy: "simple_one_for_one",
}


class TypedWorld(World):
    """Make every call through a ref's methods; write what they return or raise as OTP's terms."""

    def check(self, step: Step) -> Any:
        """Check specs that nobody starts."""
        specs = [spec_of(self.record, self.player, child) for child in step["specs"]]
        try:
            check_childspecs(specs, step.get("auto_shutdown"))
        except BadChildSpec as error:
            return ["error", self.term(error.problem)]
        return "ok"

    def send(self, step: Step, pid: Incarnation) -> Asked:
        """Make a call; do not wait."""
        if not issubclass(pid.ref.actor_class, Sup):
            return super().send(step, pid)
        ref: Any = pid.ref
        return Asked(step, self._dynamic(step, pid) or self._static(step, ref))

    def _dynamic(self, step: Step, pid: Incarnation) -> Any:
        ref: DynamicSupervisorRef[Sup] = DynamicSupervisorRef(pid.cell, Sup)
        child = self.record.latest.get(f"{pid.path}/{step.get('child')}")
        match step["op"]:
            case "start_child" if "name" in step:
                over = {key: step[key] for key in step if key not in NOT_OVER}
                return ref.start_child(over, name=step["name"], block=False)
            case "terminate_child" if child is not None:
                return ref.terminate_child(child, block=False)
            case "get_childspec" if child is not None:
                return ref.get_childspec(block=False)
            case _:
                return None

    def _static(self, step: Step, ref: SupervisorRef[Any]) -> Any:
        match step["op"]:
            case "start_child":
                spec = spec_of(self.record, self.player, step["spec"])
                return ref.start_child(spec, block=False)
            case "which_children":
                return ref.which_children(block=False)
            case "count_children":
                return ref.count_children(block=False)
            case op:
                return getattr(ref, op)(step.get("id", step.get("child")), block=False)

    def answer(self, asked: Asked) -> Any:
        """Read an answer, in the oracle's words."""
        try:
            value: Any = asked.reply.get(timeout=0)
        except ActorDied as died:
            return ["exit", self.term(died.reason)]
        except SupervisorError as error:
            return self._refused(asked.step, error)
        return self._value(asked.step["op"], value)

    def _value(self, op: str, value: Any) -> Any:
        match op:
            case "which_children":
                return ["children", rows(list(map(_row, value)), self.record.number_of)]
            case "count_children":
                return value._asdict()
            case "get_childspec":
                return ["ok", self.term(value)]
            case _:
                return ["ok", value.path] if isinstance(value, Ref) else "ok"

    def _refused(self, step: Step, error: SupervisorError) -> Any:
        match error:
            case StartIgnored():
                return ["ok", "undefined"]
            case AlreadyStarted(ref=ref):
                return ["error", ["already_started", ref.path]]
            case BadChildSpec(problem=problem):
                return ["error", self.term(problem)]
            case StartFailed(child_id=child_id, reason=reason):
                said = self.term(reason)
                return ["error", [said, ["child", child_id]] if "spec" in step else said]
            case _:
                return ["error", WORDS[type(error)]]


def _row(info: ChildInfo) -> tuple[str | None, Any, str]:
    states = {"running": info.incarnation, "down": None, "restarting": "restarting"}
    return info.id, states[info.state], info.type


def as_typed(trace: Trace) -> Trace:
    """Take away from OTP's results what a ref does not say: which life it is, and `extra`."""
    steps = [part | {"result": _result(part["result"])} for part in trace["steps"]]
    return trace | {"steps": steps}


def _result(result: Any) -> Any:
    return json.loads(re.sub(r'\["ok","(root[^"]*)","\w+"\]', r'["ok","\1"]', _paths(result)))


def _paths(result: Any) -> str:
    return NUMBER.sub(r"\1", line(result))
