"""The stage journal: what the pipeline has done, so that whoever restarts knows what is left.

Actors re-derive their pending work from it in `on_start`. It reads no clock: callers pass `now`,
seconds since 1970 UTC. Values that go in must be JSON; they come out read-only, lists as tuples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol, TypeAlias, get_args

import msgspec

from .errors import RingleaderError
from .events.readonly import ReadOnlyDict

Stage: TypeAlias = Literal[
    "selfplay", "npz_export", "npz_combination", "training", "evaluation", "promotion", "complete"
]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
"""The stages of one iteration, in order. An iteration is over once `complete` is done."""

StageStatus: TypeAlias = Literal["started", "done", "failed"]
WorkStatus: TypeAlias = Literal["queued", "claimed", "started", "done", "failed"]
WORK_STATUSES: Final[tuple[WorkStatus, ...]] = get_args(WorkStatus)

Facts: TypeAlias = Mapping[str, Any]
NOTHING: Final[Facts] = ReadOnlyDict[str, Any]()


class JournalError(RingleaderError):
    """The journal can't be used, or was asked for what it can't do; the message says which."""


class StageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of one iteration.

    Attributes:
        attempts: how often it was started: more than 1 after failures.
        inputs: of the last start.
        result: what it was finished with; empty before.
        error: why it failed last; empty if it is not failed.
        started_at: when it was started first, seconds UTC.
        finished_at: when it was done or failed last, seconds UTC.
    """

    config_key: str
    iteration: int
    stage: Stage
    status: StageStatus
    attempts: int = 1
    inputs: Facts = NOTHING
    result: Facts = NOTHING
    error: str = ""
    started_at: float
    finished_at: float | None = None


class IterationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One pass through all stages.

    Attributes:
        iteration: counted from 1.
        began_at: seconds UTC.
        finished_at: when its stage `complete` was done, seconds UTC.
    """

    config_key: str
    iteration: int
    began_at: float
    finished_at: float | None = None


class WorkItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the work queue.

    Attributes:
        work_id: unique; derive it from what it is for, so that putting it twice is one item.
        kind: `selfplay`, `training`, `tournament`, …
        part: which part of the iteration's work of that kind.
        units: how much work: games, for self-play.
        priority: higher is sooner.
        options: what whoever does it needs to know.
        claimed_by: who took it, while it is claimed or started, and after.
        attempts: how often it was started.
        result: what it was finished with.
        error: why it failed last, or was put back.
        queued_at: seconds UTC.
        changed_at: when its status changed last, seconds UTC.
    """

    work_id: str
    kind: str
    config_key: str
    iteration: int
    part: int = 0
    units: int = 0
    priority: int = 0
    options: Facts = NOTHING
    status: WorkStatus = "queued"
    claimed_by: str = ""
    attempts: int = 0
    result: Facts = NOTHING
    error: str = ""
    queued_at: float
    changed_at: float | None = None


class ModelRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A trained model.

    Attributes:
        iteration: in which it was trained.
        path: its file.
        state: where in its life it is; the model coordinator's words.
        elo: its last rating.
        parent: the model that its training started from, if any.
        metrics: losses, win rates, …
        created_at: seconds UTC.
    """

    model_id: str
    config_key: str
    iteration: int
    path: str
    state: str = "trained"
    elo: float | None = None
    parent: str | None = None
    metrics: Facts = NOTHING
    created_at: float


class StageJournal(Protocol):
    """Keeps iterations, stages, work items and models over crashes and restarts.

    Each call is one short transaction: on return it is kept, whatever happens to the process.
    May be called from several threads. Every method may raise `JournalError` when the store
    fails, and for a value that is not JSON.
    """

    # Iterations.

    def begin_iteration(self, config_key: str, iteration: int, *, now: float) -> IterationRecord:
        """Record that an iteration began; one that began before is returned as it is.

        Raises:
            JournalError: it is not counted from 1.
        """
        ...

    def iteration(self, config_key: str) -> int:
        """Return the lowest iteration that began and is not finished, or the one to begin next."""
        ...

    def iterations(self, config_key: str) -> list[IterationRecord]:
        """Return all that began, in order."""
        ...

    # Stages. The first record of a stage begins its iteration, if nobody did.

    def start_stage(
        self, config_key: str, iteration: int, stage: str, inputs: Facts = NOTHING, *, now: float
    ) -> StageRecord:
        """Record that a stage starts; one that is started or done is returned as it is.

        A failed one is started again, with the new inputs and one more attempt.

        Raises:
            JournalError: there is no such stage; names the nearest.
        """
        ...

    def finish_stage(
        self, config_key: str, iteration: int, stage: str, result: Facts = NOTHING, *, now: float
    ) -> bool:
        """Record that a stage is done; return False if it was done before (nothing changes).

        Of all calls for one stage exactly one returns True. A stage whose start was not recorded,
        or that was recorded as failed, is done all the same: what happened happened.
        """
        ...

    def fail_stage(
        self, config_key: str, iteration: int, stage: str, error: str, *, now: float
    ) -> bool:
        """Record that a started stage failed; return False if it is not started."""
        ...

    def stage(self, config_key: str, iteration: int, stage: str) -> StageRecord | None:
        """Return what is known of a stage."""
        ...

    def stages(self, config_key: str, iteration: int) -> list[StageRecord]:
        """Return what is known of an iteration's stages, in the order of `STAGES`."""
        ...

    # The work queue. A change of status returns the new item, or None if it is not legal now:
    # the item is unknown, or not in a status that the change starts from.

    def put_work(self, item: WorkItem) -> bool:
        """Put an item into the queue; return False if its id is known (nothing changes)."""
        ...

    def work(
        self,
        config_key: str | None = None,
        *,
        iteration: int | None = None,
        kind: str | None = None,
        status: WorkStatus | None = None,
    ) -> list[WorkItem]:
        """Return the items that match, the highest priority first, then the one put first."""
        ...

    def work_item(self, work_id: str) -> WorkItem | None:
        """Return one item."""
        ...

    def claim_work(self, work_id: str, by: str, *, now: float) -> WorkItem | None:
        """Take a queued item: of several that try, one gets it."""
        ...

    def start_work(self, work_id: str, *, now: float) -> WorkItem | None:
        """Begin with a claimed item; counts an attempt."""
        ...

    def finish_work(self, work_id: str, result: Facts = NOTHING, *, now: float) -> WorkItem | None:
        """Finish an item that is queued, claimed or started: done is done, once."""
        ...

    def fail_work(self, work_id: str, error: str, *, now: float) -> WorkItem | None:
        """Give up an item that is queued, claimed or started."""
        ...

    def release_work(self, work_id: str, error: str = "", *, now: float) -> WorkItem | None:
        """Put an item that is claimed, started or failed back into the queue, for another try."""
        ...

    # Models.

    def save_model(self, model: ModelRecord) -> None:
        """Keep a model; what was known under its id is replaced."""
        ...

    def model(self, model_id: str) -> ModelRecord | None:
        """Return a model."""
        ...

    def models(self, config_key: str) -> list[ModelRecord]:
        """Return all of a config key, by iteration, then in the order they were saved first."""
        ...

    def set_production(self, config_key: str, model_id: str) -> None:
        """Make a model the current best.

        Raises:
            JournalError: no such model was saved for this config key.
        """
        ...

    def production(self, config_key: str) -> ModelRecord | None:
        """Return the current best model."""
        ...

    def first(self, config_key: str) -> ModelRecord | None:
        """Return generation 1: the model that was trained in iteration 1."""
        ...

    # Anything else.

    def note(self, key: str, value: Any) -> None:
        """Keep a small fact; replaces what was noted under the key."""
        ...

    def noted(self, key: str, default: Any = None) -> Any:
        """Return what was noted, or the default."""
        ...

    def reset(self) -> None:
        """Forget everything: a fresh run."""
        ...

    def close(self) -> None:
        """Let go of the store; every later call raises `JournalError`."""
        ...
