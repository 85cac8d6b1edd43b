"""Publishing and consuming from any process of the host, for event loops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.publication import Receipt

from .client_parts import Parts
from .connection_async import AsyncConnection
from .event_consumer_async import AsyncConsumer, AsyncSubscription
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


class AsyncClient:
    """Publishes and consumes as `Client` does, in one event loop. What it takes is the same.

    Publishers side by side share one connection, and do not wait for each other.
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
        self._connecting = asyncio.Lock()
        self._connection: AsyncConnection | None = None
        self._open: list[AsyncConsumer | AsyncSubscription] = []

    async def __aenter__(self) -> Self:
        """Do nothing: it connects when it is used."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """End its consumers and subscriptions, and disconnect; may be repeated."""
        while self._open:
            await self._open.pop().close()
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    # ---------------------------------------------------------------- publishing

    async def publish(
        self,
        event: Event | str,
        payload: Mapping[str, Any] | None = None,
        *,
        subject: str | None = None,
        source: str | None = None,
        cause: Envelope | None = None,
    ) -> Receipt | Spooled:
        """Publish an event, or one by name; see `Client.publish`. Cancelled, it may be published.

        Keeping it in the spool takes as long as the disk takes.
        """
        sent = self.parts.maker.make(event, payload, subject=subject, source=source, cause=cause)
        return await self._sent(sent, Publish(event=sent), Receipt)

    async def post(
        self,
        event: Event | str,
        payload: Mapping[str, Any] | None = None,
        *,
        subject: str | None = None,
        source: str | None = None,
        cause: Envelope | None = None,
    ) -> str | Spooled:
        """Publish, but do not wait for what becomes of it; see `Client.post`."""
        sent = self.parts.maker.make(event, payload, subject=subject, source=source, cause=cause)
        spooled = await self._sent(sent, Publish(event=sent, wait=False), type(None))
        return sent.id if spooled is None else spooled

    async def _sent(self, sent: SentEvent, question: Publish, kind: type[T]) -> T | Spooled:
        try:
            try:
                return await self._ask(question, kind)
            except ConnectionLost:
                return await self._ask(question, kind)  # the node was restarted
        except NodeAway as error:
            return self.parts.keep(sent, error)

    async def _ask(self, question: Publish, kind: type[T]) -> T:
        connection = await self._connected()
        try:
            return await connection.ask(question, kind)
        except NodeAway:
            if self._connection is connection:
                self._connection = None
            await connection.close()
            raise

    async def _connected(self) -> AsyncConnection:
        async with self._connecting:
            if self._connection is None or self._connection.is_lost:
                self._connection = await AsyncConnection.open(self.parts.data.socket, self.timeout)
            return self._connection

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
    ) -> AsyncConsumer:
        """Return a durable consumer, to be iterated over; see `Client.consumer`."""
        choice = self.parts.durable(
            name, types, idempotent=idempotent, start=start, lease=lease, batch=batch
        )
        return self._consumer(choice)

    def listen(self, types: Wanted | Iterable[Wanted] | None = None) -> AsyncConsumer:
        """Return a consumer of what comes once it is attached; see `Client.listen`."""
        return self._consumer(self.parts.listener(types))

    async def subscribe(
        self,
        types: Wanted | Iterable[Wanted] | None,
        function: Callable[[Any], Any],
        *,
        durable: str = "",
        idempotent: bool = False,
        start: Start = "new",
        lease: float = 30.0,
    ) -> AsyncSubscription:
        """Call a function, or await a coroutine function, with each event; in a task.

        See `Client.subscribe`.
        """
        if durable:
            consumer = self.consumer(
                durable, types, idempotent=idempotent, start=start, lease=lease
            )
        else:
            consumer = self.listen(types)
        await consumer.open()
        self._open.remove(consumer)
        subscription = AsyncSubscription(consumer, function)
        self._open.append(subscription)
        return subscription

    def _consumer(self, choice: Choice) -> AsyncConsumer:
        consumer = AsyncConsumer(
            self.parts.data.socket, self.parts.catalogue, choice, self._clock, self.timeout
        )
        self._open.append(consumer)
        return consumer
