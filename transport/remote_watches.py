"""Whom this node's actors watch on other nodes."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from ringleader.actors.errors import MailboxFull
from ringleader.actors.lifecycle import Terminated
from ringleader.actors.remote_errors import NodeDown

from .remote_deadlines import Deadlines
from .remote_failures import read
from .remote_messages import Ended, Unwatch, Watch

if TYPE_CHECKING:
    from ringleader.actors.incarnation import Watcher
    from ringleader.actors.lifecycle import Reason
    from ringleader.actors.remote_ref import Address, NodeRef

    from .remote_messages import Watching
    from .remote_post import Post


class _Watch:
    """One address that is watched, and by whom."""

    __slots__ = ("number", "ref", "since", "watchers")

    def __init__(self, number: int, ref: NodeRef[Any], since: float) -> None:
        self.number, self.ref = number, ref
        self.watchers: list[Watcher] = []
        self.since: float | None = since
        """Since when the other node has not answered; None: it has."""


class Watches:
    """Keeps a watch alive by asking for it again and again, and ends it once.

    A watch whose node does not answer for `watch_timeout` ends with `NodeDown`, too: nobody
    watches in vain, whatever was lost on the way.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._lock = Lock()
        self._last = 0
        self._of: dict[int, _Watch] = {}
        self._at: dict[Address, _Watch] = {}
        self._deadlines: Deadlines[int] = Deadlines()

    def __len__(self) -> int:
        return len(self._of)

    def add(self, ref: NodeRef[Any], watcher: Watcher) -> None:
        """Tell `watcher` of the end, once; to add it again changes nothing.

        Raises:
            MailboxFull: too many are watched.
        """
        most = self._post.options.max_watches
        with self._lock:
            watch = self._at.get(ref.address)
            is_new = watch is None
            if watch is None:
                if len(self._of) >= most:
                    raise MailboxFull(str(ref), None, most, ": so many are watched elsewhere")
                self._last += 1
                watch = _Watch(self._last, ref, self._post.now())
                self._of[watch.number] = self._at[ref.address] = watch
            watch.watchers = [*(w for w in watch.watchers if w is not watcher), watcher]
        if is_new and not self._ask(watch):
            self._end(watch, NodeDown(ref.node, "there is no link to it"))

    def remove(self, ref: NodeRef[Any], watcher: Watcher) -> None:
        """Not tell `watcher`."""
        with self._lock:
            watch = self._at.get(ref.address)
            if watch is None:
                return
            watch.watchers = [w for w in watch.watchers if w is not watcher]
            if watch.watchers:
                return
            self._forget(watch)
        self._post.post(ref.node, Unwatch(watch.number))

    def holds(self, node: str, answer: Watching) -> None:
        """Hear that a watch holds."""
        with self._lock:
            watch = self._of.get(answer.id)
            if watch is not None and watch.ref.node == node:
                watch.since = None
                when = self._post.now() + self._post.options.watch_refresh
                self._deadlines.put(watch.number, when)
                return
        self._post.post(node, Unwatch(answer.id))

    def ended(self, node: str, end: Ended) -> None:
        """Hear of an end, perhaps not for the first time."""
        self._post.post(node, Unwatch(end.id))
        watch = self._of.get(end.id)
        if watch is not None and watch.ref.node == node:
            self._end(watch, read(end.body, self._post.codec(node)))

    def tick(self, now: float) -> None:
        """Ask again whether watches hold; end those of which nothing is heard."""
        timeout = self._post.options.watch_timeout
        with self._lock:
            due = [self._of[number] for number in self._deadlines.due(now)]
        for watch in due:
            if watch.since is not None and now - watch.since >= timeout:
                why = f"it has not answered for {now - watch.since:.6g} s"
                self._end(watch, NodeDown(watch.ref.node, why))
            else:
                watch.since = now if watch.since is None else watch.since
                self._ask(watch)

    def lost(self, node: str, error: NodeDown) -> None:
        """End all watches of a node."""
        with self._lock:
            watches = [watch for watch in self._of.values() if watch.ref.node == node]
        for watch in watches:
            self._end(watch, error)

    def close(self) -> None:
        """Watch nobody any more, and tell nobody."""
        with self._lock:
            watches = list(self._of.values())
        for watch in watches:
            self._post.post(watch.ref.node, Unwatch(watch.number))
            watch.watchers = []
            self._end(watch, None)

    def _ask(self, watch: _Watch) -> bool:
        with self._lock:
            if watch.number not in self._of:
                return True
            self._deadlines.put(watch.number, self._post.now() + self._post.options.resend)
        return self._post.post(watch.ref.node, Watch(watch.number, watch.ref.address.path))

    def _end(self, watch: _Watch, reason: Reason) -> None:
        """Forget a watch, and tell those who watch."""
        with self._lock:
            if watch.number not in self._of:
                return
            self._forget(watch)
            watchers = watch.watchers
        for watcher in watchers:
            watcher.notify(Terminated(watch.ref, reason))

    def _forget(self, watch: _Watch) -> None:
        """Take a watch out; the caller has the lock."""
        del self._of[watch.number], self._at[watch.ref.address]
        self._deadlines.drop(watch.number)
