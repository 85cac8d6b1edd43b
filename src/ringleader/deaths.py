"""What died, why, and what was done about it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

from ringleader.actors.letters import DeathReport, Decision
from ringleader.actors.lifecycle import Failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason


@dataclass(frozen=True, slots=True)
class Death:
    """One end that was not ordered.

    Attributes:
        path: where it lived.
        cause: why it ended, in a few words.
        decision: what its supervisor did, in a few words; empty while it has not decided.
        time: when, seconds UTC.
        report: all that is known.
        rule: by which rule it was decided.
        left: how many restarts that rule still allows; None where none counts.
    """

    path: str
    cause: str
    decision: str
    time: float
    report: DeathReport
    rule: str = ""
    left: int | None = None


class DeathStore(Protocol):
    """Keeps deaths for longer."""

    def put(self, number: int, death: Death) -> None:
        """Keep a death, in place of an earlier one of this number; must return at once."""
        ...


ORDERED: Final = 100
"""Ends in order that wait for a decision: it comes at once, or there is none."""
CUT_OFF: Final = "ended with its supervisor"
"""The decision about a child whose supervisor was killed: nobody was left to make another."""


class Deaths:
    """An `EventSink` that keeps the last `capacity` deaths, and tells `listener` of each decision.

    Where there is a `store`, it gets each death when it happens, and again with what was decided.

    An end that somebody ordered (`shutdown`) or wanted (`normal`) is no death, unless a supervisor
    counts it as one: a permanent child must not end, and a supervisor that gave up ends so. That
    of a child whose supervisor was killed is one.
    """

    def __init__(
        self, capacity: int = 1_000, listener: Callable[[Death], None] | None = None
    ) -> None:
        self._deaths: OrderedDict[int, Death] = OrderedDict()  # by a number of their own
        self._undecided: dict[tuple[str, int], int] = {}  # by path and number of the incarnation
        self._ordered: OrderedDict[tuple[str, int], DeathReport] = OrderedDict()
        """Ends that are deaths only if a supervisor says so."""
        self._count = 0
        self._capacity = capacity
        self._lock = Lock()
        self.listener = listener
        self.store: DeathStore | None = None
        self.starts = 0
        self.restarts = 0

    def started(self, incarnation: Incarnation, outcome: Any) -> None:
        """Count starts; keep a failed one as a death."""
        with self._lock:
            self.starts += 1
            self.restarts += incarnation.number > 1
            # A cell that was closed and made anew counts from 1 again: it is another one now.
            self._undecided.pop((incarnation.path, incarnation.number), None)
        if isinstance(outcome, Failed) and not is_ordered(outcome.reason):
            clock = incarnation.cell.context.clock
            report = DeathReport(
                path=incarnation.path,
                number=incarnation.number,
                reason=outcome.reason,
                time=clock.time(),
                uptime=0.0,
                depth=len(incarnation.cell.mailbox),
            )
            self.exited(incarnation, report)

    def exited(self, incarnation: Incarnation, report: DeathReport) -> None:
        """Keep a death."""
        if incarnation.cut_off:
            cause = "killed" if is_ordered(report.reason) else report.cause
            death = Death(report.path, cause, CUT_OFF, report.time, report)
        elif is_ordered(report.reason):
            with self._lock:
                self._ordered[(report.path, report.number)] = report
                while len(self._ordered) > ORDERED:
                    self._ordered.popitem(last=False)
            return
        else:
            death = Death(report.path, report.cause, "", report.time, report)
        with self._lock:
            life = (incarnation.path, incarnation.number)
            number = self._keep(death, None if incarnation.cut_off else life)
        if self.store is not None:
            self.store.put(number, death)

    def _keep(self, death: Death, life: tuple[str, int] | None) -> int:
        """Keep a death under a number of its own; the caller holds the lock.

        `life` is whose decision is awaited; None: there will be none.
        """
        self._count = number = self._count + 1
        self._deaths[number] = death
        if life is not None:
            self._undecided[life] = number
        while len(self._deaths) > self._capacity:
            oldest, old = self._deaths.popitem(last=False)
            key = (old.path, old.report.number)
            if self._undecided.get(key) == oldest:
                del self._undecided[key]
        return number

    def report(self, supervisor: Incarnation, context: str, child: Any, reason: Reason) -> None:
        """Ignore what OTP would log."""

    def decided(
        self, supervisor: Incarnation, child: Incarnation, reason: Reason, decision: Decision
    ) -> None:
        """Add what was done to the death of this incarnation."""
        del supervisor, reason
        with self._lock:
            life = (child.path, child.number)
            ordered = self._ordered.pop(life, None)
            if ordered is not None and decision.left is not None:  # it was counted
                self._keep(Death(ordered.path, ordered.cause, "", ordered.time, ordered), life)
            key = self._undecided.get(life, 0)
            death = self._deaths.get(key)
            if death is None:
                return
            words = f"{death.decision}, {decision.words}" if death.decision else decision.words
            self._deaths[key] = decided = replace(
                death, decision=words, rule=decision.rule, left=decision.left
            )
        if self.store is not None:
            self.store.put(key, decided)
        if self.listener is not None:
            self.listener(decided)

    def all(self) -> list[Death]:
        """Return the deaths that are kept, oldest first."""
        with self._lock:
            return list(self._deaths.values())


def is_ordered(reason: Reason) -> bool:
    """Tell whether an incarnation ended because somebody wanted it to."""
    match reason:
        case "normal" | "shutdown" | "ignored" | ("shutdown", _):
            return True
        case _:
            return False
