"""A tiny tree in a directory of its own, and the command run on it as a process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ringleader.client import NodeClient

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator

ACTORS = Path(__file__).with_name("tiny_actors.py")
TIMEOUT = 30.0

CONFIG = """
[workload]
config_keys = ["tiny"]

[node]
shutdown_timeout = 3

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

[tree.top.children.pipeline]
actor = "tiny_actors:Pipeline"
"""


@dataclass
class Running:
    """A `ringleader` process whose output can be waited for."""

    process: subprocess.Popen[str]
    seen: list[str] = field(default_factory=list[str])

    def wait_for(self, *patterns: str) -> str:
        """Read standard error until each pattern has matched, in any order; return the last line.

        The test's time-out is the deadline.
        """
        assert self.process.stderr is not None
        missing = list(patterns)
        for line in self.process.stderr:
            self.seen.append(line.rstrip("\n"))
            missing = [pattern for pattern in missing if not re.search(pattern, line)]
            if not missing:
                return line
        raise AssertionError(f"{missing} never came:\n" + "\n".join(self.seen))

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self) -> tuple[int, str, str]:
        """Wait for the end; return exit code, standard output and standard error."""
        out, err = self.process.communicate(timeout=TIMEOUT)
        return self.process.returncode, out, "\n".join([*self.seen, err])


@dataclass
class Place:
    """A directory with a configuration file in it."""

    path: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])

    @property
    def actors(self) -> str:
        """Where Python finds the actors of the tree."""
        return str(ACTORS.parent)

    @property
    def data(self) -> Path:
        return self.path / ".ringleader"

    def configure(self, more: str = "") -> None:
        (self.path / "ringleader.toml").write_text(CONFIG + more)

    def start(self, *arguments: str) -> Running:
        """Run `ringleader` with these arguments."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("RINGLEADER_", "RINGRIFT_"))
        }
        environment["PYTHONPATH"] = self.actors
        process = subprocess.Popen(  # noqa: S603  # our own command
            [sys.executable, "-W", "error", "-m", "ringleader", *arguments],
            cwd=self.path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return Running(process)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run it to its end."""
        return self.start(*arguments).finish()

    def client(self) -> NodeClient:
        return NodeClient(self.data / "control.sock", timeout=10)

    def leftovers(self) -> list[str]:
        """Name what a node that has ended should not have left."""
        return [name for name in ("lock", "control.sock") if (self.data / name).exists()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    place.configure()
    yield place
    for process in place.processes:
        if process.poll() is None:
            process.kill()
        process.communicate()
