"""A durable consumer of the event log that another process holds through its connection."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import EventLogError, Fetched

from .event_questions import Attached, Batch
from .event_sessions import NOTHING, Waiting, some_of

if TYPE_CHECKING:
    from ringleader.actors.clock import Clock
    from ringleader.actors.event_log import ConsumerInfo, ConsumerSpec, EventLog, Record

    from .event_questions import Fetch, Settle
    from .event_sessions import Done


class DurableSession:
    """A durable consumer of the event log that a client holds. Called from any thread.

    Args:
        log: the event log.
        spec: what the consumer wants.
        owner: who holds it.
        clock: tells when to renew the lease.
    """

    def __init__(self, log: EventLog, spec: ConsumerSpec, owner: str, clock: Clock) -> None:
        self._log, self._spec, self.owner, self._clock = log, spec, owner, clock
        self.name = spec.name
        self.is_superseded = False
        """Whether the same owner has come back on another connection."""
        self._types = None if spec.types is None else frozenset(spec.types)
        self._lock = Lock()
        self._waiting: Waiting | None = None
        self._ready: deque[Record] = deque()  # in hand, but not passed on
        self._held = self._ended = self._pulling = self._again = False
        self._patient = False
        self._heard = clock.now()

    def attach(self, session: str, done: Done) -> None:
        """Become the holder; answer with `Attached`."""

        def attached(result: ConsumerInfo | RingleaderError) -> None:
            if isinstance(result, RingleaderError):
                done(result)
                return
            with self._lock:
                self._held, ended = True, self._ended
            if ended:
                self._leave()
            done(Attached(session=session, in_hand=result.in_hand, lag=result.lag))

        self._log.attach(self._spec, self.owner, attached)

    def fetch(self, asked: Fetch, done: Done) -> None:
        """Answer with the next events, as soon as there are any.

        Raises:
            EventLogError: another fetch waits.
        """
        if asked.outcomes:
            self._log.settle(self.name, self.owner, asked.outcomes)
        with self._lock:
            if self._waiting is not None:
                raise EventLogError(f"another fetch of {self.name!r} waits; there can be one")
            self._waiting = Waiting(asked.limit, self._clock.now() + asked.wait, done)
        self._go_on()
        if asked.wait <= 0 and self._patient:  # the log answers when there is something
            self.wake()

    def settle(self, asked: Settle, done: Done) -> None:
        """Note outcomes; answer, when they are committed, with how many were in hand."""
        if asked.hand_back:
            self._log.hand_back(self.name, self.owner, asked.hand_back)
        self._log.settle(self.name, self.owner, asked.outcomes, done)

    def committed(self, types: frozenset[str] | None) -> None:
        """Take note that events were committed; `types` of them, or any."""
        if types is None or self._types is None or not self._types.isdisjoint(types):
            self._go_on()

    def wake(self, answer: Batch | RingleaderError = NOTHING) -> None:
        """Answer the fetch that waits, if one does. What comes meanwhile is kept for the next."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.done(answer)

    def look(self, now: float) -> None:
        """Renew the lease, and answer a fetch that has waited for long enough."""
        with self._lock:
            lease = self._spec.lease
            renew = lease is not None and self._held and now - self._heard >= lease / 3
            if renew:
                self._heard = now
            is_over = self._waiting is not None and now >= self._waiting.until
        if is_over:
            self.wake()
        if renew:
            self._log.settle(self.name, self.owner, ())  # renews it

    def end(self) -> None:
        """Let go of the consumer, once what is under way has come back."""
        with self._lock:
            self._ended, self._waiting = True, None
            leaves, pulling = self._held and not self._pulling, self._pulling
        if leaves:
            self._leave()
        elif pulling:
            self._let_it_come_back()

    def give_back(self) -> None:
        """Hand back what was not passed on; the consumer is held until the lease runs out."""
        with self._lock:
            self._ended, self._held = True, False
            leaves = not self._pulling
        if leaves:
            self._leave()
        else:
            self._let_it_come_back()

    # ---------------------------------------------------------------- inside

    def _go_on(self) -> None:
        """Answer who waits with what is ready, or ask the log for more."""
        patient = False
        with self._lock:
            waiting = self._waiting
            if waiting is None or self._ended or self.is_superseded:
                return
            if self._ready:
                self._waiting = None
                batch = Batch(events=some_of(self._ready, waiting.limit))
            elif self._pulling:
                self._again = True
                return
            else:
                self._pulling, self._again = True, False
                self._patient = patient = self._clock.now() < waiting.until
                batch = None
        if batch is not None:
            waiting.done(batch)
        else:
            self._log.fetch(self.name, self.owner, waiting.limit, self._fetched, wait=patient)
            if self._ended or self.is_superseded:  # meanwhile: nobody knew that it would wait
                self._log.hand_back(self.name, self.owner, ())

    def _fetched(self, result: Fetched | RingleaderError) -> None:
        now = self._clock.now()
        with self._lock:
            self._pulling = False
            goes_on, ended = self._again, self._ended
            if isinstance(result, Fetched):
                self._ready.extend(result.records)
                if result.records or not self._patient:  # else it is long since it was renewed
                    self._heard = now
                goes_on = goes_on or bool(result.records)
            is_over = self._waiting is not None and now >= self._waiting.until
        if ended or self.is_superseded:
            self._leave()
        elif isinstance(result, RingleaderError):
            self.wake(result)
        elif goes_on:
            self._go_on()
        elif is_over:
            self.wake()

    def _let_it_come_back(self) -> None:
        """End a fetch that waits in the log; of one that is superseded that is done already."""
        if not self.is_superseded:
            self._log.hand_back(self.name, self.owner, ())

    def _leave(self) -> None:
        """Hand back what was not passed on; let go of the consumer, if it is held."""
        with self._lock:
            left = [record.sequence for record in self._ready]
            self._ready.clear()
            detaches, self._held = self._held and not self.is_superseded, False
        if left:
            self._log.hand_back(self.name, self.owner, left)
        if detaches:
            self._log.detach(self.name, self.owner)
