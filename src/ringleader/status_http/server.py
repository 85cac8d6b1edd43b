"""The thread that serves the status, and its one owner."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from ringleader.actors.errors import RingleaderError
from ringleader.config import ConfigError, Problem

from .app import StatusApp
from .connection import MAX_CONNECTIONS, Config, Server
from .document import log_line
from .sampler import Sampler

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from ringleader.actors.context import Context
    from ringleader.actors.event_log import EventLog
    from ringleader.config.settings import StatusOptions

logger = logging.getLogger("ringleader.status")


class StatusTaken(RingleaderError):  # noqa: N818  # a state of the port
    """The port of the status is taken, or may not be taken.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: ClassVar[int] = 75


class StatusServer:
    """Serves a node's status in a thread of its own: `open`, `start`, `close`.

    Args:
        options: where, and who may ask.
        answer: a node's answer to a question, at once.
        context: of the system: its clock, and what starts threads.
        log: of events, if there is one.
    """

    def __init__(
        self,
        options: StatusOptions,
        answer: Callable[[Any], Any],
        context: Context,
        log: EventLog | None = None,
    ) -> None:
        self._options, self._context = options, context
        self._log = None if log is None else Sampler(lambda: log_line(log), context.spawn)
        self._app = StatusApp(answer, context.clock.time, token=options.token, log=self._log)
        self._closing = asyncio.Event()
        self._listener: socket.socket | None = None
        self._serving: tuple[asyncio.AbstractEventLoop, threading.Thread] | None = None
        self.url = ""
        """Where it is served, once it is open."""

    def open(self) -> None:
        """Take the port; whoever asks waits until `start`.

        Raises:
            StatusTaken: the port is taken, or may not be taken.
            ConfigError: there is no such address.
        """
        self._listener = _listen(self._options.host, self._options.port)
        host, port, *_ = self._listener.getsockname()
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Answer."""
        if self._listener is None:
            raise RuntimeError("the status is served before its port was taken")
        loop, listener = asyncio.new_event_loop(), self._listener
        thread = self._context.spawn("ringleader-status", lambda: self._serve(loop, listener))
        self._serving = (loop, thread)

    def close(self, timeout: float = 5.0) -> bool:
        """Close the port and all connections, and end the threads; tell whether they ended.

        May be repeated.
        """
        if self._serving is None:
            if self._listener is not None:
                self._listener.close()
            return True
        loop, thread = self._serving
        with suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(self._closing.set)
        thread.join(timeout)
        is_seen = self._log is None or self._log.close(timeout)
        return is_seen and not thread.is_alive()

    def _serve(self, loop: asyncio.AbstractEventLoop, listener: socket.socket) -> None:
        server = Server(Config(self._app.asgi, self._context.clock), self._closing)
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(server.serve([listener]))
        except Exception:
            logger.exception("the status is served no longer")
            listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        (family, *_, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        wrong = f"there is no address {host!r}: {error.strerror or error}"
        problem = Problem("", "status.host", wrong, "127.0.0.1 is this machine")
        raise ConfigError([problem]) from error
    try:
        return socket.create_server(address, family=family, backlog=MAX_CONNECTIONS)
    except OSError as error:
        why = str(error) if error.errno is None else os.strerror(error.errno)
        raise StatusTaken(
            f"the status can't be served at {host}:{port}: {why}; choose another port, "
            "--set status.port=N (0 takes a free one), or another status.host"
        ) from error
