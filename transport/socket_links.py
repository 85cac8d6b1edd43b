"""The way to one peer: a socket that hears what it publishes, and one that asks it."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

import zmq

from .key_files import KeysError
from .socket_endpoint import Insecure
from .socket_monitor import FAILURES, Monitor, Sign
from .socket_options import as_client, at_end, new_socket

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .keys import KeyRing
    from .socket_endpoint import Endpoint
    from .socket_options import Context, Socket, SocketOptions

_names = count(1)  # of monitors; only that they differ matters

_REASONS: Final = {
    Sign.NOT_ALLOWED: "it does not let this node in; there: ringleader keys allow NAME '{ours}'",
    Sign.OTHER_MECHANISM: "one side encrypts and the other one does not",
    Sign.OTHER_KEY: "its key is not '{theirs}'",
    Sign.BAD_PROTOCOL: "it speaks something else",
    Sign.BROKEN_OFF: "it broke the handshake off",
}
_BROKEN_OFF_KEY: Final = (
    "it broke the handshake off: its key is not '{theirs}' (any more), or it does not encrypt"
)
_BROKEN_OFF_PLAIN: Final = (
    "it broke the handshake off: it may ask for a key, and none of its own is known here; "
    "here: ringleader keys allow {peer} 'KEY'"
)


class Link:
    """A SUB and a DEALER that are connected to one peer, and connected again when that breaks.

    The library itself goes on trying when a peer can't be reached. It gives up for good when a peer
    has refused the key, or has sent what is no frame (libzmq 4.3.5). Then, and whenever handshakes
    fail, both sockets are made anew after `options.retry` seconds, with the next of the peer's keys
    if it has several.

    Args:
        context: of the sockets.
        peer: its name.
        endpoint: where it is.
        public_key: its key; empty for those that the key ring knows.
        keys: of this node; None if it has none.
        options: of the sockets.

    Raises:
        Insecure: it is on another host, and there is no key for it.
        KeysError: a key is known, and this node has none of its own; or the key is revoked.
    """

    def __init__(
        self,
        context: Context,
        peer: str,
        endpoint: Endpoint,
        *,
        public_key: str,
        keys: KeyRing | None,
        options: SocketOptions,
    ) -> None:
        self._context, self._keys, self._options = context, keys, options
        self.peer, self.endpoint = peer, endpoint
        self._given = public_key
        self._turn = 0
        self._theirs, self._ours = self._choose(), ""
        self.topics: set[bytes] = set()
        self._up: set[Monitor] = set()
        self._idle: dict[Monitor, float] = {}
        self._refused: float | None = None
        self.listener: Socket
        self.asker: Socket
        self.monitors: list[Monitor] = []

    def _choose(self) -> str:
        """Return the key to expect this time; empty for none."""
        known = () if self._keys is None else self._keys.keys_of(self.peer)
        candidates = list(dict.fromkeys([self._given, *known] if self._given else known))
        if self._keys is not None:
            words = {key: self._keys.standing(key).word for key in candidates}
            good = [key for key, word in words.items() if word in ("allowed", "unknown")]
            if candidates and not good:
                raise KeysError(f"the key of {self.peer} is {words[candidates[0]]}")
            candidates = good
        if candidates and self._keys is None:
            raise KeysError(f"{self.peer} asks for a key; here: ringleader keys new")
        if not candidates and not self.endpoint.is_local:
            raise Insecure(
                f"{self.peer} at {self.endpoint} is on another host, and no key of it is known; "
                f"here: ringleader keys allow {self.peer} 'KEY', with what `ringleader keys show` "
                "prints there"
            )
        return candidates[self._turn % len(candidates)] if candidates else ""

    @property
    def is_up(self) -> bool:
        """Whether both connections are there."""
        return len(self._up) == len(self.monitors) > 0

    @property
    def can_send(self) -> bool:
        """Whether what is sent now goes to the connection."""
        return bool(self.monitors) and self.asker.poll(0, zmq.POLLOUT) != 0

    @property
    def their_key(self) -> str:
        """The key that the peer is expected to have; empty if nothing is encrypted."""
        return self._theirs

    def open(self) -> None:
        """Connect; what was subscribed to is subscribed to before, or the welcome would be missed.

        Raises:
            Insecure: as above; the key ring may have changed.
            KeysError: as above.
        """
        self._theirs = self._choose()
        self._ours = self._keys.pair.public if self._theirs and self._keys is not None else ""
        self._turn += 1
        self.listener = self._socket(zmq.SUB, "listener")
        self.asker = self._socket(zmq.DEALER, "asker")
        self.asker.setsockopt(zmq.IMMEDIATE, 1)  # what can't go now is not sent late
        for topic in self.topics:
            self.listener.setsockopt(zmq.SUBSCRIBE, topic)
        self.listener.connect(str(self.endpoint))
        self.asker.connect(str(self.endpoint.requests))

    def _socket(self, kind: int, name: str) -> Socket:
        socket = new_socket(self._context, kind, self.endpoint, self._options)
        if self._theirs and self._keys is not None:
            as_client(socket, self._keys.pair, self._theirs)
        self.monitors.append(Monitor(socket, f"{name}-{next(_names)}"))
        return socket

    @property
    def is_outdated(self) -> bool:
        """Whether a key that it was made with is not good any more, or there is one now."""
        if self._keys is None:
            return False
        if not self._theirs:
            return bool(self._keys.keys_of(self.peer))
        if self._ours != self._keys.pair.public:
            return True
        return self._keys.standing(self._theirs).word in ("revoked", "expired")

    def subscribe(self, topic: bytes) -> None:
        """Hear what begins with it."""
        if topic not in self.topics:
            self.topics.add(topic)
            if self.monitors:
                self.listener.setsockopt(zmq.SUBSCRIBE, topic)

    def unsubscribe(self, topic: bytes) -> None:
        """Do not hear it any more."""
        if topic in self.topics:
            self.topics.discard(topic)
            if self.monitors:
                self.listener.setsockopt(zmq.UNSUBSCRIBE, topic)

    def send(self, frame: bytes) -> bool:
        """Send what the peer is asked; False if there is no connection, or if it does not read."""
        if not self.monitors:
            return False
        try:
            self.asker.send(frame, zmq.DONTWAIT)
        except zmq.Again:
            return False
        return True

    def watch(self, monitor: Monitor, now: float) -> Iterable[str]:
        """Take in what has happened to one of the connections; yield why a handshake failed."""
        for event in monitor.events(self._options.budget):
            match event.sign:
                case Sign.UP:
                    self._up.add(monitor)
                    self._idle.pop(monitor, None)
                    self._refused = None
                case Sign.TRYING:
                    self._idle.pop(monitor, None)
                case Sign.DOWN:
                    self._up.discard(monitor)
                    self._idle[monitor] = now  # unless it tries again by itself
                case sign if sign in FAILURES:
                    self._refused = now if self._refused is None else self._refused
                    yield self._reason(sign)
                case _:
                    pass

    def _reason(self, sign: Sign) -> str:
        text = _REASONS[sign]
        if sign is Sign.BROKEN_OFF:
            text = _BROKEN_OFF_KEY if self._theirs else _BROKEN_OFF_PLAIN
        return text.format(peer=self.peer, theirs=self._theirs, ours=self._ours)

    def is_dead(self, now: float) -> bool:
        """Tell whether nobody tries any more, or only in vain, since `retry` seconds."""
        begins = [*self._idle.values(), *([] if self._refused is None else [self._refused])]
        return any(now - begin >= self._options.retry for begin in begins)

    def close(self, linger: float) -> None:
        """Cut both connections; what was sent has `linger` seconds to leave."""
        if not self.monitors:
            return
        for monitor in self.monitors:
            monitor.close()
        self.monitors.clear()
        self._up.clear()
        self._idle.clear()
        self._refused = None
        at_end(self.listener, 0)
        at_end(self.asker, linger)
