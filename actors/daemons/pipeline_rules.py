"""The iteration's state machine, and the breaker that pauses a pipeline that keeps failing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..journal import Stage, StageRecord

ORDER: tuple[Stage, ...] = (
    "selfplay",
    "npz_export",
    "npz_combination",
    "training",
    "evaluation",
    "promotion",
)
"""Stages that do something, in order; `complete` follows."""

Circuit: TypeAlias = Literal["closed", "open", "half_open"]


class DataPipelineOptions(Struct, frozen=True, kw_only=True):
    """What an iteration consists of, and when the pipeline pauses."""

    games_per_iteration: Annotated[
        int, Meta(ge=1, description="self-play games of one iteration (games)")
    ] = 1000
    recheck_interval: Annotated[
        float, Meta(gt=0, description="time between two comparisons with the journal (seconds)")
    ] = 30
    target_elo: Annotated[
        float,
        Meta(
            ge=0,
            description="rating at which a config is done when no iterations are counted (Elo)",
        ),
    ] = 2000
    failures: Annotated[
        int, Meta(ge=1, description="iterations that fail in a row until the breaker opens")
    ] = 5
    recovery: Annotated[float, Meta(ge=0, description="how long it stays open (seconds)")] = 60
    history: Annotated[
        int, Meta(ge=1, description="durations and errors that are remembered (stages)")
    ] = 200


class Breaker(Struct, frozen=True, kw_only=True):
    """The pipeline's circuit breaker; it is kept in the journal, so that a restart does not retry.

    Attributes:
        failures: in a row.
        opened_at: seconds UTC; None while it is closed.
        trial: whether the one trial of a half-open breaker is under way.
    """

    failures: int = 0
    opened_at: float | None = None
    trial: bool = False


def stage_now(records: Iterable[StageRecord]) -> Stage | None:
    """Return the stage that an iteration is in; None when it can be completed.

    One that failed, or was left out (`skipped` in its result), ends the iteration: what would
    follow has nothing to work on.
    """
    known = {record.stage: record for record in records}
    for stage in ORDER:
        record = known.get(stage)
        if record is None or record.status == "started":
            return stage
        if is_dead_end(record):
            return None
    return None


def is_dead_end(record: StageRecord) -> bool:
    """Tell whether nothing can follow a stage in its iteration."""
    if record.status == "failed":
        return True
    return record.stage != "promotion" and "skipped" in record.result


def outcome(records: Iterable[StageRecord]) -> dict[str, object]:
    """Return how an iteration ended, for its stage `complete`."""
    known = {record.stage: record for record in records}
    failed = [f"{r.stage}: {r.error}" for r in known.values() if r.status == "failed"]
    skipped = [f"{r.stage}: {r.result['skipped']}" for r in known.values() if "skipped" in r.result]
    promotion = known.get("promotion")
    promoted = promotion is not None and bool(promotion.result.get("promoted"))
    return {"promoted": promoted, "failed": failed, "skipped": skipped}


def circuit(breaker: Breaker, options: DataPipelineOptions, now: float) -> Circuit:
    """Return whether iterations may start: `half_open` lets one try."""
    if breaker.opened_at is None:
        return "closed"
    if breaker.trial or now < breaker.opened_at + options.recovery:
        return "open"
    return "half_open"


def failed(breaker: Breaker, options: DataPipelineOptions, now: float) -> Breaker:
    """Count a failure; too many in a row, or a failed trial, open it."""
    failures = breaker.failures + 1
    opens = breaker.trial or failures >= options.failures
    return Breaker(failures=failures, opened_at=now if opens else breaker.opened_at)


def succeeded() -> Breaker:
    """Return the breaker after a success: closed."""
    return Breaker()


def tried(breaker: Breaker) -> Breaker:
    """Note that the trial of a half-open breaker is under way."""
    return Breaker(failures=breaker.failures, opened_at=breaker.opened_at, trial=True)


def is_over(iteration: int, iterations: int, elo: float | None, target_elo: float) -> bool:
    """Tell whether a config is done, so that this iteration is not begun.

    Args:
        iteration: the one to begin.
        iterations: how many there are to be; 0: until the rating is reached.
        elo: of the current best.
        target_elo: the rating.
    """
    if iterations:
        return iteration > iterations
    return elo is not None and elo >= target_elo
