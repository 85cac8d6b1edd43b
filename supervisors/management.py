"""Plans for calls: what OTP's `supervisor` offers, with its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ringleader.actors.incarnation import Incarnation
from ringleader.actors.lifecycle import Failed, Ignored, Up

from .checks import problem, specs_problem
from .child import Child
from .dependencies import check_dependencies, in_start_order
from .plan import Decided, Forget, Start, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ringleader.actors.lifecycle import Outcome, Reason

    from .family import Family
    from .plan import Plan
    from .spec import Arguments, ChildSpec, Term

SIMPLE = ("error", "simple_one_for_one")
"""The answer where a call does not go with a template."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The answer to a call that starts many.

    Attributes:
        answers: to those that were started, as `start_child` answers.
        failed: the id of the one that ended it, under a template its place; None if none did.
        problem: what `start_child` answered to that one.
    """

    answers: tuple[Term, ...]
    failed: str | int | None = None
    problem: Term = None


Row: TypeAlias = "tuple[str | None, Incarnation | str | None, str]"


def start_child(family: Family, spec: ChildSpec) -> Plan[Term]:
    """Start one more child, last in start order; if that fails, nothing is kept.

    OTP `supervisor:start_child/2`: `("ok", pid)`, `("ok", pid, extra)`, `("ok", None)` if it
    declined; `("error", ("already_started", pid))`, `("error", "already_present")`,
    `("error", (reason, spec))`, or what is wrong with the spec. Beyond OTP: `("held", hold)` and
    `("waiting", sibling)`, when it is known and down.
    """
    if family.simple:
        return SIMPLE
    wrong = problem(spec, family.flags.auto_shutdown)
    if wrong is None:
        wrong = check_dependencies([spec], family.children)
    if wrong is not None:
        return ("error", wrong)
    return (yield from _start_checked(family, spec))


def _start_checked(family: Family, spec: ChildSpec) -> Plan[Term]:
    known = family.children.get(spec.id)
    if known is not None:
        return ("error", _taken(known))
    child = Child(spec, spec.id)
    if not family.is_free(child) and (yield from family.is_kept_down(child)):
        family.children[child.name] = child
        return kept_down(child)
    pid, outcome = yield Start(child)
    if isinstance(outcome, Failed):
        yield from _not_started(child, pid, outcome.reason)
        return ("error", (outcome.reason, spec))
    if isinstance(outcome, Up) or spec.restart != "temporary":
        family.children[child.name] = child
    else:
        yield Forget(child)
    if isinstance(outcome, Up):
        yield from family.is_up(child, pid)
    return _started(pid, outcome)


def start_children(family: Family, specs: Sequence[ChildSpec]) -> Plan[Batch | Term]:
    """Start many children, one after the other, in one call. OTP has no such call.

    All specs are checked before anything starts; the answer to a bad one is `("error", what is
    wrong)`. The first child that does not start ends it: no later one is tried, and those before
    it stay.
    """
    if family.simple:
        return SIMPLE
    wrong = specs_problem(specs, family.flags.auto_shutdown, family.children)
    if wrong is not None:
        return ("error", wrong)
    answers: dict[str, Term] = {}
    for spec in in_start_order(specs):
        answer = yield from _start_checked(family, spec)
        if answer[0] == "error":
            return Batch(_in_order(specs, answers), spec.id, answer[1])
        answers[spec.id] = answer
    return Batch(_in_order(specs, answers))


def start_dynamic(
    family: Family, args: Arguments, kwargs: Mapping[str, Any], name: str | None
) -> Plan[Term]:
    """Start one more child of the template, with `args` behind the template's own.

    OTP `supervisor:start_child/2` of a *simple_one_for_one* supervisor: an error is the bare
    reason, and a child that declined is not kept. A name that is taken is refused.
    """
    template = family.template
    if template is None:
        return ("error", "not_simple_one_for_one")
    known = None if name is None else family.children.get(name)
    if known is not None:
        return ("error", _taken(known))
    held = None if name is None else family.policy.held(name)
    if held is not None:
        return ("error", ("held", held))
    name = _free_name(family, template) if name is None else name
    own = (template.args + args, {**template.kwargs, **kwargs})
    child = Child(template, name, dynamic=True, arguments=own)
    pid, outcome = yield Start(child)
    if isinstance(outcome, Failed):
        yield from _not_started(child, pid, outcome.reason)
        return ("error", outcome.reason)
    if isinstance(outcome, Up):
        family.children[name] = child
        yield from family.is_up(child, pid)
    else:
        yield Forget(child)
    return _started(pid, outcome)


def start_dynamics(family: Family, each: Iterable[Arguments]) -> Plan[Batch]:
    """Start many children of the template in one call, as `start_children` does."""
    answers: list[Term] = []
    for place, args in enumerate(each):
        answer = yield from start_dynamic(family, args, {}, None)
        if answer[0] == "error":
            return Batch(tuple(answers), place, answer[1])
        answers.append(answer)
    return Batch(tuple(answers))


def terminate_child(family: Family, which: object) -> Plan[Term]:
    """Stop a child and leave it down; with a retry that waits, cancel that.

    OTP `supervisor:terminate_child/2`: `"ok"`, running or not, or `("error", "not_found")`. A
    temporary child's spec goes. Children of a template are named by their incarnation, and are
    gone for good; one that has ended long ago is `"ok"`, too, and so is None, nobody.
    """
    if not family.simple:
        child = _find(family, which)
        if child is None:
            return ("error", "not_found")
    elif which is None:
        return "ok"
    elif isinstance(which, Child):
        child = which
    elif not isinstance(which, Incarnation):
        return SIMPLE
    else:
        child = family.find_pid(which)
        if child is None:
            return ("error", "not_found") if which.alive else "ok"
    yield from family.stop_one(child)
    yield from family.drop(child)
    return "ok"


def restart_child(family: Family, child_id: str) -> Plan[Term]:
    """Start a child that is down. If that fails it stays down and is not tried again.

    OTP `supervisor:restart_child/2`: as `start_child`, but `("error", reason)`, `"running"`,
    `"restarting"` or `"not_found"`.
    """
    child, refused = _find_down(family, child_id)
    if child is None:
        return ("error", refused)
    if not family.is_free(child) and (yield from family.is_kept_down(child)):
        return kept_down(child)
    family.clear(child)
    return (yield from start_down(family, child))


def start_down(family: Family, child: Child) -> Plan[Term]:
    """Start a child of which nothing runs."""
    pid, outcome = yield Start(child)
    if isinstance(outcome, Failed):
        child.ended = (pid, outcome.reason)
        yield Decided(child, pid, outcome.reason, Verdict.CALLER_TOLD)
        return ("error", outcome.reason)
    if isinstance(outcome, Up):
        yield from family.is_up(child, pid)
    return _started(pid, outcome)


def delete_child(family: Family, child_id: str) -> Plan[Term]:
    """Forget a child that is down.

    OTP `supervisor:delete_child/2`: `"ok"`, or `("error", ...)` with `"running"`, `"restarting"`
    or `"not_found"`.
    """
    child, refused = _find_down(family, child_id)
    if child is None:
        return ("error", refused)
    yield from family.remove(child)
    return "ok"


def get_childspec(family: Family, which: object) -> Term:
    """Return `("ok", spec)`, defaults filled in, or `("error", "not_found")`.

    Under a template its own id, any incarnation and None mean the template.
    """
    if family.template is not None:
        known = which in (None, family.template.id) or isinstance(which, Incarnation)
        return ("ok", family.template) if known else ("error", "not_found")
    child = _find(family, which)
    return ("error", "not_found") if child is None else ("ok", child.spec)


def which_children(family: Family) -> list[Row]:
    """Return `(id, incarnation or None or "restarting", type)` of each, latest started first."""
    return [
        (None if c.dynamic else c.spec.id, "restarting" if c.restarting else c.pid, c.spec.type)
        for c in reversed(family.children.values())
    ]


def count_children(family: Family) -> dict[str, int]:
    """Return OTP's four counts.

    `active` are those alive now: not one whose end waits in the queue, except under a template,
    where OTP does not look.
    """
    children = family.children.values()
    supervisors = sum(c.spec.type == "supervisor" for c in children)
    running = [c.pid for c in children if c.running]
    return {
        "specs": 1 if family.simple else len(children),
        "active": sum(family.simple or pid.alive for pid in running if pid is not None),
        "supervisors": supervisors,
        "workers": len(children) - supervisors,
    }


def _find(family: Family, which: object) -> Child | None:
    return family.children.get(which) if isinstance(which, str) else None


def _find_down(family: Family, child_id: str) -> tuple[Child | None, str]:
    if family.simple:
        return None, "simple_one_for_one"
    child = _find(family, child_id)
    if child is None:
        return None, "not_found"
    if child.down:
        return child, ""
    return None, "running" if child.running else "restarting"


def _taken(known: Child) -> Term:
    return ("already_started", known.pid) if known.running else "already_present"


def kept_down(child: Child) -> Term:
    """Answer that it is known and not started: `("held", hold)` or `("waiting", sibling)`."""
    if child.hold is not None:
        return ("held", child.hold)
    return ("waiting", child.waits_for)


def _in_order(specs: Sequence[ChildSpec], answers: Mapping[str, Term]) -> tuple[Term, ...]:
    return tuple(answers[spec.id] for spec in specs if spec.id in answers)


def _not_started(child: Child, pid: Incarnation, reason: Reason) -> Plan[None]:
    yield Decided(child, pid, reason, Verdict.CALLER_TOLD)
    yield Forget(child)


def _free_name(family: Family, template: ChildSpec) -> str:
    while True:
        family.dynamic_started += 1
        name = f"{template.id}-{family.dynamic_started}"
        if name not in family.children and family.policy.held(name) is None:
            return name


def _started(pid: Incarnation, outcome: Outcome) -> Term:
    if isinstance(outcome, Ignored):
        return ("ok", None)
    extra = outcome.extra if isinstance(outcome, Up) else None
    return ("ok", pid) if extra is None else ("ok", pid, extra)
