"""What a person is told of a run: a line for each stage that begins, ends or fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.journal import STAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ringleader.actors.journal import Stage

    from .summary import IterationRow, IterationSummary


def news(before: Sequence[IterationRow], after: Sequence[IterationRow]) -> Iterator[str]:
    """Yield a line for everything that is different, in the order in which it happens."""
    known = {(row.config_key, row.iteration): row for row in before}
    for row in after:
        old = known.get((row.config_key, row.iteration))
        yield from _changes(old, row)


def _changes(old: IterationRow | None, row: IterationRow) -> Iterator[str]:
    name = f"{row.config_key} iteration {row.iteration}"
    for stage in STAGES:
        was, now = None if old is None else old.stages.get(stage), row.stages.get(stage)
        if now == was or now is None:
            continue
        if stage == "complete":
            if now == "done":
                took = "" if row.seconds is None else f" in {row.seconds:.0f} s"
                yield f"{name} complete{took}: {describe(row.facts)}"
        elif now == "failed":
            yield f"{name}: {stage} failed: {row.failures.get(stage)}"
        elif stage in row.skipped:
            yield f"{name}: {stage} left out: {row.skipped[stage]}"
        elif now == "done":
            yield f"{name}: {stage} done{_result(stage, row.facts)}"
        else:
            yield f"{name}: {stage} begins"


def describe(facts: IterationSummary) -> str:
    """Say in one line what an iteration brought."""
    said = [
        _number("loss", facts.loss, ".3f"),
        _share(facts.win_rate_random, "against random"),
        _share(facts.win_rate_first, "against generation 1"),
        _number("Elo", facts.elo, ".0f"),
        "promoted" if facts.promoted else "not promoted",
    ]
    return ", ".join(part for part in said if part)


def _result(stage: Stage, facts: IterationSummary) -> str:
    said = {
        "selfplay": "" if facts.games is None else f"{facts.games} games",
        "npz_combination": "" if facts.samples is None else f"{facts.samples} samples",
        "training": _number("loss", facts.loss, ".3f"),
        "evaluation": _number("Elo", facts.elo, ".0f"),
        "promotion": "promoted" if facts.promoted else "not promoted",
    }.get(stage, "")
    return f": {said}" if said else ""


def _number(name: str, value: float | None, form: str) -> str:
    return "" if value is None else f"{name} {value:{form}}"


def _share(value: float | None, words: str) -> str:
    return "" if value is None else f"{value:.0%} {words}"
