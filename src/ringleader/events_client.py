"""Publishing and consuming from any process of the host: no tree, only a node's data directory."""

from __future__ import annotations

import os
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.publication import Receipt

from .client_parts import Parts
from .connection import Connection
from .event_consumer import Consumer, Subscription
from .event_questions import Publish
from .node_errors import ConnectionLost, NodeAway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from typing import Self

    from ringleader.actors.clock import Clock
    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.events.codec import PayloadLimits

    from .client_parts import Start
    from .consumer_choice import Choice, Wanted
    from .event_questions import SentEvent
    from .spool import Spooled, SpoolLimits

T = TypeVar("T")


class Client:
    """Publishes events to the node that runs on a data directory, and consumes its events.

    It connects when it is used, and again when the node was restarted. While no node runs, events
    are kept in the data directory's spool, which the next node takes in. Threads may share it;
    after a fork the child connects anew. Close it, or use it as a context manager.

    Args:
        data_dir: of the node; default: what `RINGLEADER_NODE__DATA_DIR` or
            `RINGRIFT_COORDINATION_DIR` name, else `./.ringleader`. Configuration files are not
            read.
        source: who publishes; default: the program's name.
        timeout: seconds that an answer may take.
        spool: whether to keep events while no node runs; else that is an error.
        event_types: event types of your own, which the node knows, too.
        strict: whether an unknown type is an error at once; else the node decides. Default: what
            `RINGRIFT_EVENT_VALIDATION_STRICT` says, else true.
        limits: of one event's payload; the node has its own.
        spool_limits: of the spool.
        clock: another clock, for tests.
    """

    def __init__(
        self,
        data_dir: str | Path | None = None,
        *,
        source: str = "",
        timeout: float = 5.0,
        spool: bool = True,
        event_types: Iterable[type[Event]] = (),
        strict: bool | None = None,
        limits: PayloadLimits | None = None,
        spool_limits: SpoolLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.timeout = timeout
        self._clock = RealClock(spawn) if clock is None else clock  # without a timer no thread
        self.parts = Parts(
            data_dir,
            source=source,
            spool=spool,
            event_types=event_types,
            strict=strict,
            limits=limits,
            spool_limits=spool_limits,
            time=self._clock.time,
        )
        self._lock = Lock()
        self._connection: Connection | None = None
        self._process = os.getpid()
        self._open: list[Consumer | Subscription] = []

    def __enter__(self) -> Self:
        """Do nothing: it connects when it is used."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """End its consumers and subscriptions, and disconnect; may be repeated.

        A subscription's function that runs has as long as an answer may take.
        """
        while self._open:
            one = self._open.pop()
            if isinstance(one, Subscription):
                one.close(self.timeout)
            else:
                one.close()
        with self._lock:
            self._disconnect()

    # ---------------------------------------------------------------- publishing

    def publish(
        self,
        event: Event | str,
        payload: Mapping[str, Any] | None = None,
        *,
        subject: str | None = None,
        source: str | None = None,
        cause: Envelope | None = None,
    ) -> Receipt | Spooled:
        """Publish an event, or one by name with its payload; return what became of it.

        That comes when the event is routed, and committed if its type is kept in the event log.
        Where it is not known whether the node has it, it is spooled under the same id, by which
        the node knows it again.

        Args:
            event: the event, or its name in any spelling.
            payload: its fields, with a name.
            subject: what it is about.
            source: who publishes it, in place of the client's.
            cause: the envelope of the event that it follows from.

        Raises:
            UnknownEventTypeError: there is no such type; names the nearest.
            EventValidationError: a field is missing, unknown, or of another type than declared;
                or all of it is too large, too deep, or can't be written.
            PublishRefused: the node is too far behind and takes none of this type; try later.
            OrderRefused: the node does not want it, and says why.
            SpoolError: no node runs, and the spool does not take it either.
            NodeAway: no node runs, and there is no spool.
        """
        sent = self.parts.maker.make(event, payload, subject=subject, source=source, cause=cause)
        return self._sent(sent, Publish(event=sent), Receipt)

    def post(
        self,
        event: Event | str,
        payload: Mapping[str, Any] | None = None,
        *,
        subject: str | None = None,
        source: str | None = None,
        cause: Envelope | None = None,
    ) -> str | Spooled:
        """Publish as `publish` does, but return the id as soon as the node has accepted the event.

        It may still turn out to be a duplicate. If the node is killed before the event is
        committed, it is lost.
        """
        sent = self.parts.maker.make(event, payload, subject=subject, source=source, cause=cause)
        spooled = self._sent(sent, Publish(event=sent, wait=False), type(None))
        return sent.id if spooled is None else spooled

    def _sent(self, sent: SentEvent, question: Publish, kind: type[T]) -> T | Spooled:
        with self._lock:
            try:
                try:
                    return self._ask(question, kind)
                except ConnectionLost:
                    return self._ask(question, kind)  # the node was restarted
            except NodeAway as error:
                return self.parts.keep(sent, error)

    def _ask(self, question: Publish, kind: type[T]) -> T:
        try:
            return self._connected().ask(question, kind)
        except NodeAway:
            self._disconnect()
            raise

    def _connected(self) -> Connection:
        if self._process != os.getpid():  # the parent goes on using the connection
            self._disconnect()
            self._process = os.getpid()
        if self._connection is None:
            self._connection = Connection(self.parts.data.socket, self.timeout)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # ---------------------------------------------------------------- consuming

    def consumer(
        self,
        name: str,
        types: Wanted | Iterable[Wanted] | None = None,
        *,
        idempotent: bool = False,
        start: Start = "new",
        lease: float = 30.0,
        batch: int | None = None,
    ) -> Consumer:
        """Attach to a durable consumer; iterate over it to get its events.

        Args:
            name: of the consumer. Its place in the event log is kept under it, over restarts of
                this process and of the node. One process at a time can hold it.
            types: types, names or categories; None: all that are kept in the event log.
            idempotent: events that were in hand when the process was killed come again, once;
                else they become dead letters.
            start: where it begins if the node does not know the name.
            lease: seconds that the consumer is held for this process while the node is down.
            batch: events in hand at once; default: 1, or 100 if it is idempotent. All of them
                are treated alike if the process is killed, begun or not.

        Raises:
            ConsumerTaken: somebody else holds the consumer; names who.
            NoNode: none has come within the client's time-out.
            UnknownEventTypeError: there is no such type; names the nearest.
            EventLogError: a type is not kept in the event log, or the node has none.
        """
        choice = self.parts.durable(
            name, types, idempotent=idempotent, start=start, lease=lease, batch=batch
        )
        return self._consumer(choice)

    def listen(self, types: Wanted | Iterable[Wanted] | None = None) -> Consumer:
        """Get events from now on, by iteration, without a place in the event log.

        Outcomes are of no consequence. While it is not read, or no node runs, events are missed;
        of those that the node had no room for, `Consumer.missed` is the number.

        Raises:
            NoNode: none has come within the client's time-out.
            UnknownEventTypeError: there is no such type; names the nearest.
        """
        return self._consumer(self.parts.listener(types))

    def subscribe(
        self,
        types: Wanted | Iterable[Wanted] | None,
        function: Callable[[Any], object],
        *,
        durable: str = "",
        idempotent: bool = False,
        start: Start = "new",
        lease: float = 30.0,
    ) -> Subscription:
        """Call a function with each event, in a thread of its own, until the client is closed.

        Args:
            types: types, names or categories; None: all.
            function: takes the event. If it raises, a durable event becomes a dead letter.
            durable: the name of a durable consumer; empty: only what comes from now on.
            idempotent: see `consumer`.
            start: see `consumer`.
            lease: see `consumer`.

        Raises:
            RingleaderError: as `consumer`, or as `listen`.
        """
        if durable:
            consumer = self.consumer(
                durable, types, idempotent=idempotent, start=start, lease=lease
            )
        else:
            consumer = self.listen(types)
        self._open.remove(consumer)
        subscription = Subscription(consumer, function, spawn)
        self._open.append(subscription)
        return subscription

    def _consumer(self, choice: Choice) -> Consumer:
        consumer = Consumer(
            self.parts.data.socket, self.parts.catalogue, choice, self._clock, self.timeout
        )
        consumer.open()
        self._open.append(consumer)
        return consumer
