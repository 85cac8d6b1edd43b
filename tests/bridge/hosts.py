"""Nodes on hosts: run, killed, asked what they have."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ringleader import Client
from ringleader.client import NodeClient
from ringleader.node_errors import NodeAway
from ringleader.transport.event_store import read_events
from ringleader.transport.keys import KeyRing
from tests.bridge.network import Network, address
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
PORT = 7755
PATIENCE = 60.0

CONFIG = """
[workload]
config_keys = ["tiny"]

[events]
critical_subscriptions = []
handler_timeout = 30

[node]
id = "{name}"
bind = "tcp://{address}:{port}"
shutdown_timeout = 5

[tree.coordination]
enabled = false

[tree.jobs]
enabled = false

[stages]
selfplay.command = ["true"]
export.command = ["true"]
combine.command = ["true"]
train.command = ["true"]
evaluate.command = ["true"]

[tree.top]
supervisor = "one_for_one"

[tree.top.children.notes]
actor = "bridge_actors:Notes"
"""

PEER = """
[[peers]]
id = "{name}"
endpoint = "tcp://{address}:{port}"
public_key = "{key}"
"""


class Host:
    """One node on one host.

    Args:
        network: that the host is of.
        number: of the host.
        path: of its files.
    """

    def __init__(self, network: Network, number: int, path: Path) -> None:
        self.network, self.number, self.name = network, number, f"node-{number}"
        self.path = path / self.name
        self.path.mkdir()
        self.data = self.path / ".ringleader"
        self.config = self.path / "ringleader.toml"
        self.process: subprocess.Popen[bytes] | None = None
        self.published = 0
        network.add(number)

    # ---------------------------------------------------------------- its keys, its file

    def make_keys(self) -> str:
        """Make its keys, as `ringleader keys new` does; return the public one."""
        self.data.mkdir(exist_ok=True)
        self._keys = KeyRing(self.data / "keys", time.time)
        return self._keys.generate().public

    def allow(self, other: str, key: str) -> None:
        """Let another node in, as `ringleader keys allow` does."""
        self._keys.allow(other, key)

    @property
    def key(self) -> str:
        """Its public key."""
        return KeyRing(self.data / "keys", time.time).pair.public

    def configure(self, peers: Iterable[tuple[Host, str]], more: str = "") -> None:
        """Write its file."""
        text = CONFIG.format(name=self.name, address=address(self.number), port=PORT) + more
        for peer, key in peers:
            text += PEER.format(name=peer.name, address=address(peer.number), port=PORT, key=key)
        self.config.write_text(text)

    def run(self, *arguments: str) -> str:
        """Run a command on its data directory; return what it prints."""
        command = [sys.executable, "-m", "ringleader", *arguments, "--data-dir", str(self.data)]
        done = subprocess.run(  # noqa: S603  # our own
            command, capture_output=True, text=True, check=False, env=self._environment()
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(HERE),
            "BRIDGE_NOTES": str(self.path / "notes"),
        }

    # ---------------------------------------------------------------- its life

    def begin(self) -> None:
        """Start it, without waiting."""
        command = [sys.executable, "-m", "ringleader", "up", "--plain"]
        command += ["--node-config", str(self.config), "--data-dir", str(self.data)]
        with (self.path / "output").open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603  # our own
                self.network.command(self.number, *command),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def start(self) -> None:
        """Start it, and wait until it runs."""
        self.begin()
        self.wait()

    def wait(self) -> None:
        """Wait until it runs."""
        probe(self._runs, PATIENCE)

    def _runs(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.path / "output").read_text()[-3000:]
        try:
            with NodeClient(self.data / "control.sock", timeout=10) as client:
                return client.status().phase == "running"
        except NodeAway:
            return False

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Let it stop in order; return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        return process.wait(PATIENCE)

    def backup(self) -> Path:
        """Copy its data directory; it must not run."""
        assert self.process is None
        copy = self.path / "backup"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.data, copy, ignore=shutil.ignore_patterns("*.sock", "lock"))
        return copy

    def restore(self, copy: Path) -> None:
        """Put the copy in the place of its data directory; it must not run."""
        assert self.process is None
        shutil.rmtree(self.data)
        shutil.copytree(copy, self.data)

    # ---------------------------------------------------------------- events

    def publish(self, number: int) -> None:
        """Publish so many events."""
        with Client(self.data, source="test") as client:
            for _ in range(number):
                self.published += 1
                client.publish(
                    "TRAINING_COMPLETED",
                    {"config_key": self.name, "iteration": self.published},
                )

    def handled(self) -> Counter[str]:
        """Return how many different events its actor has handled, by origin."""
        return Counter(name for name, _ in self._notes())

    def handled_twice(self) -> list[tuple[str, int]]:
        """Return what its actor has handled more than once."""
        return [event for event, number in Counter(self._lines()).items() if number > 1]

    def _notes(self) -> set[tuple[str, int]]:
        return set(self._lines())

    def _lines(self) -> list[tuple[str, int]]:
        file = self.path / "notes"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(name, int(number)) for name, number in (line.split() for line in lines)]

    def has(self, other: Host) -> bool:
        """Tell whether it has handled all that another one has published."""
        return self.handled()[other.name] >= other.published

    def losses(self) -> int:
        """Return how many losses it has declared."""
        file = read_events(self.data / "events.db")
        try:
            ((number,),) = file.rows("SELECT count(*) FROM bridge_losses")
        finally:
            file.close()
        return int(number)
