"""The names of the catalogue: every event type's name, wire value, category and module.

The names and values are those of the reference system, letter for letter: they are what its code,
its documents and its queues say. No struct is imported here, so knowing all names costs nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class EventCategory(StrEnum):
    """What an event is about, as the reference system's catalogue groups it."""

    TRAINING = "training"
    SELFPLAY = "selfplay"
    EVALUATION = "evaluation"
    MODEL = "model"
    DATA = "data"
    SYNC = "sync"
    CURRICULUM = "curriculum"
    QUALITY = "quality"
    HEALTH = "health"
    P2P = "p2p"
    RESILIENCE = "resilience"
    MONITORING = "monitoring"
    DAEMON = "daemon"
    OTHER = "other"


_OTHER = EventCategory.OTHER


class DataEventType(StrEnum):
    """All event types: `DataEventType.NEW_GAMES_AVAILABLE == "new_games"`.

    A member is its wire value.

    Attributes:
        module: the module of this package that holds its struct.
        category: the module's own category, or `other` where the reference system says so.
        class_name: the name of its struct: `NewGamesAvailable`.
    """

    module: str
    category: EventCategory
    class_name: str

    def __new__(cls, value: str, module: str, category: EventCategory | None = None) -> Self:
        """Make a member out of a line of the table below."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.module = module
        member.category = EventCategory(module) if category is None else category
        return member

    def __init__(self, *_: object) -> None:
        """Derive the class name, now that the member has its name."""
        words = self.name.split("_")
        self.class_name = "".join("P2P" if word == "P2P" else word.capitalize() for word in words)

    RESOURCE_CONSTRAINT = "resource_constraint", "training"
    RESOURCE_CONSTRAINT_DETECTED = "resource_constraint_detected", "training"
    TRAINING_BLOCKED_BY_QUALITY = "training_blocked_by_quality", "training"
    TRAINING_COMPLETED = "training_completed", "training"
    TRAINING_EARLY_STOPPED = "training_early_stopped", "training"
    TRAINING_FAILED = "training_failed", "training"
    TRAINING_LOCK_ACQUIRED = "training_lock_acquired", "training"
    TRAINING_LOSS_ANOMALY = "training_loss_anomaly", "training"
    TRAINING_LOSS_TREND = "training_loss_trend", "training"
    TRAINING_PROGRESS = "training_progress", "training"
    TRAINING_ROLLBACK_COMPLETED = "training_rollback_completed", "training"
    TRAINING_ROLLBACK_NEEDED = "training_rollback_needed", "training"
    TRAINING_SLOT_UNAVAILABLE = "training_slot_unavailable", "training"
    TRAINING_STARTED = "training_started", "training"
    TRAINING_THRESHOLD_REACHED = "training_threshold", "training"
    TRAINING_TIMEOUT_REACHED = "training_timeout_reached", "training"

    GAME_SYNCED = "game_synced", "selfplay"
    NEW_GAMES_AVAILABLE = "new_games", "selfplay"
    ORPHAN_GAMES_DETECTED = "orphan_games_detected", "selfplay"
    ORPHAN_GAMES_REGISTERED = "orphan_games_registered", "selfplay"
    P2P_SELFPLAY_SCALED = "p2p_selfplay_scaled", "selfplay"
    SELFPLAY_ALLOCATION_UPDATED = "selfplay_allocation_updated", "selfplay"
    SELFPLAY_COMPLETE = "selfplay_complete", "selfplay"
    SELFPLAY_RATE_CHANGED = "selfplay_rate_changed", "selfplay"
    SELFPLAY_TARGET_UPDATED = "selfplay_target_updated", "selfplay"

    ELO_SIGNIFICANT_CHANGE = "elo_significant_change", "evaluation"
    ELO_UPDATED = "elo_updated", "evaluation"
    ELO_VELOCITY_CHANGED = "elo_velocity_changed", "evaluation"
    EVALUATION_BACKPRESSURE = "evaluation_backpressure", "evaluation"
    EVALUATION_BACKPRESSURE_RELEASED = "evaluation_backpressure_released", "evaluation"
    EVALUATION_COMPLETED = "evaluation_completed", "evaluation"
    EVALUATION_FAILED = "evaluation_failed", "evaluation"
    EVALUATION_PROGRESS = "evaluation_progress", "evaluation"
    EVALUATION_STARTED = "evaluation_started", "evaluation"
    HARNESS_EVALUATION_COMPLETED = "harness_evaluation_completed", "evaluation"
    MODEL_EVALUATION_BLOCKED = "model_evaluation_blocked", "evaluation"

    CHECKPOINT_LOADED = "checkpoint_loaded", "model"
    CHECKPOINT_SAVED = "checkpoint_saved", "model"
    MODEL_CORRUPTED = "model_corrupted", "model"
    MODEL_DISTRIBUTION_COMPLETE = "model_distribution_complete", "model"
    MODEL_DISTRIBUTION_FAILED = "model_distribution_failed", "model"
    MODEL_DISTRIBUTION_STARTED = "model_distribution_started", "model"
    MODEL_PROMOTED = "model_promoted", "model"
    MODEL_SYNC_REQUESTED = "model_sync_requested", "model"
    MODEL_UPDATED = "model_updated", "model"
    P2P_MODEL_SYNCED = "p2p_model_synced", "model"
    PROMOTION_CANDIDATE = "promotion_candidate", "model", _OTHER
    PROMOTION_REJECTED = "promotion_rejected", "model", _OTHER
    PROMOTION_ROLLED_BACK = "promotion_rolled_back", "model", _OTHER
    PROMOTION_STARTED = "promotion_started", "model", _OTHER

    DATABASE_CREATED = "database_created", "data"
    DATA_BACKUP_COMPLETED = "data_backup_completed", "data"
    DATA_FRESH = "data_fresh", "data"
    DATA_QUALITY_ALERT = "data_quality_alert", "data"
    DATA_STALE = "data_stale", "data"
    DATA_SYNC_COMPLETED = "sync_completed", "data"
    DATA_SYNC_FAILED = "sync_failed", "data"
    DATA_SYNC_STARTED = "sync_started", "data"
    EXPORT_VALIDATION_FAILED = "export_validation_failed", "data"
    HIGH_QUALITY_DATA_AVAILABLE = "high_quality_data_available", "data"
    LOW_QUALITY_DATA_WARNING = "low_quality_data_warning", "data"
    NPZ_COMBINATION_COMPLETE = "npz_combination_complete", "data"
    NPZ_COMBINATION_FAILED = "npz_combination_failed", "data"
    NPZ_COMBINATION_STARTED = "npz_combination_started", "data"
    NPZ_EXPORT_COMPLETE = "npz_export_complete", "data"
    NPZ_EXPORT_STARTED = "npz_export_started", "data"
    CONSOLIDATION_COMPLETE = "consolidation_complete", "data", _OTHER
    CONSOLIDATION_STARTED = "consolidation_started", "data", _OTHER
    PARITY_VALIDATION_COMPLETED = "parity_validation_completed", "data", _OTHER
    PARITY_VALIDATION_STARTED = "parity_validation_started", "data", _OTHER
    REPAIR_COMPLETED = "repair_completed", "data", _OTHER
    S3_BACKUP_COMPLETED = "s3_backup_completed", "data", _OTHER
    TASK_ABANDONED = "task_abandoned", "data", _OTHER

    DISTRIBUTION_INCOMPLETE = "distribution_incomplete", "sync"
    QUALITY_DISTRIBUTION_CHANGED = "quality_distribution_changed", "sync"
    REPLICATION_ALERT = "replication_alert", "sync"
    SYNC_CHECKSUM_FAILED = "sync_checksum_failed", "sync"
    SYNC_FAILURE_CRITICAL = "sync_failure_critical", "sync"
    SYNC_NODE_UNREACHABLE = "sync_node_unreachable", "sync"
    SYNC_REQUEST = "sync_request", "sync"
    SYNC_STALLED = "sync_stalled", "sync"
    SYNC_TRIGGERED = "sync_triggered", "sync"

    CURRICULUM_ADVANCED = "curriculum_advanced", "curriculum"
    CURRICULUM_ADVANCEMENT_NEEDED = "curriculum_advancement_needed", "curriculum"
    CURRICULUM_PROPAGATE = "curriculum_propagate", "curriculum"
    CURRICULUM_REBALANCED = "curriculum_rebalanced", "curriculum"
    CROSSBOARD_PROMOTION = "crossboard_promotion", "curriculum", _OTHER
    OPPONENT_MASTERED = "opponent_mastered", "curriculum", _OTHER
    TIER_PROMOTION = "tier_promotion", "curriculum", _OTHER
    WEIGHT_UPDATED = "weight_updated", "curriculum", _OTHER

    QUALITY_CHECK_REQUESTED = "quality_check_requested", "quality"
    QUALITY_DEGRADED = "quality_degraded", "quality"
    QUALITY_FEEDBACK_ADJUSTED = "quality_feedback_adjusted", "quality"
    QUALITY_PENALTY_APPLIED = "quality_penalty_applied", "quality"
    QUALITY_SCORE_UPDATED = "quality_score_updated", "quality"
    EXPLORATION_ADJUSTED = "exploration_adjusted", "quality", _OTHER
    EXPLORATION_BOOST = "exploration_boost", "quality", _OTHER
    SCHEDULER_REGISTERED = "scheduler_registered", "quality", _OTHER

    CLUSTER_P2P_RECOVERY_COMPLETED = "cluster_p2p_recovery_completed", "health"
    CLUSTER_UTILIZATION_RECOVERED = "cluster_utilization_recovered", "health"
    COORDINATOR_HEALTHY = "coordinator_healthy", "health"
    COORDINATOR_HEALTH_DEGRADED = "coordinator_health_degraded", "health"
    COORDINATOR_INIT_FAILED = "coordinator_init_failed", "health"
    COORDINATOR_UNHEALTHY = "coordinator_unhealthy", "health"
    DAEMON_PERMANENTLY_FAILED = "daemon_permanently_failed", "health"
    ERROR = "error", "health"
    HANDLER_FAILED = "handler_failed", "health"
    HEALTH_ALERT = "health_alert", "health"
    HEALTH_CHECK_FAILED = "health_check_failed", "health"
    HEALTH_CHECK_PASSED = "health_check_passed", "health"
    JOB_SPAWN_FAILED = "job_spawn_failed", "health"
    NODE_PROVISION_FAILED = "node_provision_failed", "health"
    NODE_RECOVERED = "node_recovered", "health"
    NODE_UNHEALTHY = "node_unhealthy", "health"
    P2P_CLUSTER_HEALTHY = "p2p_cluster_healthy", "health"
    P2P_CLUSTER_UNHEALTHY = "p2p_cluster_unhealthy", "health"
    P2P_HEALTH_RECOVERED = "p2p_health_recovered", "health"
    P2P_RECOVERY_NEEDED = "p2p_recovery_needed", "health"
    PARITY_FAILURE_RATE_CHANGED = "parity_failure_rate_changed", "health"
    PARTITION_HEALING_FAILED = "partition_healing_failed", "health"
    PROGRESS_RECOVERED = "progress_recovered", "health"
    PROMOTION_FAILED = "promotion_failed", "health"
    QUALITY_CHECK_FAILED = "quality_check_failed", "health"
    QUORUM_RECOVERY_STARTED = "quorum_recovery_started", "health"
    RECOVERY_COMPLETED = "recovery_completed", "health"
    RECOVERY_FAILED = "recovery_failed", "health"
    RECOVERY_INITIATED = "recovery_initiated", "health"
    REPAIR_FAILED = "repair_failed", "health"
    SOCKET_LEAK_RECOVERED = "socket_leak_recovered", "health"
    SSH_LIVENESS_CHECK_FAILED = "ssh_liveness_check_failed", "health"
    SSH_NODE_RECOVERED = "ssh_node_recovered", "health"
    TASK_FAILED = "task_failed", "health"
    WORK_FAILED = "work_failed", "health"
    WORK_QUEUE_RECOVERED = "work_queue_recovered", "health"

    CLUSTER_CAPACITY_CHANGED = "cluster_capacity_changed", "p2p"
    CLUSTER_STALL_DETECTED = "cluster_stall_detected", "p2p"
    CLUSTER_STATUS_CHANGED = "cluster_status_changed", "p2p"
    CLUSTER_UNDERUTILIZED = "cluster_underutilized", "p2p"
    LEADER_ELECTED = "leader_elected", "p2p"
    LEADER_HEARTBEAT_MISSING = "leader_heartbeat_missing", "p2p"
    LEADER_LEASE_EXPIRED = "leader_lease_expired", "p2p"
    LEADER_LOST = "leader_lost", "p2p"
    LEADER_STEPDOWN = "leader_stepdown", "p2p"
    NODE_ACTIVATED = "node_activated", "p2p"
    NODE_CAPACITY_UPDATED = "node_capacity_updated", "p2p"
    NODE_INCOMPATIBLE_WITH_WORKLOAD = "node_incompatible_with_workload", "p2p"
    NODE_OVERLOADED = "node_overloaded", "p2p"
    NODE_PROVISIONED = "node_provisioned", "p2p"
    NODE_RETIRED = "node_retired", "p2p"
    NODE_SUSPECT = "node_suspect", "p2p"
    NODE_TERMINATED = "node_terminated", "p2p"
    P2P_NODES_DEAD = "p2p_nodes_dead", "p2p"
    P2P_NODE_DEAD = "p2p_node_dead", "p2p"
    QUORUM_AT_RISK = "quorum_at_risk", "p2p"
    QUORUM_LOST = "quorum_lost", "p2p"
    QUORUM_PRIORITY_RECONNECT = "quorum_priority_reconnect", "p2p"
    QUORUM_RESTORED = "quorum_restored", "p2p"
    SSH_NODE_UNRESPONSIVE = "ssh_node_unresponsive", "p2p"
    HOST_OFFLINE = "host_offline", "p2p", _OTHER
    HOST_ONLINE = "host_online", "p2p", _OTHER
    NETWORK_ISOLATION_DETECTED = "network_isolation_detected", "p2p", _OTHER
    P2P_CONNECTION_RESET_REQUESTED = "p2p_connection_reset_requested", "p2p", _OTHER
    P2P_RESTARTED = "p2p_restarted", "p2p", _OTHER
    P2P_RESTART_TRIGGERED = "p2p_restart_triggered", "p2p", _OTHER
    PARTITION_HEALED = "partition_healed", "p2p", _OTHER
    PARTITION_HEALING_STARTED = "partition_healing_started", "p2p", _OTHER
    SSH_LIVENESS_CHECK_STARTED = "ssh_liveness_check_started", "p2p", _OTHER
    SSH_LIVENESS_CHECK_SUCCEEDED = "ssh_liveness_check_succeeded", "p2p", _OTHER

    BACKPRESSURE_ACTIVATED = "backpressure_activated", "resilience"
    BACKPRESSURE_RELEASED = "backpressure_released", "resilience"
    CIRCUIT_BREAKER_CLOSED = "circuit_breaker_closed", "resilience"
    CIRCUIT_BREAKER_HALF_OPEN = "circuit_breaker_half_open", "resilience"
    CIRCUIT_BREAKER_OPENED = "circuit_breaker_opened", "resilience"
    CIRCUIT_BREAKER_THRESHOLD = "circuit_breaker_threshold", "resilience"
    CIRCUIT_RESET = "circuit_reset", "resilience"
    DEADLOCK_DETECTED = "deadlock_detected", "resilience", _OTHER
    DLQ_EVENTS_PURGED = "dlq_events_purged", "resilience", _OTHER
    DLQ_EVENTS_REPLAYED = "dlq_events_replayed", "resilience", _OTHER
    DLQ_STALE_EVENTS = "dlq_stale_events", "resilience", _OTHER
    ESCALATION_TIER_CHANGED = "escalation_tier_changed", "resilience", _OTHER
    HANDLER_TIMEOUT = "handler_timeout", "resilience", _OTHER
    LOCK_TIMEOUT = "lock_timeout", "resilience", _OTHER

    PROGRESS_STALL_DETECTED = "progress_stall_detected", "monitoring"
    REGRESSION_CLEARED = "regression_cleared", "monitoring"
    REGRESSION_CRITICAL = "regression_critical", "monitoring"
    REGRESSION_DETECTED = "regression_detected", "monitoring"
    REGRESSION_MINOR = "regression_minor", "monitoring"
    REGRESSION_MODERATE = "regression_moderate", "monitoring"
    REGRESSION_SEVERE = "regression_severe", "monitoring"
    WORK_QUEUE_STALLED = "work_queue_stalled", "monitoring"
    CACHE_INVALIDATED = "cache_invalidated", "monitoring", _OTHER
    METRICS_UPDATED = "metrics_updated", "monitoring", _OTHER
    REGISTRY_UPDATED = "registry_updated", "monitoring", _OTHER

    COORDINATOR_HEARTBEAT = "coordinator_heartbeat", "daemon"
    COORDINATOR_SHUTDOWN = "coordinator_shutdown", "daemon"
    DAEMON_CRASH_LOOP_DETECTED = "daemon_crash_loop_detected", "daemon"
    DAEMON_STARTED = "daemon_started", "daemon"
    DAEMON_STATUS_CHANGED = "daemon_status_changed", "daemon"
    DAEMON_STOPPED = "daemon_stopped", "daemon"
    CONFIG_DIVERGENCE_DETECTED = "config_divergence_detected", "daemon", _OTHER
    CONFIG_UPDATED = "config_updated", "daemon", _OTHER
    STATE_PERSISTED = "state_persisted", "daemon", _OTHER

    ADAPTIVE_PARAMS_CHANGED = "adaptive_params_changed", "optimization", _OTHER
    ARCHITECTURE_WEIGHTS_UPDATED = "architecture_weights_updated", "optimization", _OTHER
    CMAES_COMPLETED = "cmaes_completed", "optimization", _OTHER
    CMAES_TRIGGERED = "cmaes_triggered", "optimization", _OTHER
    HYPERPARAMETER_UPDATED = "hyperparameter_updated", "optimization", _OTHER
    NAS_BEST_ARCHITECTURE = "nas_best_architecture", "optimization", _OTHER
    NAS_COMPLETED = "nas_completed", "optimization", _OTHER
    NAS_GENERATION_COMPLETE = "nas_generation_complete", "optimization", _OTHER
    NAS_STARTED = "nas_started", "optimization", _OTHER
    NAS_TRIGGERED = "nas_triggered", "optimization", _OTHER
    PBT_COMPLETED = "pbt_completed", "optimization", _OTHER
    PBT_GENERATION_COMPLETE = "pbt_generation_complete", "optimization", _OTHER
    PBT_STARTED = "pbt_started", "optimization", _OTHER
    PER_BUFFER_REBUILT = "per_buffer_rebuilt", "optimization", _OTHER
    PER_PRIORITIES_UPDATED = "per_priorities_updated", "optimization", _OTHER
    PLATEAU_DETECTED = "plateau_detected", "optimization", _OTHER

    BATCH_DISPATCHED = "batch_dispatched", "work", _OTHER
    BATCH_SCHEDULED = "batch_scheduled", "work", _OTHER
    CPU_PIPELINE_JOB_COMPLETED = "cpu_pipeline_job_completed", "work", _OTHER
    JOB_PREEMPTED = "job_preempted", "work", _OTHER
    JOB_SPAWN_VERIFIED = "job_spawn_verified", "work", _OTHER
    TASK_CANCELLED = "task_cancelled", "work", _OTHER
    TASK_COMPLETED = "task_completed", "work", _OTHER
    TASK_HEARTBEAT = "task_heartbeat", "work", _OTHER
    TASK_ORPHANED = "task_orphaned", "work", _OTHER
    TASK_SPAWNED = "task_spawned", "work", _OTHER
    WORK_CANCELLED = "work_cancelled", "work", _OTHER
    WORK_CLAIMED = "work_claimed", "work", _OTHER
    WORK_COMPLETED = "work_completed", "work", _OTHER
    WORK_QUEUED = "work_queued", "work", _OTHER
    WORK_RETRY = "work_retry", "work", _OTHER
    WORK_STARTED = "work_started", "work", _OTHER
    WORK_TIMEOUT = "work_timeout", "work", _OTHER

    BUDGET_ALERT = "budget_alert", "resource", _OTHER
    BUDGET_EXCEEDED = "budget_exceeded", "resource", _OTHER
    CAPACITY_LOW = "capacity_low", "resource", _OTHER
    CAPACITY_RESTORED = "capacity_restored", "resource", _OTHER
    DISK_CLEANUP_TRIGGERED = "disk_cleanup_triggered", "resource", _OTHER
    DISK_SPACE_LOW = "disk_space_low", "resource", _OTHER
    IDLE_RESOURCE_DETECTED = "idle_resource_detected", "resource", _OTHER
    IDLE_STATE_BROADCAST = "idle_state_broadcast", "resource", _OTHER
    IDLE_STATE_REQUEST = "idle_state_request", "resource", _OTHER
    MEMORY_PRESSURE = "memory_pressure", "resource", _OTHER
    SOCKET_LEAK_DETECTED = "socket_leak_detected", "resource", _OTHER

    EPOCH_ADVANCED = "epoch_advanced", "leadership", _OTHER
    SPLIT_BRAIN_DETECTED = "split_brain_detected", "leadership", _OTHER
    SPLIT_BRAIN_RESOLVED = "split_brain_resolved", "leadership", _OTHER
    VOTER_DEMOTED = "voter_demoted", "leadership", _OTHER
    VOTER_OFFLINE = "voter_offline", "leadership", _OTHER
    VOTER_ONLINE = "voter_online", "leadership", _OTHER
    VOTER_PROMOTED = "voter_promoted", "leadership", _OTHER
