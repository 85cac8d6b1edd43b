"""The life of a model: which state follows which, and what is rolled back to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Set as AbstractSet

    from ...journal import ModelRecord

State: TypeAlias = Literal[
    "training", "evaluating", "staging", "production", "rolled_back", "archived"
]

ROLLED_BACK_BY: Final = frozenset({"severe", "critical"})
"""Severities of a regression that take the production model out of use."""


class ModelCoordinatorOptions(Struct, frozen=True, kw_only=True):
    """What is remembered of models."""

    checkpoints: Annotated[
        int, Meta(ge=1, description="checkpoints that are remembered (checkpoints)")
    ] = 100
    recheck_interval: Annotated[
        float, Meta(gt=0, description="time between two comparisons with the journal (seconds)")
    ] = 30


def moved(model: ModelRecord, state: State) -> ModelRecord:
    """Return a model in another state."""
    return replace(model, state=state)


def changes(
    models: Iterable[ModelRecord], best: str | None, refused: AbstractSet[str]
) -> list[ModelRecord]:
    """Return the records whose state is not what the facts say, with the state they should have.

    Args:
        models: of one config.
        best: the id of the model in production.
        refused: the ids of those that were not promoted.
    """
    changed: list[ModelRecord] = []
    for model in models:
        state = _state(model, best, refused)
        if state is not None and state != model.state:
            changed.append(moved(model, state))
    return changed


def _state(model: ModelRecord, best: str | None, refused: AbstractSet[str]) -> State | None:
    if model.model_id == best:
        return "production"
    if model.state == "production":
        return "archived"
    if model.state == "evaluating" and model.model_id in refused:
        return "staging"
    return None


def rollback_target(models: Iterable[ModelRecord], withdrawn: str) -> ModelRecord | None:
    """Return what takes the place of a withdrawn model: the newest archived one, if any."""
    archived = [m for m in models if m.state == "archived" and m.model_id != withdrawn]
    return max(archived, key=lambda model: model.iteration, default=None)


def is_rolled_back(severity: str) -> bool:
    """Tell whether a regression of this severity ends a model's time in production."""
    return severity in ROLLED_BACK_BY
