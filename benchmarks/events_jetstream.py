"""The peer that is measured: JetStream of a NATS server, which syncs each event to the disk."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sysconfig
import threading
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import msgspec
import nats

from .cases import PATIENCE
from .events_disk import directory
from .events_facts import parts
from .events_plain import payload_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from .events_facts import Fact

_nats: Any = nats  # its functions are partly untyped

STREAM, SUBJECT = "EVENTS", "events.training_completed"

CONFIGURATION = """\
host: "127.0.0.1"
port: -1
ports_file_dir: "{directory}"
jetstream {{
    store_dir: "{directory}/store"
    sync_interval: always
}}
"""
"""Without `always` it acknowledges what a loss of power takes back: it syncs every two minutes."""
SYNCED, UNSYNCED = "sync_interval: always", "sync_interval: 2m"

STOP = 10.0
"""Seconds that the server has to end."""


@contextmanager
def jetstream() -> Generator[Callable[[int], float]]:
    """Run a server; publish to it from the tasks of one event loop, each awaiting its ack."""
    with server() as url:

        def run(size: int) -> float:
            return asyncio.run(_publish(url, parts(size)))

        yield run


@contextmanager
def server(sync: str = SYNCED) -> Generator[str]:
    """Run a server of our own; yield its address.

    Args:
        sync: when it syncs.

    Raises:
        ImportError: there is none on this machine.
        TimeoutError: it does not come up.
    """
    program = _program()
    with directory() as place:
        configuration = place / "server.conf"
        configuration.write_text(CONFIGURATION.replace(SYNCED, sync).format(directory=place))
        with (
            (place / "log").open("wb") as log,
            subprocess.Popen([program, "-c", configuration], stdout=log, stderr=log) as process,  # noqa: S603  # our own arguments
        ):
            try:
                yield _address(place, process)
            finally:
                _end(process)


def _program() -> str:
    scripts = sysconfig.get_path("scripts")
    found = shutil.which("nats-server", path=scripts) or shutil.which("nats-server")
    if found is None:
        raise ImportError("there is no nats-server")
    return found


def _address(place: Path, process: subprocess.Popen[bytes]) -> str:
    """Wait for the file in which the server says where it listens."""
    pause, end = threading.Event(), perf_counter() + PATIENCE
    while process.poll() is None and perf_counter() < end:
        for found in place.glob("*.ports"):
            try:
                ports = msgspec.json.decode(found.read_bytes(), type=dict[str, list[str]])
            except msgspec.DecodeError:
                continue  # it is being written
            return ports["nats"][0]
        pause.wait(0.01)
    said = (place / "log").read_text(errors="replace")
    raise TimeoutError(f"the NATS server did not come up; it says: {said or 'nothing'}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP)
    except subprocess.TimeoutExpired:
        process.kill()


async def _publish(url: str, given: Sequence[Sequence[Fact]]) -> float:
    client = await _nats.connect(url, allow_reconnect=False)
    try:
        stream = client.jetstream()
        await stream.add_stream(name=STREAM, subjects=[SUBJECT])  # as it is, if it is there
        before = await _kept(stream)
        since = perf_counter()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(_produce(stream, facts) for facts in given))
        seconds = perf_counter() - since
        kept, size = await _kept(stream) - before, sum(map(len, given))
        if kept != size:
            raise RuntimeError(f"{size} events were acknowledged, and {kept} are kept")
        return seconds
    finally:
        await client.close()


async def _kept(stream: Any) -> int:
    found: int = (await stream.stream_info(STREAM)).state.messages
    return found


async def _produce(stream: Any, facts: Sequence[Fact]) -> None:
    for fact in facts:
        payload = msgspec.msgpack.encode(payload_of(fact))
        await stream.publish(SUBJECT, payload, timeout=PATIENCE)
