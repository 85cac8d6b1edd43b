"""Durable messages to other nodes: sent until they are acknowledged, taken once there."""

from __future__ import annotations

import queue
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from ringleader.actors.errors import BadValue, MailboxFull, RingleaderError
from ringleader.actors.future import Reply
from ringleader.actors.remote_errors import NotAcknowledged

from .remote_deadlines import Deadlines
from .remote_messages import Parcel

if TYPE_CHECKING:
    from ringleader.actors.remote_ref import NodeRef

    from .remote_messages import Receipt, Verb
    from .remote_post import Post

DOUBLINGS: Final = 16
"""After so many the wait has long been at its longest."""


class _Sent:
    """A message that has no receipt yet."""

    __slots__ = (
        "body",
        "deadline",
        "last",
        "message",
        "number",
        "ref",
        "reply",
        "since",
        "tries",
        "verb",
    )

    def __init__(
        self,
        ref: NodeRef[Any],
        written: tuple[Verb, bytes],
        message: Any,
        since: float,
        seconds: float,
    ) -> None:
        self.ref, self.message = ref, message
        self.verb: Verb = written[0]
        self.body = written[1]
        self.since, self.deadline = since, since + seconds
        self.number, self.tries, self.last = 0, 0, ""
        self.reply: Reply[None] = Reply()


class Parcels:
    """Keeps durable messages until there is a receipt, or their time is up."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lock = Lock()
        self._last: dict[str, int] = {}
        self._open: dict[str, dict[int, _Sent]] = {}
        self._deadlines: Deadlines[tuple[str, int]] = Deadlines()

    def __len__(self) -> int:
        return sum(len(sent) for sent in list(self._open.values()))

    def send(
        self, ref: NodeRef[Any], written: tuple[Verb, bytes], message: Any, seconds: float
    ) -> Reply[None]:
        """Send a message, and again until there is a receipt; return the future of that.

        Raises:
            MailboxFull: too many to this node wait for one.
        """
        node, most = ref.node, self._post.options.max_durable
        sent = _Sent(ref, written, message, self._post.now(), seconds)
        with self._lock:
            waiting = self._open.setdefault(node, {})
            if len(waiting) >= most:
                raise MailboxFull(str(ref), message, most, ": so many wait to be acknowledged")
            sent.number = self._last[node] = self._last.get(node, 0) + 1
            waiting[sent.number] = sent
        self._post.count("durable")
        self._try(sent)
        return sent.reply

    def settled(self, node: str, receipt: Receipt) -> None:
        """Take a receipt."""
        sent = self._open.get(node, {}).get(receipt.id)
        if sent is None:
            return
        match receipt.problem:
            case "":
                if self._take(sent):
                    with suppress(queue.Full):
                        sent.reply.set(None)
            case "unreadable":
                self._give_up(sent, BadValue(f"{sent.ref} can't read it: {receipt.words}"))
            case problem:  # it may be exported, or have room, before the time is up
                sent.last = problem
                self._post.complain("refused", str(sent.ref), f"a durable message: {problem}")

    def tick(self, now: float) -> None:
        """Send again what is due; give up what has had its time."""
        with self._lock:
            due = [self._open[node][number] for node, number in self._deadlines.due(now)]
        for sent in due:
            if now >= sent.deadline:
                seconds = sent.deadline - sent.since
                late = NotAcknowledged(str(sent.ref), seconds, sent.last)
                self._give_up(sent, late)
            else:
                self._post.count("resent")
                self._try(sent)

    def hurry(self, node: str) -> None:
        """Send again soon what waits for a node: it is back."""
        now = self._post.now()
        with self._lock:
            for number, sent in self._open.get(node, {}).items():
                sent.tries = 0
                self._deadlines.put((node, number), now)

    def close(self, error: RingleaderError) -> None:
        """Give up everything."""
        with self._lock:
            left = [sent for waiting in self._open.values() for sent in waiting.values()]
        for sent in left:
            self._give_up(sent, error)

    def _try(self, sent: _Sent) -> None:
        node, options = sent.ref.node, self._post.options
        wait = min(options.resend * 2 ** min(sent.tries, DOUBLINGS), options.max_resend)
        wait *= 0.75 + self._post.context.random.random() / 2
        with self._lock:
            if sent.number not in self._open[node]:
                return
            sent.tries += 1
            when = min(self._post.now() + wait, sent.deadline)
            self._deadlines.put((node, sent.number), when)
            low = next(iter(self._open[node]))
        parcel = Parcel(sent.number, low, sent.ref.address.path, sent.verb, sent.body)
        self._post.post(node, parcel)

    def _give_up(self, sent: _Sent, error: RingleaderError) -> None:
        if self._take(sent):
            self._post.bury(str(sent.ref), sent.message, error)
            with suppress(queue.Full):
                sent.reply.fail(error)

    def _take(self, sent: _Sent) -> bool:
        """Forget a message; tell whether it was still open."""
        key = (sent.ref.node, sent.number)
        with self._lock:
            self._deadlines.drop(key)
            return self._open[key[0]].pop(key[1], None) is not None


class Taken:
    """Which durable messages of one life of another node were taken here: each is taken once.

    The sender says below which number everything is settled, so that what is kept is bounded by
    what it may have open.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._low = 1
        self._numbers: set[int] = set()

    def __len__(self) -> int:
        return len(self._numbers)

    def has(self, number: int) -> bool:
        """Tell whether a message was taken, or is settled in another way."""
        return number < self._low or number in self._numbers

    def has_room(self, number: int) -> bool:
        """Tell whether so high a number can be kept."""
        return number < self._low + self._most

    def add(self, number: int) -> None:
        """Note that a message was taken."""
        self._numbers.add(number)

    def settle(self, low: int) -> None:
        """Forget what is below `low`: it will not come again."""
        if low > self._low:
            self._low = low
            self._numbers = {number for number in self._numbers if number >= low}
