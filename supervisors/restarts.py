"""Plans for a child that ended by itself, and for restarts that did not succeed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ringleader.actors.holds import Hold
from ringleader.actors.lifecycle import is_normal
from ringleader.actors.reasons import text_of

from .decisions import describe
from .plan import Decided, Report, Retry, Verdict
from .strategy import ends_supervisor, group, is_restarted

if TYPE_CHECKING:
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason

    from .child import Child
    from .family import Family
    from .intensity import Window
    from .plan import Plan, Release

BACKOFF: Final = "backoff"
CASCADE: Final = "the cascade breaker is open"


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
    if not known or not child.restarting:
        return True
    if child.tries != due.number and (due.after > 0.0 or child.due is not None):
        return True  # OTP's retries do not wait and have no number: an old one is one more try
    if not due.counted:
        window = family.count_restart(child)
        if window.exceeded:
            goes_on = yield from give_up(family, child, window)
            return goes_on and (yield from regroup(family, child))
    closed = _closed(family, child)
    if closed > 0.0:
        yield _try_again(family, child, child.pid, closed, counted=True)
        return True
    last, members = child.pid, _group(family, child)
    family.clear(child)
    yield from family.stop(members)
    return (yield from _start_again(family, members, child, last))


def regroup(family: Family, child: Child) -> Plan[bool]:
    """Start those who were down until a child's restart, which will not be.

    Return as `exited` does. Who is held stays down, and so does the child itself.
    """
    others = [m for m in _group(family, child) if m is not child and _is_idle(m)]
    return (yield from _start_again(family, others, child, None))


def wake(family: Family) -> Plan[bool]:
    """Start those who waited for a sibling, as far as it is there. Return as `exited` does."""
    for child in list(family.waiting.values()):
        if child.waits_for is not None and family.is_there(child.waits_for):
            family.clear(child)
            if not (yield from _start_again(family, [child], child, None)):
                return False
    return True


def release(family: Family, due: Release) -> Plan[bool]:
    """Release a child from quarantine, its time being over. Return as `exited` does."""
    child = due.child
    if family.children.get(child.name) is not child or child.hold is not due.hold:
        return True
    yield from family.lift(child)
    return (yield from _start_again(family, [child], child, None))


def _restart_after_exit(
    family: Family, child: Child, pid: Incarnation, reason: Reason
) -> Plan[bool]:
    _count_crash(family, child)
    window = family.count_restart(child)
    if window.exceeded:
        return (yield from give_up(family, child, window))
    members, wait = _group(family, child), family.policy.backoff(child)
    closed = 0.0 if wait > 0.0 else _closed(family, child)
    yield Decided(
        child,
        pid,
        reason,
        Verdict.RESTARTED,
        siblings=sum(_comes_back(m) for m in members if m is not child),
        after=max(wait, closed),
        restarts=len(window.restarts),
        window=window,
        cause=CASCADE if closed else BACKOFF if wait else "",
    )
    family.clear(child)
    yield from family.stop(members)
    if wait > 0.0 or closed > 0.0:  # as if its start had failed: the group is down until the retry
        yield _try_again(family, child, pid, max(wait, closed), counted=True)
        return True
    return (yield from _start_again(family, members, child, pid))


def _leave_down(family: Family, child: Child, pid: Incarnation, reason: Reason) -> Plan[bool]:
    others = (c for c in family.children.values() if c is not child)
    left = sum(c.spec.significant and not c.down for c in others)
    ends = ends_supervisor(
        family.flags.auto_shutdown, significant=child.spec.significant, significant_left=left
    )
    kept = child.spec.restart != "temporary" and not child.dynamic and family.flags.keeps_ended
    verdict = Verdict.LEFT_DOWN if kept else Verdict.REMOVED
    yield Decided(child, pid, reason, verdict, ends_supervisor=ends)
    yield from family.drop(child)
    return not ends


def give_up(family: Family, child: Child, window: Window | None, cause: str = "") -> Plan[bool]:
    """End the supervisor, as OTP does, or park this child only."""
    parks = family.parks(child)
    if not parks:
        yield Report("shutdown", child, "reached_max_restart_intensity")
    hold = _quarantine(family, child, window, cause) if parks else None
    if child.ended is not None:
        pid, reason = child.ended
        verdict = Verdict.QUARANTINED if parks else Verdict.GAVE_UP
        restarts = 0 if window is None else len(window.restarts)
        yield Decided(
            child, pid, reason, verdict, restarts=restarts, window=window, cause=cause, hold=hold
        )
    if hold is not None:
        yield from family.park(child, hold)
        return True
    yield from family.drop(child)
    return False


def _quarantine(family: Family, child: Child, window: Window | None, cause: str) -> Hold:
    policy, now = family.policy, family.policy.wall()
    times = child.quarantines + 1
    pause = policy.quarantine.pause(times, critical=child.spec.critical)
    why = cause if window is None else f"{len(window.restarts)} restarts in {window.period} s"
    if child.ended is not None:
        why += f", at last after {describe(child.ended[1])}"
    return Hold(
        path=f"{policy.path}/{child.name}",
        kind="quarantine",
        by=policy.path or "/",
        why=why,
        since=now,
        until=None if pause is None else now + pause,
        times=times,
    )


def _start_again(
    family: Family, members: list[Child], child: Child, last: Incarnation | None
) -> Plan[bool]:
    """Start a group; where one fails, those after it stay down until it has been started.

    OTP supervisor, `restart`: the failed one, and not the one that crashed, is tried again. But
    what can't be imported can't be imported the next time, either: that is not tried again, and
    if it is parked the others are started without it.
    """
    kept = [m for m in members if family.children.get(m.name) is m]
    failed = yield from family.start(kept)
    if failed is None:
        return True
    again, pid, reason = failed
    again.up_since = None
    _count_crash(family, again)
    goes_on = True
    if again.spec.restart == "temporary":  # it had waited for a sibling until this, its only start
        yield Decided(again, pid, reason, Verdict.REMOVED)
        yield from family.remove(again)
    elif isinstance(reason, ImportError):
        goes_on = yield from give_up(family, again, None, import_error(reason))
    else:
        yield from _start_later(family, again, pid, reason, last if again is child else None)
        return True
    rest = kept[kept.index(again) + 1 :]
    return goes_on and (yield from _start_again(family, rest, child, last))


def import_error(reason: Reason) -> str:
    """Say that a start is not tried again, and why."""
    return f"import error: {text_of(reason)}"


def _start_later(
    family: Family, again: Child, pid: Incarnation, reason: Reason, last: Incarnation | None
) -> Plan[None]:
    wait = family.policy.backoff(again)
    yield Decided(
        again, pid, reason, Verdict.RETRYING, after=wait, cause=BACKOFF if wait > 0.0 else ""
    )
    yield _try_again(family, again, last, wait, counted=False)


def _is_idle(child: Child) -> bool:
    """Tell whether nothing runs of it, nothing will by itself, and nothing keeps it down."""
    return child.down and child.hold is None and child.waits_for is None


def _comes_back(sibling: Child) -> bool:
    return sibling.spec.restart != "temporary" and sibling.hold is None


def _count_crash(family: Family, child: Child) -> None:
    now = family.now()
    up, healthy_after = child.up_since, child.spec.healthy_after
    child.streak = child.streak.crashed(now, up, healthy_after)
    if up is not None and now - up >= healthy_after:
        child.quarantines = 0


def _closed(family: Family, child: Child) -> float:
    """Return the seconds for which a gate lets nobody of this kind be restarted."""
    gate = family.policy.gate
    if gate is None:
        return 0.0
    return gate.delay(child.spec.category, critical=child.spec.critical)


def _try_again(
    family: Family, child: Child, pid: Incarnation | None, after: float, *, counted: bool
) -> Retry:
    family.assign(child, pid)
    child.restarting, child.tries = True, child.tries + 1
    child.due = family.now() + after if after > 0.0 else None
    return Retry(child, child.tries, after, counted)


def _group(family: Family, child: Child) -> list[Child]:
    return group(family.flags.strategy, list(family.children.values()), child)
