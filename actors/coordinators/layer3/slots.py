"""Who may train, and what holds training back: functions of state and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

Refusal: TypeAlias = Literal[
    "cluster_unhealthy", "already_running", "max_concurrent_reached", "lock_failed"
]
"""Why there is no slot, as TRAINING_SLOT_UNAVAILABLE says it."""

Reaction: TypeAlias = Literal["note", "slow", "pause"]
"""What a regression does: nothing but a line in the log, fewer slots, or a pause and a rollback."""

QUALITY_FACTORS: Final = ((0.3, 2.0), (0.5, 1.75))
QUALITY_OTHERWISE: Final = 1.5


class TrainingCoordinatorOptions(Struct, frozen=True, kw_only=True):
    """How many train at once, and what interrupts it."""

    max_concurrent: Annotated[
        int, Meta(ge=1, description="trainings at once on all nodes (jobs)")
    ] = 3
    max_attempts: Annotated[
        int, Meta(ge=1, description="tries of one training until it has failed (tries)")
    ] = 3
    lock_timeouts: Annotated[
        tuple[Annotated[float, Meta(gt=0)], ...],
        Meta(min_length=1, description="how long each try waits for a config's lock (seconds)"),
    ] = (30, 60, 90)
    lock_gap: Annotated[
        float, Meta(ge=0, description="time between two tries for a lock (seconds)")
    ] = 5
    heartbeat_interval: Annotated[
        float, Meta(gt=0, description="time between two signs of life of a training (seconds)")
    ] = 30
    missed_heartbeats: Annotated[
        int, Meta(ge=1, description="intervals without one after which it is dead (intervals)")
    ] = 3
    longest_hours: Annotated[
        float, Meta(gt=0, description="a training that runs longer is dead (hours)")
    ] = 12
    recheck_interval: Annotated[
        float, Meta(gt=0, description="time between two comparisons with the journal (seconds)")
    ] = 30
    min_multiplier: Annotated[
        float, Meta(gt=0, le=1, description="least share of slots in a sick cluster")
    ] = 0.3
    mild_drop: Annotated[
        float, Meta(ge=0, description="a smaller loss of rating is only logged (Elo)")
    ] = 30
    severe_drop: Annotated[
        float, Meta(ge=0, description="a loss of rating that pauses a config (Elo)")
    ] = 50
    regression_factor: Annotated[
        float, Meta(gt=0, le=1, description="share of slots that a mild regression leaves")
    ] = 0.8
    regression_floor: Annotated[
        float, Meta(gt=0, le=1, description="least share that regressions leave")
    ] = 0.5
    low_quality_factor: Annotated[
        float, Meta(gt=0, le=1, description="share of slots that a warning of poor data leaves")
    ] = 0.7
    low_quality_floor: Annotated[
        float, Meta(gt=0, le=1, description="least share that such warnings leave")
    ] = 0.3
    quality_resume: Annotated[
        float, Meta(ge=0, le=1, description="quality that ends a pause because of quality")
    ] = 0.65
    blocked_games: Annotated[
        int, Meta(ge=1, description="games asked for when quality blocks training (games)")
    ] = 1000


class Run(Struct, frozen=True, kw_only=True):
    """A training that has its config's lock.

    Attributes:
        job_id: of its job.
        config_key: what is trained.
        iteration: in which.
        node_id: where.
        started: monotonic seconds.
        heartbeat: when it last gave a sign of life, monotonic seconds.
    """

    job_id: str
    config_key: str
    iteration: int
    node_id: str
    started: float
    heartbeat: float


class Slots(Struct, kw_only=True):
    """What the slot protocol depends on.

    Attributes:
        runs: by config: who has its lock.
        multiplier: share of the slots that may be used.
        cluster_healthy: false pauses all training.
        paused: by config, why it is paused.
        quality: by config, the last score.
        failures: by config, tries for its lock that failed in a row.
    """

    runs: dict[str, Run] = {}
    multiplier: float = 1.0
    cluster_healthy: bool = True
    paused: dict[str, set[str]] = {}
    quality: dict[str, float] = {}
    failures: dict[str, int] = {}


def can_start(slots: Slots, options: TrainingCoordinatorOptions, config_key: str) -> Refusal | None:
    """Return why a config may not train now, or None if it may."""
    if not slots.cluster_healthy or slots.paused.get(config_key):
        return "cluster_unhealthy"
    if config_key in slots.runs:
        return "already_running"
    if len(slots.runs) >= capacity(slots, options):
        return "max_concurrent_reached"
    return None


def capacity(slots: Slots, options: TrainingCoordinatorOptions) -> int:
    """Return how many may train at once now: at least one."""
    return max(1, int(options.max_concurrent * slots.multiplier))


def lock_name(config_key: str) -> str:
    """Return the name of the lock that lets one run per config train."""
    return f"training:{config_key}"


def next_lock_timeout(failures: int, options: TrainingCoordinatorOptions) -> float | None:
    """Return how long the next try for a lock may take; None: give up, and tell a person."""
    timeouts = options.lock_timeouts
    return timeouts[failures] if failures < len(timeouts) else None


def dead(
    runs: Mapping[str, Run], options: TrainingCoordinatorOptions, now: float
) -> dict[str, str]:
    """Return by config why its run is dead: silent for too long, or running for too long."""
    silence = options.heartbeat_interval * options.missed_heartbeats
    longest = options.longest_hours * 3600
    found: dict[str, str] = {}
    for config_key, run in runs.items():
        if now - run.started > longest:
            found[config_key] = f"ran for more than {options.longest_hours:g} h"
        elif now - run.heartbeat > silence:
            found[config_key] = f"no heartbeat for {now - run.heartbeat:.0f} s"
    return found


def reaction(elo_drop: float | None, options: TrainingCoordinatorOptions) -> Reaction:
    """Return what a loss of rating does."""
    drop = elo_drop or 0.0
    if drop < options.mild_drop:
        return "note"
    return "slow" if drop < options.severe_drop else "pause"


def slowed_by_regression(multiplier: float, options: TrainingCoordinatorOptions) -> float:
    """Return the share of slots after a mild regression."""
    return max(options.regression_floor, multiplier * options.regression_factor)


def slowed_by_quality(multiplier: float, options: TrainingCoordinatorOptions) -> float:
    """Return the share of slots after a warning of poor data."""
    return max(options.low_quality_floor, multiplier * options.low_quality_factor)


def healthy_share(healthy: int, total: int, options: TrainingCoordinatorOptions) -> float:
    """Return the share of slots that a partly sick cluster leaves."""
    return max(options.min_multiplier, healthy / total) if total > 0 else options.min_multiplier


def games_for_quality(score: float | None, options: TrainingCoordinatorOptions) -> int:
    """Return how many games to ask for when quality blocks training."""
    known = 1.0 if score is None else score
    factor = next((f for bound, f in QUALITY_FACTORS if known < bound), QUALITY_OTHERWISE)
    return round(options.blocked_games * factor)
