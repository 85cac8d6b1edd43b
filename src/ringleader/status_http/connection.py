"""One uvicorn server that ends at once when it is told to, and logs nothing by itself."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import socket

    from ringleader.actors.clock import Clock, Timer

PATIENCE: Final = 10.0
"""Seconds that a client has to send a whole request."""
KEEP_ALIVE: Final = 75
"""Seconds that a connection stays open between two requests: longer than most scrape intervals."""
MAX_CONNECTIONS: Final = 64
"""Connections at once; with more, requests are answered 503."""
MAX_HEAD: Final = 16 * 1024
"""Bytes of a request's head."""
FINISHING: Final = 1.5
"""Seconds that answers under way have at the end."""

logger = logging.getLogger("ringleader.status.http")
logger.setLevel(logging.ERROR)  # who sends nonsense is answered, and not worth a line


class Config(uvicorn.Config):
    """Says how requests are taken. It leaves everybody's logging alone.

    Args:
        app: answers requests.
        clock: of the system.
    """

    def __init__(self, app: Any, clock: Clock) -> None:  # what ASGI is, each types its own way
        super().__init__(
            app,
            http=Connection,
            ws="none",
            lifespan="off",
            interface="asgi3",
            workers=1,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE,
            h11_max_incomplete_event_size=MAX_HEAD,
        )
        self.clock = clock

    def configure_logging(self) -> None:
        """Do nothing: levels and handlers are the node's."""


class Connection(H11Protocol):
    """One client. If its request does not come in time, the connection is closed."""

    config: Config

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False
        self.logger = logger
        self._impatience: Timer | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, or all of it."""
        super().data_received(data)
        if self._is_answering:
            self._wait_no_longer()
        elif self._impatience is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        self._wait_no_longer()
        super().connection_lost(exc)

    @property
    def _is_answering(self) -> bool:
        # Before the first request there is no cycle, whatever uvicorn's annotation says.
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _wait(self) -> None:
        loop = self.loop
        self._impatience = self.config.clock.call_later(
            PATIENCE, lambda: loop.is_closed() or loop.call_soon_threadsafe(self._give_up)
        )

    def _wait_no_longer(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None

    def _give_up(self) -> None:
        if self._impatience is not None:  # else it came in this very moment
            self.transport.abort()


class Server(uvicorn.Server):
    """Serves until `closing` is set; then it ends within `FINISHING` seconds, whoever is connected.

    It runs in a thread that is not the main one, so it takes no signals.
    """

    def __init__(self, config: Config, closing: asyncio.Event) -> None:
        super().__init__(config)
        self._closing = closing

    async def main_loop(self) -> None:
        """Wait; uvicorn's own way wakes up ten times a second."""
        await self._closing.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the answers under way, then close every connection, idle or half open."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        if self.server_state.tasks:
            await asyncio.wait(tuple(self.server_state.tasks), timeout=FINISHING)
        for connection in tuple(self.server_state.connections):
            connection.transport.abort()
