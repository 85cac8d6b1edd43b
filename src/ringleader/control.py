"""The control socket: one thread answers questions about a node, and takes orders."""

from __future__ import annotations

import logging
import queue
import selectors
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ringleader.actors.errors import RingleaderError

from .errands import Errands, Later
from .frames import MAX_REQUEST, FrameError, FrameReader, Reply, answer, frame, read_question
from .unixsocket import listen

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from .questions import Question

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
        self.waits = False
        """Whether its answer is being found; it is not read meanwhile."""


class ControlServer:
    """Listens at a Unix socket in a thread of its own, which nothing else touches.

    Args:
        path: of the socket; only its owner may connect.
        respond: answers a question with a value that MessagePack can hold, or with a `Later`
            that finds one; must not block. What it raises is told to the client.
        spawn: starts threads.
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
        self._errands = Errands(spawn)
        self._found: queue.SimpleQueue[tuple[_Client, bytes]] = queue.SimpleQueue()
        self._closing = False

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
        """Remove the socket, close all connections and end all threads; tell whether they ended.

        May be repeated.
        """
        if self._thread is None:
            return True
        self._closing = True
        self._wake()
        self._thread.join(timeout)
        return self._errands.close(timeout) and not self._thread.is_alive()

    def _wake(self) -> None:
        with suppress(OSError):  # it has ended already
            self._waker.send(b"\0")

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
                self._hand_out()
                continue
            if key.fileobj is self._listener:
                self._accept()
                continue
            client = self._clients.get(key.fileobj)  # type: ignore[call-overload]  # all are sockets
            if client is not None:
                self._attend(client)
        return not self._closing

    def _hand_out(self) -> None:
        """Give the answers that were found meanwhile to those who wait for them."""
        self._woken.recv(_CHUNK)
        while not self._found.empty():
            client, found = self._found.get()
            client.out = found
            client.waits = False
            if client.connection in self._clients:
                self._selector.register(client.connection, selectors.EVENT_WRITE)

    def _accept(self) -> None:
        with suppress(OSError):  # the client has gone again
            connection, _ = self._listener.accept()
            connection.settimeout(0)
            if len(self._clients) >= MAX_CLIENTS:
                silent = (client for client in self._clients.values() if not client.waits)
                self._drop(next(silent, next(iter(self._clients.values()))))
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
            if client.waits:
                self._selector.unregister(client.connection)
                return
            if not client.out:
                self._selector.modify(client.connection, selectors.EVENT_READ)
                return

    def _next_answer(self, client: _Client) -> bytes:
        """Return the answer to the next question; nothing if there is none, or not yet."""
        try:
            body = client.reader.next()
            question = None if body is None else read_question(body)
        except FrameError as error:
            client.last = True  # who speaks another language is not listened to
            return frame(Reply(error=str(error), exit_code=1))
        return b"" if question is None else self._answer(client, question)

    def _answer(self, client: _Client, question: Question) -> bytes:
        def find() -> None:
            self._found.put((client, _reply(later.find, question)))
            self._wake()

        try:
            later = self._respond(question)
        except Exception as error:  # noqa: BLE001  # the client is told
            return _refusal(error, question)
        if not isinstance(later, Later):
            return _reply(lambda: later, question)
        client.waits = True
        self._errands.run(find)
        return b""

    def _drop(self, client: _Client) -> None:
        if not client.waits:
            self._selector.unregister(client.connection)
        del self._clients[client.connection]
        client.connection.close()


def _reply(find: Callable[[], Any], question: Question) -> bytes:
    try:
        return answer(find())
    except Exception as error:  # noqa: BLE001  # the client is told
        return _refusal(error, question)


def _refusal(error: Exception, question: Question) -> bytes:
    """Tell the client what is wrong; log it with its traceback if it is a fault of ours."""
    if isinstance(error, RingleaderError):
        return frame(Reply(error=str(error), exit_code=getattr(error, "exit_code", 1)))
    logger.error("the question %r could not be answered", question, exc_info=error)
    return frame(Reply(error=f"{type(error).__name__}: {error}"))
