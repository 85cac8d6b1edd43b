"""One incarnation that is looked after: when it is due, and what is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .errors import Hung, Unhealthy
from .hang import Seen, TellsStacks, is_excused, position_of, pulse_of, stack_of
from .health import Health
from .health_events import heartbeat, transition
from .incarnation import Phase
from .probe import Probe, Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from .care import Care, HealthCheck
    from .events.base import Event
    from .future import Reply
    from .incarnation import Incarnation
    from .lifecycle import Terminated

NEVER: Final = float("inf")
STACKS_TIMEOUT: Final = 3.0
"""Seconds that a process may take to say where it hangs."""
STACKS_INTERVAL: Final = 0.1
"""Seconds between two looks whether it has."""


class Watched:
    """Look after one incarnation; used in the vigil's turns, but for `notify`.

    Args:
        incarnation: has just come up.
        care: what for.
        now: monotonic seconds.
        answered: takes its answers, in its own turns; must return at once.
        ended: is told of its end, by whoever ends it; must return at once.
    """

    __slots__ = (
        "_answered",
        "_asked",
        "_check",
        "_deadline",
        "_ended",
        "_is_late",
        "_look_at",
        "_poll_at",
        "_probe",
        "_probes",
        "_seen",
        "_since",
        "_stacks",
        "_stacks_by",
        "_standing",
        "due",
        "incarnation",
    )

    def __init__(
        self,
        incarnation: Incarnation,
        care: Care,
        now: float,
        *,
        answered: Callable[[Watched, Probe, Health], object],
        ended: Callable[[Watched, Terminated], object],
    ) -> None:
        self.incarnation = incarnation
        self._answered, self._ended = answered, ended
        self._deadline = care.progress_deadline
        # A supervisor's queue waits for its children: it could not answer in time.
        self._check = None if incarnation.in_order else care.health
        self._since = now
        self._seen, self._standing = Seen(None, now), Standing()
        self._look_at = NEVER
        if self._deadline is not None:
            self._look_at = self._seen.next_look(self._deadline, now)
        self._poll_at = NEVER if self._check is None else now + self._check.interval
        self._stacks: Reply[str] | None = None
        self._stacks_by = NEVER
        self._probe: Probe | None = None
        self._asked, self._is_late, self._probes = 0.0, False, 0
        self.due = min(self._look_at, self._poll_at)
        """When to look next, monotonic seconds."""

    @property
    def is_coordinator(self) -> bool:
        """Whether the world hears of its health."""
        return self._check is not None

    def notify(self, message: Terminated) -> None:
        """Pass on that it has ended."""
        self._ended(self, message)

    def look(self, now: float) -> list[Event]:
        """Do what is due; return what there is to tell."""
        if self._deadline is not None and self._look_at <= now:
            self._look_for_progress(self._deadline, now)
        events: list[Event] = []
        if self._check is not None and self.incarnation.alive:
            events = self._look_for_answers(self._check, now)
        self.due = min(self._look_at, self._poll_at, self._late_at())
        return events

    def answer(self, probe: Probe, health: Health, now: float) -> list[Event]:
        """Weigh an answer; return what there is to tell. One that came too late is void."""
        check = self._check
        if check is None or probe is not self._probe:
            return []
        self._probe = None
        if self._is_late:
            return []
        beat = heartbeat(self.incarnation.cell, health)
        return [beat, *self._judge(check, health, now, has_answered=True)]

    # ------------------------------------------------------------------------- progress

    def _look_for_progress(self, deadline: float, now: float) -> None:
        incarnation = self.incarnation
        position = position_of(incarnation, self._probes)
        if incarnation.phase is not Phase.RUNNING:
            position = None  # who stops has its time from its supervisor
        seen = self._seen.at(position, now)
        if seen is not self._seen and position is not None:
            seen = Seen(position, now, pulse_of(incarnation))
        if seen is not self._seen:
            self._stacks = None
        self._seen, self._look_at = seen, seen.next_look(deadline, now)
        if seen.hangs(deadline, now) and not is_excused(incarnation, seen):
            self._end_hung(seen, now)

    def _end_hung(self, seen: Seen, now: float) -> None:
        incarnation, probes = self.incarnation, self._probes
        if self._stacks is None and isinstance(incarnation.actor, TellsStacks):
            self._stacks, self._stacks_by = incarnation.actor.stacks(), now + STACKS_TIMEOUT
        asked = self._stacks
        if asked is not None and not asked.done and now < self._stacks_by:
            self._look_at = now + STACKS_INTERVAL
            return
        stack = asked.get() if asked is not None and asked.done else ""
        incarnation.cell.kill(
            incarnation,
            Hung(now - seen.since, stack or stack_of(incarnation)),
            only_if=lambda: position_of(incarnation, probes) == seen.position,
        )
        self._seen = Seen(None, now)

    # ------------------------------------------------------------------------- health

    def _late_at(self) -> float:
        if self._check is None or self._probe is None or self._is_late:
            return NEVER
        return self._asked + self._check.timeout

    def _look_for_answers(self, check: HealthCheck, now: float) -> list[Event]:
        events: list[Event] = []
        if self._late_at() <= now:
            self._is_late = True
            events = self._judge_silence(check, now)
        if self._poll_at <= now:
            self._poll_at = now + check.interval
            if self._probe is None:
                self._ask(now)
            elif self._is_late and not events:  # it still is at what it was at
                events = self._judge_silence(check, now)
        return events

    def _ask(self, now: float) -> None:
        self._asked, self._is_late = now, False
        self._probe = Probe(self.incarnation, self._take)
        self._probe.send()

    def _take(self, probe: Probe, health: Health) -> None:
        self._probes += 1  # in the actor's turn: only that one counts
        self._answered(self, probe, health)

    def _judge_silence(self, check: HealthCheck, now: float) -> list[Event]:
        waited = now - self._asked
        health = Health("unhealthy", f"health() has not answered for {waited:.6g} s")
        return self._judge(check, health, now, has_answered=False)

    def _judge(
        self, check: HealthCheck, health: Health, now: float, *, has_answered: bool
    ) -> list[Event]:
        incarnation, uptime = self.incarnation, now - self._since
        verdict = self._standing.judge(health, check, uptime)
        self._standing = verdict.standing
        events = [transition(incarnation, health, uptime)] if verdict.tells else []
        if verdict.ends and has_answered:
            # In its own turn: it is not stuck, so nothing has to be given up.
            incarnation.cell.inject(incarnation, Unhealthy(health))
        elif verdict.ends:
            incarnation.cell.kill(incarnation, Unhealthy(health, stack_of(incarnation)))
        return events
