"""The control socket: one thread answers questions about a node, and takes the order to stop."""

from __future__ import annotations

import logging
import selectors
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from .frames import (
    MAX_REQUEST,
    FrameError,
    FrameReader,
    Question,
    Reply,
    answer,
    frame,
    read_request,
)
from .unixsocket import listen

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

logger = logging.getLogger("ringleader.control")

MAX_CLIENTS: Final = 32
"""Connections at once; one more closes the one that has been silent for longest."""

_CHUNK: Final = 64 * 1024


class _Client:
    """One connection, with what was read and not answered, and what was answered and not sent."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.reader = FrameReader(MAX_REQUEST)
        self.out = b""
        self.last = False
        """Whether it is closed when `out` is sent."""


class ControlServer:
    """Listens at a Unix socket in a thread of its own, which nothing else touches.

    Args:
        path: of the socket; only its owner may connect.
        respond: answers a question with a value that MessagePack can hold; must not block.
        spawn: starts the thread.
    """

    def __init__(
        self,
        path: Path,
        respond: Callable[[Question], Any],
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
    ) -> None:
        self._path = path
        self._respond = respond
        self._spawn = spawn
        self._thread: threading.Thread | None = None
        self._clients: dict[socket.socket, _Client] = {}  # the longest silent first

    def start(self) -> None:
        """Listen.

        Raises:
            OSError: the socket can't be made.
        """
        self._listener = listen(self._path)
        self._listener.settimeout(0)
        self._woken, self._waker = socket.socketpair()
        self._thread = self._spawn("ringleader-control", self._serve)

    def close(self, timeout: float = 5.0) -> bool:
        """Remove the socket, close all connections and end the thread; tell whether it ended.

        May be repeated.
        """
        if self._thread is None:
            return True
        with suppress(OSError):
            self._waker.send(b"\0")
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # ---------------------------------------------------------------- in the thread

    def _serve(self) -> None:
        with selectors.DefaultSelector() as self._selector:
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._selector.register(self._woken, selectors.EVENT_READ)
            while self._turn():
                pass
        for connection in self._clients:
            connection.close()
        self._path.unlink(missing_ok=True)
        for own in (self._listener, self._woken, self._waker):
            own.close()

    def _turn(self) -> bool:
        for key, _ in self._selector.select():
            if key.fileobj is self._woken:
                return False
            if key.fileobj is self._listener:
                self._accept()
                continue
            client = self._clients.get(key.fileobj)  # type: ignore[call-overload]  # all are sockets
            if client is not None:
                self._attend(client)
        return True

    def _accept(self) -> None:
        with suppress(OSError):  # the client has gone again
            connection, _ = self._listener.accept()
            connection.settimeout(0)
            if len(self._clients) >= MAX_CLIENTS:
                self._drop(next(iter(self._clients.values())))
            self._clients[connection] = _Client(connection)
            self._selector.register(connection, selectors.EVENT_READ)

    def _attend(self, client: _Client) -> None:
        """Send what waits, or else read and answer: a client that does not read asks no more."""
        self._clients[client.connection] = self._clients.pop(client.connection)
        try:
            if not client.out:
                data = client.connection.recv(_CHUNK)
                if not data:
                    self._drop(client)
                    return
                client.reader.feed(data)
            self._exchange(client)
        except BlockingIOError:
            return
        except OSError:
            self._drop(client)

    def _exchange(self, client: _Client) -> None:
        """Answer one question after the other, as long as the answers can be sent."""
        while True:
            if client.out:
                client.out = client.out[client.connection.send(client.out) :]
            if client.out:
                self._selector.modify(client.connection, selectors.EVENT_WRITE)
                return
            if client.last:
                self._drop(client)
                return
            client.out = self._next_answer(client)
            if not client.out:
                self._selector.modify(client.connection, selectors.EVENT_READ)
                return

    def _next_answer(self, client: _Client) -> bytes:
        try:
            body = client.reader.next()
            return b"" if body is None else self._answer(read_request(body).question)
        except FrameError as error:
            client.last = True  # who speaks another language is not listened to
            return frame(Reply(error=str(error)))

    def _answer(self, question: Question) -> bytes:
        try:
            return answer(self._respond(question))
        except Exception as error:
            logger.exception("the question %r could not be answered", question)
            return frame(Reply(error=f"{type(error).__name__}: {error}"))

    def _drop(self, client: _Client) -> None:
        self._selector.unregister(client.connection)
        del self._clients[client.connection]
        client.connection.close()
