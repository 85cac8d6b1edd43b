"""An actor that trains on one host, and one that evaluates on another: they share only events.

`python two_hosts.py` runs both nodes on this machine and shows what crosses; see README.md.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar

from ringleader import Actor, handles
from ringleader.events import EvaluationCompleted, TrainingCompleted

if TYPE_CHECKING:
    from collections.abc import Generator

HERE = Path(__file__).parent
PATIENCE = 60.0
"""Seconds that each step of the demonstration may take."""
SEEN = "two-hosts:"


class Trainer(Actor):
    """Trains every second; hears on whichever host its models were evaluated."""

    def on_start(self) -> None:
        """Begin."""
        self._trained = 0
        self.timers.periodic(1.0, "train")

    @handles(str)
    def train(self, _: str) -> None:
        """Finish a training."""
        self._trained += 1
        model = f"model-{self._trained}.npz"
        self.publish(TrainingCompleted(config_key="hex8_2p", model_path=model))

    @handles(EvaluationCompleted)
    def hear(self, event: EvaluationCompleted) -> None:
        """Say what came back."""
        print(f"{SEEN} {self.context.node_id}: {event.model_path} was evaluated", flush=True)


class Evaluator(Actor):
    """Evaluates every model, also those that were trained while it was not there."""

    durable: ClassVar[bool] = True

    @handles(TrainingCompleted, idempotent=True)
    def evaluate(self, event: TrainingCompleted) -> None:
        """Evaluate."""
        print(f"{SEEN} {self.context.node_id}: evaluates {event.model_path}", flush=True)
        self.publish(
            EvaluationCompleted(
                config_key=event.config_key, model_path=event.model_path, elo=1500.0
            )
        )


# ---------------------------------------------------------------- the demonstration


@contextmanager
def node(name: str, directory: Path, lines: queue.Queue[str]) -> Generator[None]:
    """Run a node as a user does, until the block ends."""
    command = [sys.executable, "-m", "ringleader", "up", "--plain"]
    command += ["--node-config", str(HERE / f"{name}.toml")]
    command += ["--data-dir", str(directory / name)]
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    with subprocess.Popen(  # noqa: S603  # our own
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        if process.stdout is None:
            raise RuntimeError("the process has no output")
        reader = threading.Thread(target=_read, args=(process.stdout, lines))
        reader.start()
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)
            reader.join()


def _read(output: IO[str], lines: queue.Queue[str]) -> None:
    for line in output:
        if SEEN in line:
            lines.put(line.partition(SEEN)[2].strip())


def wait_for(lines: queue.Queue[str], words: str) -> None:
    """Show what is said until somebody says this."""
    while True:
        line = lines.get(timeout=PATIENCE)
        print(line, flush=True)
        if words in line:
            return


def main() -> None:
    """Run both; stop the one that evaluates, and start it again: it has missed nothing."""
    lines: queue.Queue[str] = queue.Queue()
    with tempfile.TemporaryDirectory() as place, node("a", Path(place), lines):
        with node("b", Path(place), lines):
            wait_for(lines, "node-a: model-2.npz was evaluated")
        print("node-b is stopped; node-a goes on training")
        threading.Event().wait(3)
        print("node-b is back")
        with node("b", Path(place), lines):
            wait_for(lines, "node-a: model-5.npz was evaluated")


if __name__ == "__main__":
    main()
