"""Who of this node is watched from other nodes."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import TYPE_CHECKING, Any

from ringleader.actors.errors import MailboxFull
from ringleader.actors.remote_errors import NotExported
from ringleader.actors.remote_ref import Address

from .remote_deadlines import Deadlines
from .remote_failures import write
from .remote_messages import Ended, Watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.lifecycle import Terminated
    from ringleader.actors.ref import Ref

    from .remote_messages import Watch
    from .remote_post import Post


class _Watched:
    """One watch of another node: hears of the end in the place of who watches there."""

    __slots__ = ("_ended", "key", "life", "reason", "ref", "until")

    def __init__(
        self,
        key: tuple[str, int],
        life: int,
        ref: Ref[Any],
        ended: Callable[[_Watched, Terminated], None],
    ) -> None:
        self.key, self.life, self.ref = key, life, ref
        self.reason: bytes | None = None
        """Why it ended, as it is sent; None: it has not."""
        self.until = 0.0
        """How long the end is told if nobody answers."""
        self._ended = ended

    def notify(self, message: Terminated) -> None:
        """Pass on that nobody will live there any more; in any thread."""
        self._ended(self, message)


class Watched:
    """Keeps the watches of other nodes, and tells of ends until they have been heard."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lock = Lock()
        self._at: dict[tuple[str, int], _Watched] = {}
        self._of: Counter[str] = Counter()
        self._deadlines: Deadlines[tuple[str, int]] = Deadlines()

    def __len__(self) -> int:
        return len(self._at)

    def watch(self, node: str, life: int, wanted: Watch) -> None:
        """Begin a watch, or say that it holds, or how it ended."""
        key = (node, wanted.id)
        watched = self._at.get(key)
        if watched is None:
            watched = self._begin(key, life, wanted)
            if watched is None:
                return
        if watched.reason is None:
            self._post.post(node, Watching(wanted.id), life)
        else:
            self._post.post(node, Ended(wanted.id, watched.reason), life)

    def _begin(self, key: tuple[str, int], life: int, wanted: Watch) -> _Watched | None:
        node, most = key[0], self._post.options.max_watches
        ref = self._post.exports.find(wanted.to)
        refusal: Exception | None = None
        if ref is None:
            refusal = NotExported(str(Address(self._post.node, wanted.to)))
        elif self._of[node] >= most:
            refusal = MailboxFull(wanted.to, None, most, ": so many are watched from there")
        if refusal is not None or ref is None:
            self._post.count("refused")
            body = write(refusal, self._post.codec(node))
            self._post.post(node, Ended(wanted.id, body), life)
            return None
        watched = _Watched(key, life, ref, self._end)
        with self._lock:
            self._at[key] = watched
            self._of[node] += 1
        ref.cell.add_watcher(watched)
        return watched

    def _end(self, watched: _Watched, message: Terminated) -> None:
        options, node = self._post.options, watched.key[0]
        reason = write(message.reason, self._post.codec(node))
        with self._lock:
            if self._at.get(watched.key) is not watched:
                return
            watched.reason = reason
            watched.until = self._post.now() + 2 * options.watch_refresh
            self._deadlines.put(watched.key, self._post.now() + options.resend)
        self._post.post(node, Ended(watched.key[1], reason), watched.life)

    def unwatch(self, node: str, number: int) -> None:
        """End a watch; its end was heard, or nobody wants to hear of it."""
        self._drop((node, number))

    def tick(self, now: float) -> None:
        """Tell again of ends that nobody has said to have heard of."""
        with self._lock:
            due = [self._at[key] for key in self._deadlines.due(now)]
        for watched in due:
            if now >= watched.until or watched.reason is None:
                self._drop(watched.key)
                continue
            with self._lock:
                if watched.key in self._at:
                    self._deadlines.put(watched.key, now + self._post.options.resend)
            self._post.post(watched.key[0], Ended(watched.key[1], watched.reason), watched.life)

    def lost(self, node: str | None) -> None:
        """Forget the watches of a node; None: of all."""
        for key in list(self._at):
            if node is None or key[0] == node:
                self._drop(key)

    def _drop(self, key: tuple[str, int]) -> None:
        with self._lock:
            watched = self._at.pop(key, None)
            if watched is None:
                return
            self._deadlines.drop(key)
            self._of[key[0]] -= 1
            if not self._of[key[0]]:
                del self._of[key[0]]
        if watched.reason is None:
            watched.ref.cell.remove_watcher(watched)
