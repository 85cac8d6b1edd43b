"""A connection to a node that blocks while it waits for answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from .answers import value_of
from .frames import MAX_REPLY, FrameError, FrameReader, frame
from .node_errors import ConnectionLost, NoAnswer, NodeError, NoNode
from .unixsocket import connect

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from .questions import Question

T = TypeVar("T")

_CHUNK: Final = 1 << 20


class Connection:
    """A connection to a node. One thread sends and receives; another one may send, too.

    After any `NodeAway` it is of no use any more: answers may be missing.

    Args:
        path: of the control socket.
        timeout: seconds that an answer may take.

    Raises:
        NoNode: nobody listens.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self._timeout = timeout
        self._reader = FrameReader(MAX_REPLY)
        try:
            self._socket = connect(path, timeout)
        except OSError as error:
            raise NoNode(f"no node runs on {path.parent}") from error

    def __enter__(self) -> Self:
        """Do nothing: it is connected."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()

    def close(self) -> None:
        """Disconnect; may be repeated."""
        self._socket.close()

    def ask(self, question: Question, kind: type[T], timeout: float | None = None) -> T:
        """Ask, and wait for the answer.

        Raises:
            NodeAway: the node is gone, or does not answer within `timeout` seconds.
            RingleaderError: as `answers.value_of`.
        """
        self.send(question)
        return self.receive(question, kind, timeout)

    def send(self, question: Question) -> None:
        """Ask; the answers come in the order of the questions.

        Raises:
            NodeAway: the node is gone, or does not read.
        """
        try:
            self._socket.sendall(frame(question))
        except TimeoutError as error:
            raise NoAnswer(f"the node did not read within {self._timeout:g} s") from error
        except OSError as error:
            raise ConnectionLost(f"the connection to the node broke: {error}") from error

    def receive(self, question: Question, kind: type[T], timeout: float | None = None) -> T:
        """Wait for the answer to the oldest question.

        Raises:
            NodeAway: the node is gone, or does not answer within `timeout` seconds.
            RingleaderError: as `answers.value_of`.
        """
        seconds = self._timeout if timeout is None else timeout
        try:
            self._socket.settimeout(seconds)
            while (body := self._reader.next()) is None:
                data = self._socket.recv(_CHUNK)
                if not data:
                    raise ConnectionLost("the node closed the connection: it has stopped")
                self._reader.feed(data)
        except TimeoutError as error:
            raise NoAnswer(f"the node did not answer within {seconds:g} s") from error
        except OSError as error:
            raise ConnectionLost(f"the connection to the node broke: {error}") from error
        except FrameError as error:
            raise NodeError(str(error)) from error
        return value_of(body, question, kind)
