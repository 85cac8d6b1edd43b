"""Where others come in: the socket that publishes, and the one that is asked."""

from __future__ import annotations

import errno
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import zmq

from .socket_endpoint import Endpoint, Insecure
from .socket_monitor import Monitor
from .socket_options import LARGEST_SUBSCRIPTION, as_server, at_end, new_socket

if TYPE_CHECKING:
    from .keys import KeyRing
    from .socket_options import Context, Socket, SocketOptions

_TRIES: Final = 64
"""How often two free ports beside each other are looked for."""

_names = count(1)  # of monitors; only that they differ matters


class Doors:
    """An XPUB and a ROUTER, the second one a port (or `.req`) further.

    Args:
        bind: where.
        keys: that are asked for; None lets in everybody who reaches the endpoint.
        welcome: what everybody gets first who subscribes to the beginning of it.
        options: of the sockets.

    Raises:
        Insecure: others than this machine's own could come in without a key.
        KeysError: this node has no key pair.
    """

    def __init__(
        self, bind: Endpoint, keys: KeyRing | None, welcome: bytes, options: SocketOptions
    ) -> None:
        if keys is None and not bind.is_local:
            raise Insecure(
                f"{bind} can be reached from other hosts, and there are no keys: nobody is let in "
                "without one. On this host: ringleader keys new; on each other one: ringleader "
                "keys new, and ringleader keys allow NAME 'KEY' with what `ringleader keys show` "
                "prints on the other side. For this host alone listen at tcp://127.0.0.1:PORT or "
                "ipc:///PATH"
            )
        self._keys, self._options = keys, options
        self.welcome = welcome
        self.endpoint = bind
        self.publisher: Socket | None = None
        self.desk: Socket | None = None
        self.monitors: list[Monitor] = []

    def open(self, context: Context) -> None:
        """Listen; where a port was to be chosen, take the same one the next time.

        Raises:
            zmq.ZMQError: the place is taken, or can't be had.
        """
        if self.endpoint.kind == "tcp" and self.endpoint.port == 0:
            self._open_anywhere(context)
        else:
            self._open(context, self.endpoint)

    def _open_anywhere(self, context: Context) -> None:
        """Take a free port; look for another if the one beside it is taken."""
        for _ in range(_TRIES):
            try:
                self._open(context, self.endpoint)
            except zmq.ZMQError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return
        raise zmq.ZMQError(errno.EADDRINUSE)

    def _open(self, context: Context, place: Endpoint) -> None:
        self.publisher = self._socket(context, zmq.XPUB, "publisher")
        self.publisher.setsockopt(zmq.MAXMSGSIZE, LARGEST_SUBSCRIPTION)
        self.publisher.setsockopt(zmq.XPUB_NODROP, 1)  # see `publish`
        self.publisher.setsockopt(zmq.XPUB_WELCOME_MSG, self.welcome)
        self.desk = self._socket(context, zmq.ROUTER, "desk")
        self.desk.setsockopt(zmq.ROUTER_MANDATORY, 1)  # or what can't be sent is dropped silently
        try:
            self.publisher.bind(str(place))
            if place.kind == "tcp":
                bound = self.publisher.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
                place = Endpoint("tcp", host=place.host, port=Endpoint.parse(bound).port)
            self.desk.bind(str(place.requests))
        except (zmq.ZMQError, ValueError):  # ValueError: the last port has none beside it
            self.close(0)
            raise
        self.endpoint = place
        if place.kind == "ipc":  # the directory keeps others out until then, or lets them in
            for path in (place.path, place.requests.path):
                Path(path).chmod(0o600)

    def _socket(self, context: Context, kind: int, name: str) -> Socket:
        socket = new_socket(context, kind, self.endpoint, self._options)
        if self._keys is not None:
            as_server(socket, self._keys.pair)
        self.monitors.append(Monitor(socket, f"{name}-{next(_names)}"))
        return socket

    def set_welcome(self, frame: bytes) -> None:
        """Greet with another frame from now on."""
        self.welcome = frame
        if self.publisher is not None:
            self.publisher.setsockopt(zmq.XPUB_WELCOME_MSG, frame)

    def publish(self, frame: bytes) -> bool:
        """Send to all who subscribe to the beginning of it; tell whether it went to all of them.

        With XPUB_NODROP one reader whose queue is full makes the send fail for all (libzmq 4.3.5:
        of 20,000 frames the others got 3,050). Then it is sent once more without: the full one
        misses it, and is left out until half of its queue is read; all others get everything.
        """
        if self.publisher is None:
            return False
        try:
            self.publisher.send(frame, zmq.DONTWAIT)
        except zmq.Again:
            self.publisher.setsockopt(zmq.XPUB_NODROP, 0)
            try:
                self.publisher.send(frame, zmq.DONTWAIT)
            finally:
                self.publisher.setsockopt(zmq.XPUB_NODROP, 1)
            return False
        return True

    def reply(self, identity: bytes, frame: bytes) -> bool:
        """Send to one who has asked; False if it is gone or does not read."""
        if self.desk is None:
            return False
        try:
            self.desk.send_multipart((identity, frame), zmq.DONTWAIT)
        except zmq.ZMQError as error:
            if error.errno in (errno.EAGAIN, errno.EHOSTUNREACH):
                return False
            raise
        return True

    def close(self, linger: float) -> None:
        """Listen no more, and cut all connections; what was sent has `linger` seconds to leave."""
        for monitor in self.monitors:
            monitor.close()
        self.monitors.clear()
        for socket in (self.publisher, self.desk):
            if socket is not None:
                at_end(socket, linger)
        self.publisher = self.desk = None
