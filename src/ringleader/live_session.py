"""What is kept for a client that listens, until it fetches it; and the actor that keeps it."""

from __future__ import annotations

from collections import deque
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from ringleader.actors.base import Actor
from ringleader.actors.event_log import EventLogError, Record
from ringleader.actors.events.base import Event

from .event_questions import Batch
from .event_sessions import MOST_BYTES, NOTHING, Waiting, some_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ringleader.actors.clock import Clock
    from ringleader.actors.errors import RingleaderError
    from ringleader.actors.hub import EventHub
    from ringleader.actors.ref import Ref
    from ringleader.actors.topics import Topic

    from .event_questions import Fetch, Settle
    from .event_sessions import Done

MOST_KEPT: Final = 10_000
"""Events that are kept for a listener."""


class LiveSession:
    """What a client that listens has not fetched yet; the oldest goes when there is no room."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: deque[Record] = deque()
        self._bytes = 0
        self._missed = 0
        self._waiting: Waiting | None = None
        self._ended = False
        self._stop: Callable[[], object] | None = None

    def put(self, record: Record) -> None:
        """Keep an event for the client; never waits."""
        with self._lock:
            if self._ended:
                return
            self._kept.append(record)
            self._bytes += len(record.payload)
            while len(self._kept) > 1 and (len(self._kept) > MOST_KEPT or self._bytes > MOST_BYTES):
                self._bytes -= len(self._kept.popleft().payload)
                self._missed += 1
        self._go_on()

    def fetch(self, asked: Fetch, done: Done) -> None:
        """Answer with the next events, as soon as there are any.

        Raises:
            EventLogError: another fetch waits.
        """
        with self._lock:
            if self._waiting is not None:
                raise EventLogError("another fetch waits; there can be one")
            self._waiting = Waiting(asked.limit, self._clock.now() + asked.wait, done)
        if not self._go_on() and asked.wait == 0:
            self.wake()

    def settle(self, asked: Settle, done: Done) -> None:
        """Take note of nothing: nobody keeps what becomes of these."""
        del asked
        done(0)

    def wake(self, answer: Batch | RingleaderError = NOTHING) -> None:
        """Answer the fetch that waits, if one does."""
        with self._lock:
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.done(answer)

    def look(self, now: float) -> None:
        """Answer a fetch that has waited for long enough."""
        with self._lock:
            is_over = self._waiting is not None and now >= self._waiting.until
        if is_over:
            self.wake()

    def kept_by(self, listener: Ref[Any]) -> None:
        """Stop this actor when the connection has ended, or now if it has."""
        with self._lock:
            self._stop = partial(listener.stop, block=False)
            ended = self._ended
        if ended:
            self._stop()

    def end(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._ended, self._waiting = True, None
            self._kept.clear()
            stop = self._stop
        if stop is not None:
            stop()

    def _go_on(self) -> bool:
        with self._lock:
            waiting = self._waiting
            if waiting is None or not self._kept:
                return False
            self._waiting = None
            events = some_of(self._kept, waiting.limit)
            self._bytes -= sum(len(record.payload) for record in events)
            missed, self._missed = self._missed, 0
        waiting.done(Batch(events=events, missed=missed))
        return True


class Listener(Actor):
    """Gets events for a client in another process, and keeps them until it fetches them."""

    def __init__(self, hub: EventHub, topics: Sequence[Topic], session: LiveSession) -> None:
        super().__init__()
        self._hub, self._topics, self._session = hub, topics, session

    def on_start(self) -> None:
        """Subscribe."""
        for topic in self._topics:
            self._hub.subscribe(self.actor_ref, topic)

    def on_receive(self, message: Any) -> Any:
        """Keep an event."""
        delivery = self._cell.delivery
        if isinstance(message, Event) and delivery is not None:
            envelope, payload = delivery.envelope, self._hub.catalogue.encode(message)
            self._session.put(Record(envelope.sequence or 0, envelope, payload))
        return None
