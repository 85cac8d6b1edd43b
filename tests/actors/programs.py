"""Small programs and a pipe with a name, for tests of operating-system processes."""

from __future__ import annotations

import os
import queue
import select
import sys
from typing import TYPE_CHECKING, Any, Self

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.osprocess_owner import Processes

if TYPE_CHECKING:
    from pathlib import Path

    from ringleader.actors.osprocess import OsProcess
    from ringleader.actors.osprocess_end import ProcessEnd

SECONDS = 30.0
"""How long a test waits for what comes at once."""

WAIT = "import signal; signal.pause()"
HOLD_IN_A_GRANDCHILD = """
import signal, subprocess, sys
fifo = open(sys.argv[1], "wb", buffering=0)
subprocess.Popen([sys.executable, "-S", "-c", "import signal; signal.pause()"],
                 pass_fds=[fifo.fileno()])
fifo.write(b"up")
fifo.close()
signal.pause()
"""


class Fifo:
    """Tells what writers write, and when the last of them is gone."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self) -> bytes:
        """Wait for something; nothing means that all writers are gone."""
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        assert poll.poll(SECONDS * 1000), "nothing came"
        return os.read(self.fd, 100)

    def close(self) -> None:
        os.close(self.fd)


class Nursery:
    """An owner of processes whose ends come into a queue."""

    def __init__(self, **owner: Any) -> None:
        self.clock = owner.pop("clock", None) or RealClock(spawn)
        self.processes = Processes(self.clock, spawn, **owner)
        self.ends: queue.SimpleQueue[ProcessEnd] = queue.SimpleQueue()

    def start(self, *command: str | Path, **how: Any) -> OsProcess:
        return self.processes.start([str(part) for part in command], on_exit=self.ends.put, **how)

    def python(self, program: str, *arguments: str | Path, **how: Any) -> OsProcess:
        return self.start(sys.executable, "-S", "-c", program, *arguments, **how)

    def end(self) -> ProcessEnd:
        return self.ends.get(timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.processes.close(SECONDS)
        if isinstance(self.clock, RealClock):
            assert self.clock.close()


def open_files() -> set[str]:
    """Return the file descriptors of this process."""
    return set(os.listdir("/dev/fd"))  # noqa: PTH208  # names of file descriptors


def is_alive(pid: int) -> bool:
    """Tell whether there is a process, a zombie included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
