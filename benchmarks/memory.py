"""Bytes of resident memory per idle actor: `python -m benchmarks.memory SIDE SIZE`.

A process of its own, for one that measured before would use freed memory again and show too little.
"""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

import psutil

from .cases import stop_all
from .players import Echo, play
from .sides import OURS, SIDES

FINER = {OURS: 10}  # small actors must be many to show among the allocator's pages
ROOT = Path(__file__).parents[1]


def bytes_per_actor(side: str, size: int) -> float:
    """Measure in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.memory", side, str(size * FINER.get(side, 1))]
    run = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)  # noqa: S603  # our own module
    return float(run.stdout)


def measure(side: str, size: int) -> float:
    """Measure here; every actor has finished its first turn."""
    echo = play(Echo, SIDES[side])
    stop_all([echo.start() for _ in range(10)])  # what the first actors load does not count
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    refs = [echo.start() for _ in range(size)]
    for ref in refs:
        ref.ask(None)
    gc.collect()
    used = process.memory_info().rss - before
    stop_all(refs)
    return used / size


if __name__ == "__main__":
    print(measure(sys.argv[1], int(sys.argv[2])))
