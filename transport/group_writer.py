"""One thread that writes: what is asked for while the disk is busy is its next transaction."""

from __future__ import annotations

import logging
from _thread import allocate_lock, get_ident
from collections import deque
from enum import Enum, auto
from itertools import islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

import apsw

from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import EventLogError

from .group_steps import Asked, Item, Run, Step, by_stream, is_one_statement, is_stored, steps_of

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from ringleader.actors.clock import Clock, Timer
    from ringleader.actors.event_log import Then

    from .group_steps import Stream
    from .sqlite import Database, Tables

R = TypeVar("R")

logger = logging.getLogger("ringleader.events")

GROUP: Final = 2_000
"""Operations and items in one transaction, at most."""
FIRST_RETRY: Final = 0.5
"""Seconds after which it is tried again when the disk has taken nothing; doubled each time."""
LAST_RETRY: Final = 30.0
"""Seconds between two tries, at most."""

REFUSALS: Final = (
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.PermissionsError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.NoMemError,
    apsw.ProtocolError,
)
"""What is the disk's fault, or the machine's, and may go away by itself."""


class _Sign(Enum):
    RETRY = auto()
    CLOSE = auto()


class GroupWriter:
    """Runs operations on a database in the order in which they are submitted, from any thread.

    All that is queued goes into one transaction. An operation that raises spoils nothing but
    itself. If the disk refuses (it is full, read-only, fails), all that waits is kept in order, and
    tried again until it works.

    Args:
        database: which whoever opened it closes, after `close`.
        clock: for the time between two tries.
        spawn: starts the thread.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
    ) -> None:
        self._database, self._clock = database, clock
        self._inbox: SimpleQueue[Item | Asked | _Sign] = SimpleQueue()
        self._lock = allocate_lock()
        self._submitted = self._done = self._commits = 0
        self._closed = False
        self._trouble = ""
        self._backlog: deque[Item | Asked] = deque()
        self._retry: Timer | None = None
        self._at_end: list[Callable[[RingleaderError], object]] = []
        self._delay = FIRST_RETRY
        self._thread = spawn("ringleader-events", self._run)

    @property
    def trouble(self) -> str:
        """Why nothing can be written at the moment; empty if it can."""
        return self._trouble

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """How much was submitted and is not done."""
        return max(0, self._submitted - self._done)

    @property
    def commits(self) -> int:
        """Transactions so far."""
        return self._commits

    def submit(self, operation: Callable[[Tables], R], then: Then[R] | None = None) -> None:
        """Run `operation` in a transaction; return at once.

        `then` is called in the writer's thread, with the result when it is committed, or with the
        error; it must return at once, too. The operation may be run more than once, if a
        transaction fails; only what it did to the tables is undone.
        After `close`, `then` gets the error in the calling thread.
        """
        if not self._put(Asked(operation, then)) and then is not None:
            then(self._is_closed())

    def on_end(self, call: Callable[[RingleaderError], object]) -> None:
        """Have `call` called in the writer's thread when it ends, with what later calls get."""
        self._at_end.append(call)

    def submit_item(self, stream: Stream, item: Any) -> None:
        """Give a stream its next item.

        Raises:
            EventLogError: the writer is closed.
        """
        if not self._put(Item(stream, item)):
            raise self._is_closed()

    def call(self, operation: Callable[[Tables], R], timeout: float) -> R:
        """Run `operation` and wait for its result.

        Raises:
            EventLogError: it takes longer than `timeout` seconds; it is done later all the same.
            RingleaderError: what the operation raised.
        """
        if get_ident() == self._thread.ident:
            raise EventLogError("the event log's own thread can't wait for itself; use submit")
        answer: SimpleQueue[R | RingleaderError] = SimpleQueue()
        self.submit(operation, answer.put)
        try:
            result = answer.get(timeout=timeout)
        except Empty:
            why = self._trouble or "the disk is slow"
            raise EventLogError(
                f"the event log did not answer within {timeout:g} s: {why}"
            ) from None
        if isinstance(result, RingleaderError):
            raise result
        return result

    def flush(self, timeout: float) -> bool:
        """Wait until all that was submitted so far is done; tell whether it was in time."""
        try:
            self.call(_nothing, timeout)
        except EventLogError:
            return self._closed and not self._thread.is_alive() and not self._trouble
        return True

    def close(self, timeout: float) -> bool:
        """Do what was submitted, once more if the disk refuses; tell whether all is written.

        May be repeated. What can't be written in `timeout` seconds is told so.
        """
        with self._lock:
            was_closed, self._closed = self._closed, True
        if not was_closed:
            self._inbox.put(_Sign.CLOSE)
        self._thread.join(timeout)
        return not self._thread.is_alive() and not self._trouble

    def _put(self, entry: Item | Asked) -> bool:
        with self._lock:
            if self._closed:
                return False
            self._submitted += 1
            self._inbox.put(entry)
            return True

    def _is_closed(self) -> EventLogError:
        return EventLogError(f"{self._database.path} is closed; nothing more is written")

    # ---------------------------------------------------------------- in the thread

    def _run(self) -> None:
        while True:
            signs = self._receive()
            is_last = _Sign.CLOSE in signs
            if not self._trouble or signs:
                self._write()
            if is_last:
                self._give_up()
                return

    def _receive(self) -> set[_Sign]:
        """Wait for something, then take in what else there is."""
        signs: set[_Sign] = set()
        entry = self._inbox.get()
        while True:
            if isinstance(entry, _Sign):
                signs.add(entry)
            elif self._trouble and isinstance(entry, Item) and not is_stored(entry):
                self._pass([entry])
            else:
                self._backlog.append(entry)
            if len(self._backlog) >= GROUP and not self._trouble:
                return signs
            try:
                entry = self._inbox.get_nowait()
            except Empty:
                return signs

    def _write(self) -> None:
        self._pass_first()
        while self._backlog:
            error = self._commit(list(islice(self._backlog, GROUP)))
            if error is not None:
                self._wait(error)
                return
            if self._trouble:
                logger.info("%s can be written again", self._database.path)
                self._trouble, self._delay = "", FIRST_RETRY
                self._stop_retrying()
            self._pass_first()

    def _commit(self, group: list[Item | Asked], *, whole: bool = True) -> RingleaderError | None:
        """Write a group; return why the disk refuses, with what is left still in the backlog.

        One that is not `whole` is not concluded: that may be what has failed before.
        """
        steps = steps_of(group)
        streams = by_stream((step.stream, step.items) for step in steps if isinstance(step, Run))
        is_short = is_one_statement(steps)
        ends: list[tuple[Stream, Any]] = []
        try:
            with self._database.statement() if is_short else self._database.transaction() as tables:
                results = [step.run(tables) for step in steps]
                for stream, items in () if is_short else streams:
                    ends.append((stream, stream.conclude(tables, items) if whole else None))
        except Exception as error:  # noqa: BLE001  # one that raises must not end the others' thread
            if isinstance(error.__cause__, REFUSALS):
                return _explained(error)
            if whole:
                return self._commit(group, whole=False)
            if len(group) == 1:
                self._drop(1)
                self._refuse(group[0], _explained(error))
                return None
            half = len(group) // 2
            return self._commit(group[:half], whole=False) or self._commit(
                group[half:], whole=False
            )
        self._commits += 1
        self._drop(len(group))
        for stream, items in streams:
            _guarded(stream.passed, items)
        for stream, result in ends:
            _guarded(stream.concluded, result)
        for stream, items in streams:
            _guarded(stream.told, items)
        self._tell(steps, results)
        return None

    def _drop(self, number: int) -> None:
        for _ in range(number):
            self._backlog.popleft()
        self._done += number

    def _tell(self, steps: list[Run | Step], results: list[Any]) -> None:
        """Tell of operations; behind the streams, whose items an answer may be about."""
        for step, result in zip(steps, results, strict=True):
            if isinstance(step, Step) and step.then is not None:
                _guarded(step.then, result)

    def _refuse(self, entry: Item | Asked, error: RingleaderError) -> None:
        if isinstance(entry, Item):
            _guarded(lambda item: entry.stream.refused(item, error), entry.item)
        elif entry.then is not None:
            _guarded(entry.then, error)

    def _wait(self, error: RingleaderError) -> None:
        """Try again later; what needs no disk does not wait for it."""
        if self._trouble != str(error):
            logger.error("%s; it is tried again until it can be written", error)
        self._trouble = str(error)
        entries, self._backlog = self._backlog, deque()
        for entry in entries:
            if isinstance(entry, Item) and not is_stored(entry):
                self._pass([entry])
            else:
                self._backlog.append(entry)
        self._stop_retrying()
        self._retry = self._clock.call_later(self._delay, lambda: self._inbox.put(_Sign.RETRY))
        self._delay = min(2 * self._delay, LAST_RETRY)

    def _stop_retrying(self) -> None:
        if self._retry is not None:
            self._retry.cancel()

    def _give_up(self) -> None:
        self._stop_retrying()
        if self._backlog:
            logger.error("%s operations were not written: %s", len(self._backlog), self._trouble)
        for entry in self._backlog:
            self._refuse(entry, EventLogError(f"not written: {self._trouble}"))
        for call in self._at_end:
            _guarded(call, self._is_closed())

    def _pass_first(self) -> None:
        """Pass on what needs no disk and has nothing before it that does."""
        entries: list[Item] = []
        while self._backlog:
            entry = self._backlog[0]
            if not isinstance(entry, Item) or is_stored(entry):
                break
            entries.append(entry)
            self._backlog.popleft()
        self._pass(entries)

    def _pass(self, entries: list[Item]) -> None:
        self._done += len(entries)
        for stream, items in by_stream((entry.stream, [entry.item]) for entry in entries):
            _guarded(stream.passed, items)
            _guarded(stream.told, items)


def _explained(error: Exception) -> RingleaderError:
    if isinstance(error, RingleaderError):
        return error
    logger.error("an operation on the event log failed", exc_info=error)
    explained = EventLogError(f"an operation on the event log failed: {error!r}")
    explained.__cause__ = error
    return explained


def _guarded(call: Callable[[Any], object], argument: Any) -> None:
    try:
        call(argument)
    except Exception:
        logger.exception("who was told of the event log's work failed; the log goes on")


def _nothing(_: Tables) -> None:
    """Change nothing."""
