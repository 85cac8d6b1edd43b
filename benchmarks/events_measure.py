"""Rounds that alternate between ours and the peers, and what comes out of them."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from .measure import Spread, spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from .events_cases import Case, Peer, Run
    from .measure import Effort


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A peer's figures beside ours.

    `ratio.median` is the ratio of the medians, above 1 where Ringleader is better; `ratio.min` and
    `ratio.max` are those of single rounds. A peer that is not installed has no figures, and
    `missing` says why.
    """

    peer: str
    note: str
    figures: Spread | None = None
    ratio: Spread | None = None
    target: float | None = None
    aim: float | None = None
    reached: bool | None = None
    missing: str = ""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A case's outcome, in events a second; `form` is our best one, whose figures are compared."""

    case: str
    what: str
    form: str
    ringleader: Spread
    forms: dict[str, Spread]
    peers: list[Comparison]


def measure(case: Case, effort: Effort, announce: Callable[[str], None]) -> Rate:
    """Measure all sides in turn, so that a slow moment of the machine hits all of them."""
    with ExitStack() as stack:
        runs, missing = load(case, stack)
        figures: dict[str, list[float]] = {side: [] for side in runs}
        size = max(1, round(case.size * effort.scale))
        for number in range(effort.rounds):
            announce(f"{case.name}: round {number + 1} of {effort.rounds}")
            order = list(runs) if number % 2 else list(reversed(runs))
            for side in order:
                figures[side].append(figure(runs[side], size, effort.seconds))
    best = max(case.ours, key=lambda form: median(figures[form]))
    ours = figures[best]
    return Rate(
        case=case.name,
        what=case.what,
        form=best,
        ringleader=spread(ours),
        forms={form: spread(figures[form]) for form in case.ours},
        peers=[
            compare(peer, ours, figures[peer.name])
            if peer.name in figures
            else Comparison(peer=peer.name, note=peer.note, missing=missing[peer.name])
            for peer in case.peers
        ],
    )


def load(case: Case, stack: ExitStack) -> tuple[dict[str, Run], dict[str, str]]:
    """Return what runs each side until `stack` is closed, and of the other peers why not."""
    runs = {form: stack.enter_context(make()) for form, make in case.ours.items()}
    missing: dict[str, str] = {}
    for peer in case.peers:
        try:
            runs[peer.name] = stack.enter_context(peer.load())
        except ImportError as error:
            missing[peer.name] = f"{error}; install the extra: pip install -e '.[bench]'"
    return runs, missing


def figure(run: Run, size: int, seconds: float) -> float:
    """Take one figure of one side: events a second."""
    gc.collect()
    run(max(1, size // 20))  # warm
    taken, done = 0.0, 0
    while taken < seconds or not done:
        taken += run(size)
        done += size
    return done / taken


def compare(peer: Peer, ours: list[float], theirs: list[float]) -> Comparison:
    """Compare the figures of all rounds."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    overall = median(ours) / median(theirs)
    return Comparison(
        peer=peer.name,
        note=peer.note,
        figures=spread(theirs),
        ratio=Spread(overall, min(ratios), max(ratios)),
        target=peer.target,
        aim=peer.aim,
        reached=None if peer.target is None else overall >= peer.target,
    )
