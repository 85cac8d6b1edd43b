"""Where a job's random numbers come from: its seed, its iteration and what they are for."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .protocol import JobFile


class Purpose(IntEnum):
    """What random numbers are drawn for; each purpose has numbers of its own."""

    SELFPLAY = 0
    WEIGHTS = 1
    SPLIT = 2
    BATCHES = 3
    AGAINST_RANDOM = 4
    AGAINST_HEURISTIC = 5
    AGAINST_BEST = 6
    AGAINST_FIRST = 7


def seed_of(job: JobFile, purpose: Purpose) -> tuple[int, int, int]:
    """Return a seed for `numpy.random.default_rng`, to which callers may append more numbers."""
    return (job.seed, job.iteration, int(purpose))
