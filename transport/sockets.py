"""The sockets between nodes. One thread owns them all, and nothing else touches them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import zmq

from ringleader.actors.errors import RingleaderError

from .complaints import Complaints
from .key_files import KeysError
from .socket_common import Common
from .socket_doors import Doors
from .socket_endpoint import Endpoint
from .socket_entrance import Entrance
from .socket_loop import Loop
from .socket_options import SocketOptions, new_context
from .socket_peers import Peers
from .socket_statistics import Counts, SocketStatistics

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from ringleader.actors.clock import Clock

    from .keys import KeyRing
    from .socket_handler import Handler

DEFAULTS: Final = SocketOptions()


class BindError(RingleaderError):
    """This node can't listen where it should.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code = 1


class Sockets:
    """Listens, connects, sends and receives, all in one thread.

    Frames are one part each. What is published goes by its beginning to those who subscribe to it.
    Nothing here is guaranteed to arrive: that is the business of the protocol above.

    Args:
        bind: where this node listens; empty for not at all.
        welcome: what each reader gets first, if it subscribes to the beginning of it.
        keys: those of this node and of its peers; None for none, on one host.
        clock: for ticks and for what happens once a minute.
        spawn: starts the thread.
        handler: gets what comes in.
        options: of the sockets.

    Raises:
        EndpointError: `bind` makes no sense.
        Insecure: it is reached from other hosts, and there are no keys.
    """

    def __init__(
        self,
        *,
        bind: str,
        welcome: bytes = b"",
        keys: KeyRing | None,
        clock: Clock,
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
        handler: Handler,
        options: SocketOptions = DEFAULTS,
    ) -> None:
        self._keys, self._spawn = keys, spawn
        self._handler, self._options = handler, options
        self._count, self._complaints = Counts(), Complaints(clock)
        doors = None if not bind else Doors(Endpoint.parse(bind), keys, welcome, options)
        self._context = new_context(options)
        self._loop = Loop(clock, options.interval, self._tick, self._fault)
        common = Common(
            context=self._context,
            keys=keys,
            loop=self._loop,
            clock=clock,
            handler=handler,
            complaints=self._complaints,
            counts=self._count,
            options=options,
        )
        self._doors = doors
        self._entrance = None if doors is None else Entrance(common, doors)
        self._peers = Peers(common)
        self._refreshed = clock.now()
        self._linger = options.linger
        self._thread: threading.Thread | None = None
        self._is_over = False

    # ---------------------------------------------------------------- life

    @property
    def endpoint(self) -> str:
        """Where this node listens, with the port that was found; empty if it does not."""
        return "" if self._doors is None else str(self._doors.endpoint)

    def start(self) -> None:
        """Listen, and start the thread.

        Raises:
            BindError: the place is taken, or can't be had.
            KeysError: there is no key pair.
        """
        try:
            if self._keys is not None:
                self._keys.require()
            if self._entrance is not None:
                self._entrance.open()
        except zmq.ZMQError as error:
            self._end()
            raise BindError(f"this node can't listen at {self.endpoint}: {error}") from error
        except BaseException:
            self._end()
            raise
        self._thread = self._spawn("ringleader-sockets", self._serve)

    def close(self, timeout: float = 5.0) -> bool:
        """Make the calls that wait, cut all connections, end the thread; tell whether it ended.

        What was sent last has `options.linger` seconds to leave, or less if `timeout` is short.
        May be repeated, and called in the thread itself, where it returns at once.
        """
        self._linger = min(self._options.linger, timeout / 2)
        self._loop.stop()
        if self._thread is None:
            self._end()
            return True
        if self._loop.is_here:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def call(self, run: Callable[[], object]) -> None:
        """Have something called soon in the thread; from any thread. After `close`, never."""
        self._loop.call(run)

    def statistics(self) -> SocketStatistics:
        """Return what has passed; from any thread."""
        return SocketStatistics(
            endpoint=self.endpoint,
            peers=len(self._peers),
            up=self._peers.up,
            topics=0 if self._entrance is None else self._entrance.topics,
            refused=self._complaints.counts,
            **asdict(self._count),
        )

    # ---------------------------------------------------------------- in the thread only

    def publish(self, frame: bytes) -> bool:
        """Send to all who subscribe to the beginning of it, and never wait.

        False if a reader misses it: its queue is full, and it gets nothing until it has read half
        of that. It is told once; what was missed shows in the next heartbeat's head.
        """
        self._loop.check("publish")
        if self._doors is None:
            return True
        is_sent = self._doors.publish(frame)
        self._count.published += 1
        self._count.published_bytes += len(frame)
        self._count.missed += not is_sent
        return is_sent

    def reply(self, identity: bytes, frame: bytes) -> bool:
        """Send to who has asked; False if it is gone or does not read."""
        self._loop.check("reply")
        is_sent = self._doors is not None and self._doors.reply(identity, frame)
        self._count.replied += is_sent
        self._count.unanswered += not is_sent
        return is_sent

    def send(self, peer: str, frame: bytes) -> bool:
        """Send to a peer; False if it is not connected or does not read."""
        self._loop.check("send")
        link = self._peers.get(peer)
        is_sent = link is not None and link.send(frame)
        self._count.sent += is_sent
        self._count.unsent += not is_sent
        return is_sent

    def connect(
        self, peer: str, endpoint: str, public_key: str = "", topics: tuple[bytes, ...] = ()
    ) -> None:
        """Connect to a peer; if there is a link to it already, to where it is now.

        Args:
            peer: its name, for all that is said of it.
            endpoint: where it listens.
            public_key: its key; empty for those that the key ring knows.
            topics: to be subscribed to from the very beginning, beside those that it has.

        Raises:
            EndpointError: the endpoint makes no sense.
            Insecure: it is on another host, and no key is known.
            KeysError: its key is revoked, or this node has none.
        """
        self._loop.check("connect")
        self._peers.connect(peer, endpoint, public_key, topics)

    def disconnect(self, peer: str) -> None:
        """Cut the connections to a peer, and do not connect again."""
        self._loop.check("disconnect")
        self._peers.disconnect(peer)

    def subscribe(self, peer: str, topic: bytes) -> None:
        """Hear what a peer publishes that begins with `topic`."""
        self._loop.check("subscribe")
        link = self._peers.get(peer)
        if link is not None:
            link.subscribe(topic)

    def unsubscribe(self, peer: str, topic: bytes) -> None:
        """Do not hear it any more."""
        self._loop.check("unsubscribe")
        link = self._peers.get(peer)
        if link is not None:
            link.unsubscribe(topic)

    def set_welcome(self, frame: bytes) -> None:
        """Greet readers with another frame from now on."""
        self._loop.check("set_welcome")
        if self._doors is not None:
            self._doors.set_welcome(frame)

    def renew(self) -> None:
        """Cut all connections of others to this node, and listen again at the same place."""
        self._loop.check("renew")
        if self._entrance is not None:
            self._entrance.renew()

    def _serve(self) -> None:
        try:
            self._loop.run()
        finally:
            self._end()

    def _end(self) -> None:
        """Close everything, in the thread, or where there is none."""
        if self._is_over:
            return
        self._is_over = True
        self._peers.close(self._linger)
        if self._entrance is not None:
            self._entrance.end(self._linger)
        self._context.term()  # waits for what was sent last, `linger` seconds at most
        self._loop.close()

    def _tick(self, now: float) -> None:
        if self._entrance is not None:
            self._entrance.reopen()
        if self._keys is not None and now - self._refreshed >= self._options.refresh:
            self._refreshed = now
            self._refresh(self._keys)
        self._peers.tick(now)
        self._handler.tick(now)

    def _refresh(self, keys: KeyRing) -> None:
        """Look at the key files; cut off who is not let in any more."""
        try:
            is_changed = keys.refresh()
        except KeysError as error:
            self._complaints.about("key files", "", f"the keys of before hold on: {error}")
            return
        for fault in keys.faults:
            self._complaints.about("key files", fault, fault)
        if is_changed:
            self._peers.keys_changed()
            if self._entrance is not None and self._entrance.is_outdated:
                self._entrance.renew()

    def _fault(self) -> None:
        self._count.faults += 1
