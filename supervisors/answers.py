"""Read a supervisor's answers, which are OTP's terms, as Python values and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ringleader.actors.holds import Hold
from ringleader.actors.incarnation import Incarnation

from .errors import (
    AlreadyPresent,
    AlreadyStarted,
    BadChildSpec,
    ChildHeld,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    ChildWaits,
    StartChildrenFailed,
    StartFailed,
    StartIgnored,
    SupervisorError,
    WrongStrategy,
)
from .management import Batch
from .problems import nearest
from .spec import ChildSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ringleader.actors.ref import Ref

    from .child import State
    from .management import Row
    from .spec import ChildType, Term


_BY_WORD: dict[str, Callable[[object], SupervisorError]] = {
    "already_present": AlreadyPresent,
    "running": ChildRunning,
    "restarting": ChildRestarting,
}
_SIMPLE = (
    "the supervisor is simple_one_for_one: it starts children from its template only, and they "
    "have no ids; name one by its ref"
)
_NOT_SIMPLE = "{} has no template: its children are started by specs"


class ChildInfo(NamedTuple):
    """One line of `which_children`.

    Attributes:
        id: the spec's; None for a child of a template.
        state: `running`, `restarting` or `down`.
        type: `worker` or `supervisor`.
        ref: its address; None if there is none any more, or for a child of a template that is
            being restarted.
        incarnation: what runs now, OTP's pid.
    """

    id: str | None
    state: State
    type: ChildType
    ref: Ref[Any] | None
    incarnation: Incarnation | None


class ChildCounts(NamedTuple):
    """OTP's counts.

    Attributes:
        specs: how many specs there are: 1 for a template.
        active: how many children are alive.
        supervisors: how many children are supervisors, alive or not.
        workers: how many are workers, alive or not.
    """

    specs: int
    active: int
    supervisors: int
    workers: int


def started(answer: Term, child_id: object) -> Ref[Any]:
    """Read what `start_child` answers."""
    match answer:
        case ("ok", None):
            raise StartIgnored(child_id)
        case ("ok", Incarnation() as pid) | ("ok", Incarnation() as pid, _):
            return pid.ref
        case ("held", Hold() as hold):
            raise ChildHeld(child_id, hold)
        case ("waiting", sibling):
            raise ChildWaits(child_id, sibling)
        case ("error", problem):
            raise refusal(problem, child_id)
        case _:
            raise _unexpected(answer)


def started_dynamic(answer: Term, template: object) -> Ref[Any]:
    """Read what `start_child` of a template answers: an unknown error is the child's own."""
    match answer:
        case ("error", "not_simple_one_for_one"):
            raise WrongStrategy(_NOT_SIMPLE.format(template))
        case ("error", ("already_started", Incarnation()) | ("held", Hold()) | "already_present"):
            return started(answer, template)
        case ("error", reason):
            raise StartFailed(template, reason)
        case _:
            return started(answer, template)


def restarted(answer: Term, child_id: object, known: Iterable[str] = ()) -> Ref[Any]:
    """Read what `restart_child` answers: an unknown error is the child's own."""
    match answer:
        case ("error", "running" | "restarting" | "not_found" | "simple_one_for_one" as word):
            raise refusal(word, child_id, known)
        case ("error", ("held", Hold()) as held):
            raise refusal(held, child_id)
        case ("error", reason):
            raise StartFailed(child_id, reason)
        case _:
            return started(answer, child_id)


def started_all(answer: Batch | Term, child_id: object) -> list[Ref[Any]]:
    """Read what `start_children` answers: the refs of those that did not decline."""
    match answer:
        case Batch(failed=None):
            return _running(answer)
        case Batch(failed=failed, problem=(reason, ChildSpec())):
            raise StartChildrenFailed(failed, reason, _running(answer))
        case Batch(failed=failed, problem=problem):
            raise StartChildrenFailed(failed, refusal(problem, failed), _running(answer))
        case ("error", problem):
            raise refusal(problem, child_id)
        case _:
            raise _unexpected(answer)


def started_dynamics(answer: Batch, template: object) -> list[Ref[Any]]:
    """Read what `start_children` of a template answers."""
    if answer.failed is None:
        return _running(answer)
    if answer.problem == "not_simple_one_for_one":
        raise WrongStrategy(_NOT_SIMPLE.format(template))
    place = f"{template}, number {answer.failed}"
    raise StartChildrenFailed(place, answer.problem, _running(answer))


def done(answer: Term, child_id: object, known: Iterable[str] = ()) -> None:
    """Read what `terminate_child` and `delete_child` answer."""
    match answer:
        case "ok":
            return
        case ("error", problem):
            raise refusal(problem, child_id, known)
        case _:
            raise _unexpected(answer)


def spec_of(answer: Term, child_id: object, known: Iterable[str] = ()) -> ChildSpec:
    """Read what `get_childspec` answers."""
    match answer:
        case ("ok", ChildSpec() as spec):
            return spec
        case ("error", problem):
            raise refusal(problem, child_id, known)
        case _:
            raise _unexpected(answer)


def info(row: Row, refs: dict[str, Ref[Any]]) -> ChildInfo:
    """Read one row of `which_children`; `refs` are the addresses by name."""
    child_id, state, kind = row
    child_type: ChildType = "supervisor" if kind == "supervisor" else "worker"
    if isinstance(state, Incarnation):
        return ChildInfo(child_id, "running", child_type, state.ref, state)
    ref = None if child_id is None else refs.get(child_id)
    return ChildInfo(child_id, "down" if state is None else "restarting", child_type, ref, None)


def refusal(  # noqa: PLR0911  # a table
    problem: Term, child_id: object, known: Iterable[str] = ()
) -> SupervisorError:
    """Return the error that stands for OTP's term."""
    match problem:
        case str(word) if word in _BY_WORD:
            return _BY_WORD[word](child_id)
        case "not_found":
            return ChildNotFound(child_id, nearest(child_id, known))
        case "simple_one_for_one":
            return WrongStrategy(_SIMPLE)
        case ("already_started", Incarnation() as pid):
            return AlreadyStarted(child_id, pid)
        case ("held", Hold() as hold):
            return ChildHeld(child_id, hold)
        case (reason, ChildSpec() as spec):
            return StartFailed(child_id, reason, spec)
        case _:
            return BadChildSpec(child_id, problem)


def _running(batch: Batch) -> list[Ref[Any]]:
    return [answer[1].ref for answer in batch.answers if isinstance(answer[1], Incarnation)]


def _unexpected(answer: Term) -> SupervisorError:
    return SupervisorError(f"the supervisor gave an answer of an unknown form: {answer!r}")
