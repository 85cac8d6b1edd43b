"""Plans for a child that ended by itself, and for restarts that did not succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.lifecycle import is_normal

from .plan import Decided, Report, Retry, Verdict
from .strategy import ends_supervisor, group, is_restarted

if TYPE_CHECKING:
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason

    from .child import Child
    from .family import Family
    from .plan import Plan


def exited(family: Family, pid: Incarnation, reason: Reason) -> Plan[bool]:
    """Deal with an end that nobody ordered. Return False if the supervisor is to end, too.

    OTP supervisor, *Restart type*, *Automatic shutdown*. The end of an unknown or a replaced
    incarnation means nothing.
    """
    child = family.find_pid(pid)
    if child is None or not child.running:
        return True
    child.ended = (pid, reason)
    restarted = is_restarted(child.spec.restart, reason)
    if restarted or not is_normal(reason):
        yield Report("child_terminated", child, reason)
    if restarted:
        return (yield from _restart_after_exit(family, child, pid, reason))
    return (yield from _leave_down(family, child, pid, reason))


def retry(family: Family, due: Retry) -> Plan[bool]:
    """Try a failed restart again, unless it was cancelled. Return as `exited` does.

    OTP supervisor, `try_again_restart`: each try counts in the window.
    """
    child = due.child
    known = family.children.get(child.name) is child
    if not known or not child.restarting or child.tries != due.number:
        return True
    if not due.counted and family.count_restart(child):
        return (yield from _give_up(family, child))
    last, members = child.pid, _group(family, child)
    family.clear(child)
    yield from family.stop(members)
    yield from _start_again(family, members, child, last)
    return True


def _restart_after_exit(
    family: Family, child: Child, pid: Incarnation, reason: Reason
) -> Plan[bool]:
    if family.count_restart(child):
        return (yield from _give_up(family, child))
    members, wait = _group(family, child), family.backoff(child)
    siblings = sum(m is not child and m.spec.restart != "temporary" for m in members)
    yield Decided(
        child, pid, reason, Verdict.RESTARTED, siblings, wait, len(family.window.restarts)
    )
    family.clear(child)
    yield from family.stop(members)
    if wait > 0.0:  # as if its start had failed: the group is down until the retry
        yield _try_again(family, child, pid, wait, counted=True)
    else:
        yield from _start_again(family, members, child, pid)
    return True


def _leave_down(family: Family, child: Child, pid: Incarnation, reason: Reason) -> Plan[bool]:
    others = (c for c in family.children.values() if c is not child)
    left = sum(c.spec.significant and not c.down for c in others)
    ends = ends_supervisor(
        family.flags.auto_shutdown, significant=child.spec.significant, significant_left=left
    )
    kept = child.spec.restart != "temporary" and not child.dynamic
    verdict = Verdict.LEFT_DOWN if kept else Verdict.REMOVED
    yield Decided(child, pid, reason, verdict, ends_supervisor=ends)
    yield from family.drop(child)
    return not ends


def _give_up(family: Family, child: Child) -> Plan[bool]:
    yield Report("shutdown", child, "reached_max_restart_intensity")
    if child.ended is not None:
        pid, reason = child.ended
        restarts = len(family.window.restarts)
        yield Decided(child, pid, reason, Verdict.GAVE_UP, restarts=restarts)
    yield from family.drop(child)
    return False


def _start_again(
    family: Family, members: list[Child], child: Child, last: Incarnation | None
) -> Plan[None]:
    """Start a group; where one fails, those after it stay down until it has been started.

    OTP supervisor, `restart`: the failed one, and not the one that crashed, is tried again.
    """
    kept = [m for m in members if family.children.get(m.name) is m]
    failed = yield from family.start(kept)
    if failed is None:
        return
    again, pid, reason = failed
    wait = family.backoff(again)
    yield Decided(again, pid, reason, Verdict.RETRYING, after=wait)
    yield _try_again(family, again, last if again is child else None, wait, counted=False)


def _try_again(
    family: Family, child: Child, pid: Incarnation | None, after: float, *, counted: bool
) -> Retry:
    family.assign(child, pid)
    child.restarting, child.tries = True, child.tries + 1
    return Retry(child, child.tries, after, counted)


def _group(family: Family, child: Child) -> list[Child]:
    return group(family.flags.strategy, list(family.children.values()), child)
