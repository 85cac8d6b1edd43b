"""What may happen to stages and work items, as functions from the old value to the new one.

Every store of the journal asks these, so that all stores agree.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import msgspec
from msgspec.structs import replace

from .events.readonly import read_only
from .journal import STAGES, IterationRecord, JournalError, StageRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .journal import Facts, ModelRecord, Stage, WorkItem

MAX_DEPTH: Final = 64
"""Levels of nesting in a value that the journal keeps."""

Change: TypeAlias = "Callable[[WorkItem], WorkItem | None]"
"""Returns the changed item, or None where the change is not legal."""


def check_stage(stage: str) -> Stage:
    """Return the stage.

    Raises:
        JournalError: there is none of this name.
    """
    if stage in STAGES:
        return stage
    near = get_close_matches(stage, STAGES, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(STAGES)}"
    raise JournalError(f"{stage!r} is not a stage; {hint}")


def check_iteration(iteration: int) -> None:
    """Refuse what is no iteration.

    Raises:
        JournalError: it is not counted from 1.
    """
    if iteration < 1:
        raise JournalError(f"iterations are counted from 1; there is no iteration {iteration}")


def kept(value: Any, what: str) -> bytes:
    """Return a value as JSON.

    Raises:
        JournalError: it is no JSON, or nested deeper than `MAX_DEPTH`.
    """
    try:
        text = msgspec.json.encode(value)
        found(text)
    except RecursionError as error:
        raise JournalError(
            f"{what} can't be kept, it is nested deeper than {MAX_DEPTH} levels"
        ) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise JournalError(f"{what} can't be kept, it is not JSON: {error}") from error
    return text


def found(text: bytes | str) -> Any:
    """Return what `kept` kept, read-only, lists as tuples."""
    return read_only(msgspec.json.decode(text), MAX_DEPTH)


def as_kept(value: Facts, what: str) -> Facts:
    """Return facts as they will come out of the journal.

    Raises:
        JournalError: as `kept`.
    """
    return cast("Facts", found(kept(value, what)))


# ---------------------------------------------------------------- stages


def start(
    old: StageRecord | None, key: tuple[str, int, Stage], inputs: Facts, now: float
) -> StageRecord:
    """Start a stage; a failed one again."""
    if old is None:
        config_key, iteration, stage = key
        return StageRecord(
            config_key=config_key,
            iteration=iteration,
            stage=stage,
            status="started",
            inputs=inputs,
            started_at=now,
        )
    if old.status != "failed":
        return old
    return replace(
        old,
        status="started",
        attempts=old.attempts + 1,
        inputs=inputs,
        error="",
        finished_at=None,
    )


def finish(
    old: StageRecord | None, key: tuple[str, int, Stage], result: Facts, now: float
) -> StageRecord | None:
    """Finish a stage, whatever is known of it; None if it is done."""
    if old is not None and old.status == "done":
        return None
    started = start(old, key, {}, now) if old is None else old
    return replace(started, status="done", result=result, error="", finished_at=now)


def fail(old: StageRecord | None, error: str, now: float) -> StageRecord | None:
    """Let a started stage fail; None if it is not started."""
    if old is None or old.status != "started":
        return None
    return replace(old, status="failed", error=error, finished_at=now)


def in_order(records: Iterable[StageRecord]) -> list[StageRecord]:
    """Sort an iteration's stages."""
    return sorted(records, key=lambda record: STAGES.index(record.stage))


def next_iteration(records: Iterable[IterationRecord]) -> int:
    """Return the lowest that is not finished, or the one after the last."""
    last = 0
    for record in sorted(records, key=lambda each: each.iteration):
        if record.finished_at is None:
            return record.iteration
        last = record.iteration
    return last + 1


# ---------------------------------------------------------------- work items


def claim(by: str, now: float) -> Change:
    """Take a queued item."""

    def change(item: WorkItem) -> WorkItem | None:
        if item.status != "queued":
            return None
        return replace(item, status="claimed", claimed_by=by, changed_at=now)

    return change


def begin(now: float) -> Change:
    """Start a claimed item."""

    def change(item: WorkItem) -> WorkItem | None:
        if item.status != "claimed":
            return None
        return replace(item, status="started", attempts=item.attempts + 1, changed_at=now)

    return change


def complete(result: Facts, now: float) -> Change:
    """Finish an item that is not over."""

    def change(item: WorkItem) -> WorkItem | None:
        if item.status in {"done", "failed"}:
            return None
        return replace(item, status="done", result=result, error="", changed_at=now)

    return change


def give_up(error: str, now: float) -> Change:
    """Let an item fail that is not over."""

    def change(item: WorkItem) -> WorkItem | None:
        if item.status in {"done", "failed"}:
            return None
        return replace(item, status="failed", error=error, changed_at=now)

    return change


def release(error: str, now: float) -> Change:
    """Put an item that somebody had, or that failed, back into the queue."""

    def change(item: WorkItem) -> WorkItem | None:
        if item.status in {"queued", "done"}:
            return None
        return replace(item, status="queued", claimed_by="", error=error, changed_at=now)

    return change


# ---------------------------------------------------------------- models


def check_production(model: ModelRecord | None, config_key: str, model_id: str) -> None:
    """Refuse to make the best model of what is none of this config key.

    Raises:
        JournalError: it was never saved, or belongs to another config key.
    """
    if model is None:
        raise JournalError(f"model {model_id!r} was not saved; save it before it becomes the best")
    if model.config_key != config_key:
        raise JournalError(
            f"model {model_id!r} plays {model.config_key}; it can't be the best of {config_key}"
        )
