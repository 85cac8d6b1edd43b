"""Short lives of a node that publishes and imports, each ended by SIGKILL at a random point.

    python -m tests.transport.bridge_lives DIRECTORY LIVES SEED

Each life is a fork of this process, which has no threads. Where its reader was when a commit was
told is in the file `notes`, which a kill takes nothing of.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import traceback
from pathlib import Path

from tests.transport.bridge_files import PATIENCE, STREAM, Side, body_of, chain

LONGEST = 0.03
"""Seconds that a life may have after it has begun."""


def live(directory: Path, life: int, begins: int) -> None:
    """Publish and import until the end."""
    notes = os.open(directory / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    side = Side(directory, epoch=life - 1)
    os.write(begins, b".")
    places = side.inbox.places(STREAM)
    seq, before = (places[-1].next, places[-1].hash) if places else (1, bytes(8))
    number = 0
    while True:
        number += 1
        for n in range(3):
            side.append(f"own-{life}-{number}-{n}")
        entries, place = chain([body_of(f"in-{seq + n}") for n in range(4)], seq, before)
        seq, before = place.next, place.hash
        line = f"{place.next:<63}\n".encode()
        side.inbox.apply(STREAM, place, entries, (), lambda line=line: os.write(notes, line))  # type: ignore[misc]  # its default is the line
        if number % 7 == 0:
            side.settle()


def main(directory: Path, lives: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311  # to be repeated, not to be secret
    for life in range(1, lives + 1):
        begun, begins = os.pipe()
        child = os.fork()
        if not child:
            try:
                live(directory, life, begins)
            except BaseException:  # noqa: BLE001  # a life has no caller
                traceback.print_exc()
            os._exit(1)
        select.select([begun], [], [], PATIENCE)
        select.select([], [], [], rng.uniform(0.0, LONGEST))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(begun)
        os.close(begins)
        if not os.WIFSIGNALED(status):
            sys.exit(f"life {life} ended by itself")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
