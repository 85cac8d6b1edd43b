"""Rounds that alternate between the sides, and what comes out of them."""

from __future__ import annotations

import gc
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from .memory import bytes_per_actor
from .sides import OURS, SIDES, STOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from .cases import Case


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How long to measure. Each round gives one figure per side."""

    rounds: int
    seconds: float
    """A round repeats a case until it took this long."""
    scale: float = 1.0
    """Factor on the size of every case; tests measure next to nothing."""


# A blocking ask takes 15 or 100 µs as the two threads share a core or not, and the system moves
# them about: few rounds would compare one side's luck with the other's.
QUICK = Effort(rounds=9, seconds=0.1)
FULL = Effort(rounds=15, seconds=0.5)


class Spread(msgspec.Struct, frozen=True):
    """Median, least and greatest of the rounds."""

    median: float
    min: float
    max: float


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A case's outcome.

    `ratio.median` is the ratio of the medians, above 1 where Ringleader is better; `ratio.min` and
    `ratio.max` are those of single rounds.
    """

    name: str
    unit: str
    stock: Spread
    ringleader: Spread
    ratio: Spread
    target: float | None
    reached: bool | None


def measure(case: Case, effort: Effort, announce: Callable[[str], None]) -> Result:
    """Measure both sides in turn, so that a slow moment of the machine hits both."""
    figures: dict[str, list[float]] = {side: [] for side in SIDES}
    size = max(1, round(case.size * effort.scale))
    for number in range(effort.rounds):
        announce(f"{case.name}: round {number + 1} of {effort.rounds}")
        order = list(SIDES) if number % 2 else list(reversed(SIDES))
        for side in order:
            figures[side].append(figure(case, side, size, effort.seconds))
    return conclude(case, figures[STOCK], figures[OURS])


def figure(case: Case, side: str, size: int, seconds: float) -> float:
    """Take one figure of one side: operations a second, or bytes an actor."""
    if case.run is None:
        return bytes_per_actor(side, size)
    gc.collect()
    case.run(SIDES[side], max(1, size // 20))  # warm
    taken, done = 0.0, 0
    while taken < seconds or not done:
        taken += case.run(SIDES[side], size)
        done += size
    return done / taken


def conclude(case: Case, stock: list[float], ours: list[float]) -> Result:
    """Compare the figures of all rounds; of memory, less is better."""
    pairs = list(zip(stock, ours, strict=True))
    if case.run is None:
        pairs = [(mine, theirs) for theirs, mine in pairs]
    ratios = [mine / theirs for theirs, mine in pairs]
    overall = median(mine for _, mine in pairs) / median(theirs for theirs, _ in pairs)
    return Result(
        name=case.name,
        unit=case.unit,
        stock=spread(stock),
        ringleader=spread(ours),
        ratio=Spread(overall, min(ratios), max(ratios)),
        target=case.target,
        reached=None if case.target is None else overall >= case.target,
    )


def spread(figures: list[float]) -> Spread:
    """Summarize the figures of one side."""
    return Spread(median(figures), min(figures), max(figures))
