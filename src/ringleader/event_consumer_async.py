"""A consumer in a process of its own, for event loops."""

from __future__ import annotations

import asyncio
import inspect
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from tenacity import AsyncRetrying, retry_if_exception, wait_exponential

from ringleader.actors.errors import RingleaderError
from ringleader.actors.event_log import ConsumerTaken

from .answers import value_of
from .connection_async import AsyncConnection
from .deliveries import Delivery, Hand
from .event_consumer import FIRST_PAUSE, LONGEST_PAUSE
from .event_questions import LONGEST_WAIT, Attached, Batch, Fetch, Settle, Wake
from .node_errors import ConnectionLost, NodeAway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path
    from typing import Self

    from ringleader.actors.clock import Clock
    from ringleader.actors.event_log import Settled
    from ringleader.actors.events.catalogue import Catalogue

    from .connection_async import Coming
    from .consumer_choice import Choice

logger = logging.getLogger("ringleader.client")


class Fetching(NamedTuple):
    """A fetch under way."""

    question: Fetch
    coming: Coming
    outcomes: tuple[Settled, ...]


class AsyncConsumer:
    """Iterates over events with `async for`; all else as `Consumer` says.

    It attaches when it is entered with `async with`, or when it is first iterated over. An
    iteration that is cancelled loses nothing: what comes meanwhile comes with the next one.

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
        self._hand = Hand(catalogue, choice, self._settled)
        self._connection: AsyncConnection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session = ""
        self._fetching: Fetching | None = None
        self._stopping = asyncio.Event()
        self._leaving = asyncio.Lock()
        self._was_attached = self._is_woken = False
        self._begun: float | None = None
        self._persistently = AsyncRetrying(
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

    async def open(self) -> Self:
        """Attach to the node, if it is not attached; see `Consumer.open`."""
        await self._persistently(self._attached)
        return self

    def stop(self) -> None:
        """End the iteration, behind the event in hand."""
        self._stopping.set()
        self._nudge()

    async def close(self) -> None:
        """Stop, tell the last outcomes and let go of the consumer; may be repeated."""
        self.stop()
        connection, fetching = self._connection, self._fetching
        if connection is not None and fetching is not None:
            with suppress(RingleaderError):
                await self._come(connection, fetching)
        await self._leave()

    async def __aenter__(self) -> Self:
        """Attach, as `open`."""
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    # ---------------------------------------------------------------- iteration

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """Iterate over events."""
        return self

    async def __anext__(self) -> Delivery:
        """Wait for the next event.

        Raises:
            StopAsyncIteration: it was stopped.
            ConsumerTaken: somebody else has got the consumer meanwhile.
        """
        while not self._stopping.is_set():
            delivery = self._hand.next()
            if delivery is not None:
                return delivery
            await self._persistently(self._poll)
        await self._leave()
        raise StopAsyncIteration

    async def _poll(self) -> None:
        if self._stopping.is_set():
            return
        connection = await self._attached()
        if self._hand.is_incomplete and self._hand.is_empty:
            await self._disconnect()  # what never came is settled by letting go of the consumer
            connection = await self._attached()
        try:
            await self._come(connection, self._fetching or self._fetch(connection))
        except NodeAway:
            await self._disconnect()
            raise
        except ConsumerTaken as error:  # perhaps only the lease has run out
            await self._disconnect()
            raise ConnectionLost(str(error)) from error

    def _fetch(self, connection: AsyncConnection) -> Fetching:
        outcomes = self._hand.outcomes()
        question = Fetch(session=self._session, outcomes=outcomes, limit=self._hand.limit)
        self._is_woken = False
        self._fetching = Fetching(question, connection.send(question), outcomes)
        return self._fetching

    async def _come(self, connection: AsyncConnection, fetching: Fetching) -> None:
        """Wait until a fetch comes back; take what it brings."""
        body = await connection.answer(fetching.coming, LONGEST_WAIT)
        if self._fetching is fetching:  # else somebody else has taken it
            self._fetching = None
            self._hand.told(fetching.outcomes)
            self._hand.take(value_of(body, fetching.question, Batch))

    def _settled(self) -> None:
        """Let a fetch that waits come back, from whatever thread an outcome was said in."""
        if self._fetching is None or self._loop is None:
            return
        try:
            is_here = asyncio.get_running_loop() is self._loop
        except RuntimeError:
            is_here = False
        if is_here:
            self._nudge()
        else:
            self._loop.call_soon_threadsafe(self._nudge)

    def _nudge(self) -> None:
        if self._fetching is None or self._is_woken or self._connection is None:
            return
        with suppress(NodeAway):  # the fetch meets the same
            self._connection.send(Wake(session=self._session))
            self._is_woken = True

    # ---------------------------------------------------------------- the connection

    async def _attached(self) -> AsyncConnection:
        if self._connection is not None:
            return self._connection
        if self._begun is None:
            self._begun, self._loop = self._clock.now(), asyncio.get_running_loop()
        connection = await AsyncConnection.open(self._path, self._timeout)
        try:
            attached = await connection.ask(self.choice.question, Attached)
        except BaseException:
            await connection.close()
            raise
        if self._was_attached:
            logger.info("%s is attached to the node again", self.choice.label)
        self._connection, self._session, self._was_attached = connection, attached.session, True
        self._hand.attached(attached.in_hand)
        return connection

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _disconnect(self) -> None:
        connection, self._connection, self._fetching = self._connection, None, None
        if connection is not None:
            await connection.close()
            logger.warning("%s has lost the node; it waits for one", self.choice.label)

    def _is_worth_a_try(self, error: BaseException) -> bool:
        """Tell whether a node is waited for: for long at first only if there was one."""
        if not isinstance(error, NodeAway) or self._stopping.is_set():
            return False
        begun = self._clock.now() if self._begun is None else self._begun
        return self._was_attached or self._clock.now() - begun < self._timeout

    async def _leave(self) -> None:
        async with self._leaving:  # whoever comes second returns when it is done
            await self._let_go()

    async def _let_go(self) -> None:
        connection, self._connection, self._fetching = self._connection, None, None
        outcomes, left = self._hand.outcomes(), self._hand.unbegun()
        try:
            if (outcomes or left) and self.choice.is_durable:
                if connection is None:
                    raise ConnectionLost("there is no connection to the node")
                question = Settle(session=self._session, outcomes=outcomes, hand_back=left)
                await connection.ask(question, int)
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
                await connection.close()


class AsyncSubscription:
    """A task that calls a function with each event of a consumer, or awaits a coroutine function.

    An exception of the function is logged and fails this event; the next one comes.

    Attributes:
        consumer: whose events they are.
        error: why it has ended by itself; None while it goes on, or when it was closed.
    """

    def __init__(self, consumer: AsyncConsumer, function: Callable[[Any], Any]) -> None:
        self.consumer, self._function = consumer, function
        self.error: RingleaderError | None = None
        name = f"ringleader-subscriber {consumer.choice.label}"
        self._task = asyncio.create_task(self._run(), name=name)

    async def close(self) -> None:
        """End it when the function has returned."""
        self.consumer.stop()
        await self._task

    async def _run(self) -> None:
        try:
            async with self.consumer as consumer:
                async for delivery in consumer:
                    await self._handle(delivery)
        except RingleaderError as error:
            self.error = error
            logger.error("%s has ended: %s", self.consumer.choice.label, error)  # noqa: TRY400  # it says all

    async def _handle(self, delivery: Delivery) -> None:
        try:
            result = self._function(delivery.event)
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            logger.exception("a subscriber failed at %r", delivery)
            delivery.failed(error)
        else:
            delivery.done()
