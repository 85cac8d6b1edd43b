"""The process at the other end, seen from the one that sends and measures."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import IO, TYPE_CHECKING

import msgspec

from .bridge_tally import READY, Order
from .cases import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

RATE = 10_000.0
"""Events a second where it is measured how long each takes."""
ROOT = Path(__file__).parents[1]


class Far:
    """A process that handles what is sent to it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self._stdin: IO[str] = process.stdin
        self._stdout: IO[str] = process.stdout
        self._process = process

    def expect(self, number: int, *, timed: bool = False) -> None:
        """Tell it how much will come; return when it knows."""
        order = msgspec.json.encode(Order(number, timed))
        self._stdin.write(f"{order.decode()}\n")
        self._stdin.flush()
        self.await_ready()

    def await_ready(self) -> None:
        """Wait until it is ready for what comes next."""
        line = self._line()
        if line != READY:
            raise RuntimeError(f"the process at the other end says {line!r}, not {READY!r}")

    def done(self) -> list[float]:
        """Wait until all has come; return what each took, in seconds, if it was asked for."""
        return msgspec.json.decode(self._line(), type=list[float])

    def _line(self) -> str:
        end = threading.Timer(PATIENCE, self._process.kill)
        end.start()
        try:
            line = self._stdout.readline()
        finally:
            end.cancel()
        if not line:
            raise RuntimeError(
                "the process at the other end has ended, or got nothing for too long"
            )
        return line.strip()


@contextmanager
def far(way: str, *arguments: str) -> Generator[Far]:
    """Run the other end of a way; it is ready when the block begins."""
    command = [sys.executable, "-m", "benchmarks.bridge_far", way, *arguments]
    with subprocess.Popen(  # noqa: S603  # our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            other = Far(process)
            other.await_ready()
            yield other
        finally:
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(PATIENCE / 10)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True)
class Crossing:
    """A way to another process, ready to be used.

    Attributes:
        far: the other end.
        send: sends so many events as fast as it can.
        send_one: sends one.
    """

    far: Far
    send: Callable[[int], object]
    send_one: Callable[[], object]

    def burst(self, number: int) -> float:
        """Send so many as fast as can be; return the seconds until the last one was handled."""
        self.far.expect(number)
        since = perf_counter()
        self.send(number)
        self.far.done()
        return perf_counter() - since

    def paced(self, number: int) -> list[float]:
        """Send so many at the rate; return the seconds that each of them took."""
        self.far.expect(number, timed=True)
        pause, due = threading.Event(), perf_counter()
        for _ in range(number):
            left = due - perf_counter()
            if left > 0:
                pause.wait(left)
            self.send_one()
            due += 1 / RATE
        return self.far.done()
