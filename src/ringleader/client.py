"""The other end of the control socket: questions to a running node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec

from ringleader.actors.errors import RingleaderError

from .frames import MAX_REPLY, FrameError, FrameReader, Question, Request, frame, read_reply
from .snapshot import DeathLine, TreeSnapshot
from .system import SystemStatistics
from .unixsocket import connect

if TYPE_CHECKING:
    import socket
    from pathlib import Path
    from types import TracebackType
    from typing import Self

T = TypeVar("T")

_CHUNK = 1 << 20


class NodeError(RingleaderError):
    """A node could not answer; the message says why."""

    exit_code: ClassVar[int] = 75


class NoNode(NodeError):  # noqa: N818  # a state, as `NoSuchActor`
    """No node runs on this data directory."""


class NodeClient:
    """A connection to the node that runs on a data directory. Use it as a context manager.

    Args:
        path: of its control socket.
        timeout: seconds that each answer may take.
    """

    def __init__(self, path: Path, timeout: float = 5.0) -> None:
        self._path, self._timeout = path, timeout
        self._socket: socket.socket | None = None
        self._reader = FrameReader(MAX_REPLY)

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            NoNode: nobody listens.
        """
        try:
            self._socket = connect(self._path, self._timeout)
        except OSError as error:
            raise NoNode(f"no node runs on {self._path.parent}") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        if self._socket is not None:
            self._socket.close()

    def tree(self) -> TreeSnapshot:
        """Return who lives in the node, and how."""
        return self._ask("tree", TreeSnapshot)

    def statistics(self) -> SystemStatistics:
        """Return the node's counters."""
        return self._ask("statistics", SystemStatistics)

    def deaths(self) -> list[DeathLine]:
        """Return the deaths that the node remembers, oldest first."""
        return self._ask("deaths", list[DeathLine])

    def stop(self) -> None:
        """Order the node to stop; it goes on answering while it does."""
        self._ask("stop", type(None))

    def _ask(self, question: Question, kind: type[T]) -> T:
        body = self._exchange(frame(Request(question=question)))
        reply = read_reply(body)
        if reply.error:
            raise NodeError(f"the node did not answer {question!r}: {reply.error}")
        try:
            return msgspec.msgpack.decode(reply.value, type=kind)
        except msgspec.DecodeError as error:
            raise NodeError(
                f"the node's answer to {question!r} is not understood: {error}; "
                "does it run another version of ringleader?"
            ) from error

    def _exchange(self, request: bytes) -> bytes:
        connection = self._connected()
        try:
            connection.sendall(request)
            while (body := self._reader.next()) is None:
                data = connection.recv(_CHUNK)
                if not data:
                    raise NodeError("the node closed the connection: it has stopped")
                self._reader.feed(data)
        except TimeoutError as error:
            raise NodeError(f"the node did not answer within {self._timeout:g} s") from error
        except OSError as error:
            raise NodeError(f"the connection to the node broke: {error}") from error
        except FrameError as error:
            raise NodeError(str(error)) from error
        return body

    def _connected(self) -> Any:
        if self._socket is None:
            raise NodeError("not connected; use the client in a `with` block")
        return self._socket
