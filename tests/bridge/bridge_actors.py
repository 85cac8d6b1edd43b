"""The actors of the nodes that the tests of the bridge run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from ringleader import Actor, handles
from ringleader.events import TrainingCompleted


class Notes(Actor):
    """Writes down the numbers of the events that it handles; once each, whatever is killed."""

    durable: ClassVar[bool] = True

    def on_start(self) -> None:
        """Open the file."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open(os.environ["BRIDGE_NOTES"], flags, 0o600)
        self.defer(lambda: os.close(self._file))

    @handles(TrainingCompleted, idempotent=True)
    def note(self, event: TrainingCompleted) -> None:
        """Write its name and number."""
        os.write(self._file, f"{event.config_key} {event.iteration:<20}\n".encode())


class Publisher(Actor):
    """Publishes so many events a second, until there is a file `enough` beside the notes."""

    def __init__(self, options: dict[str, float]) -> None:
        super().__init__()
        self._rate = options["rate"]

    def on_start(self) -> None:
        """Begin, with numbers that no life before this one had."""
        self._enough = Path(os.environ["BRIDGE_NOTES"]).with_name("enough")
        self._began, self._sent = self.context.clock.now(), 0
        self._first = int(self.context.clock.time() * 1e6)
        self.timers.periodic(0.02, "publish")

    @handles(str)
    def publish_some(self, message: str) -> None:
        """Publish what is due."""
        del message
        due = int((self.context.clock.now() - self._began) * self._rate)
        if self._enough.exists():
            return
        for _ in range(due - self._sent):
            self._sent += 1
            number = self._first + self._sent
            self.publish(TrainingCompleted(config_key=self.context.node_id, iteration=number))
