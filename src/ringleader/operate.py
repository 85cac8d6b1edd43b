"""What an operator does to a child of a running node: no supervisor undoes it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar, Final

import msgspec
import pykka

from ringleader.actors.errors import ActorDied, NoSuchActor, RingleaderError
from ringleader.actors.events.errors import did_you_mean, nearest

from . import snapshot
from .durations import in_words
from .snapshot import State

if TYPE_CHECKING:
    from ringleader.supervisors.child import Child
    from ringleader.supervisors.ref import FamilyRef

    from .questions import Verb
    from .system import System

TIMEOUT: Final = 60.0
"""Seconds that a supervisor may take; a child's own time to stop is in it."""
OWN: Final = "/system"
"""What the system needs itself, which nobody stops."""

logger = logging.getLogger("ringleader.node")


class Refused(RingleaderError):  # noqa: N818  # the answer to an operator
    """An operator asked for what makes no sense; nothing was done.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: ClassVar[int] = 1


class NotNow(RingleaderError):  # noqa: N818  # the answer to an operator
    """A supervisor was not there to do it, or is still at it.

    Attributes:
        exit_code: of a command that meets it: try again.
    """

    exit_code: ClassVar[int] = 75


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an operator's order.

    Attributes:
        verb: what was to be done.
        path: to whom.
        words: what has happened, in words.
        state: what the child is at now.
        changed: whether anything is different from before.
    """

    verb: str
    path: str
    words: str
    state: State
    changed: bool = True


def full_path(path: str) -> str:
    """Return a path as actors have it: `pipeline/jobs/` is `/pipeline/jobs`."""
    return "/" + path.strip("/")


def operate(
    system: System,
    verb: Verb,
    path: str,
    *,
    by: str,
    why: str = "",
    release_after: float | None = None,
    timeout: float = TIMEOUT,
) -> Done:
    """Do what an operator orders; return when it is done.

    - `stop`: stop the child and hold it: only `start` starts it again.
    - `start`: lift a hold or a quarantine and start it; start it if it is merely down.
    - `restart`: stop it and start it at once; that is no crash and counts as none.
    - `quarantine`: stop it until it is released, or for `release_after` seconds.
    - `release`: lift a quarantine and start it; refused where there is none.

    `start` and `release` also lift what is on a path at which nobody lives any more.

    Args:
        system: where.
        verb: what.
        path: the child.
        by: who orders it.
        why: in words.
        release_after: seconds; None: until it is released by hand.
        timeout: seconds to wait for its supervisor, which does it in any case.

    Raises:
        Refused: it makes no sense for this child.
        NoSuchActor: nobody has this path; names what is near.
        SupervisorError: its supervisor refuses, or the child does not start.
        NotNow: its supervisor ended meanwhile, or is still at it.
    """
    path = full_path(path)
    stale = _lift_stale(system, verb, path)
    if stale is not None:
        return stale
    supervisor, child = _find(system, path)
    before = _state(system, path)
    said = _needless(verb, child, before)
    if said:
        return Done(verb=verb, path=path, words=f"{path} {said}", state=before, changed=False)
    logger.info("%s orders: %s %s%s", by, verb, path, f" ({why})" if why else "")
    try:
        _order(supervisor, child.name, verb, (by, why, release_after, timeout))
    except pykka.Timeout as error:
        raise NotNow(
            f"{verb} {path}: its supervisor is still at it after {in_words(timeout)}, and will do "
            f"it; look at it with: ringleader why {path}"
        ) from error
    except ActorDied as error:
        raise NotNow(
            f"{verb} {path}: its supervisor ended before it was done; try again"
        ) from error
    gone = child.spec.restart == "temporary" and verb in ("stop", "quarantine")
    words = f"{path} is stopped, and gone: it is temporary" if gone else ""
    return Done(
        verb=verb,
        path=path,
        words=words or _words(verb, path, release_after),
        state=_state(system, path),
    )


def _order(
    supervisor: FamilyRef[Any],
    name: str,
    verb: Verb,
    how: tuple[str, str, float | None, float],
) -> None:
    by, why, release_after, timeout = how
    match verb:
        case "stop":
            supervisor.hold_child(name, by=by, why=why, timeout=timeout)
        case "quarantine":
            supervisor.quarantine_child(
                name, by=by, why=why, release_after=release_after, timeout=timeout
            )
        case "restart":
            supervisor.renew_child(name, timeout=timeout)
        case "start":
            supervisor.release_child(name, timeout=timeout)
        case "release":
            supervisor.release_child(name, only="quarantine", timeout=timeout)


def _lift_stale(system: System, verb: Verb, path: str) -> Done | None:
    """Lift the hold on a path that nobody has; return None if that is not what is asked for."""
    hold = system.context.holds.get(path)
    if hold is None or verb not in ("start", "release") or path in snapshot.paths(system):
        return None
    if verb == "release" and hold.kind == "hold":
        raise Refused(f"{path} is held by {hold.by}; `start` lifts that")
    system.context.holds.remove(path)
    words = f"nobody lives at {path}; what was on it ({hold.kind} by {hold.by}) is lifted"
    return Done(verb=verb, path=path, words=words, state="down")


def _find(system: System, path: str) -> tuple[FamilyRef[Any], Child]:
    """Return a child's supervisor, and what it knows of the child.

    Raises:
        Refused: the path is not for operators.
        NoSuchActor: nobody has it.
        NotNow: whoever would supervise it is down.
    """
    if path == "/":
        raise Refused("/ is the node itself; `ringleader stop` without a path stops it")
    if path == OWN or path.startswith(f"{OWN}/"):
        raise Refused(f"{path} belongs to the node itself, which does not work without it")
    above, _, name = path.rpartition("/")
    cell = system.root if not above else _cell(system, above, path)
    child = snapshot.children_of(cell).get(name)
    if child is None:
        if cell.current is None and name in cell.children:
            raise NotNow(f"{path}: its supervisor {above or '/'} is not running")
        raise _unknown(system, path)
    supervisor: Any = cell.ref  # only a supervisor has children that it knows
    return supervisor, child


def _cell(system: System, above: str, path: str) -> Any:
    try:
        return system.ref(above).cell
    except NoSuchActor as error:
        raise _unknown(system, path) from error


def _unknown(system: System, path: str) -> NoSuchActor:
    return NoSuchActor(path, did_you_mean(nearest(path, snapshot.paths(system))))


def _needless(verb: Verb, child: Child, state: State) -> str:
    """Say why there is nothing to do; nothing if there is.

    Raises:
        Refused: it makes no sense.
    """
    hold = child.hold
    match verb:
        case "stop" if hold is not None and hold.kind == "hold":
            return f"is held already, by {hold.by}{f': {hold.why}' if hold.why else ''}"
        case "start" if state == "running":
            return "is running already"
        case "release" if hold is None or hold.kind == "hold":
            raise Refused(
                f"{child.name} is not in quarantine: it is {state}; `start` starts what is down"
            )
        case "quarantine" if hold is not None and hold.kind == "hold":
            raise Refused(f"{child.name} is held by {hold.by} already; only `start` lifts that")
        case "restart" if hold is not None:
            raise Refused(
                f"{child.name} is {state}, by {hold.by}; `start` lifts that and starts it"
            )
        case _:
            return ""


def _state(system: System, path: str) -> State:
    cell = snapshot.cell_at(system, path)
    return "down" if cell is None else cell.state


def _words(verb: Verb, path: str, release_after: float | None) -> str:
    match verb:
        case "stop":
            return f"{path} is stopped, and held until: ringleader start {path}"
        case "quarantine":
            ends = "" if release_after is None else f"for {in_words(release_after)}, or "
            return f"{path} is in quarantine {ends}until: ringleader release {path}"
        case "restart":
            return f"{path} was stopped and started again"
        case "start":
            return f"{path} is started"
        case "release":
            return f"{path} is released and started"
