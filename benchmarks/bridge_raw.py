"""The peer that everything is compared with: pyzmq, a message of two parts for each event."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from struct import Struct
from time import perf_counter
from typing import TYPE_CHECKING

import zmq

from .bridge_process import Crossing, far

if TYPE_CHECKING:
    from collections.abc import Generator

    from .bridge_tally import Tally

TOPIC = b"training_completed"
QUEUE = 100_000
"""Messages that may wait; the sender waits beyond that, so that none is dropped."""
LOOK = 100
"""Milliseconds without a message after which the receiver looks whether there are more orders."""

_sent = Struct("<d")


@contextmanager
def raw(size: int) -> Generator[Crossing]:
    """Publish from this process the moment and the same bytes each time; nothing is encoded."""
    rest = bytes(size - _sent.size)
    with zmq.Context() as context, context.socket(zmq.XPUB) as publisher:
        publisher.setsockopt(zmq.SNDHWM, QUEUE)
        publisher.setsockopt(zmq.XPUB_NODROP, 1)
        publisher.setsockopt(zmq.LINGER, 0)
        port = publisher.bind_to_random_port("tcp://127.0.0.1")

        def send_one() -> None:
            publisher.send_multipart([TOPIC, _sent.pack(perf_counter()) + rest])

        def send(number: int) -> None:
            body = _sent.pack(0.0) + rest
            for _ in range(number):
                publisher.send_multipart([TOPIC, body])

        with far("raw", str(port)) as other:
            publisher.recv()  # it has subscribed
            yield Crossing(other, send, send_one)


def receive(tally: Tally, port: str) -> None:
    """Take each message in a loop, until there are no more orders."""
    orders = threading.Thread(target=tally.obey)
    with zmq.Context() as context, context.socket(zmq.SUB) as subscriber:
        subscriber.setsockopt(zmq.RCVHWM, QUEUE)
        subscriber.setsockopt(zmq.RCVTIMEO, LOOK)
        subscriber.setsockopt(zmq.SUBSCRIBE, TOPIC)
        subscriber.connect(f"tcp://127.0.0.1:{port}")
        orders.start()
        while orders.is_alive():
            try:
                while True:
                    _, body = subscriber.recv_multipart()
                    tally.take(_sent.unpack_from(body)[0])
            except zmq.Again:
                continue
