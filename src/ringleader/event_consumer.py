"""A consumer in a process of its own: an iterator of events, and a thread that goes through one."""

from __future__ import annotations

import logging
from threading import Event as Flag, Lock
from typing import TYPE_CHECKING, Any, Final

from tenacity import Retrying, retry_if_exception, wait_exponential

from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import ConsumerTaken

from .connection import Connection
from .deliveries import Delivery, Hand
from .event_questions import LONGEST_WAIT, Attached, Batch, Fetch, Settle, Wake
from .node_errors import ConnectionLost, NodeAway

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Self

    from ringleader.actors.clock import Clock
    from ringleader.actors.events.catalogue import Catalogue

    from .consumer_choice import Choice

logger = logging.getLogger("ringleader.client")

FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 2.0
"""Seconds between two tries to reach a node again: doubled from the first to the longest."""


class Consumer:
    """Iterates over events as they come; waits while there are none, also while no node runs.

    One thread iterates. Any thread may say outcomes, and `stop`. An event without an outcome is in
    hand; what is in hand when the consumer is closed, or its process is gone, becomes a dead
    letter `interrupted`, or is handed out again if the consumer is idempotent.

    Attributes:
        choice: what it asks for.

    Args:
        path: of the node's control socket.
        catalogue: the types that are known here.
        choice: what it asks for.
        clock: tells how long a first node is waited for.
        timeout: seconds that an answer may take, and that a node may take to be there at first.
    """

    def __init__(
        self, path: Path, catalogue: Catalogue, choice: Choice, clock: Clock, timeout: float
    ) -> None:
        self._path, self.choice, self._clock, self._timeout = path, choice, clock, timeout
        self._hand = Hand(catalogue, choice, self._nudge)
        self._connection: Connection | None = None
        self._session = ""
        self._lock = Lock()
        self._stopping = Flag()
        self._inside = self._waits = self._was_attached = False
        self._wakes = 0
        self._begun = clock.now()
        self._persistently: Callable[[Callable[[], Any]], Any] = Retrying(
            retry=retry_if_exception(self._is_worth_a_try),
            wait=wait_exponential(multiplier=FIRST_PAUSE, max=LONGEST_PAUSE),
            sleep=self._pause,
            reraise=True,
        )

    @property
    def missed(self) -> int:
        """Events that came faster than a listener has read, and were dropped."""
        return self._hand.missed

    @property
    def unreadable(self) -> int:
        """Events of types that are not known here, or that can't be decoded."""
        return self._hand.unreadable

    # ---------------------------------------------------------------- its life

    def open(self) -> Self:
        """Attach to the node, if it is not attached.

        Raises:
            NoNode: none has come within the time-out.
            ConsumerTaken: somebody else holds the consumer; names who.
            RingleaderError: the node refuses, and says why.
        """
        self._persistently(self._attached)
        return self

    def stop(self) -> None:
        """End the iteration, behind the event in hand; from any thread."""
        self._stopping.set()
        self._nudge()

    def close(self) -> None:
        """Stop, tell the last outcomes and let go of the consumer; may be repeated.

        While another thread waits for events, that thread does so, when it has seen it.
        """
        self.stop()
        with self._lock:
            if self._inside:
                return
        self._leave()

    def __enter__(self) -> Self:
        """Attach, as `open`."""
        return self.open()

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    # ---------------------------------------------------------------- iteration

    def __iter__(self) -> Iterator[Delivery]:
        """Iterate over events."""
        return self

    def __next__(self) -> Delivery:
        """Wait for the next event.

        Raises:
            StopIteration: it was stopped.
            ConsumerTaken: somebody else has got the consumer meanwhile.
        """
        with self._lock:
            self._inside = True
        try:
            while not self._stopping.is_set():
                delivery = self._hand.next()
                if delivery is not None:
                    return delivery
                self._persistently(self._poll)
        finally:
            with self._lock:
                self._inside = False
        self._leave()
        raise StopIteration

    def _poll(self) -> None:
        if self._stopping.is_set():
            return
        connection = self._attached()
        if self._hand.is_incomplete and self._hand.is_empty:
            self._disconnect()  # what never came is settled by letting go of the consumer
            connection = self._attached()
        try:
            self._hand.take(self._fetch(connection))
        except NodeAway:
            self._disconnect()
            raise
        except ConsumerTaken as error:  # perhaps only the lease has run out
            self._disconnect()
            raise ConnectionLost(str(error)) from error

    def _fetch(self, connection: Connection) -> Batch:
        with self._lock:  # an outcome that is said behind this line wakes the fetch
            outcomes = self._hand.outcomes()
            question = Fetch(session=self._session, outcomes=outcomes, limit=self._hand.limit)
            connection.send(question)
            self._waits = True
        try:
            batch = connection.receive(question, Batch, LONGEST_WAIT + self._timeout)
        finally:
            with self._lock:
                self._waits, wakes, self._wakes = False, self._wakes, 0
        for _ in range(wakes):
            connection.receive(Wake(session=self._session), type(None))
        self._hand.told(outcomes)
        return batch

    def _nudge(self) -> None:
        """Let a fetch that waits come back: there is something to tell the node."""
        with self._lock:
            if not self._waits or self._wakes or self._connection is None:
                return
            try:
                self._connection.send(Wake(session=self._session))
            except NodeAway:
                return  # the fetch meets the same
            self._wakes = 1

    # ---------------------------------------------------------------- the connection

    def _attached(self) -> Connection:
        if self._connection is not None:
            return self._connection
        connection = Connection(self._path, self._timeout)
        try:
            attached = connection.ask(self.choice.question, Attached)
        except BaseException:
            connection.close()
            raise
        if self._was_attached:
            logger.info("%s is attached to the node again", self.choice.label)
        with self._lock:
            self._connection, self._session = connection, attached.session
            self._was_attached = True
        self._hand.attached(attached.in_hand)
        return connection

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _disconnect(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
            logger.warning("%s has lost the node; it waits for one", self.choice.label)

    def _is_worth_a_try(self, error: BaseException) -> bool:
        """Tell whether a node is waited for: for long at first only if there was one."""
        if not isinstance(error, NodeAway) or self._stopping.is_set():
            return False
        return self._was_attached or self._clock.now() - self._begun < self._timeout

    def _leave(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
        outcomes, left = self._hand.outcomes(), self._hand.unbegun()
        try:
            if (outcomes or left) and self.choice.is_durable:
                if connection is None:
                    raise ConnectionLost("there is no connection to the node")
                question = Settle(session=self._session, outcomes=outcomes, hand_back=left)
                connection.ask(question, int)
                self._hand.told(outcomes)
        except RingleaderError as error:
            logger.warning(
                "%s could not tell the outcomes of its last %s events: %s",
                self.choice.label,
                len(outcomes),
                error,
            )
        finally:
            if connection is not None:
                connection.close()


class Subscription:
    """A thread that calls a function with each event of a consumer.

    An exception of the function is logged and fails this event; the next one comes.

    Attributes:
        consumer: whose events they are.
        error: why it has ended by itself; None while it goes on, or when it was closed.
    """

    def __init__(
        self,
        consumer: Consumer,
        function: Callable[[Any], object],
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
    ) -> None:
        self.consumer, self._function = consumer, function
        self.error: RingleaderError | None = None
        self._thread = spawn(f"ringleader-subscriber {consumer.choice.label}", self._run)

    def close(self, timeout: float | None = None) -> bool:
        """End it when the function has returned; tell whether that was within `timeout` seconds."""
        self.consumer.stop()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with self.consumer as consumer:
                for delivery in consumer:
                    self._handle(delivery)
        except RingleaderError as error:
            self.error = error
            logger.error("%s has ended: %s", self.consumer.choice.label, error)  # noqa: TRY400  # it says all

    def _handle(self, delivery: Delivery) -> None:
        try:
            self._function(delivery.event)
        except Exception as error:
            logger.exception("a subscriber failed at %r", delivery)
            delivery.failed(error)
        else:
            delivery.done()
