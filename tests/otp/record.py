"""Writes down what happens in a replay, in the words of the oracle."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ringleader.actors.lifecycle import Failed, Ignored, Up
from tests.otp.normal import normalize
from tests.otp.terms import term

if TYPE_CHECKING:
    from ringleader.actors.incarnation import Incarnation, Parent
    from ringleader.actors.letters import DeathReport, Decision
    from ringleader.actors.lifecycle import Outcome, Reason
    from tests.otp.normal import Event


class Record:
    """Number the starts of each path; keep the events until they are taken.

    It is the sink of the replay's context: it hears of everything before anybody can act on it,
    so the order of events is the causal one.

    Attributes:
        reports: whether the supervisor's log reports are wanted.
        latest: who was up last at each path.
        templates: the paths of supervisors whose children are of one template.
    """

    def __init__(self) -> None:
        self.reports = False
        self.latest: dict[str, Incarnation] = {}
        self.templates = set[str]()
        self._starts: Counter[str] = Counter()
        self._numbers: dict[Incarnation, int] = {}
        self._events: list[tuple[Event, bool]] = []
        self._ended: set[Parent] = set()
        self._up: list[Incarnation] = []

    def number(self, pid: Incarnation) -> int:
        """Number a start; the count of a path goes on for ever, unlike that of a cell."""
        self._starts[pid.path] += 1
        self._numbers[pid] = self._starts[pid.path]
        return self._numbers[pid]

    def number_of(self, pid: Incarnation) -> int:
        """Return which start of its path it is."""
        return self._numbers[pid]

    def label(self, pid: Incarnation) -> str:
        """Return what stands for a pid."""
        return f"{pid.path}#{self._numbers[pid]}"

    def live(self, path: str) -> Incarnation | None:
        """Return who lives at a path."""
        pid = self.latest.get(path)
        return pid if pid is not None and pid.alive else None

    def left_alive(self) -> list[str]:
        """Return who lives, sorted."""
        return sorted(self.label(pid) for pid in self._up if pid.alive)

    def take(self) -> tuple[list[Event], list[Event]]:
        """Return what happened since the last time, and apart from it what orphans did."""
        events, self._events = self._events, []
        main = normalize([e for e, orphan in events if not orphan], self.templates)
        return main, sorted((e for e, orphan in events if orphan), key=str)

    # ------------------------------------------------------------------ the sink

    def started(self, incarnation: Incarnation, outcome: Outcome) -> None:
        """Write down how a start went."""
        said: Any = "ok"
        match outcome:
            case Up():
                self._up.append(incarnation)
                self.latest[incarnation.path] = incarnation
            case Ignored():
                said = "ignore"
            case Failed(reason):
                said = ["error", term(reason, self.label)]
        self._note(incarnation, "start", said, orphan=False)

    def exited(self, incarnation: Incarnation, report: DeathReport) -> None:
        """Write down an end."""
        orphan = self._is_orphan(incarnation)
        self._note(incarnation, "exit", term(report.reason, self.label), orphan=orphan)
        self._ended.add(incarnation)

    def report(self, supervisor: Incarnation, context: str, child: Any, reason: Reason) -> None:
        """Write down what OTP would log."""
        if self.reports:
            event = ["report", supervisor.path, context, child, term(reason, self.label)]
            self._events.append((event, self._is_orphan(supervisor)))

    def decided(
        self, supervisor: Incarnation, child: Incarnation, reason: Reason, decision: Decision
    ) -> None:
        """Leave it out: OTP tells nobody of it."""

    def _note(self, pid: Incarnation, what: str, said: Any, *, orphan: bool) -> None:
        self._events.append(([what, pid.path, self._numbers[pid], said], orphan))

    def _is_orphan(self, pid: Incarnation) -> bool:
        """Tell whether somebody above it has ended before it."""
        above: Any = pid.supervisor
        return above is not None and (
            above in self._ended or (hasattr(above, "supervisor") and self._is_orphan(above))
        )
