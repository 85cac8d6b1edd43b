"""What this node's actors have asked those of other nodes, until there is an answer."""

from __future__ import annotations

import queue
from collections import Counter
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import pykka

from ringleader.actors.errors import BadValue, MailboxFull
from ringleader.actors.future import Reply
from ringleader.actors.remote_errors import NodeDown

from .remote_deadlines import Deadlines
from .remote_failures import as_error, read
from .remote_messages import Answer, Ask, Failure, Forget

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.remote_ref import NodeRef

    from .remote_messages import Verb
    from .remote_post import Post

T = TypeVar("T")


class NodeReply(Reply[T]):
    """The reply of an actor on another node.

    Attributes:
        node: of the actor.
        number: of the ask.
        seconds: that it may take.
    """

    def __init__(self, node: str, seconds: float, given_up: Callable[[NodeReply[T]], None]) -> None:
        super().__init__()
        self.node, self.seconds = node, seconds
        self.number = 0
        self._given_up = given_up

    def _wait(self, timeout: float | None) -> None:
        try:
            super()._wait(timeout)
        except pykka.Timeout:
            self._given_up(self)
            raise


class Asks:
    """Keeps asks until they are answered, too late, or their node is down."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lock = Lock()
        self._last = 0
        self._open: dict[int, NodeReply[Any]] = {}
        self._of: Counter[str] = Counter()
        self._deadlines: Deadlines[int] = Deadlines()

    def __len__(self) -> int:
        return len(self._open)

    def ask(self, ref: NodeRef[Any], verb: Verb, body: bytes, seconds: float) -> Reply[Any]:
        """Send an ask; return the future of its answer, which comes within `seconds`.

        Raises:
            MailboxFull: too many to this node have no answer.
        """
        node, most = ref.node, self._post.options.max_asks
        reply: NodeReply[Any] = NodeReply(node, seconds, self._give_up)
        with self._lock:
            if self._of[node] >= most:
                raise MailboxFull(str(ref), None, most, ": so many asks wait for that node")
            self._of[node] += 1
            self._last += 1
            reply.number = self._last
            self._open[reply.number] = reply
            self._deadlines.put(reply.number, self._post.now() + seconds)
        self._post.count("asks")
        ask = Ask(reply.number, ref.address.path, verb, body, seconds)
        if not self._post.post_once(node, ask):
            self._end(node, reply.number, NodeDown(node, "there is no link to it"))
        return reply

    def answered(self, node: str, answer: Answer | Failure) -> None:
        """Take an answer."""
        reply = self._take(node, answer.id)
        if reply is None:
            self._post.count("late_answers")
            return
        codec = self._post.codec(node)
        if isinstance(answer, Failure):
            _fail(reply, as_error(read(answer.body, codec), codec.where))
            return
        try:
            value = self._post.read(node, answer.body)
        except BadValue as error:
            _fail(reply, error)
        else:
            with suppress(queue.Full):
                reply.set(value)

    def tick(self, now: float) -> None:
        """Give up what is due."""
        with self._lock:
            due = [self._open[number] for number in self._deadlines.due(now)]
        for reply in due:
            error = pykka.Timeout(f"{reply.seconds} seconds, of node {reply.node!r}")
            self._end(reply.node, reply.number, error)

    def lost(self, node: str, error: Exception) -> None:
        """Fail all asks to a node."""
        with self._lock:
            numbers = [number for number, reply in self._open.items() if reply.node == node]
        for number in numbers:
            self._end(node, number, error)

    def close(self, error: Exception) -> None:
        """Fail all asks."""
        for reply in list(self._open.values()):
            self._end(reply.node, reply.number, error)

    def _give_up(self, reply: NodeReply[Any]) -> None:
        """Let the other node know that nobody waits any more."""
        if self._take(reply.node, reply.number) is not None:
            self._post.post(reply.node, Forget(reply.number))

    def _end(self, node: str, number: int, error: Exception) -> None:
        reply = self._take(node, number)
        if reply is not None:
            _fail(reply, error)

    def _take(self, node: str, number: int) -> NodeReply[Any] | None:
        with self._lock:
            reply = self._open.get(number)
            if reply is None or reply.node != node:
                return None
            del self._open[number]
            self._deadlines.drop(number)
            self._of[node] -= 1
            if not self._of[node]:
                del self._of[node]
        return reply


def _fail(reply: Reply[Any], error: BaseException) -> None:
    with suppress(queue.Full):  # whoever waits has set it himself
        reply.fail(error)
