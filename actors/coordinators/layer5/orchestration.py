"""Which self-play items are claimed, and when an iteration's self-play is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

from msgspec import Meta, Struct

from ...events.scales import PressureLevel

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ...journal import WorkItem

BUDGETS: Final = ((0.3, 1.5), (0.5, 1.3), (0.7, 1.0))
BUDGET_OTHERWISE: Final = 0.9
"""By quality below which, the factor on a config's budget; good data needs fewer games."""

PAUSING: Final = frozenset({"severe", "critical"})


class SelfplayOrchestratorOptions(Struct, frozen=True, kw_only=True):
    """How self-play items are worked off."""

    recheck_interval: Annotated[
        float, Meta(gt=0, description="time between two comparisons with the journal (seconds)")
    ] = 30
    max_attempts: Annotated[
        int, Meta(ge=1, description="tries of an item that takes too long or keeps dying (tries)")
    ] = 3
    max_failed_items: Annotated[
        int,
        Meta(ge=1, description="items that fail for good until the iteration has failed (items)"),
    ] = 3
    told_change: Annotated[
        float, Meta(ge=0, description="change of a budget that is told (share)")
    ] = 0.1


class Tally(Struct, frozen=True, kw_only=True):
    """What an iteration's items have come to."""

    games: int = 0
    samples: int = 0
    done: int = 0
    failed: int = 0
    error: str = ""
    engine: str = ""

    def result(self, began: float, now: float) -> dict[str, Any]:
        """Return the result of the stage."""
        return {
            "games": self.games,
            "samples": self.samples,
            "parts": self.done,
            "engine": self.engine or None,
            "duration_seconds": now - began,
        }


def tally(items: Iterable[WorkItem]) -> Tally:
    """Add up an iteration's items; one whose program names no games played what it was to play."""
    games = samples = done = failed = 0
    error = engine = ""
    for item in items:
        if item.status == "done":
            done += 1
            games += int(item.result.get("games", item.units))
            samples += int(item.result.get("samples", 0))
            engine = str(item.result.get("engine") or engine)
        elif item.status == "failed":
            failed += 1
            error = item.error
    return Tally(games=games, samples=samples, done=done, failed=failed, error=error, engine=engine)


def claims(
    queued: Sequence[WorkItem], running: int, limit: int, pressure: PressureLevel
) -> Sequence[WorkItem]:
    """Return the items to claim now, the most urgent first.

    Args:
        queued: the items that wait, in order.
        running: how many are under way.
        limit: how many may be.
        pressure: `medium` halves the limit, `hard` and above claims nothing new.
    """
    if pressure >= PressureLevel.HARD:
        return []
    allowed = max(1, limit // 2) if pressure >= PressureLevel.MEDIUM else limit
    return queued[: max(0, allowed - running)]


def is_exhausted(items: Iterable[WorkItem], options: SelfplayOrchestratorOptions) -> bool:
    """Tell whether so many items failed for good that others will, too."""
    failed = sum(item.status == "failed" for item in items)
    return failed >= options.max_failed_items


def is_pausing(severity: str) -> bool:
    """Tell whether a regression of this severity pauses self-play."""
    return severity in PAUSING


def budget_multiplier(quality: float) -> float:
    """Return the factor on a config's budget by the quality of its data."""
    return next((factor for bound, factor in BUDGETS if quality < bound), BUDGET_OTHERWISE)
