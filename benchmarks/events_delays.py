"""Rounds in which every way to another process has its turn, and what comes out of them."""

from __future__ import annotations

import gc
from statistics import quantiles
from typing import TYPE_CHECKING

import msgspec

from .events_crossing import WAYS
from .events_node import reachable
from .measure import Spread, spread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .events_crossing import Delays, Way
    from .measure import Effort

NAME = "cross-process"
SIZE = 200
ROUNDS_FOR_ONE = 3
"""A round takes longer here, and has many figures, so there are fewer."""


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds on one way; the spreads are those of the rounds' percentiles.

    Attributes:
        way: to the other process.
        note: what happens on it.
        p50: half of the events take no longer.
        p99: of a hundred, one takes longer.
        decided: half of the events are committed and routed by then; None: nobody says so.
        target: for `p50`; None: this is information only.
        reached: whether it is.
    """

    way: str
    note: str
    p50: Spread
    p99: Spread
    decided: Spread | None = None
    target: float | None = None
    reached: bool | None = None


def measure_delays(effort: Effort, announce: Callable[[str], None]) -> list[Delay]:
    """Measure all ways in turn, so that a slow moment of the machine hits all of them."""
    rounds = max(1, effort.rounds // ROUNDS_FOR_ONE)
    size = max(2, round(SIZE * effort.scale))
    found: dict[str, list[Delays]] = {way.name: [] for way in WAYS}
    with reachable() as node:
        for number in range(rounds):
            for way in WAYS if number % 2 else reversed(WAYS):
                announce(f"{NAME}: round {number + 1} of {rounds}: {way.name}")
                gc.collect()
                found[way.name].append(way.run(node, size))
    return [conclude(way, found[way.name]) for way in WAYS]


def conclude(way: Way, rounds: Sequence[Delays]) -> Delay:
    """Take the percentiles of each round, and their spread."""
    p50 = spread([percentile(each.handled, 50) for each in rounds])
    decided = [percentile(each.decided, 50) for each in rounds if each.decided]
    return Delay(
        way=way.name,
        note=way.note,
        p50=p50,
        p99=spread([percentile(each.handled, 99) for each in rounds]),
        decided=spread(decided) if decided else None,
        target=way.target,
        reached=None if way.target is None else p50.median <= way.target,
    )


def percentile(seconds: Sequence[float], number: int) -> float:
    """Return a percentile of two figures or more, in milliseconds."""
    return 1e3 * quantiles(seconds, n=100, method="inclusive")[number - 1]
