"""Deaths in a SQLite file, written by a thread of their own: nobody's turn waits for the disk."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING, Final

import msgspec

from .death_records import record_of
from .supervision import SupervisionError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from .death_records import DeathRecord, Ended
    from .sqlite import Database

logger = logging.getLogger("ringleader.node")

KEPT: Final = 100_000
"""Deaths that are kept."""
MAX_AGE: Final = 30 * 24 * 3600.0
"""Seconds for which a death is kept."""
WAITING: Final = 10_000
"""Deaths that may wait for the disk; of more, the oldest are lost, and counted."""
BATCH: Final = 500
"""Deaths in one transaction."""
PRUNE: Final = 5_000
"""Writes after which old deaths are removed."""


@dataclass(frozen=True, slots=True)
class DeathStatistics:
    """What became of deaths.

    Attributes:
        written: how often one was written; one whose decision came later, twice.
        lost: those that the disk did not take in time, or not at all.
        waiting: those that are not written yet.
    """

    written: int
    lost: int
    waiting: int


class SqliteDeaths:
    """Keeps deaths. Formatting and writing is done in one thread, many in one transaction.

    Args:
        database: the file, which whoever opened it closes, after `close`.
        now: tells seconds UTC.
        spawn: starts the thread.
        kept: how many deaths are kept, the newest.
        max_age: seconds for which one is kept.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], float],
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
        *,
        kept: int = KEPT,
        max_age: float = MAX_AGE,
    ) -> None:
        self._database, self._now = database, now
        self._kept, self._max_age = kept, max_age
        ((last,),) = database.rows("SELECT coalesce(max(number), 0) FROM deaths")
        self._base: int = last
        self._news = Condition()
        self._waiting: dict[int, tuple[int, Ended]] = {}  # in the order in which they were put
        self._put = self._done = self._written = self._lost = self._unpruned = 0
        self._closed = False
        self._prune()
        self._thread = spawn("ringleader-deaths", self._write_all)

    def put(self, number: int, death: Ended) -> None:
        """Keep a death; one with the same number, in its place. Returns at once.

        Args:
            number: of the death within this process, from 1 on.
            death: the death; formatted later, so it must not change.
        """
        with self._news:
            if self._closed:
                self._lost += 1
                return
            self._put += 1
            self._waiting.pop(number, None)
            self._waiting[number] = (self._put, death)
            if len(self._waiting) > WAITING:
                del self._waiting[next(iter(self._waiting))]
                self._lost += 1
            self._news.notify_all()

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all that was put so far is in the file; tell whether it was in time."""
        with self._news:
            wanted = self._put
            return self._news.wait_for(lambda: self._done >= wanted, timeout)

    def close(self, timeout: float = 5.0) -> bool:
        """Write what waits and end the thread; tell whether it did within `timeout` seconds.

        May be repeated. What is put later is lost, and counted.
        """
        with self._news:
            self._closed = True
            self._news.notify_all()
        self._thread.join(timeout)
        ended = not self._thread.is_alive()
        if not ended:
            logger.warning("%s deaths were not written in time", len(self._waiting))
        return ended

    def statistics(self) -> DeathStatistics:
        """Return what became of deaths."""
        with self._news:
            return DeathStatistics(self._written, self._lost, len(self._waiting))

    # ---------------------------------------------------------------- in the thread

    def _write_all(self) -> None:
        while (batch := self._take()) is not None:
            records = [(number, record_of(death)) for number, (_, death) in batch.items()]
            is_kept = self._write(records)
            with self._news:
                if is_kept:
                    self._written += len(records)
                else:
                    self._lost += len(records)
                self._done, _ = list(batch.values())[-1]
                self._news.notify_all()
            self._unpruned += len(records)
            if self._unpruned >= PRUNE:
                self._prune()

    def _take(self) -> dict[int, tuple[int, Ended]] | None:
        """Return the next batch; None when there will be no more."""
        with self._news:
            self._news.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            numbers = list(self._waiting)[:BATCH]
            return {number: self._waiting.pop(number) for number in numbers}

    def _write(self, records: list[tuple[int, DeathRecord]]) -> bool:
        try:
            with self._database.transaction() as tables:
                for number, record in records:
                    tables.write(
                        "INSERT OR REPLACE INTO deaths VALUES (?, ?, ?, ?, ?)",
                        (
                            self._base + number,
                            record.path,
                            record.time,
                            record.fingerprint,
                            msgspec.json.encode(record).decode(),
                        ),
                    )
        except SupervisionError as error:
            logger.error("%s deaths are not stored: %s", len(records), error)  # noqa: TRY400  # the error says it all
            return False
        return True

    def _prune(self) -> None:
        self._unpruned = 0
        try:
            with self._database.transaction() as tables:
                tables.write("DELETE FROM deaths WHERE time < ?", (self._now() - self._max_age,))
                tables.write(
                    "DELETE FROM deaths WHERE number <= "
                    "(SELECT number FROM deaths ORDER BY number DESC LIMIT 1 OFFSET ?)",
                    (self._kept,),
                )
        except SupervisionError as error:
            logger.error("old deaths are not removed: %s", error)  # noqa: TRY400  # the error says it all
