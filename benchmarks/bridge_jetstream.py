"""The peer that keeps what it carries: JetStream, published to with asynchronous acks."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import nats
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from .bridge_process import Crossing, far
from .cases import PATIENCE
from .events_jetstream import STREAM, SUBJECT, SYNCED, server

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from .bridge_tally import Tally

_nats: Any = nats  # its functions are partly untyped


@contextmanager
def jetstream(size: int, sync: str = SYNCED) -> Generator[Crossing]:
    """Publish from this process; a push consumer that need not acknowledge gets it in another.

    Nothing is encoded, and no duplicate is looked for.

    Args:
        size: bytes of an event.
        sync: when the server syncs what it has acknowledged to the disk.
    """
    with server(sync) as url, asyncio.Runner() as runner:
        client, stream = runner.run(_connect(url))
        body = bytes(size)

        def send(number: int) -> None:
            runner.run(_send(stream, [body] * number))

        try:
            with far("jetstream", url) as other:
                yield Crossing(other, send, partial(send, 1))
        finally:
            runner.run(client.close())


async def _connect(url: str) -> tuple[Any, Any]:
    client = await _nats.connect(url, allow_reconnect=False)
    stream = client.jetstream()
    await stream.add_stream(name=STREAM, subjects=[SUBJECT])
    return client, stream


async def _send(stream: Any, bodies: Sequence[bytes]) -> None:
    async with asyncio.timeout(PATIENCE):
        acks = [await stream.publish_async(SUBJECT, body) for body in bodies]
        for ack in acks:
            await ack


def receive(tally: Tally, url: str) -> None:
    """Take each message in a callback, until there are no more orders."""
    asyncio.run(_receive(tally, url))


async def _receive(tally: Tally, url: str) -> None:
    client = await _nats.connect(url, allow_reconnect=False)
    try:
        config = ConsumerConfig(deliver_policy=DeliverPolicy.NEW, ack_policy=AckPolicy.NONE)

        async def take(_: Any) -> None:
            tally.take(0.0)

        await client.jetstream().subscribe(SUBJECT, stream=STREAM, cb=take, config=config)
        await asyncio.to_thread(tally.obey)
    finally:
        await client.close()
