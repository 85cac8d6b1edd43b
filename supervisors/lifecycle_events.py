"""The events that tell of children: started, stopped, changed, in a crash loop, failed for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ringleader.actors.events.daemon import (
    DaemonCrashLoopDetected,
    DaemonStarted,
    DaemonStatusChanged,
    DaemonStopped,
)
from ringleader.actors.events.health import CoordinatorInitFailed, DaemonPermanentlyFailed
from ringleader.actors.health_events import init_failed
from ringleader.actors.letters import fingerprint_of

from .crash_loop import CrashLoop, is_crash
from .decisions import describe, words
from .plan import Decided, Verdict

if TYPE_CHECKING:
    from ringleader.actors.holds import Hold
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason

    from .child import Child
    from .spec import Flags

Status: TypeAlias = Literal["stopped", "running", "failed", "restarting", "held", "quarantined"]
LifecycleEvent: TypeAlias = (
    DaemonStarted
    | DaemonStopped
    | DaemonStatusChanged
    | DaemonCrashLoopDetected
    | DaemonPermanentlyFailed
    | CoordinatorInitFailed
)

_TROUBLE: Final[tuple[Status, ...]] = ("failed", "restarting", "held", "quarantined")
_MOVES_ON: Final = (Verdict.RESTARTED, Verdict.RETRYING)
_NOT_STARTED: Final = (Verdict.RETRYING, Verdict.START_ENDED, Verdict.CALLER_TOLD)
_LEFT: Final = (Verdict.LEFT_DOWN, Verdict.REMOVED)


@dataclass(frozen=True, slots=True)
class Host:
    """Where it happens: what each event says of the process.

    Attributes:
        name: the host's.
        pid: of the operating system's process.
    """

    name: str
    pid: int


@dataclass(slots=True)
class _Record:
    loop: CrashLoop
    status: Status = "stopped"
    counted: Incarnation | None = None


class LifecycleEvents:
    """Turns what happens to a supervisor's children into events, and sends none itself.

    A child is a daemon here unless it is `temporary`: jobs come and go without these events.
    `DAEMON_STATUS_CHANGED` tells of transitions from or to trouble (`failed`, `restarting`,
    `held`, `quarantined`) and of the end of a crash loop; a plain start or stop has an event of
    its own. A start that failed of a child whose health is polled, which is a coordinator here,
    gives `COORDINATOR_INIT_FAILED`, too.

    Args:
        flags: the supervisor's.
        host: where it runs.
        loop: the rule for crash loops: one without crashes, as each child begins with.
    """

    def __init__(self, flags: Flags, host: Host, loop: CrashLoop) -> None:
        self._flags, self._host, self._loop = flags, host, loop
        self._records: dict[str, _Record] = {}

    def started(self, child: Child) -> list[LifecycleEvent]:
        """Tell that it is up."""
        if _is_silent(child):
            return []
        host = self._host
        up = DaemonStarted(daemon_name=child.name, hostname=host.name, pid=host.pid)
        return [up, *self._move(child, "running", "started")]

    def stopped(self, child: Child, reason: Reason) -> list[LifecycleEvent]:
        """Tell that it was stopped, or ended and was left so."""
        if _is_silent(child):
            return []
        said = describe(reason)
        end = DaemonStopped(daemon_name=child.name, hostname=self._host.name, reason=said)
        return [end, *self._move(child, "stopped", said)]

    def cancelled(self, child: Child) -> list[LifecycleEvent]:
        """Tell that it will not be tried again: it was stopped while it was restarting."""
        return [] if _is_silent(child) else self._move(child, "stopped", "restart cancelled")

    def decided(self, decided: Decided, now: float) -> list[LifecycleEvent]:
        """Tell of a failure and what is done about it; `now` in monotonic seconds."""
        child, verdict = decided.child, decided.verdict
        if _is_silent(child) or verdict is Verdict.WAS_STOPPING:
            return []
        if verdict in _LEFT:
            return self.stopped(child, decided.reason)
        events: list[LifecycleEvent] = []
        crash = is_crash(child.spec.type, decided.reason)
        if crash or verdict not in _MOVES_ON:
            events += self._move(child, "failed", verdict.value, describe(decided.reason))
        if verdict in _MOVES_ON:
            events += self._move(child, "restarting", words(decided, self._flags))
        if crash:
            events += self._count(decided, now)
        if verdict in _NOT_STARTED and child.spec.health is not None:
            events.append(init_failed(child.name, decided.reason))
        if verdict is Verdict.GAVE_UP or _is_first_quarantine(decided):
            events.append(self._permanent(decided))
        return events

    def is_looping(self, child: Child) -> bool:
        """Tell whether it is in a crash loop."""
        record = self._records.get(child.name)
        return record is not None and record.loop.since is not None

    def healthy(self, child: Child) -> list[LifecycleEvent]:
        """Tell that its crash loop is over: it has run for long enough."""
        record = self._record(child)
        if record.loop.since is None:
            return []
        record.loop = record.loop.over()
        reason = f"crash loop over: up for {child.spec.healthy_after:g} s"
        return [self._change(child, "crash_loop", "running", reason)]

    def parked(self, child: Child, hold: Hold) -> list[LifecycleEvent]:
        """Tell that it is kept down."""
        if _is_silent(child):
            return []
        status: Status = "held" if hold.kind == "hold" else "quarantined"
        return self._move(child, status, f"by {hold.by}: {hold.why}" if hold.why else hold.by)

    def released(self, child: Child) -> list[LifecycleEvent]:
        """Tell that it is no longer kept down."""
        return [] if _is_silent(child) else self._move(child, "stopped", "released")

    def forgotten(self, child: Child) -> None:
        """Forget it; one of the same name that comes later is another one."""
        self._records.pop(child.name, None)

    def _record(self, child: Child) -> _Record:
        return self._records.setdefault(child.name, _Record(self._loop))

    def _move(
        self, child: Child, status: Status, reason: str, error: str | None = None
    ) -> list[LifecycleEvent]:
        record = self._record(child)
        old, record.status = record.status, status
        if old == status or (old not in _TROUBLE and status not in _TROUBLE):
            return []
        return [self._change(child, old, status, reason, error)]

    def _change(
        self, child: Child, old: str, new: str, reason: str, error: str | None = None
    ) -> DaemonStatusChanged:
        is_import = child.ended is not None and isinstance(child.ended[1], ImportError)
        return DaemonStatusChanged(
            daemon_name=child.name,
            hostname=self._host.name,
            old_status=old,
            new_status=new,
            reason=reason,
            error=error,
            import_error=error if is_import else None,
        )

    def _count(self, decided: Decided, now: float) -> list[LifecycleEvent]:
        record = self._record(decided.child)
        if record.counted is decided.pid:
            return []  # decided about for the second time: a retry that was one too many
        record.counted = decided.pid
        before = record.loop
        record.loop = loop = before.crashed(now, fingerprint_of(decided.reason))
        if loop.since == before.since:
            return []
        events: list[LifecycleEvent] = []
        if before.since is not None:
            reason = f"crash loop over: no crash for {loop.window:g} s"
            events.append(self._change(decided.child, "crash_loop", record.status, reason))
        if loop.since is not None:
            events.append(self._looping(decided, loop))
        return events

    def _looping(self, decided: Decided, loop: CrashLoop) -> DaemonCrashLoopDetected:
        name, crashes = decided.child.name, len(loop.crashes)
        error, shared = describe(decided.reason), loop.shared_fingerprint
        alike = "all alike" if shared else f"in {len(set(loop.fingerprints))} ways"
        return DaemonCrashLoopDetected(
            daemon_name=name,
            hostname=self._host.name,
            restart_count=crashes,
            window_minutes=loop.window / 60.0,
            max_restarts=self._flags.intensity,
            severity="warning",
            message=f"{name} crashed {crashes} times within {loop.window:g} s, {alike}, "
            f"last: {error}",
            fingerprint=shared,
        )

    def _permanent(self, decided: Decided) -> DaemonPermanentlyFailed:
        return DaemonPermanentlyFailed(
            daemon_name=decided.child.name,
            hostname=self._host.name,
            restart_count=decided.restarts,
            requires_intervention=decided.hold is None or decided.hold.until is None,
            reason=words(decided, self._flags),
        )


def _is_first_quarantine(decided: Decided) -> bool:
    """Tell whether it is news: a child that is released and fails again is the same failure."""
    return decided.hold is not None and decided.hold.times == 1


def _is_silent(child: Child) -> bool:
    return child.spec.restart == "temporary"
