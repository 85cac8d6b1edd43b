"""Typed events: 253 types of the pipeline, and how to add one's own.

`from ringleader.actors.events import TrainingCompleted` imports the module of that one type;
the others are imported when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .aliases import ALIASES, REJECTED, STAGES, canonical
from .base import (
    ON_PRESSURE,
    PIPELINE_MAX_AGE,
    STATUS_MAX_AGE,
    Dedup,
    Envelope,
    Event,
    EventCategory,
    EventType,
    OnPressure,
)
from .catalogue import Catalogue, ParsedEvent, load
from .codec import PayloadLimits
from .errors import (
    EventTypeError,
    EventValidationError,
    UnknownEventTypeError,
    UnknownStageError,
    did_you_mean,
    nearest,
)
from .fields import FIELD_ALIASES, canonical_fields
from .names import DataEventType
from .readonly import ReadOnlyDict
from .scales import PressureLevel, Priority
from .shapes import ConfigEvent, WorkItemEvent, split_config_key
from .stages import ITERATION_ENDS, STAGE_EVENTS, stage_events, stages_of
from .unknown import UnknownEvent

__all__ = [
    "ALIASES",
    "FIELD_ALIASES",
    "ITERATION_ENDS",
    "ON_PRESSURE",
    "PIPELINE_MAX_AGE",
    "REJECTED",
    "STAGES",
    "STAGE_EVENTS",
    "STATUS_MAX_AGE",
    "Catalogue",
    "ConfigEvent",
    "DataEventType",
    "Dedup",
    "Envelope",
    "Event",
    "EventCategory",
    "EventType",
    "EventTypeError",
    "EventValidationError",
    "OnPressure",
    "ParsedEvent",
    "PayloadLimits",
    "PressureLevel",
    "Priority",
    "ReadOnlyDict",
    "UnknownEvent",
    "UnknownEventTypeError",
    "UnknownStageError",
    "WorkItemEvent",
    "canonical",
    "canonical_fields",
    "split_config_key",
    "stage_events",
    "stages_of",
]

if TYPE_CHECKING:
    from .curriculum import (
        CrossboardPromotion as CrossboardPromotion,
        CurriculumAdvanced as CurriculumAdvanced,
        CurriculumAdvancementNeeded as CurriculumAdvancementNeeded,
        CurriculumPropagate as CurriculumPropagate,
        CurriculumRebalanced as CurriculumRebalanced,
        OpponentMastered as OpponentMastered,
        TierPromotion as TierPromotion,
        WeightUpdated as WeightUpdated,
    )
    from .daemon import (
        ConfigDivergenceDetected as ConfigDivergenceDetected,
        ConfigUpdated as ConfigUpdated,
        CoordinatorHeartbeat as CoordinatorHeartbeat,
        CoordinatorShutdown as CoordinatorShutdown,
        DaemonCrashLoopDetected as DaemonCrashLoopDetected,
        DaemonStarted as DaemonStarted,
        DaemonStatusChanged as DaemonStatusChanged,
        DaemonStopped as DaemonStopped,
        StatePersisted as StatePersisted,
    )
    from .data import (
        ConsolidationComplete as ConsolidationComplete,
        ConsolidationStarted as ConsolidationStarted,
        DataBackupCompleted as DataBackupCompleted,
        DatabaseCreated as DatabaseCreated,
        DataFresh as DataFresh,
        DataQualityAlert as DataQualityAlert,
        DataStale as DataStale,
        DataSyncCompleted as DataSyncCompleted,
        DataSyncFailed as DataSyncFailed,
        DataSyncStarted as DataSyncStarted,
        ExportValidationFailed as ExportValidationFailed,
        HighQualityDataAvailable as HighQualityDataAvailable,
        LowQualityDataWarning as LowQualityDataWarning,
        NpzCombinationComplete as NpzCombinationComplete,
        NpzCombinationFailed as NpzCombinationFailed,
        NpzCombinationStarted as NpzCombinationStarted,
        NpzExportComplete as NpzExportComplete,
        NpzExportStarted as NpzExportStarted,
        ParityValidationCompleted as ParityValidationCompleted,
        ParityValidationStarted as ParityValidationStarted,
        RepairCompleted as RepairCompleted,
        S3BackupCompleted as S3BackupCompleted,
        TaskAbandoned as TaskAbandoned,
    )
    from .evaluation import (
        EloSignificantChange as EloSignificantChange,
        EloUpdated as EloUpdated,
        EloVelocityChanged as EloVelocityChanged,
        EvaluationBackpressure as EvaluationBackpressure,
        EvaluationBackpressureReleased as EvaluationBackpressureReleased,
        EvaluationCompleted as EvaluationCompleted,
        EvaluationFailed as EvaluationFailed,
        EvaluationProgress as EvaluationProgress,
        EvaluationStarted as EvaluationStarted,
        HarnessEvaluationCompleted as HarnessEvaluationCompleted,
        ModelEvaluationBlocked as ModelEvaluationBlocked,
    )
    from .health import (
        ClusterP2PRecoveryCompleted as ClusterP2PRecoveryCompleted,
        ClusterUtilizationRecovered as ClusterUtilizationRecovered,
        CoordinatorHealthDegraded as CoordinatorHealthDegraded,
        CoordinatorHealthy as CoordinatorHealthy,
        CoordinatorInitFailed as CoordinatorInitFailed,
        CoordinatorUnhealthy as CoordinatorUnhealthy,
        DaemonPermanentlyFailed as DaemonPermanentlyFailed,
        Error as Error,
        HandlerFailed as HandlerFailed,
        HealthAlert as HealthAlert,
        HealthCheckFailed as HealthCheckFailed,
        HealthCheckPassed as HealthCheckPassed,
        JobSpawnFailed as JobSpawnFailed,
        NodeProvisionFailed as NodeProvisionFailed,
        NodeRecovered as NodeRecovered,
        NodeUnhealthy as NodeUnhealthy,
        P2PClusterHealthy as P2PClusterHealthy,
        P2PClusterUnhealthy as P2PClusterUnhealthy,
        P2PHealthRecovered as P2PHealthRecovered,
        P2PRecoveryNeeded as P2PRecoveryNeeded,
        ParityFailureRateChanged as ParityFailureRateChanged,
        PartitionHealingFailed as PartitionHealingFailed,
        ProgressRecovered as ProgressRecovered,
        PromotionFailed as PromotionFailed,
        QualityCheckFailed as QualityCheckFailed,
        QuorumRecoveryStarted as QuorumRecoveryStarted,
        RecoveryCompleted as RecoveryCompleted,
        RecoveryFailed as RecoveryFailed,
        RecoveryInitiated as RecoveryInitiated,
        RepairFailed as RepairFailed,
        SocketLeakRecovered as SocketLeakRecovered,
        SshLivenessCheckFailed as SshLivenessCheckFailed,
        SshNodeRecovered as SshNodeRecovered,
        TaskFailed as TaskFailed,
        WorkFailed as WorkFailed,
        WorkQueueRecovered as WorkQueueRecovered,
    )
    from .leadership import (
        EpochAdvanced as EpochAdvanced,
        SplitBrainDetected as SplitBrainDetected,
        SplitBrainResolved as SplitBrainResolved,
        VoterDemoted as VoterDemoted,
        VoterOffline as VoterOffline,
        VoterOnline as VoterOnline,
        VoterPromoted as VoterPromoted,
    )
    from .model import (
        CheckpointLoaded as CheckpointLoaded,
        CheckpointSaved as CheckpointSaved,
        ModelCorrupted as ModelCorrupted,
        ModelDistributionComplete as ModelDistributionComplete,
        ModelDistributionFailed as ModelDistributionFailed,
        ModelDistributionStarted as ModelDistributionStarted,
        ModelPromoted as ModelPromoted,
        ModelSyncRequested as ModelSyncRequested,
        ModelUpdated as ModelUpdated,
        P2PModelSynced as P2PModelSynced,
        PromotionCandidate as PromotionCandidate,
        PromotionRejected as PromotionRejected,
        PromotionRolledBack as PromotionRolledBack,
        PromotionStarted as PromotionStarted,
    )
    from .monitoring import (
        CacheInvalidated as CacheInvalidated,
        MetricsUpdated as MetricsUpdated,
        ProgressStallDetected as ProgressStallDetected,
        RegistryUpdated as RegistryUpdated,
        RegressionCleared as RegressionCleared,
        RegressionCritical as RegressionCritical,
        RegressionDetected as RegressionDetected,
        RegressionMinor as RegressionMinor,
        RegressionModerate as RegressionModerate,
        RegressionSevere as RegressionSevere,
        WorkQueueStalled as WorkQueueStalled,
    )
    from .optimization import (
        AdaptiveParamsChanged as AdaptiveParamsChanged,
        ArchitectureWeightsUpdated as ArchitectureWeightsUpdated,
        CmaesCompleted as CmaesCompleted,
        CmaesTriggered as CmaesTriggered,
        HyperparameterUpdated as HyperparameterUpdated,
        NasBestArchitecture as NasBestArchitecture,
        NasCompleted as NasCompleted,
        NasGenerationComplete as NasGenerationComplete,
        NasStarted as NasStarted,
        NasTriggered as NasTriggered,
        PbtCompleted as PbtCompleted,
        PbtGenerationComplete as PbtGenerationComplete,
        PbtStarted as PbtStarted,
        PerBufferRebuilt as PerBufferRebuilt,
        PerPrioritiesUpdated as PerPrioritiesUpdated,
        PlateauDetected as PlateauDetected,
    )
    from .p2p import (
        ClusterCapacityChanged as ClusterCapacityChanged,
        ClusterStallDetected as ClusterStallDetected,
        ClusterStatusChanged as ClusterStatusChanged,
        ClusterUnderutilized as ClusterUnderutilized,
        HostOffline as HostOffline,
        HostOnline as HostOnline,
        LeaderElected as LeaderElected,
        LeaderHeartbeatMissing as LeaderHeartbeatMissing,
        LeaderLeaseExpired as LeaderLeaseExpired,
        LeaderLost as LeaderLost,
        LeaderStepdown as LeaderStepdown,
        NetworkIsolationDetected as NetworkIsolationDetected,
        NodeActivated as NodeActivated,
        NodeCapacityUpdated as NodeCapacityUpdated,
        NodeIncompatibleWithWorkload as NodeIncompatibleWithWorkload,
        NodeOverloaded as NodeOverloaded,
        NodeProvisioned as NodeProvisioned,
        NodeRetired as NodeRetired,
        NodeSuspect as NodeSuspect,
        NodeTerminated as NodeTerminated,
        P2PConnectionResetRequested as P2PConnectionResetRequested,
        P2PNodeDead as P2PNodeDead,
        P2PNodesDead as P2PNodesDead,
        P2PRestarted as P2PRestarted,
        P2PRestartTriggered as P2PRestartTriggered,
        PartitionHealed as PartitionHealed,
        PartitionHealingStarted as PartitionHealingStarted,
        QuorumAtRisk as QuorumAtRisk,
        QuorumLost as QuorumLost,
        QuorumPriorityReconnect as QuorumPriorityReconnect,
        QuorumRestored as QuorumRestored,
        SshLivenessCheckStarted as SshLivenessCheckStarted,
        SshLivenessCheckSucceeded as SshLivenessCheckSucceeded,
        SshNodeUnresponsive as SshNodeUnresponsive,
    )
    from .quality import (
        ExplorationAdjusted as ExplorationAdjusted,
        ExplorationBoost as ExplorationBoost,
        QualityCheckRequested as QualityCheckRequested,
        QualityDegraded as QualityDegraded,
        QualityFeedbackAdjusted as QualityFeedbackAdjusted,
        QualityPenaltyApplied as QualityPenaltyApplied,
        QualityScoreUpdated as QualityScoreUpdated,
        SchedulerRegistered as SchedulerRegistered,
    )
    from .resilience import (
        BackpressureActivated as BackpressureActivated,
        BackpressureReleased as BackpressureReleased,
        CircuitBreakerClosed as CircuitBreakerClosed,
        CircuitBreakerHalfOpen as CircuitBreakerHalfOpen,
        CircuitBreakerOpened as CircuitBreakerOpened,
        CircuitBreakerThreshold as CircuitBreakerThreshold,
        CircuitReset as CircuitReset,
        DeadlockDetected as DeadlockDetected,
        DlqEventsPurged as DlqEventsPurged,
        DlqEventsReplayed as DlqEventsReplayed,
        DlqStaleEvents as DlqStaleEvents,
        EscalationTierChanged as EscalationTierChanged,
        HandlerTimeout as HandlerTimeout,
        LockTimeout as LockTimeout,
    )
    from .resource import (
        BudgetAlert as BudgetAlert,
        BudgetExceeded as BudgetExceeded,
        CapacityLow as CapacityLow,
        CapacityRestored as CapacityRestored,
        DiskCleanupTriggered as DiskCleanupTriggered,
        DiskSpaceLow as DiskSpaceLow,
        IdleResourceDetected as IdleResourceDetected,
        IdleStateBroadcast as IdleStateBroadcast,
        IdleStateRequest as IdleStateRequest,
        MemoryPressure as MemoryPressure,
        SocketLeakDetected as SocketLeakDetected,
    )
    from .selfplay import (
        GameSynced as GameSynced,
        NewGamesAvailable as NewGamesAvailable,
        OrphanGamesDetected as OrphanGamesDetected,
        OrphanGamesRegistered as OrphanGamesRegistered,
        P2PSelfplayScaled as P2PSelfplayScaled,
        SelfplayAllocationUpdated as SelfplayAllocationUpdated,
        SelfplayComplete as SelfplayComplete,
        SelfplayRateChanged as SelfplayRateChanged,
        SelfplayTargetUpdated as SelfplayTargetUpdated,
    )
    from .sync import (
        DistributionIncomplete as DistributionIncomplete,
        QualityDistributionChanged as QualityDistributionChanged,
        ReplicationAlert as ReplicationAlert,
        SyncChecksumFailed as SyncChecksumFailed,
        SyncFailureCritical as SyncFailureCritical,
        SyncNodeUnreachable as SyncNodeUnreachable,
        SyncRequest as SyncRequest,
        SyncStalled as SyncStalled,
        SyncTriggered as SyncTriggered,
    )
    from .training import (
        ResourceConstraint as ResourceConstraint,
        ResourceConstraintDetected as ResourceConstraintDetected,
        TrainingBlockedByQuality as TrainingBlockedByQuality,
        TrainingCompleted as TrainingCompleted,
        TrainingEarlyStopped as TrainingEarlyStopped,
        TrainingFailed as TrainingFailed,
        TrainingLockAcquired as TrainingLockAcquired,
        TrainingLossAnomaly as TrainingLossAnomaly,
        TrainingLossTrend as TrainingLossTrend,
        TrainingProgress as TrainingProgress,
        TrainingRollbackCompleted as TrainingRollbackCompleted,
        TrainingRollbackNeeded as TrainingRollbackNeeded,
        TrainingSlotUnavailable as TrainingSlotUnavailable,
        TrainingStarted as TrainingStarted,
        TrainingThresholdReached as TrainingThresholdReached,
        TrainingTimeoutReached as TrainingTimeoutReached,
    )
    from .work import (
        BatchDispatched as BatchDispatched,
        BatchScheduled as BatchScheduled,
        CpuPipelineJobCompleted as CpuPipelineJobCompleted,
        JobPreempted as JobPreempted,
        JobSpawnVerified as JobSpawnVerified,
        TaskCancelled as TaskCancelled,
        TaskCompleted as TaskCompleted,
        TaskHeartbeat as TaskHeartbeat,
        TaskOrphaned as TaskOrphaned,
        TaskSpawned as TaskSpawned,
        WorkCancelled as WorkCancelled,
        WorkClaimed as WorkClaimed,
        WorkCompleted as WorkCompleted,
        WorkQueued as WorkQueued,
        WorkRetry as WorkRetry,
        WorkStarted as WorkStarted,
        WorkTimeout as WorkTimeout,
    )
else:
    _MEMBERS = {member.class_name: member for member in DataEventType}
    __all__ += list(_MEMBERS)

    def __getattr__(name: str) -> type[Event]:
        """Import an event type at its first use."""
        if name not in _MEMBERS:
            hint = did_you_mean(nearest(name, _MEMBERS))
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
        event_class = load(_MEMBERS[name])
        globals()[name] = event_class
        return event_class

    def __dir__() -> list[str]:
        """List the event types too, loaded or not."""
        return sorted({*globals(), *__all__})
