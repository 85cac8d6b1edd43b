"""Models: checkpoints, distribution, promotion."""

from collections.abc import Mapping

from .base import PIPELINE_MAX_AGE, Dedup, Event, EventType
from .scales import Priority
from .shapes import ConfigEvent

__all__ = [
    "CheckpointLoaded",
    "CheckpointSaved",
    "ModelCorrupted",
    "ModelDistributionComplete",
    "ModelDistributionFailed",
    "ModelDistributionStarted",
    "ModelPromoted",
    "ModelSyncRequested",
    "ModelUpdated",
    "P2PModelSynced",
    "PromotionCandidate",
    "PromotionRejected",
    "PromotionRolledBack",
    "PromotionStarted",
]


class CheckpointLoaded(ConfigEvent, frozen=True, kw_only=True):
    """A run took up a saved checkpoint."""

    EVENT = EventType.named("CHECKPOINT_LOADED", dedup=Dedup.id())

    checkpoint_path: str
    epoch: int | None = None
    step: int | None = None


class CheckpointSaved(ConfigEvent, frozen=True, kw_only=True):
    """A run saved a checkpoint."""

    EVENT = EventType.named("CHECKPOINT_SAVED", dedup=Dedup.id(), on_pressure="slow")

    checkpoint_path: str
    epoch: int | None = None
    step: int | None = None
    metrics: Mapping[str, float] | None = None


class ModelCorrupted(Event, frozen=True, kw_only=True):
    """A model file turned out to be damaged."""

    EVENT = EventType.named("MODEL_CORRUPTED", bridged=True, durable=True)

    model_id: str
    model_path: str
    corruption_type: str | None = None
    config_key: str | None = None


class ModelDistributionComplete(Event, frozen=True, kw_only=True):
    """Models have reached the nodes that were to have them."""

    EVENT = EventType.named(
        "MODEL_DISTRIBUTION_COMPLETE",
        bridged=True,
        durable=True,
        dedup=Dedup.id(),
        one_of=("model_id", "models_distributed"),
    )

    model_id: str | None = None
    config_key: str | None = None
    models_collected: int | None = None
    models_distributed: int | None = None
    target_hosts: int | None = None
    nodes_succeeded: tuple[str, ...] = ()
    nodes_failed: tuple[str, ...] = ()
    duration_seconds: float | None = None


class ModelDistributionFailed(Event, frozen=True, kw_only=True):
    """Models could not be brought to all of their nodes."""

    EVENT = EventType.named(
        "MODEL_DISTRIBUTION_FAILED", bridged=True, durable=True, dedup=Dedup.id()
    )

    error: str
    model_id: str | None = None
    config_key: str | None = None
    target_nodes: tuple[str, ...] = ()
    partial_models: int | None = None
    expected_path: str | None = None


class ModelDistributionStarted(Event, frozen=True, kw_only=True):
    """Models are on their way to other nodes."""

    EVENT = EventType.named(
        "MODEL_DISTRIBUTION_STARTED",
        bridged=True,
        dedup=Dedup.id(),
        one_of=("model_id", "total_models"),
    )

    model_id: str | None = None
    config_key: str | None = None
    target_nodes: tuple[str, ...] = ()
    target_hosts: int | None = None
    total_models: int | None = None
    model_size_bytes: int | None = None


class ModelPromoted(Event, frozen=True, kw_only=True):
    """A model became the best one of its configuration."""

    EVENT = EventType.named(
        "MODEL_PROMOTED", bridged=True, durable=True, one_of=("model_id", "model_path")
    )

    config_key: str | None = None
    model_id: str | None = None
    model_path: str | None = None
    elo: float | None = None
    elo_gain: float | None = None
    tier: str | None = None
    promotion_type: str | None = None
    promoted: bool = True
    reason: str | None = None
    iteration: int | None = None


class ModelSyncRequested(Event, frozen=True, kw_only=True):
    """A node wants a copy of a model."""

    EVENT = EventType.named(
        "MODEL_SYNC_REQUESTED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    model_id: str
    config_key: str | None = None
    model_path: str | None = None
    target_node: str | None = None
    model_version: str | None = None
    reason: str | None = None
    priority: Priority = Priority.NORMAL


class ModelUpdated(Event, frozen=True, kw_only=True):
    """A model is to be found elsewhere or in another version."""

    EVENT = EventType.named("MODEL_UPDATED", bridged=True, dedup=Dedup.id())

    model_id: str
    update_type: str
    model_path: str | None = None
    config_key: str | None = None


class P2PModelSynced(Event, frozen=True, kw_only=True):
    """A model was copied from one node to another."""

    EVENT = EventType.named("P2P_MODEL_SYNCED", bridged=True, durable=True, dedup=Dedup.id())

    model_id: str
    target_node: str | None = None
    source_node: str | None = None
    model_path: str | None = None
    config_key: str | None = None


class PromotionCandidate(ConfigEvent, frozen=True, kw_only=True):
    """A model did well enough to be considered for promotion."""

    EVENT = EventType.named(
        "PROMOTION_CANDIDATE",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
    )

    model_id: str
    win_rate_vs_heuristic: float | None = None
    iteration: int | None = None


class PromotionRejected(ConfigEvent, frozen=True, kw_only=True):
    """A candidate did not pass the promotion rules."""

    EVENT = EventType.named("PROMOTION_REJECTED", bridged=True, durable=True, dedup=Dedup.id())

    reason: str
    model_id: str | None = None
    gate: str | None = None
    elo_improvement: float | None = None
    iteration: int | None = None


class PromotionRolledBack(Event, frozen=True, kw_only=True):
    """A promotion was taken back, and an earlier model is in use again."""

    EVENT = EventType.named("PROMOTION_ROLLED_BACK", bridged=True, durable=True, dedup=Dedup.id())

    reason: str
    config_key: str | None = None
    model_id: str | None = None
    from_model_id: str | None = None
    to_model_id: str | None = None
    from_version: str | None = None
    to_version: str | None = None
    triggered_by: str | None = None
    iteration: int | None = None


class PromotionStarted(ConfigEvent, frozen=True, kw_only=True):
    """The promotion of a model began."""

    EVENT = EventType.named(
        "PROMOTION_STARTED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    model_id: str
    iteration: int | None = None
