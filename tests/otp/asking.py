"""The calls of a scenario, as a supervisor takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.supervisors import calls
from ringleader.supervisors.checks import specs_problem
from tests.otp.behaviour import spec_of

if TYPE_CHECKING:
    from ringleader.supervisors.spec import Term
    from tests.otp.players import Player
    from tests.otp.record import Record
    from tests.otp.writing import Step

NOT_OVER = ("op", "sup", "name")
"""Keys of a step that do not go over the template."""


def request(step: Step, record: Record, player: Player) -> calls.Call:
    """Return the call that a step means."""
    match step["op"]:
        case "start_child" if "spec" in step:
            return calls.StartChild(spec_of(record, player, step["spec"]))
        case "start_child":
            over = {key: step[key] for key in step if key not in NOT_OVER}
            return calls.StartDynamic((over,), step["name"])
        case "which_children":
            return calls.WhichChildren()
        case "count_children":
            return calls.CountChildren()
        case op:
            about: calls.Call = ABOUT_A_CHILD[op](_which(step, record))
            return about


ABOUT_A_CHILD: dict[str, Any] = {
    "terminate_child": calls.TerminateChild,
    "restart_child": calls.RestartChild,
    "delete_child": calls.DeleteChild,
    "get_childspec": calls.GetChildSpec,
}


def check(step: Step, record: Record, player: Player) -> Term:
    """Check specs, and answer as OTP does."""
    specs = [spec_of(record, player, child) for child in step["specs"]]
    wrong = specs_problem(specs, step.get("auto_shutdown"))
    return "ok" if wrong is None else ("error", wrong)


def _which(step: Step, record: Record) -> Any:
    """Return an id; or the pid that a child of a template has, or last had."""
    if "child" not in step:
        return step["id"]
    return record.latest.get(f"{step['sup']}/{step['child']}", step["child"])
