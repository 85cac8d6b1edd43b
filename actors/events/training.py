"""Training runs: what starts, blocks, measures and ends them."""

from .base import PIPELINE_MAX_AGE, STATUS_MAX_AGE, Dedup, Event, EventType
from .scales import Priority
from .shapes import ConfigEvent

__all__ = [
    "ResourceConstraint",
    "ResourceConstraintDetected",
    "TrainingBlockedByQuality",
    "TrainingCompleted",
    "TrainingEarlyStopped",
    "TrainingFailed",
    "TrainingLockAcquired",
    "TrainingLossAnomaly",
    "TrainingLossTrend",
    "TrainingProgress",
    "TrainingRollbackCompleted",
    "TrainingRollbackNeeded",
    "TrainingSlotUnavailable",
    "TrainingStarted",
    "TrainingThresholdReached",
    "TrainingTimeoutReached",
]


class ResourceConstraint(Event, frozen=True, kw_only=True):
    """A resource of a node ran short enough to hold work back."""

    EVENT = EventType.control("RESOURCE_CONSTRAINT", bridged=True, max_age=STATUS_MAX_AGE)

    resource_type: str
    constraint_type: str | None = None
    node_id: str | None = None
    memory_percent: float | None = None
    ram_utilization: float | None = None
    ram_used_gb: float | None = None
    ram_total_gb: float | None = None


class ResourceConstraintDetected(Event, frozen=True, kw_only=True):
    """A watched resource went over its threshold and an action was taken."""

    EVENT = EventType.control("RESOURCE_CONSTRAINT_DETECTED", bridged=True, max_age=STATUS_MAX_AGE)

    resource_type: str
    constraint_type: str | None = None
    node_id: str | None = None
    severity: str | None = None
    current_value: float | None = None
    threshold: float | None = None
    action_taken: str | None = None


class TrainingBlockedByQuality(ConfigEvent, frozen=True, kw_only=True):
    """Training of a configuration was refused: its data is too old, too poor or too little."""

    EVENT = EventType.named(
        "TRAINING_BLOCKED_BY_QUALITY", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE
    )

    reason: str
    quality_score: float | None = None
    threshold: float | None = None
    quality_deficit: float | None = None
    quality_history: tuple[float, ...] = ()
    data_age_hours: float | None = None
    threshold_hours: float | None = None
    games_available: int | None = None
    recommendation: str | None = None
    npz_path: str | None = None
    db_path: str | None = None
    iteration: int | None = None


class TrainingCompleted(ConfigEvent, frozen=True, kw_only=True):
    """A training run ended by itself; if it succeeded, it left a model."""

    EVENT = EventType.named(
        "TRAINING_COMPLETED", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE
    )

    model_path: str | None = None
    model_id: str | None = None
    success: bool = True
    epochs_completed: int | None = None
    final_loss: float | None = None
    train_loss: float | None = None
    val_loss: float | None = None
    best_val_loss: float | None = None
    final_val_loss: float | None = None
    policy_accuracy: float | None = None
    checkpoint_path: str | None = None
    training_samples: int | None = None
    training_games: int | None = None
    trigger_evaluation: bool | None = None
    duration_seconds: float | None = None
    job_id: str | None = None
    node_id: str | None = None
    iteration: int | None = None


class TrainingEarlyStopped(ConfigEvent, frozen=True, kw_only=True):
    """A training run was ended before its last epoch."""

    EVENT = EventType.named(
        "TRAINING_EARLY_STOPPED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    reason: str
    epoch: int
    best_loss: float | None = None
    final_loss: float | None = None
    best_elo: float | None = None
    epochs_without_improvement: int | None = None
    iteration: int | None = None


class TrainingFailed(ConfigEvent, frozen=True, kw_only=True):
    """A training run ended without a usable model."""

    EVENT = EventType.named(
        "TRAINING_FAILED", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    error: str
    reason: str | None = None
    epochs_completed: int | None = None
    best_val_loss: float | None = None
    duration_seconds: float | None = None
    job_id: str | None = None
    node_id: str | None = None
    iteration: int | None = None


class TrainingLockAcquired(ConfigEvent, frozen=True, kw_only=True):
    """A job took the lock that lets one run per configuration train."""

    EVENT = EventType.named("TRAINING_LOCK_ACQUIRED", dedup=Dedup.id())

    job_id: str
    lock_name: str | None = None
    node_id: str | None = None


class TrainingLossAnomaly(ConfigEvent, frozen=True, kw_only=True):
    """The loss of a run jumped away from its recent average."""

    EVENT = EventType.named("TRAINING_LOSS_ANOMALY", bridged=True, max_age=PIPELINE_MAX_AGE)

    epoch: int
    current_loss: float
    avg_loss: float | None = None
    anomaly_ratio: float | None = None
    severity: str | None = None


class TrainingLossTrend(ConfigEvent, frozen=True, kw_only=True):
    """The loss of a run was seen to improve, to stall or to worsen."""

    EVENT = EventType.status("TRAINING_LOSS_TREND")

    trend: str
    epoch: int | None = None
    current_loss: float | None = None
    previous_loss: float | None = None
    improvement_rate: float | None = None


class TrainingProgress(ConfigEvent, frozen=True, kw_only=True):
    """A training run finished another epoch."""

    EVENT = EventType.status("TRAINING_PROGRESS", bridged=True)

    epoch: int
    total_epochs: int | None = None
    train_loss: float | None = None
    val_loss: float | None = None
    policy_accuracy: float | None = None
    lr: float | None = None
    checkpoint_path: str | None = None
    job_id: str | None = None
    iteration: int | None = None


class TrainingRollbackCompleted(Event, frozen=True, kw_only=True):
    """A model was put back to an earlier checkpoint."""

    EVENT = EventType.named(
        "TRAINING_ROLLBACK_COMPLETED", bridged=True, durable=True, dedup=Dedup.id()
    )

    model_id: str
    config_key: str | None = None
    reason: str | None = None
    checkpoint_path: str | None = None
    rollback_from: str | None = None
    rollback_to: str | None = None
    success: bool = True


class TrainingRollbackNeeded(Event, frozen=True, kw_only=True):
    """A model got worse, and its last good checkpoint is wanted back."""

    EVENT = EventType.named(
        "TRAINING_ROLLBACK_NEEDED", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE
    )

    model_id: str
    reason: str
    config_key: str | None = None
    severity: str | None = None
    checkpoint_path: str | None = None


class TrainingSlotUnavailable(ConfigEvent, frozen=True, kw_only=True):
    """A node asked for a training slot and was refused."""

    EVENT = EventType.named("TRAINING_SLOT_UNAVAILABLE", dedup=Dedup.id())

    reason: str
    requester_node: str | None = None


class TrainingStarted(ConfigEvent, frozen=True, kw_only=True):
    """A training run began."""

    EVENT = EventType.named(
        "TRAINING_STARTED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    model_path: str | None = None
    model_id: str | None = None
    job_id: str | None = None
    node_id: str | None = None
    iteration: int | None = None


class TrainingThresholdReached(ConfigEvent, frozen=True, kw_only=True):
    """Enough new data has come together to train a configuration."""

    EVENT = EventType.named(
        "TRAINING_THRESHOLD_REACHED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    priority: Priority = Priority.NORMAL
    games: int | None = None
    threshold: float | None = None
    reason: str | None = None
    job_id: str | None = None
    iteration: int | None = None


class TrainingTimeoutReached(ConfigEvent, frozen=True, kw_only=True):
    """A training run used up its time and was told to end."""

    EVENT = EventType.named("TRAINING_TIMEOUT_REACHED", max_age=PIPELINE_MAX_AGE)

    timeout_hours: float
    grace_seconds: float | None = None
    pid: int | None = None
    job_id: str | None = None
    iteration: int | None = None
