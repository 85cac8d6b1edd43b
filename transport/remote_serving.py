"""What other nodes want of this node's actors: into the mailboxes, and the answers back."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

from ringleader.actors.dispatch import here
from ringleader.actors.errors import BadValue, CannotCross, MailboxFull, RingleaderError
from ringleader.actors.foreign_text import head
from ringleader.actors.future import Reply
from ringleader.actors.remote_errors import NotExported
from ringleader.actors.remote_ref import LONGEST, Address

from .remote_deadlines import Deadlines
from .remote_exports import heard, names_of
from .remote_failures import write
from .remote_messages import Answer, Failure, Receipt, Tell, Unheard
from .remote_parcels import Taken

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ringleader.actors.ref import Ref

    from .remote_messages import Ask, Parcel, Problem
    from .remote_post import Post


class _Served(Reply[Any]):
    """Takes the answer of an actor for one who asks from another node."""

    def __init__(
        self, key: tuple[str, int], life: int, ref: Ref[Any], answered: Callable[[_Served], None]
    ) -> None:
        super().__init__(ref.cell)
        self.key, self.life, self.ref = key, life, ref
        self._answered = answered

    def _resolve(self, result: tuple[Any, Any]) -> None:
        super()._resolve(result)
        self._answered(self)

    @property
    def outcome(self) -> tuple[Any, BaseException | None]:
        """The value, or the error."""
        value, exc_info = self._results[0]
        return value, None if exc_info is None else exc_info[1]


class Serving:
    """Puts what comes from other nodes into mailboxes, and never waits for room there."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lock = Lock()
        self._open: dict[tuple[str, int], _Served] = {}
        self._of: Counter[str] = Counter()
        self._deadlines: Deadlines[tuple[str, int]] = Deadlines()
        self._taken: dict[str, Taken] = {}

    def __len__(self) -> int:
        return len(self._open)

    # ------------------------------------------------------------------- without an answer

    def told(self, node: str, life: int, tell: Tell) -> None:
        """Take a message that nobody waits for."""
        problem, _ = self._put(node, tell)
        self._post.count("refused" if problem else "told")
        if problem:
            self._post.post(node, Unheard(tell.to, problem), life)

    def delivered(self, node: str, life: int, parcel: Parcel) -> None:
        """Take a durable message, once, and say so each time that it comes."""
        taken = self._taken.setdefault(node, Taken(self._post.options.max_durable))
        taken.settle(parcel.low)
        problem: Problem = ""
        words = ""
        if taken.has(parcel.id):
            self._post.count("duplicates")
        elif not taken.has_room(parcel.id):
            problem = "full"
        else:
            problem, words = self._put(node, parcel)
            if not problem:
                taken.add(parcel.id)
        self._post.count("refused" if problem else "delivered")
        self._post.post(node, Receipt(parcel.id, problem, words), life)

    def _put(self, node: str, message: Tell | Parcel) -> tuple[Problem, str]:
        ref = self._post.exports.find(message.to)
        if ref is None:
            return "not exported", ""
        try:
            content = self._content(node, ref, message, is_ask=False)
            with _never_blocking():
                ref.tell(content)
        except ActorDeadError:
            return "not exported", ""  # it has just gone for good
        except MailboxFull:
            return "full", ""
        except (BadValue, CannotCross, AttributeError) as error:
            return "unreadable", head(str(error), LONGEST)
        return "", ""

    def _content(
        self, node: str, ref: Ref[Any], message: Tell | Parcel | Ask, *, is_ask: bool
    ) -> Any:
        self._post.known.learn(ref.actor_class)
        value = self._post.read(node, message.body)
        return heard(message.verb, value, ref.actor_class, is_ask=is_ask)

    # ------------------------------------------------------------------- with an answer

    def asked(self, node: str, life: int, ask: Ask) -> None:
        """Take an ask; the answer is sent when it comes, unless that is too late."""
        ref = self._post.exports.find(ask.to)
        if ask.verb == "alive":
            self._say(node, life, ask.id, ref is not None and ref.is_alive())
            return
        if ref is None:
            self._refuse(node, life, ask.id, NotExported(str(Address(self._post.node, ask.to))))
            return
        if ask.verb == "names":
            self._say(node, life, ask.id, names_of(ref))
            return
        try:
            content = self._content(node, ref, ask, is_ask=True)
            reply = self._begin((node, ask.id), life, ref, ask.seconds)
        except (RingleaderError, AttributeError) as error:
            self._refuse(node, life, ask.id, error)
            return
        try:
            with _never_blocking():
                ref.forward(content, reply)
        except (RingleaderError, ActorDeadError) as error:
            if self._drop(reply):
                self._refuse(node, life, ask.id, error)

    def forget(self, node: str, number: int) -> None:
        """Give up an ask: nobody waits for its answer any more."""
        reply = self._open.get((node, number))
        if reply is not None:
            self._withdraw(reply, "forgotten")

    def tick(self, now: float) -> None:
        """Give up asks whose time is over."""
        with self._lock:
            due = [self._open[key] for key in self._deadlines.due(now)]
        for reply in due:
            self._withdraw(reply, "expired")

    def lost(self, node: str | None, *, for_good: bool) -> None:
        """Give up all asks of a node (None: of all nodes).

        With `for_good` this life of it is over: its durable messages are numbered anew.
        """
        for key, reply in list(self._open.items()):
            if node is None or key[0] == node:
                self._withdraw(reply, "forgotten")
        if for_good and node is not None:
            self._taken.pop(node, None)

    def _begin(self, key: tuple[str, int], life: int, ref: Ref[Any], seconds: float) -> _Served:
        node, most = key[0], self._post.options.max_asks
        reply = _Served(key, life, ref, self._answer)
        with self._lock:
            if self._of[node] >= most:
                raise MailboxFull(ref.path, None, most, f": so many asks of {node!r} wait here")
            self._of[node] += 1
            self._open[key] = reply
            self._deadlines.put(key, self._post.now() + seconds)
        self._post.count("asked")
        return reply

    def _withdraw(self, reply: _Served, why: str) -> None:
        """Take it out of the mailbox, if it is there still; else drop the answer."""
        if self._drop(reply):
            self._post.count(why)
            reply.ref.cell.withdraw(reply)

    def _drop(self, reply: _Served) -> bool:
        key = reply.key
        with self._lock:
            if self._open.get(key) is not reply:
                return False
            del self._open[key]
            self._deadlines.drop(key)
            self._of[key[0]] -= 1
            if not self._of[key[0]]:
                del self._of[key[0]]
        return True

    def _answer(self, reply: _Served) -> None:
        """Send an answer; in the actor's thread."""
        if not self._drop(reply):
            self._post.count("late_answers")
            return
        (node, number), (value, error) = reply.key, reply.outcome
        if error is not None:
            self._refuse(node, reply.life, number, error)
        else:
            self._say(node, reply.life, number, value)

    def _say(self, node: str, life: int, number: int, value: Any) -> None:
        try:
            body = self._post.codec(node).encode(value, "the answer")
        except RingleaderError as error:
            self._refuse(node, life, number, error)
        else:
            self._post.post(node, Answer(number, body), life)

    def _refuse(self, node: str, life: int, number: int, error: BaseException) -> None:
        self._post.count("failed")
        self._post.post(node, Failure(number, write(error, self._post.codec(node))), life)


@contextmanager
def _never_blocking() -> Generator[None]:
    """Let a full mailbox refuse: who waited here would make all nodes wait."""
    before, here.is_loop = here.is_loop, True
    try:
        yield
    finally:
        here.is_loop = before
