"""The keeper of dead letters: the actor that tries them again, and tells how they fare."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from .base import Actor
from .dead_letter_rules import aged, at_start, by_itself, is_stale_news, without_news
from .dead_letters import MOST, LetterQuery, StoredLetter
from .errors import RingleaderError
from .events.resilience import DlqEventsReplayed, DlqStaleEvents
from .handlers import handles

if TYPE_CHECKING:
    from collections.abc import Callable

    from .dead_letter_queue import DeadLetterQueue

logger = logging.getLogger("ringleader.dead_letters")

TIDYING: Final = 3600.0
"""Seconds between two looks for letters that are to be abandoned or forgotten for their age."""
SAMPLE: Final = 1_000
"""Stale letters whose types are told, of those that there are."""

EVER: Final = float("inf")
"""When all are due that are tried by themselves; the others never are."""


class _Look(NamedTuple):
    """Try what is due."""


class _Tidy(NamedTuple):
    """Abandon and forget what is old."""


class _Replay(NamedTuple):
    """Try letters of earlier runs."""


class _Quiet(NamedTuple):
    """No try is under way any more."""


class DeadLetterKeeper(Actor):
    """Tries letters again when they are due, abandons and forgets old ones, and publishes the news.

    It waits for the disk, so it has a thread of its own. What it can't do it does the next time:
    a disk that refuses does not end it. A restart of it replays nothing twice.

    Args:
        queue: the letters.
    """

    dispatcher: ClassVar[str] = "thread"

    def __init__(self, queue: DeadLetterQueue) -> None:
        super().__init__()
        self._queue, self._options = queue, queue.options
        self._told_at: float | None = None

    def on_start(self) -> None:
        """Set the timers."""
        ref, options = self.actor_ref, self._options
        self._queue.tries.on_quiet = lambda: None if ref.cell.mailbox.closed else ref.tell(_Quiet())
        self.timers.periodic(options.interval, _Look())
        self.timers.periodic(TIDYING, _Tidy(), first=options.interval)
        if options.replay and not self._queue.is_replayed:
            self.timers.once(options.replay_delay, _Replay())

    @handles(_Replay)
    def replay(self, _: _Replay) -> None:
        """Try letters of earlier runs; those that are too old for that are abandoned."""
        self._queue.is_replayed = True
        self._guarded(self._replay)

    @handles(_Look)
    def look(self, _: _Look) -> None:
        """Try what is due, and tell if too many letters wait for too long."""
        self._queue.log.flush()
        self._guarded(self._retry_due)
        self._guarded(self._tell_stale)

    @handles(_Tidy)
    def tidy(self, _: _Tidy) -> None:
        """Abandon and forget what is old."""
        self._guarded(self._give_up_old)
        if self._options.retention > 0:
            self._guarded(lambda: self._queue.cleanup(seconds=self._options.retention))

    @handles(_Quiet)
    def tell_recovered(self, _: _Quiet) -> None:
        """Publish how many letters were recovered, now that no try is under way."""
        recovered = self._queue.tries.take_recovered()
        types = without_news(recovered)
        if types:
            count = sum(recovered[kind] for kind in types)
            names = self._queue.names(types)
            self._queue.announce(DlqEventsReplayed(recovered_count=count, event_types=names))

    # ---------------------------------------------------------------- chores

    def _replay(self) -> None:
        now, queue, options = self.context.clock.time(), self._queue, self._options

        def abandon(letter: StoredLetter) -> StoredLetter | None:
            new = decide(letter)
            return new if new is not None and new.status == "abandoned" else None

        def decide(letter: StoredLetter) -> StoredLetter | None:
            return at_start(letter, queue.max_age(letter), now, options)

        old = queue.change(LetterQuery(statuses=("pending",), due=EVER, limit=MOST), abandon)
        if old:
            logger.warning("%s dead letters are too old to be replayed", f"{len(old):,}")
        until, limit = now - options.replay_min_age, options.replay_limit
        begun, _ = queue.send(
            LetterQuery(statuses=("pending",), due=EVER, until=until, limit=limit), decide
        )
        if begun:
            logger.info("%s dead letters of earlier runs are tried again", len(begun))

    def _retry_due(self) -> None:
        now, queue, options = self.context.clock.time(), self._queue, self._options
        query = LetterQuery(statuses=("pending",), due=now, limit=options.per_cycle)
        queue.send(query, lambda x: by_itself(x, queue.max_age(x), now, options))

    def _give_up_old(self) -> None:
        now, options = self.context.clock.time(), self._options
        query = LetterQuery(statuses=("pending",), until=now - options.abandon_after, limit=MOST)
        abandoned = self._queue.change(query, lambda letter: aged(letter, now, options))
        if abandoned:
            logger.warning("%s dead letters are abandoned for their age", f"{len(abandoned):,}")

    def _tell_stale(self) -> None:
        now, options = self.context.clock.time(), self._options
        query = LetterQuery(
            statuses=("pending",),
            until=now - options.stale_age,
            due=EVER,
            limit=SAMPLE,
        )
        stale = self._queue.count(query)
        if not is_stale_news(stale, self._told_at, now, options):
            if stale < options.stale_count:
                self._told_at = None
            return
        self._told_at = now
        letters = self._queue.find(query)
        oldest = min(letter.created_at for letter in letters)
        self._queue.announce(
            DlqStaleEvents(
                stale_count=stale,
                event_types=self._queue.names({letter.event_type for letter in letters}),
                max_stale_hours=(now - oldest) / 3600,
                threshold_hours=options.stale_age / 3600,
                oldest=oldest,
            )
        )

    def _guarded(self, chore: Callable[[], object]) -> None:
        """Do a chore; where that fails it is said, and done the next time."""
        try:
            chore()
        except RingleaderError as error:
            logger.warning("dead letters: %s", error)
