"""Those who send what nobody expects: bytes that are no ZeroMQ, and ZeroMQ that is nonsense.

`python -m tests.transport.strangers 1000000` does it a million times, by hand.
"""

from __future__ import annotations

import json
import random
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import psutil
import zmq

from ringleader.transport.socket_endpoint import Endpoint
from tests.probe import probe
from tests.transport.socket_stage import Recorder, SocketNode, nothing_more_than, zmq_things

GREETING = b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL" + bytes(16) + bytes(32)
"""With it a ZMTP 3 connection without encryption begins; 64 bytes."""
READY = b"\x04\x29\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity\x00\x00\x00\x00"
SUBSCRIBE = b"\x00\x04\x01abc"
HEARTBEAT = b"\x04\x07\x04PING\x00\x64"
LARGEST = 2_000
BURST = 100
"""Messages between two looks at whether they have arrived: none is to be dropped on our side."""
SUBSCRIPTION = 300
SELDOM = 0.01
"""How often it is larger than it may be where subscriptions come in: that costs the connection."""


@dataclass
class Attack:
    """What was thrown at a node.

    Attributes:
        raw: pieces of bytes over TCP, each on a connection of its own.
        frames: ZeroMQ messages.
        grown: bytes by which the process is larger after the second half than after the first.
    """

    raw: int = 0
    frames: int = 0
    grown: int = 0
    strange: int = 0
    refused: dict[str, int] = field(default_factory=dict[str, int])


def mutated(rng: random.Random, sample: bytes) -> bytes:
    """Return a sample with some bytes changed, left out, repeated or added."""
    data = bytearray(sample)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at : at + rng.randint(1, 8)]
            case 2:
                data[at:at] = data[at : at + rng.randint(1, 8)]
            case _:
                data[at:at] = rng.randbytes(rng.randint(1, 8))
    return bytes(data)


def noise(rng: random.Random) -> bytes:
    """Return what a stranger may say first: nonsense, or almost the right thing."""
    match rng.randrange(4):
        case 0:
            return rng.randbytes(rng.randint(0, 200))
        case 1:
            return mutated(rng, GREETING)
        case 2:
            return GREETING + mutated(rng, READY)
        case _:
            return GREETING + READY + mutated(rng, SUBSCRIBE + HEARTBEAT) * rng.randint(1, 4)


def throw_bytes(rng: random.Random, place: Endpoint, number: int) -> int:
    """Throw noise at a TCP port, each piece over a connection of its own."""
    for _ in range(number):
        with (
            suppress(OSError),  # it hung up in the middle of it, as it should
            socket.create_connection((place.host, place.port), timeout=5) as connection,
        ):
            connection.sendall(noise(rng))
            if rng.random() < 0.1:  # wait for what it says
                connection.settimeout(0.05)
                connection.recv(100)
    return number


def _parts(rng: random.Random, sample: bytes, most: int) -> list[bytes]:
    number = rng.choice((1, 1, 1, 2, 3, 20))
    size = LARGEST if rng.random() < SELDOM else most
    return [
        mutated(rng, sample) if rng.random() < 0.5 else rng.randbytes(rng.randint(0, size))
        for _ in range(number)
    ]


def throw_frames(rng: random.Random, place: Endpoint, kind: int, number: int, sample: bytes) -> int:
    """Throw messages at a socket from one of another kind, which comes and goes."""
    most = SUBSCRIPTION if kind == zmq.XSUB else LARGEST
    with zmq.Context() as context:
        left = number
        while left:
            some = min(left, rng.randint(1, 500))
            with context.socket(kind) as thrower:
                thrower.linger = 500
                thrower.sndtimeo = 5000
                thrower.setsockopt(zmq.RECONNECT_IVL, 5)  # an oversize subscription ends it
                thrower.connect(str(place))
                for _ in range(some):
                    with suppress(zmq.Again):
                        thrower.send_multipart(_parts(rng, sample, most))
            left -= some
    return number


def throw_answers(rng: random.Random, reader: SocketNode, number: int, sample: bytes) -> int:
    """Be the peer of a node, and publish and answer nonsense."""
    with zmq.Context() as context:
        publisher, desk = context.socket(zmq.PUB), context.socket(zmq.ROUTER)
        publisher.linger = desk.linger = 0
        port = _two_ports(publisher, desk)
        reader.recorder.links.clear()
        reader.do(lambda: reader.sockets.connect("false", f"tcp://127.0.0.1:{port}", "", (b"",)))
        reader.wait_for_link("false")
        assert reader.send("false", b"q")
        identity, _ = desk.recv_multipart()
        before = reader.sockets.statistics().answered
        for at in range(number // 2):
            publisher.send_multipart(_parts(rng, sample, LARGEST))
            desk.send_multipart([identity, *_parts(rng, sample, LARGEST)])
            if at % BURST == 0:
                probe(lambda: reader.sockets.statistics().answered >= before + at - BURST)  # noqa: B023  # called in this turn only
        reader.do(lambda: reader.sockets.disconnect("false"))
        publisher.close()
        desk.close()
    return number // 2 * 2


def _two_ports(publisher: zmq.Socket[bytes], desk: zmq.Socket[bytes]) -> int:
    while True:
        port = publisher.bind_to_random_port("tcp://127.0.0.1")
        try:
            desk.bind(f"tcp://127.0.0.1:{port + 1}")
        except zmq.ZMQError:
            publisher.unbind(f"tcp://127.0.0.1:{port}")
        else:
            return port


def attack(node: SocketNode, number: int, seed: int, sample: bytes = b"hello world") -> Attack:
    """Throw `number` things at each of the four sockets of a node that has no keys.

    Args:
        node: listens at TCP.
        number: of things for each socket.
        seed: of what is drawn.
        sample: of what belongs there, to be mutated.
    """
    rng = random.Random(seed)  # noqa: S311  # the same nonsense each time
    done, process = Attack(), psutil.Process()
    place = Endpoint.parse(node.sockets.endpoint)
    raw = number // 10

    def half() -> int:
        for target in (place, place.requests):
            done.raw += throw_bytes(rng, target, raw // 2)
        frames = (number - raw) // 2
        done.frames += throw_frames(rng, place, zmq.XSUB, frames, b"\x01topic")
        done.frames += throw_frames(rng, place.requests, zmq.DEALER, frames, sample)
        done.frames += throw_answers(rng, node, 2 * frames, sample)
        _settle(node)
        return process.memory_info().rss

    first = half()
    done.grown = half() - first
    found = node.sockets.statistics()
    done.strange, done.refused = found.strange, found.refused
    return done


class _Forgetful(Recorder):
    """Keeps nothing: what grows is the library, or the node."""

    def asked(self, identity: bytes, user: str, frame: bytes) -> None:
        """Drop it."""

    def answered(self, peer: str, frame: bytes) -> None:
        """Drop it."""

    def heard(self, peer: str, frame: bytes) -> None:
        """Drop it."""


def forgetful() -> SocketNode:
    """Return a node that keeps nothing of what it is sent."""
    return SocketNode(recorder=_Forgetful()).start()


def _settle(node: SocketNode) -> None:
    """Let the node finish."""
    before = -1
    while before != node.sockets.statistics().asked:
        before = node.sockets.statistics().asked
        node.do(lambda: None)
    probe(lambda: node.sockets.statistics().topics == 0, 20)


def main() -> None:
    """Attack a node as often as the first argument says; print what was seen, then that it lives.

    The second argument is the seed.
    """
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    before = zmq_things()
    node = forgetful()
    done = attack(node, number, seed)
    friend = SocketNode("").start()
    friend.join(node)  # it lives, and serves
    assert node.publish(b"x")
    probe(lambda: b"x" in friend.frames())
    assert node.sockets.statistics().faults == 0
    assert node.sockets.close()
    assert friend.sockets.close()
    assert nothing_more_than(before)
    sys.stdout.write(json.dumps(asdict(done)) + "\n")


if __name__ == "__main__":
    main()
