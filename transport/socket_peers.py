"""The links to all peers: what comes in over them, and when they are made anew."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import zmq

from .key_files import KeysError
from .socket_endpoint import Endpoint, Insecure
from .socket_links import Link

if TYPE_CHECKING:
    from collections.abc import Callable

    from .socket_common import Common
    from .socket_monitor import Monitor
    from .socket_options import Socket


class Peers:
    """Serves the links of a node, in the thread of its sockets.

    Args:
        common: surroundings.
    """

    def __init__(self, common: Common) -> None:
        self._context, self._keys, self._loop = common.context, common.keys, common.loop
        self._clock, self._handler, self._complaints = (
            common.clock,
            common.handler,
            common.complaints,
        )
        self._count, self._options = common.counts, common.options
        self._links: dict[str, Link] = {}
        self._told: set[str] = set()  # those that the handler knows to be linked
        self._closed_since: dict[str, float] = {}  # those that could not be opened

    def __len__(self) -> int:
        return len(self._links)

    @property
    def up(self) -> int:
        """Links with both connections made; from any thread."""
        return sum(link.is_up for link in list(self._links.values()))

    def get(self, peer: str) -> Link | None:
        """Return the link to a peer, if there is one."""
        return self._links.get(peer)

    def connect(self, peer: str, endpoint: str, public_key: str, topics: tuple[bytes, ...]) -> None:
        """Connect to a peer; if there is a link to it already, to where it is now.

        Raises:
            EndpointError: the endpoint makes no sense.
            Insecure: it is on another host, and no key is known.
            KeysError: its key is revoked, or this node has none.
        """
        place = Endpoint.parse(endpoint)
        link = Link(
            self._context,
            peer,
            place,
            public_key=public_key,
            keys=self._keys,
            options=self._options,
        )
        before = self._links.get(peer)
        link.topics.update(topics, () if before is None else before.topics)
        self.disconnect(peer)
        self._links[peer] = link
        self._open(link)

    def disconnect(self, peer: str) -> None:
        """Cut the connections to a peer, and do not connect again."""
        self._closed_since.pop(peer, None)
        self._told.discard(peer)
        link = self._links.pop(peer, None)
        if link is not None:
            self._close(link, 0)

    def close(self, linger: float) -> None:
        """Cut all connections; what was sent has `linger` seconds to leave."""
        for link in self._links.values():
            self._close(link, linger)
        self._links.clear()

    def tick(self, now: float) -> None:
        """Look at connections that are up; make anew what nobody tries to connect any more."""
        for link in list(self._links.values()):
            if link.peer in self._told:
                for monitor in list(link.monitors):
                    self._look(link, monitor)
            closed = self._closed_since.get(link.peer)
            is_due = closed is not None and now - closed >= self._options.retry
            if is_due or link.is_dead(now):
                self.rebuild(link)

    def keys_changed(self) -> None:
        """Make anew the links to those whose key is not the right one any more."""
        for link in list(self._links.values()):
            if self._keys is not None and link.is_outdated:
                self.rebuild(link)

    def rebuild(self, link: Link) -> None:
        """Make both sockets of a link anew, unless the handler has given it up meanwhile."""
        if self._links.get(link.peer) is link:
            self._close(link, 0)
            self._tell(link)
        if self._links.get(link.peer) is not link:
            return
        self._count.rebuilt += 1
        try:
            self._open(link)
        except (KeysError, Insecure) as error:
            self._closed_since[link.peer] = self._clock.now()
            self._refused(link, str(error))
        else:
            self._closed_since.pop(link.peer, None)

    def _open(self, link: Link) -> None:
        link.open()
        self._loop.watch(link.listener, lambda: self._hear(link))
        self._loop.watch(link.asker, lambda: self._take_answers(link))
        self._watch(link)

    def _watch(self, link: Link) -> None:
        """Wait for what happens to connections that are not up yet; later a tick is soon enough.

        To wait for a socket costs each turn a microsecond: with a hundred peers that counts.
        """
        for monitor in link.monitors:
            self._loop.watch(monitor.socket, partial(self._look, link, monitor))

    def _close(self, link: Link, linger: float) -> None:
        if link.monitors:
            for monitor in link.monitors:
                self._loop.forget(monitor.socket)
            self._loop.forget(link.listener)
            self._loop.forget(link.asker)
        link.close(linger)

    # ---------------------------------------------------------------- what comes in

    def _hear(self, link: Link) -> None:
        self._count.heard += self._take(link, link.listener, self._handler.heard)

    def _take_answers(self, link: Link) -> None:
        self._count.answered += self._take(link, link.asker, self._handler.answered)

    def _take(self, link: Link, socket: Socket, take: Callable[[str, bytes], object]) -> int:
        """Take out what is there, up to the budget; return how much it was."""
        taken = 0
        while taken < self._options.budget and not socket.closed:
            try:
                parts = socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                break
            taken += 1
            if len(parts) != 1:
                self._count.strange += 1
                continue
            self._count.received_bytes += len(parts[0])
            try:
                take(link.peer, parts[0])
            except Exception:  # noqa: BLE001  # a handler's fault must not cost us the rest
                self._loop.report_fault()
        return taken

    def _look(self, link: Link, monitor: Monitor) -> None:
        for why in link.watch(monitor, self._clock.now()):
            self._refused(link, why)
        self._tell(link)

    def _tell(self, link: Link) -> None:
        """Tell the handler if a link has come up or gone down since the last time.

        A handshake is reported before the socket can send; who is told sends at once.
        """
        if self._links.get(link.peer) is not link or link.is_up == (link.peer in self._told):
            return
        if not link.is_up:
            self._told.discard(link.peer)
            self._watch(link)
        elif link.can_send:
            self._told.add(link.peer)
            for monitor in link.monitors:
                self._loop.forget(monitor.socket)
        else:
            self._loop.call(lambda: self._tell(link))  # it is a matter of microseconds
            return
        self._handler.linked(link.peer, link.is_up)

    def _refused(self, link: Link, why: str) -> None:
        message = f"no connection to {link.peer} at {link.endpoint}: {why}"
        if self._complaints.about("no connection", link.peer, message):
            self._handler.refused(link.peer, why)
