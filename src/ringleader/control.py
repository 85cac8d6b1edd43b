"""The control socket: one thread answers questions about a node, and takes orders."""

from __future__ import annotations

import logging
import queue
import resource
import selectors
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from ringleader.actors.errors import RingleaderError

from .conversation import Conversation
from .errands import Errands, Eventually, Later
from .frames import MAX_REQUEST, FrameError, Reply, answer, frame, read_question
from .unixsocket import listen

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

    from .conversation import Slot
    from .questions import Question

logger = logging.getLogger("ringleader.control")

MAX_CLIENTS: Final = 384
"""Connections at once: 90 daemons have some each. One more closes the one that has been silent for
longest, but none that waits for an answer or holds something; if all do, it is refused."""

_BACKLOG: Final = 128
_CHUNK: Final = 64 * 1024


class ControlServer:
    """Listens at a Unix socket in a thread of its own, which nothing else touches.

    Args:
        path: of the socket; only its owner may connect.
        respond: answers a question with a value that MessagePack can hold, with a `Later` that
            finds one, or with an `Eventually`; must not block. What it raises is told to the
            client.
        spawn: starts threads.
        largest: bytes that a question may have.
        most: connections at once.
    """

    def __init__(
        self,
        path: Path,
        respond: Callable[[Question], Any],
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
        *,
        largest: int = MAX_REQUEST,
        most: int = MAX_CLIENTS,
    ) -> None:
        self._path = path
        self._respond = respond
        self._spawn = spawn
        self._largest = largest
        self._most = min(most, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        self._thread: threading.Thread | None = None
        self._clients: dict[socket.socket, Conversation] = {}  # the longest silent first
        self._errands = Errands(spawn)
        self._found: queue.SimpleQueue[tuple[Conversation, Slot, Callable[[], bytes]]]
        self._found = queue.SimpleQueue()
        self._is_woken = False
        self._closing = False

    def start(self) -> None:
        """Listen.

        Raises:
            OSError: the socket can't be made.
        """
        self._listener = listen(self._path, _BACKLOG)
        self._listener.settimeout(0)
        self._woken, self._waker = socket.socketpair()
        self._woken.settimeout(0)
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
        if self._is_woken:  # it has not looked yet since the last time
            return
        self._is_woken = True
        with suppress(OSError):  # it has ended already
            self._waker.send(b"\0")

    # ---------------------------------------------------------------- in the thread

    def _serve(self) -> None:
        with selectors.DefaultSelector() as self._selector:
            self._selector.register(self._listener, selectors.EVENT_READ)
            self._selector.register(self._woken, selectors.EVENT_READ)
            while self._turn():
                pass
        self._path.unlink(missing_ok=True)
        for client in self._clients.values():
            client.end()
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
        with suppress(BlockingIOError):
            self._woken.recv(_CHUNK)
        self._is_woken = False  # before looking: whoever comes after this wakes us again
        waiting: dict[Conversation, None] = {}
        while not self._found.empty():
            client, slot, encoded = self._found.get()
            if slot.answer is None and client.connection in self._clients:
                slot.answer = encoded()
                slot.alone = False
                waiting[client] = None
        for client in waiting:
            self._guarded(client, self._exchange)

    def _accept(self) -> None:
        with suppress(OSError):  # the client has gone again
            connection, _ = self._listener.accept()
            connection.settimeout(0)
            if len(self._clients) >= self._most and not self._make_room():
                connection.send(frame(Reply(error=f"the node has {self._most} clients already")))
                connection.close()
                return
            client = self._clients[connection] = Conversation(connection, self._largest)
            self._watch(client)

    def _make_room(self) -> bool:
        """Drop who has been silent for longest, but nobody who waits or holds something."""
        silent = next((client for client in self._clients.values() if client.is_idle), None)
        if silent is not None:
            self._drop(silent)
        return silent is not None

    def _attend(self, client: Conversation) -> None:
        """Send what waits, or else read and answer: a client that does not read asks no more."""
        self._clients[client.connection] = self._clients.pop(client.connection)
        self._guarded(client, self._exchange if client.is_stuck else self._receive)

    def _guarded(self, client: Conversation, attend: Callable[[Conversation], object]) -> None:
        try:
            attend(client)
        except BlockingIOError:
            return
        except OSError:
            self._drop(client)

    def _receive(self, client: Conversation) -> None:
        if client.receive():
            self._exchange(client)
        else:
            self._drop(client)

    def _exchange(self, client: Conversation) -> None:
        """Answer one question after the other, as long as the answers can be sent."""
        while True:
            client.send()
            if client.is_over:
                self._drop(client)
                return
            if client.is_stuck or not self._ask(client):
                self._watch(client)
                return

    def _ask(self, client: Conversation) -> bool:
        """Take up the next question; tell whether there was one."""
        try:
            body = client.next_question()
            question = None if body is None else read_question(body)
        except FrameError as error:
            client.last = True  # who speaks another language is not listened to
            client.open_slot().answer = frame(Reply(error=str(error), exit_code=1))
            return True
        if question is None:
            return False
        self._answer(client, question)
        return True

    def _answer(self, client: Conversation, question: Question) -> None:
        slot = client.open_slot()
        try:
            answer = self._respond(question)
            match answer:
                case Later():
                    slot.alone = True
                    self._errands.run(self._errand(client, slot, answer, question))
                case Eventually():
                    self._begin(client, slot, answer, question)
                case _:
                    slot.answer = _reply(lambda: answer, question)
            if isinstance(answer, Later | Eventually) and answer.ended is not None:
                client.ends.append(answer.ended)
        except Exception as error:  # noqa: BLE001  # the client is told
            slot.answer = _refusal(error, question)

    def _errand(
        self, client: Conversation, slot: Slot, later: Later, question: Question
    ) -> Callable[[], None]:
        def find() -> None:
            found = _reply(later.find, question)
            self._found.put((client, slot, lambda: found))
            self._wake()

        return find

    def _begin(
        self, client: Conversation, slot: Slot, eventually: Eventually, question: Question
    ) -> None:
        def done(value: Any) -> None:
            self._found.put((client, slot, lambda: _reply(lambda: _raised(value), question)))
            self._wake()

        slot.cancel = eventually.cancel
        eventually.start(done)

    def _watch(self, client: Conversation) -> None:
        """Let the selector watch it for what it is interested in."""
        wanted = client.interest
        if wanted == client.watched:
            return
        if not wanted:
            self._selector.unregister(client.connection)
        elif not client.watched:
            self._selector.register(client.connection, wanted)
        else:
            self._selector.modify(client.connection, wanted)
        client.watched = wanted

    def _drop(self, client: Conversation) -> None:
        if client.watched:
            self._selector.unregister(client.connection)
        del self._clients[client.connection]
        client.end()


def _raised(value: Any) -> Any:
    """Return a value, or raise it if it is an exception."""
    if isinstance(value, Exception):
        raise value
    return value


def _reply(find: Callable[[], Any], question: Question) -> bytes:
    try:
        return answer(find())
    except Exception as error:  # noqa: BLE001  # the client is told
        return _refusal(error, question)


def _refusal(error: Exception, question: Question) -> bytes:
    """Tell the client what is wrong; log it with its traceback if it is a fault of ours."""
    kind = type(error).__name__
    if isinstance(error, RingleaderError):
        code = getattr(error, "exit_code", 1)
        return frame(Reply(error=str(error), exit_code=code, kind=kind))
    logger.error("the question %r could not be answered", question, exc_info=error)
    return frame(Reply(error=f"{kind}: {error}"))
