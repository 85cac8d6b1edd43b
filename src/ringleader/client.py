"""The other end of the control socket: questions to a running node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ringleader.actors.errors import RingleaderError
from ringleader.transport.death_records import DeathRecord

from . import questions
from .desk import Stopping
from .frames import MAX_REPLY, FrameError, FrameReader, frame, read_reply
from .operate import TIMEOUT, Done
from .questions import name_of
from .snapshot import TreeSnapshot
from .statistics import SystemStatistics
from .status import NodeStatus
from .subscribed import Subscribed
from .unixsocket import connect
from .why import Finding

if TYPE_CHECKING:
    import socket
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from .questions import Question, Verb

T = TypeVar("T")

_CHUNK = 1 << 20


class NodeError(RingleaderError):
    """A node could not answer; the message says why.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: int = 75


class OrderRefused(NodeError):  # noqa: N818  # the answer of a node
    """A node did not do what it was asked for; the message says why."""

    exit_code: int = 1


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
        return self._ask(questions.Tree(), TreeSnapshot)

    def statistics(self) -> SystemStatistics:
        """Return the node's counters."""
        return self._ask(questions.Statistics(), SystemStatistics)

    def subscriptions(self) -> list[Subscribed]:
        """Return who is subscribed to what, and what came of it."""
        return self._ask(questions.Subscriptions(), list[Subscribed])

    def status(self) -> NodeStatus:
        """Return how the node fares as a whole."""
        return self._ask(questions.Status(), NodeStatus)

    def deaths(
        self, path: str | None = None, *, limit: int = 100, within: float | None = None
    ) -> list[DeathRecord]:
        """Return the last deaths, also those of earlier runs, oldest first.

        Args:
            path: only those there and below.
            limit: how many at most.
            within: seconds until now; none from before.
        """
        asked = questions.Deaths(path=path, limit=limit, within=within)
        return self._ask(asked, list[DeathRecord])

    def why(self, path: str) -> Finding:
        """Return how whoever lives at a path fares, and why.

        Raises:
            OrderRefused: nothing is known of this path.
        """
        return self._ask(questions.Why(path=path), Finding)

    def operate(
        self, verb: Verb, path: str, *, by: str, why: str = "", release_after: float | None = None
    ) -> Done:
        """Do something to the child at a path, as `operate.operate` says; wait until it is done.

        Raises:
            OrderRefused: there is no such child, or it makes no sense.
            NodeError: it is not done yet.
        """
        order = questions.Operate(verb=verb, path=path, by=by, why=why, release_after=release_after)
        return self._ask(order, Done, TIMEOUT + self._timeout)

    def stop(self) -> Stopping:
        """Order the node to stop; it goes on answering while it does."""
        return self._ask(questions.Stop(), Stopping)

    def _ask(self, question: Question, kind: type[T], timeout: float | None = None) -> T:
        body = self._exchange(frame(question), self._timeout if timeout is None else timeout)
        reply = read_reply(body)
        if reply.error:
            if reply.exit_code == OrderRefused.exit_code:
                raise OrderRefused(reply.error)
            raise NodeError(f"the node did not answer {name_of(question)!r}: {reply.error}")
        try:
            return msgspec.msgpack.decode(reply.value, type=kind)
        except msgspec.DecodeError as error:
            raise NodeError(
                f"the node's answer to {name_of(question)!r} is not understood: {error}; "
                "does it run another version of ringleader?"
            ) from error

    def _exchange(self, request: bytes, timeout: float) -> bytes:
        connection = self._connected()
        connection.settimeout(timeout)
        try:
            connection.sendall(request)
            while (body := self._reader.next()) is None:
                data = connection.recv(_CHUNK)
                if not data:
                    raise NodeError("the node closed the connection: it has stopped")
                self._reader.feed(data)
        except TimeoutError as error:
            raise NodeError(f"the node did not answer within {timeout:g} s") from error
        except OSError as error:
            raise NodeError(f"the connection to the node broke: {error}") from error
        except FrameError as error:
            raise NodeError(str(error)) from error
        return body

    def _connected(self) -> Any:
        if self._socket is None:
            raise NodeError("not connected; use the client in a `with` block")
        return self._socket
