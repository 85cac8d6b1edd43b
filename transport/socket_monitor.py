"""What the library says of connections: made, refused, broken."""

from __future__ import annotations

import struct
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

import zmq

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .socket_options import Socket

_EVENT: Final = struct.Struct("=HI")
"""Number of the event and its value: an error, a descriptor, an interval."""

_CRYPTOGRAPHIC: Final = int(zmq.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC)
_MISMATCH: Final = int(zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)


class Sign(Enum):
    """What happened to a connection."""

    UP = auto()
    """The handshake is done."""
    DOWN = auto()
    """It has ended, and nobody tries again unless `TRYING` follows."""
    TRYING = auto()
    """It is being made, or will be."""
    NOT_ALLOWED = auto()
    """The handshake failed: the key was not let in."""
    OTHER_MECHANISM = auto()
    """The handshake failed: one side encrypts, the other one does not."""
    OTHER_KEY = auto()
    """The handshake failed: it was encrypted for another key."""
    BAD_PROTOCOL = auto()
    """The handshake failed: the other side speaks something else."""
    BROKEN_OFF = auto()
    """The handshake failed: the other side ended it and did not say why."""
    NOT_ACCEPTED = auto()
    """Who wanted to connect could not be served: out of descriptors, mostly."""


class Event(NamedTuple):
    """A sign, with the value that the library gave."""

    sign: Sign
    value: int


_SIGNS: Final = {
    zmq.EVENT_HANDSHAKE_SUCCEEDED: Sign.UP,
    zmq.EVENT_DISCONNECTED: Sign.DOWN,
    zmq.EVENT_CONNECT_DELAYED: Sign.TRYING,
    zmq.EVENT_CONNECT_RETRIED: Sign.TRYING,
    zmq.EVENT_HANDSHAKE_FAILED_AUTH: Sign.NOT_ALLOWED,
    zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL: Sign.BAD_PROTOCOL,
    zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL: Sign.BROKEN_OFF,
    zmq.EVENT_ACCEPT_FAILED: Sign.NOT_ACCEPTED,
}
_PROTOCOL: Final = {_CRYPTOGRAPHIC: Sign.OTHER_KEY, _MISMATCH: Sign.OTHER_MECHANISM}

FAILURES: Final = frozenset(
    {
        Sign.NOT_ALLOWED,
        Sign.OTHER_MECHANISM,
        Sign.OTHER_KEY,
        Sign.BAD_PROTOCOL,
        Sign.BROKEN_OFF,
    }
)
"""The signs of a handshake that failed."""


class Monitor:
    """Watches the connections of one socket; both belong to the same thread.

    Args:
        watched: the socket, before it is bound or connected.
        name: that no other monitor of the context has.
    """

    def __init__(self, watched: Socket, name: str) -> None:
        self._watched = watched
        events = 0
        for event in _SIGNS:
            events |= event
        self.socket: Socket = watched.get_monitor_socket(events, f"inproc://monitor-{name}")
        self.socket.linger = 0

    def events(self, most: int) -> Iterator[Event]:
        """Take out what has happened, at most so many."""
        for _ in range(most):
            if self.socket.closed:  # because of the event before
                return
            try:
                head, *_ = self.socket.recv_multipart(zmq.DONTWAIT)
            except zmq.Again:
                return
            number, value = _EVENT.unpack(head)
            sign = _SIGNS.get(number)
            if sign is Sign.BAD_PROTOCOL:
                sign = _PROTOCOL.get(value, sign)
            if sign is not None:
                yield Event(sign, value)

    def close(self) -> None:
        """Watch no more; the socket itself is closed by who has it."""
        if not self._watched.closed:
            self._watched.disable_monitor()
        self.socket.close()
