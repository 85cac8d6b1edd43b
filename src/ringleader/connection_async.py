"""A connection to a node for event loops: many questions at once, answered in order."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self, TypeAlias, TypeVar

from .answers import value_of
from .frames import MAX_REPLY, FrameError, FrameReader, frame
from .node_errors import ConnectionLost, NoAnswer, NodeError, NoNode
from .unixsocket import connect

if TYPE_CHECKING:
    from pathlib import Path

    from .questions import Question

T = TypeVar("T")
Coming: TypeAlias = "asyncio.Future[bytes]"
"""A reply that has not come yet."""

_CHUNK: Final = 1 << 20


class AsyncConnection:
    """A connection to a node, made by `open`; used in one event loop.

    Args:
        reader: its stream.
        writer: its stream.
        timeout: seconds that an answer may take.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout: float
    ) -> None:
        self._reader, self._writer, self._timeout = reader, writer, timeout
        self._coming: deque[Coming] = deque()
        self._lost: NodeError | None = None
        self._task = asyncio.create_task(self._read(), name="ringleader-connection")

    @classmethod
    async def open(cls, path: Path, timeout: float) -> Self:  # noqa: ASYNC109  # of answers to come
        """Connect.

        Raises:
            NoNode: nobody listens.
        """
        try:
            made = connect(path, timeout)  # to a local socket, which takes no time
            reader, writer = await asyncio.open_unix_connection(sock=made)
        except OSError as error:
            raise NoNode(f"no node runs on {path.parent}") from error
        return cls(reader, writer, timeout)

    @property
    def is_lost(self) -> bool:
        """Whether it is of no use any more."""
        return self._lost is not None

    async def close(self) -> None:
        """Disconnect; may be repeated."""
        self._end(ConnectionLost("the connection was closed"))
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def ask(self, question: Question, kind: type[T]) -> T:
        """Ask, and wait for the answer. If it is cancelled, the answer is passed over.

        Raises:
            NodeAway: the node is gone, or does not answer in time.
            RingleaderError: as `answers.value_of`.
        """
        return value_of(await self.answer(self.send(question)), question, kind)

    def send(self, question: Question) -> Coming:
        """Ask; return the reply that is to come.

        Raises:
            NodeAway: the node is gone.
        """
        if self._lost is not None:
            raise self._lost
        coming: Coming = asyncio.get_running_loop().create_future()
        self._coming.append(coming)
        self._writer.write(frame(question))
        return coming

    async def answer(self, coming: Coming, more: float = 0.0) -> bytes:
        """Wait for a reply, for the time-out and `more` seconds.

        Raises:
            NodeAway: the node is gone, or does not answer in time.
        """
        seconds = self._timeout + more
        try:
            async with asyncio.timeout(seconds):
                await self._writer.drain()
                return await asyncio.shield(coming)
        except TimeoutError as error:
            raise NoAnswer(f"the node did not answer within {seconds:g} s") from error
        except OSError as error:
            raise ConnectionLost(f"the connection to the node broke: {error}") from error

    async def _read(self) -> None:
        reader = FrameReader(MAX_REPLY)
        try:
            while data := await self._reader.read(_CHUNK):
                reader.feed(data)
                while (body := reader.next()) is not None:
                    self._take(body)
            self._end(ConnectionLost("the node closed the connection: it has stopped"))
        except OSError as error:
            self._end(ConnectionLost(f"the connection to the node broke: {error}"))
        except FrameError as error:
            self._end(NodeError(str(error)))

    def _take(self, body: bytes) -> None:
        if not self._coming:
            raise FrameError("the node answers what nobody has asked")
        coming = self._coming.popleft()
        if not coming.done():
            coming.set_result(body)

    def _end(self, error: NodeError) -> None:
        self._lost = self._lost or error
        while self._coming:
            coming = self._coming.popleft()
            if not coming.done():
                coming.set_exception(error)
                coming.exception()  # who waits for it gets it; if nobody does, nobody is told
