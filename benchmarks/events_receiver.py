"""A process that handles events and notes when: run as a program by `events_crossing`.

Its clock is the publisher's: `perf_counter` counts from the start of the machine.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringleader.events import TrainingCompleted, TrainingTimeoutReached

READY = "ready"
PATIENCE = 120.0


class Notes:
    """The numbers of events, and when each was handled."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self.taken: list[tuple[int | None, float]] = []
        self.done = threading.Event()

    def take(self, event: TrainingCompleted | TrainingTimeoutReached) -> None:
        """Note an event."""
        self.note(event.iteration)

    def note(self, number: int | None) -> None:
        """Note a number."""
        self.taken.append((number, perf_counter()))
        if len(self.taken) == self._expected:
            self.done.set()


def main(way: str, data_dir: str, name: str, expected: str) -> None:
    """Handle so many events of a type, then write the notes."""
    notes = Notes(int(expected))
    if way == "pipe":
        print(READY, flush=True)
        for line in sys.stdin:
            notes.note(int(line))
            if notes.done.is_set():
                break
    else:
        from ringleader import Client  # noqa: PLC0415  # a pipe needs none of it

        with Client(data_dir) as client:
            # A new one each time: an old one would begin with what it has missed.
            durable = "" if way == "live" else f"bench-{way}-{os.getpid()}"
            client.subscribe(name, notes.take, durable=durable, idempotent=way == "idempotent")
            print(READY, flush=True)
            if not notes.done.wait(PATIENCE):
                raise TimeoutError(f"{len(notes.taken)} of {expected} events came")
    print(json.dumps(notes.taken), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
