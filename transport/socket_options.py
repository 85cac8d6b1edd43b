"""Settings of the sockets between nodes, beside the code that they tune."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import zmq
from msgspec import Meta, Struct

if TYPE_CHECKING:
    from .key_files import KeyPair
    from .socket_endpoint import Endpoint

ZAP_DOMAIN: Final = b"ringleader"
"""With a domain of its own a socket is closed to all if nobody answers the questions about keys."""
LARGEST_SUBSCRIPTION: Final = 512
"""Bytes of a frame that a reader may send to who publishes: a subscription to a topic."""

_MS: Final = 1000


class SocketOptions(Struct, frozen=True, kw_only=True):
    """How sockets between nodes behave."""

    interval: Annotated[
        float,
        Meta(gt=0, le=5, description="time between two looks at the clock, at most (seconds)"),
    ] = 0.25
    dead: Annotated[
        float,
        Meta(
            gt=0,
            description="time for which a host may leave what was sent unanswered, after which its "
            "connections are cut; where the system can do that (seconds)",
        ),
    ] = 10.0
    handshake: Annotated[
        float, Meta(gt=0, description="time that a handshake may take (seconds)")
    ] = 5.0
    connect: Annotated[
        float, Meta(gt=0, description="time that making a connection may take (seconds)")
    ] = 5.0
    reconnect: Annotated[
        float, Meta(gt=0, description="time before the first try to connect again (seconds)")
    ] = 0.1
    reconnect_most: Annotated[
        float, Meta(gt=0, description="time between two tries to connect, at most (seconds)")
    ] = 5.0
    retry: Annotated[
        float,
        Meta(
            gt=0,
            description="time after which a peer is tried again that has refused this node, or "
            "that spoke something else (seconds)",
        ),
    ] = 5.0
    send_queue: Annotated[
        int,
        Meta(
            ge=1,
            description="what waits for one reader; one that has fallen further behind misses "
            "what is published, and asks for it later (frames)",
        ),
    ] = 500
    receive_queue: Annotated[
        int, Meta(ge=1, description="what waits here, of one peer (frames)")
    ] = 500
    largest: Annotated[
        int,
        Meta(
            ge=1024,
            description="largest frame that is taken; a peer that sends a larger one is cut off "
            "(bytes)",
        ),
    ] = 4 * 1024 * 1024
    linger: Annotated[
        float,
        Meta(ge=0, description="time for what was sent last to leave, at the end (seconds)"),
    ] = 0.2
    budget: Annotated[
        int,
        Meta(ge=1, description="most that is taken from one socket before the others (frames)"),
    ] = 256
    most_topics: Annotated[
        int,
        Meta(
            ge=1,
            description="different topics that readers may subscribe to; at more, all "
            "connections are cut, and those who know the protocol come back (topics)",
        ),
    ] = 10_000
    refresh: Annotated[
        float, Meta(gt=0, description="time between two looks at the key files (seconds)")
    ] = 2.0
    io_threads: Annotated[
        int, Meta(ge=1, le=16, description="threads of the library that move the bytes (threads)")
    ] = 1
    most_sockets: Annotated[
        int, Meta(ge=16, description="sockets of the library; a peer needs six (sockets)")
    ] = 8_192


Socket = zmq.Socket[bytes]
Context = zmq.Context[Socket]


def new_context(options: SocketOptions) -> Context:
    """Return a context of our own: nobody else's sockets are closed with it."""
    context: Context = zmq.Context(io_threads=options.io_threads)
    context.set(zmq.MAX_SOCKETS, options.most_sockets)
    return context


def new_socket(context: Context, kind: int, endpoint: Endpoint, options: SocketOptions) -> Socket:
    """Return a socket with all that must be set before it is bound or connected."""
    socket = context.socket(kind)
    for option, value in _common(options).items():
        socket.setsockopt(option, value)
    socket.setsockopt(zmq.IPV6, int(endpoint.is_ipv6))
    return socket


def _common(options: SocketOptions) -> dict[int, int]:
    return {
        zmq.LINGER: 0,  # `at_end` sets another
        zmq.SNDHWM: options.send_queue,
        zmq.RCVHWM: options.receive_queue,
        zmq.MAXMSGSIZE: options.largest,
        zmq.HANDSHAKE_IVL: _ms(options.handshake),
        zmq.CONNECT_TIMEOUT: _ms(options.connect),
        zmq.RECONNECT_IVL: _ms(options.reconnect),
        zmq.RECONNECT_IVL_MAX: _ms(options.reconnect_most),
        # No HEARTBEAT_IVL: in libzmq 4.3.5 a peer that goes away while the receive queue is full
        # makes the next ping abort the whole process (`Assertion failed: !_io_error`).
        zmq.TCP_MAXRT: _ms(
            options.dead
        ),  # with a heartbeat a second something is always unanswered
        zmq.TCP_KEEPALIVE: 1,
        zmq.TCP_KEEPALIVE_IDLE: max(1, round(options.dead / 2)),
        zmq.TCP_KEEPALIVE_INTVL: max(1, round(options.dead / 6)),
        zmq.TCP_KEEPALIVE_CNT: 3,
    }


def at_end(socket: Socket, linger: float) -> None:
    """Close a socket; what was sent has `linger` seconds to leave."""
    socket.close(linger=_ms(linger))


def as_server(socket: Socket, pair: KeyPair) -> None:
    """Let in only who has a key that is allowed; who does not encrypt is refused, too."""
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt(zmq.CURVE_SECRETKEY, pair.secret.encode())
    socket.setsockopt(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)


def as_client(socket: Socket, pair: KeyPair, server: str) -> None:
    """Encrypt for the one who has the key `server`, and for nobody else."""
    socket.setsockopt(zmq.CURVE_PUBLICKEY, pair.public.encode())
    socket.setsockopt(zmq.CURVE_SECRETKEY, pair.secret.encode())
    socket.setsockopt(zmq.CURVE_SERVERKEY, server.encode())


def _ms(seconds: float) -> int:
    return max(0, round(seconds * _MS))
