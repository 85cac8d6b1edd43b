"""The commands that coordinators take, and their answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..ref import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSpawn:
    """Told to the global task coordinator: may this task start?

    Asking again for an admitted task that has not ended is granted at once.

    Attributes:
        task_id: unique.
        task_type: what limits count it as.
        config_key: whose task.
        iteration: of which.
        stage: of the journal that it works for.
        reply_to: who gets the `SpawnAnswer`.
        critical: admitted even in an emergency.
    """

    task_id: str
    task_type: str
    config_key: str
    iteration: int
    stage: str
    reply_to: Ref[Any]
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpawnAnswer:
    """Whether a task may start; if not, why, and after how many seconds to ask again."""

    task_id: str
    granted: bool
    reason: str = ""
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndTask:
    """Told to the global task coordinator: a task has ended; `error` is empty if it succeeded."""

    task_id: str
    task_type: str
    config_key: str
    iteration: int
    result: Mapping[str, Any] = field(default_factory=dict[str, Any])
    error: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveNode:
    """Told to the global task coordinator: only this type may start on a node; None: all may."""

    node_id: str
    task_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAdmission:
    """Told to the global task coordinator: run, pause, drain, stop, or admit only the critical."""

    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTraining:
    """Told to the training coordinator: train this config if there is a slot.

    Attributes:
        samples_path: the training set.
        model_path: what training goes on from; empty begins afresh.
        parent: the id of that model; empty if there is none.
        options: of the job.
        reply_to: who gets the `TrainingAnswer`.
    """

    config_key: str
    iteration: int
    samples_path: str
    model_path: str = ""
    parent: str = ""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reply_to: Ref[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingAnswer:
    """Whether a config trains now; if not, why, as TRAINING_SLOT_UNAVAILABLE says it."""

    config_key: str
    iteration: int
    granted: bool
    reason: str = ""
