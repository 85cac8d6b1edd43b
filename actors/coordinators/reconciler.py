"""What the pipeline's actors have in common: what is to be done follows from the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..base import Actor
from ..handlers import handles

if TYPE_CHECKING:
    from ..events.base import Event
    from ..journal import StageJournal


class Recheck:
    """Told to oneself: compare the journal with what runs."""

    def __repr__(self) -> str:
        return "Recheck()"


RECHECK = Recheck()


class Reconciler(Actor):
    """An actor whose work is derived from the journal, so that no lost message stops it.

    `recheck` is called after the start, every `period` seconds, and by handlers of events that
    may have changed something: events only make it sooner. It must do nothing that the journal
    says was done; then whatever is interrupted is done by the next one.

    Facts are published at least once: `publish_once` notes in the journal what was published,
    and after a crash in between it is published again. Subscribers know equal ones by config and
    iteration.

    Args:
        journal: the stage journal.
        period: seconds between two rechecks.
    """

    def __init__(self, journal: StageJournal, period: float) -> None:
        super().__init__()
        self.journal = journal
        self._period = period
        self._soonest: float | None = None

    def on_start(self) -> None:
        """Be up at once; the first recheck is the first message's business."""
        self.timers.periodic(self._period, RECHECK, key=RECHECK)
        self.actor_ref.tell(RECHECK)

    @handles(Recheck, idempotent=True)
    def on_recheck(self, _message: Recheck) -> None:
        """Recheck because it is time."""
        self.recheck()

    def recheck(self) -> None:
        """Do what the journal says is to be done; doing it again must change nothing."""
        raise NotImplementedError

    def recheck_in(self, seconds: float) -> None:
        """Recheck after `seconds`, beside the regular ones; of several times the soonest counts."""
        now = self.context.clock.now()
        when = now + max(0.0, seconds)
        if self._soonest is None or not now < self._soonest <= when:
            self._soonest = when
            self.timers.once(when - now, RECHECK, key="soonest")

    @property
    def now(self) -> float:
        """Seconds since 1970, UTC: what the journal is told."""
        return self.context.clock.time()

    def publish_once(self, key: str, event: Event) -> bool:
        """Publish an event unless the journal says that it was; tell whether it is published now.

        Args:
            key: names the fact.
            event: says it.
        """
        note = f"published:{key}"
        if self.journal.noted(note):
            return False
        self.publish(event)
        self.journal.note(note, value=True)
        return True
