"""Self-play: games, where they are, and how many of which are wanted."""

from collections.abc import Mapping

from .base import PIPELINE_MAX_AGE, Dedup, Event, EventType
from .scales import Priority
from .shapes import ConfigEvent

__all__ = [
    "GameSynced",
    "NewGamesAvailable",
    "OrphanGamesDetected",
    "OrphanGamesRegistered",
    "P2PSelfplayScaled",
    "SelfplayAllocationUpdated",
    "SelfplayComplete",
    "SelfplayRateChanged",
    "SelfplayTargetUpdated",
]


class GameSynced(Event, frozen=True, kw_only=True):
    """Games of a node were pushed to other nodes."""

    EVENT = EventType.named("GAME_SYNCED", bridged=True, dedup=Dedup.id(), on_pressure="slow")

    node_id: str
    games_pushed: int
    target_nodes: tuple[str, ...] = ()
    db_paths: tuple[str, ...] = ()
    is_ephemeral: bool = False


class NewGamesAvailable(ConfigEvent, frozen=True, kw_only=True):
    """New games of a configuration can be used from now on."""

    EVENT = EventType.named(
        "NEW_GAMES_AVAILABLE",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
        on_pressure="slow",
    )

    count: int
    total_games: int | None = None
    samples: int | None = None
    trigger: str | None = None
    source_node: str | None = None
    node_id: str | None = None
    db_path: str | None = None
    iteration: int | None = None


class OrphanGamesDetected(Event, frozen=True, kw_only=True):
    """Game databases were found on disk that no manifest names."""

    EVENT = EventType.named("ORPHAN_GAMES_DETECTED", bridged=True, dedup=Dedup.id())

    orphan_count: int
    total_games: int | None = None
    orphan_paths: tuple[str, ...] = ()
    games_by_config: Mapping[str, int] | None = None
    node_id: str | None = None


class OrphanGamesRegistered(Event, frozen=True, kw_only=True):
    """Orphaned game databases were entered into the manifest."""

    EVENT = EventType.named("ORPHAN_GAMES_REGISTERED", bridged=True, dedup=Dedup.id())

    registered_count: int
    registered_paths: tuple[str, ...] = ()
    games_recovered: int | None = None
    config_key: str | None = None
    node_id: str | None = None


class P2PSelfplayScaled(ConfigEvent, frozen=True, kw_only=True):
    """A node was given more self-play games."""

    EVENT = EventType.named("P2P_SELFPLAY_SCALED", dedup=Dedup.id(), on_pressure="slow")

    node_id: str
    games: int
    reason: str | None = None
    gpu_memory_gb: float | None = None


class SelfplayAllocationUpdated(Event, frozen=True, kw_only=True):
    """The scheduler divided the self-play games anew."""

    EVENT = EventType.named("SELFPLAY_ALLOCATION_UPDATED", dedup=Dedup.id())

    trigger: str
    reason: str | None = None
    config_key: str | None = None
    allocation: Mapping[str, int] | None = None
    allocation_weights: Mapping[str, float] | None = None
    exploration_boost: float | None = None
    curriculum_weight: float | None = None
    configs: tuple[str, ...] = ()
    total_games: int | None = None
    node_count: int | None = None


class SelfplayComplete(ConfigEvent, frozen=True, kw_only=True):
    """A self-play job ended with its games written."""

    EVENT = EventType.named(
        "SELFPLAY_COMPLETE",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
        on_pressure="slow",
    )

    games_generated: int
    success: bool = True
    duration_seconds: float | None = None
    db_path: str | None = None
    engine: str | None = None
    selfplay_type: str | None = None
    task_id: str | None = None
    node_id: str | None = None
    iteration: int | None = None


class SelfplayRateChanged(ConfigEvent, frozen=True, kw_only=True):
    """A configuration is now played at another rate."""

    EVENT = EventType.named("SELFPLAY_RATE_CHANGED", bridged=True, dedup=Dedup.id())

    old_rate: float
    new_rate: float
    change_percent: float | None = None
    direction: str | None = None
    momentum_state: str | None = None
    reason: str | None = None


class SelfplayTargetUpdated(ConfigEvent, frozen=True, kw_only=True):
    """More, fewer or other games of a configuration are wanted."""

    EVENT = EventType.named(
        "SELFPLAY_TARGET_UPDATED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    target_games: int | None = None
    extra_games: int | None = None
    target_jobs: int | None = None
    priority: Priority = Priority.NORMAL
    effective_priority: int | None = None
    reason: str | None = None
    exploration_boost: float | None = None
    curriculum_weight: float | None = None
    momentum_multiplier: float | None = None
    quality_score: float | None = None
    anomaly_count: int | None = None
    search_budget: int | None = None
    elo_gap: float | None = None
    velocity: float | None = None
    node_id: str | None = None
    dispatched: int | None = None
    iteration: int | None = None
