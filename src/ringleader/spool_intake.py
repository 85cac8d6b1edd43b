"""How a node takes in what clients left in the spool while it was down."""

from __future__ import annotations

import logging
from functools import partial
from threading import Condition, Event
from typing import TYPE_CHECKING, Final, TypeAlias

from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import EventLogError

from .sent_events import publish_sent, rejected
from .spool import clear_away, read, set_aside, waiting

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from ringleader.actors.clock import Clock, Timer
    from ringleader.actors.dead_letters import LetterStore
    from ringleader.actors.publication import Publication

    from .event_questions import SentEvent
    from .system import System

logger = logging.getLogger("ringleader.spool")

UNFINISHED: Final = 3_600.0
"""Seconds after which a file that a client began to write will not be finished any more."""

_LATER: Final = 75
"""The exit code of errors after which it is worth to try again."""

PATIENCE: Final = 30.0
"""Seconds that keeping a dead letter may take."""

AT_ONCE: Final = 500
"""Files whose events are under way at once; the next ones are read when these are removed."""

Reject: TypeAlias = "Callable[[SentEvent, RingleaderError], object]"


def rejecting_into(letters: LetterStore, time: Callable[[], float]) -> Reject:
    """Return what makes dead letters of events that can't be published, and waits for the disk.

    Args:
        letters: keeps them.
        time: returns seconds UTC.
    """

    def reject(sent: SentEvent, error: RingleaderError) -> None:
        letters.put_aside(rejected(sent, error, time()))
        if not letters.flush(PATIENCE):
            raise EventLogError(f"its dead letter is not kept within {PATIENCE:g} s")

    return reject


def intake_of(system: System, directory: Path, interval: float) -> SpoolIntake:
    """Return what takes the spool of a system's data directory in; see `SpoolIntake`."""
    clock = system.context.clock
    return SpoolIntake(
        directory,
        publish=partial(publish_sent, system.hub),
        reject=rejecting_into(system.letters, clock.time),
        clock=clock,
        spawn=system.context.spawn,
        interval=interval,
    )


class SpoolIntake:
    """Publishes what is in the spool at the start, and looks again now and then, in a thread.

    A file is removed when it is known what became of each of its events, so an event may be
    published twice, under the same id, but never lost. An event that can't be published is given
    to `reject`; a damaged file is kept in `rejected`, once its good events are published.

    Args:
        directory: the spool's.
        publish: publishes an event; an error whose `exit_code` is 75 leaves it for later.
        reject: keeps an event that can't be published, and the error, for good; one that it
            can't keep is left for later.
        clock: tells when to look again.
        spawn: starts threads.
        interval: seconds between two looks.
    """

    def __init__(
        self,
        directory: Path,
        *,
        publish: Callable[[SentEvent], Publication],
        reject: Reject,
        clock: Clock,
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
        interval: float,
    ) -> None:
        self._directory = directory
        self._publish, self._reject = publish, reject
        self._clock, self._spawn, self._interval = clock, spawn, interval
        self._due = Event()
        self._changed = Condition()
        self._undecided = 0
        self._closed = False
        self._thread: threading.Thread | None = None
        self._timer: Timer | None = None

    def start(self) -> None:
        """Look now, and from now on every `interval` seconds."""
        self._due.set()
        self._thread = self._spawn("ringleader-spool", self._work)

    def close(self, timeout: float = 5.0) -> bool:
        """Look no more; tell whether the thread ended in time. What is left is left for later."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._due.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while True:
            self._due.wait()
            self._due.clear()
            if self._closed:
                return
            try:
                clear_away(self._directory, self._clock.time() - UNFINISHED)
                self.take_in()
            except OSError as error:
                logger.error("the spool %s can't be taken in: %s", self._directory, error)  # noqa: TRY400  # no fault of ours
            self._timer = self._clock.call_later(self._interval, self._due.set)

    def take_in(self) -> int:
        """Publish all that is in the spool, in order of time; return how many events that were.

        Raises:
            OSError: the spool can't be read, or not be emptied.
        """
        files = waiting(self._directory)
        taken, goes_on = 0, True
        while files and goes_on and not self._closed:
            now, files = files[:AT_ONCE], files[AT_ONCE:]
            more, goes_on = self._take(now)
            taken += more
        if taken:
            logger.info("%s events were taken in from the spool", taken)
        return taken

    def _take(self, files: list[Path]) -> tuple[int, bool]:
        """Publish what is in these files; return how many events, and whether to go on."""
        done: list[tuple[Path, str]] = []
        taken, goes_on = 0, True
        for path in files:
            try:
                contents = read(path)
            except OSError as error:
                logger.error("%s of the spool can't be read: %s", path, error)  # noqa: TRY400  # no fault of ours
                continue
            for event in contents.events:
                goes_on = self._accept(event)
                if not goes_on:  # this file's other events come again later, as duplicates
                    break
                taken += 1
            if not goes_on:
                break
            done.append((path, contents.damage))
        if not self._all_decided():
            return taken, False
        for path, damage in done:
            self._remove(path, damage)
        return taken, goes_on

    def _accept(self, event: SentEvent) -> bool:
        """Publish an event, or reject it; tell whether it was either, and not left for later."""
        try:
            publication = self._publish(event)
        except RingleaderError as error:
            return self._refused(event, error)
        with self._changed:
            self._undecided += 1
        publication.when_decided(self._decided)
        return True

    def _refused(self, event: SentEvent, error: RingleaderError) -> bool:
        if getattr(error, "exit_code", 1) == _LATER or self._closed:
            logger.warning("%s of the spool is left for later: %s", event.id, error)
            return False
        try:
            self._reject(event, error)
        except RingleaderError as trouble:
            logger.warning("%s of the spool is left for later: %s", event.id, trouble)
            return False
        logger.warning("%s of the spool is a dead letter: %s", event.id, error)
        return True

    def _decided(self, _: object) -> None:
        with self._changed:
            self._undecided -= 1
            self._changed.notify_all()

    def _all_decided(self) -> bool:
        """Wait until it is known what became of all; tell whether it is, before the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._undecided == 0)
            return self._undecided == 0

    def _remove(self, path: Path, damage: str) -> None:
        if damage:
            place = set_aside(path)
            logger.error("%s of the spool is damaged: %s; it is kept as %s", path, damage, place)
        else:
            path.unlink(missing_ok=True)
