"""Many short lives of a node that appends and consumes, each ended by SIGKILL at a random point.

    python event_log_lives.py DIRECTORY LIVES SEED

Each life is a fork of this process, which has everything imported and no threads: two hundred take
seconds. What a life has seen it writes to files at once, so that a kill takes nothing of it back.
The last life is not killed: it consumes what is left.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.event_log import ConsumerSpec, Settled
from ringleader.actors.letters import Outcome
from ringleader.transport.event_store import EventStore
from tests.event_logs import PATIENCE, answer, publication

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringleader.actors.errors import RingleaderError
    from ringleader.actors.publication import Publication
    from ringleader.transport.event_log import SqliteEventLog

ONCE, TWICE = "once", "twice"
LIMITS = {ONCE: 1, TWICE: 5}
LONGEST = 0.02
"""Seconds that a life may have, after it has begun, or after its fork."""
UNBORN = 0.2
"""Share of lives that may be killed while they open the file."""


class Notes:
    """A file that lines are appended to.

    Each has 64 bytes: where a write meets the end of a page of the file, a kill can cut it in two
    (measured: at one of 570 kills of a process that does nothing but write).
    """

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, *lines: str) -> None:
        os.write(self._descriptor, "".join(f"{line:<63}\n" for line in lines).encode())


def opened(directory: Path, epoch: int) -> EventStore:
    return EventStore(directory / "events.db", clock=RealClock(spawn), spawn=spawn, epoch=epoch)


def attach(log: SqliteEventLog, owner: str) -> None:
    for name in LIMITS:
        spec = ConsumerSpec(name=name, idempotent=name == TWICE, start="first")
        answer(partial(log.attach, spec, owner))


def consume(log: SqliteEventLog, owner: str, handled: Notes) -> int:
    """Hand each consumer its next events; return how many there were."""
    number = 0
    for name, limit in LIMITS.items():
        for record in answer(partial(log.fetch, name, owner, limit)).records:
            number += 1
            line = f"{name} {record.envelope.id}"
            handled.write(f"begin {line}")
            settled = [Settled(record.sequence, Outcome.HANDLED)]
            log.settle(name, owner, settled, partial(settled_is, handled, f"done {line}"))
    return number


def settled_is(handled: Notes, line: str, result: int | RingleaderError) -> None:
    """Note that an outcome is committed."""
    handled.write(line if result == 1 else f"{line} {result}")


def live(directory: Path, epoch: int, rng: random.Random, begun: int) -> None:
    """Append and consume until the end."""
    acknowledged, handled = Notes(directory / "acknowledged"), Notes(directory / "handled")
    log = opened(directory, epoch).log

    def committed(publications: Sequence[Publication]) -> None:
        acknowledged.write(*(f"{each.id} {each.sequence}" for each in publications))

    log.listener = committed
    attach(log, f"{epoch}")
    os.write(begun, b".")
    number = 0
    while True:
        for _ in range(rng.randint(0, 6)):
            number += 1
            log.append(publication(f"{epoch}-{number}", payload=bytes(rng.randint(1, 300))))
        consume(log, f"{epoch}", handled)


def live_to_the_end(directory: Path, epoch: int) -> None:
    """Consume what is left."""
    handled = Notes(directory / "handled")
    store = opened(directory, epoch)
    attach(store.log, "last")
    while consume(store.log, "last", handled):
        pass
    assert store.log.flush(PATIENCE)
    for name in LIMITS:
        assert answer(partial(store.log.detach, name, "last"))
    assert store.close()


def main(directory: Path, lives: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
    begun, begins = os.pipe()
    for epoch in range(1, lives + 1):
        life = random.Random(rng.random())  # noqa: S311  # as above
        child = os.fork()
        if not child:
            try:
                live(directory, epoch, life, begins)
            except BaseException:  # noqa: BLE001  # a life has no caller
                traceback.print_exc()
            os._exit(1)
        if rng.random() > UNBORN:
            select.select([begun], [], [], PATIENCE)
        select.select([], [], [], rng.uniform(0.0, LONGEST))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(f"life {epoch} ended by itself")
        if select.select([begun], [], [], 0)[0]:
            os.read(begun, 1)
    live_to_the_end(directory, lives + 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
