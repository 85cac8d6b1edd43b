"""A durable consumer goes on where it stopped, whatever was published while it was not there.

Three nodes, one after the other, use one file. The second one has no ledger.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from ringleader import Actor, ChildSpec, EventStore, System, handles
from ringleader.events import TrainingCompleted

if TYPE_CHECKING:
    from collections.abc import Generator


class Ledger(Actor):
    """Notes every training. Its durable consumer is called by its path, `/ledger`."""

    durable = True

    def __init__(self, noted: SimpleQueue[str]) -> None:
        super().__init__()
        self._noted = noted

    @handles(TrainingCompleted, idempotent=True)
    def note(self, event: TrainingCompleted) -> None:
        """Note one; after a kill the one in hand comes again, which does no harm here."""
        self._noted.put(event.config_key)


@contextmanager
def node(path: Path) -> Generator[System]:
    """Run a system whose events are kept in a file. `ringleader up` does this by itself."""
    system = System("node-a")
    context = system.context
    store = EventStore(path, clock=context.clock, spawn=context.spawn, epoch=system.epoch)
    system.keep(event_log=store.log)
    try:
        with system:
            yield system
    finally:
        store.close()


def publish(system: System, config_key: str) -> None:
    """Publish a training, and wait until it is on the disk."""
    receipt = system.publish(TrainingCompleted(config_key=config_key)).get(timeout=5)
    print(f"published {config_key}: {receipt.routing}, number {receipt.sequence} of the log")


def main() -> None:
    """Publish two events with the ledger, one without it, and see what the ledger gets."""
    noted: SimpleQueue[str] = SimpleQueue()
    ledger = ChildSpec("ledger", Ledger, (noted,))
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "events.db"
        with node(file) as system:
            system.start_child(ledger)
            publish(system, "hex5_2p")
            print("the ledger has", noted.get(timeout=5))
        with node(file) as system:
            publish(system, "hex8_2p")
        with node(file) as system:
            system.start_child(ledger)
            print("the ledger has", noted.get(timeout=5))


if __name__ == "__main__":
    main()
