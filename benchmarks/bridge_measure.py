"""Rounds that alternate between the ways to another process, and what comes out of them."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from statistics import median, quantiles
from typing import TYPE_CHECKING

import msgspec

from .measure import Spread, spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from .bridge_cases import Case, Side, Versus
    from .bridge_process import Crossing
    from .measure import Effort

PERCENT = 100


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One side's figures.

    Attributes:
        side: its name.
        note: what it does, and what it does not.
        figures: events a second, or milliseconds that half of the events took at most; None: it is
            not installed, and `missing` says why.
        p99: milliseconds that only one of a hundred exceeds; None where rates are measured.
        missing: why there are none.
    """

    side: str
    note: str
    figures: Spread | None = None
    p99: Spread | None = None
    missing: str = ""


class Ratio(msgspec.Struct, frozen=True, kw_only=True):
    """One side's figure divided by another one's.

    `ratio.median` is the ratio of the medians; `ratio.min` and `ratio.max` are those of rounds.

    Attributes:
        mine: the side.
        other: the side that it is divided by.
        ratio: of them.
        target: what it is to reach, or not to exceed where delays are measured; None: it is shown
            as information only.
        aim: what is hoped for.
        reached: whether the target is.
    """

    mine: str
    other: str
    ratio: Spread
    target: float | None = None
    aim: float | None = None
    reached: bool | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a case; `unit` is that of the figures."""

    case: str
    what: str
    unit: str
    sides: list[Figures]
    ratios: list[Ratio]


def measure(case: Case, effort: Effort, announce: Callable[[str], None]) -> Outcome:
    """Measure all sides in turn, so that a slow moment of the machine hits all of them."""
    with ExitStack() as stack:
        ways, missing = load(case, stack)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for number in range(effort.rounds):
            announce(f"{case.name}: round {number + 1} of {effort.rounds}")
            for side in case.sides if number % 2 else reversed(case.sides):
                if side.name in ways:
                    gc.collect()
                    way = ways[side.name]
                    size = max(2, round(case.size * side.share * effort.scale))
                    take = delays if case.is_paced else rate
                    found[side.name].append(take(way, size, effort.seconds))
    firsts = {name: [first for first, _ in rounds] for name, rounds in found.items()}
    return Outcome(
        case=case.name,
        what=case.what,
        unit="ms" if case.is_paced else "events/s",
        sides=[
            _figures(side, found.get(side.name), missing, is_paced=case.is_paced)
            for side in case.sides
        ],
        ratios=[
            compare(versus, firsts[versus.mine], firsts[versus.other], less=case.is_paced)
            for versus in case.versus
            if versus.mine in firsts and versus.other in firsts
        ],
    )


def load(case: Case, stack: ExitStack) -> tuple[dict[str, Crossing], dict[str, str]]:
    """Open each side's way until `stack` is closed; say of the others why not."""
    ways: dict[str, Crossing] = {}
    missing: dict[str, str] = {}
    for side in case.sides:
        try:
            ways[side.name] = stack.enter_context(side.load())
        except ImportError as error:
            missing[side.name] = f"{error}; install the extra: pip install -e '.[bench]'"
    return ways, missing


def rate(way: Crossing, size: int, seconds: float) -> tuple[float, float]:
    """Return events a second."""
    way.burst(max(1, size // 20))  # warm
    taken, done = 0.0, 0
    while taken < seconds or not done:
        taken += way.burst(size)
        done += size
    return done / taken, 0.0


def delays(way: Crossing, size: int, _: float) -> tuple[float, float]:
    """Return the median and the 99th percentile, in milliseconds."""
    way.paced(max(1, size // 20))  # warm
    found = quantiles(way.paced(size), n=PERCENT, method="inclusive")
    return 1e3 * found[PERCENT // 2 - 1], 1e3 * found[-1]


def compare(versus: Versus, mine: list[float], theirs: list[float], *, less: bool) -> Ratio:
    """Divide the figures of one side by those of another; `less`: small ones are good."""
    ratios = [one / other for one, other in zip(mine, theirs, strict=True)]
    overall, target = median(mine) / median(theirs), versus.target
    is_reached = target is not None and (overall <= target if less else overall >= target)
    return Ratio(
        mine=versus.mine,
        other=versus.other,
        ratio=Spread(overall, min(ratios), max(ratios)),
        target=target,
        aim=versus.aim,
        reached=None if target is None else is_reached,
    )


def _figures(
    side: Side,
    rounds: list[tuple[float, float]] | None,
    missing: dict[str, str],
    *,
    is_paced: bool,
) -> Figures:
    if rounds is None:
        return Figures(side=side.name, note=side.note, missing=missing[side.name])
    p99 = spread([second for _, second in rounds]) if is_paced else None
    figures = spread([first for first, _ in rounds])
    return Figures(side=side.name, note=side.note, figures=figures, p99=p99)
