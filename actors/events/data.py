"""Data: databases, synchronisation, exports, parity, backups."""

from collections.abc import Mapping
from typing import Any

from .base import PIPELINE_MAX_AGE, Dedup, Event, EventType
from .shapes import ConfigEvent

__all__ = [
    "ConsolidationComplete",
    "ConsolidationStarted",
    "DataBackupCompleted",
    "DataFresh",
    "DataQualityAlert",
    "DataStale",
    "DataSyncCompleted",
    "DataSyncFailed",
    "DataSyncStarted",
    "DatabaseCreated",
    "ExportValidationFailed",
    "HighQualityDataAvailable",
    "LowQualityDataWarning",
    "NpzCombinationComplete",
    "NpzCombinationFailed",
    "NpzCombinationStarted",
    "NpzExportComplete",
    "NpzExportStarted",
    "ParityValidationCompleted",
    "ParityValidationStarted",
    "RepairCompleted",
    "S3BackupCompleted",
    "TaskAbandoned",
]


class DatabaseCreated(ConfigEvent, frozen=True, kw_only=True):
    """A new game database was made."""

    EVENT = EventType.named("DATABASE_CREATED", bridged=True, dedup=Dedup.id(), on_pressure="slow")

    db_path: str
    node_id: str | None = None
    engine_mode: str | None = None


class DataBackupCompleted(Event, frozen=True, kw_only=True):
    """A backup of data was finished."""

    EVENT = EventType.named("DATA_BACKUP_COMPLETED", dedup=Dedup.id())

    data_type: str
    items_count: int
    storage_path: str | None = None
    stats: Mapping[str, Any] | None = None


class DataFresh(ConfigEvent, frozen=True, kw_only=True):
    """The data of a configuration is new enough to train on."""

    EVENT = EventType.named("DATA_FRESH", bridged=True, dedup=Dedup.id())

    data_age_hours: float
    threshold_hours: float | None = None
    last_sync_time: float | None = None


class DataQualityAlert(Event, frozen=True, kw_only=True):
    """A validation found faulty items in a source of data."""

    EVENT = EventType.named("DATA_QUALITY_ALERT", bridged=True)

    source_path: str
    validation_type: str | None = None
    is_valid: bool = False
    issue_count: int | None = None
    items_with_issues: int | None = None
    total_items: int | None = None
    duration_seconds: float | None = None
    config_key: str | None = None


class DataStale(ConfigEvent, frozen=True, kw_only=True):
    """The data of a configuration is too old to train on."""

    EVENT = EventType.named("DATA_STALE", bridged=True, dedup=Dedup.id())

    data_age_hours: float
    threshold_hours: float | None = None
    last_sync_time: float | None = None


class DataSyncCompleted(Event, frozen=True, kw_only=True):
    """Data was copied between nodes."""

    EVENT = EventType.named(
        "DATA_SYNC_COMPLETED",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
    )

    sync_type: str | None = None
    config_key: str | None = None
    node_id: str | None = None
    source_node: str | None = None
    target_nodes: tuple[str, ...] = ()
    games_synced: int | None = None
    games_imported: int | None = None
    files_synced: int | None = None
    bytes_synced: int | None = None
    entry_count: int | None = None
    sources_count: int | None = None
    successful_syncs: int | None = None
    avg_quality_score: float | None = None
    high_quality_count: int | None = None
    db_path: str | None = None
    dest_path: str | None = None
    source_checksum: str | None = None
    needs_owc_backup: bool = False
    needs_s3_backup: bool = False
    duration: float | None = None
    reason: str | None = None
    iteration: int | None = None


class DataSyncFailed(Event, frozen=True, kw_only=True):
    """A copy of data between nodes failed."""

    EVENT = EventType.named(
        "DATA_SYNC_FAILED",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
        one_of=("error", "reason"),
    )

    error: str | None = None
    reason: str | None = None
    sync_type: str | None = None
    config_key: str | None = None
    node_id: str | None = None
    source_node: str | None = None
    target_nodes: tuple[str, ...] = ()
    retry_count: int | None = None
    duration_seconds: float | None = None
    iteration: int | None = None


class DataSyncStarted(Event, frozen=True, kw_only=True):
    """A copy of data between nodes began."""

    EVENT = EventType.named(
        "DATA_SYNC_STARTED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    sync_type: str | None = None
    config_key: str | None = None
    node_id: str | None = None
    source_node: str | None = None
    target_nodes: tuple[str, ...] = ()
    file_count: int | None = None
    iteration: int | None = None


class ExportValidationFailed(ConfigEvent, frozen=True, kw_only=True):
    """The games of a configuration are not fit to be exported."""

    EVENT = EventType.named("EXPORT_VALIDATION_FAILED", max_age=PIPELINE_MAX_AGE)

    reason: str
    iteration: int | None = None


class HighQualityDataAvailable(ConfigEvent, frozen=True, kw_only=True):
    """The data of a configuration became good."""

    EVENT = EventType.named("HIGH_QUALITY_DATA_AVAILABLE", bridged=True, dedup=Dedup.id())

    quality_score: float | None = None
    avg_quality: float | None = None
    high_quality_count: int | None = None
    sample_count: int | None = None


class LowQualityDataWarning(ConfigEvent, frozen=True, kw_only=True):
    """The data of a configuration fell below the quality that is wanted."""

    EVENT = EventType.named("LOW_QUALITY_DATA_WARNING", bridged=True, dedup=Dedup.id())

    quality_score: float | None = None
    threshold: float | None = None
    avg_quality: float | None = None
    low_quality_count: int | None = None
    low_quality_ratio: float | None = None
    severity: str | None = None
    old_state: str | None = None
    new_state: str | None = None
    reason: str | None = None


class NpzCombinationComplete(ConfigEvent, frozen=True, kw_only=True):
    """The exports of a configuration were merged into one training file."""

    EVENT = EventType.named(
        "NPZ_COMBINATION_COMPLETE", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE
    )

    output_path: str
    total_samples: int
    samples_by_source: Mapping[str, int] | None = None
    duration_seconds: float | None = None
    iteration: int | None = None


class NpzCombinationFailed(ConfigEvent, frozen=True, kw_only=True):
    """The exports of a configuration could not be merged."""

    EVENT = EventType.named(
        "NPZ_COMBINATION_FAILED",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
    )

    error: str
    iteration: int | None = None


class NpzCombinationStarted(ConfigEvent, frozen=True, kw_only=True):
    """The merge of a configuration's exports began."""

    EVENT = EventType.named(
        "NPZ_COMBINATION_STARTED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    iteration: int | None = None


class NpzExportComplete(ConfigEvent, frozen=True, kw_only=True):
    """Games were turned into training samples."""

    EVENT = EventType.named(
        "NPZ_EXPORT_COMPLETE", bridged=True, durable=True, max_age=PIPELINE_MAX_AGE
    )

    output_path: str
    samples_exported: int
    games_exported: int | None = None
    success: bool = True
    duration_seconds: float | None = None
    iteration: int | None = None


class NpzExportStarted(ConfigEvent, frozen=True, kw_only=True):
    """The export of a configuration's games began."""

    EVENT = EventType.named(
        "NPZ_EXPORT_STARTED", bridged=True, max_age=PIPELINE_MAX_AGE, dedup=Dedup.id()
    )

    games_pending: int | None = None
    iteration: int | None = None


class ConsolidationComplete(ConfigEvent, frozen=True, kw_only=True):
    """Scattered game databases were merged into the canonical one."""

    EVENT = EventType.named("CONSOLIDATION_COMPLETE", bridged=True, durable=True, dedup=Dedup.id())

    canonical_db: str
    games_merged: int


class ConsolidationStarted(ConfigEvent, frozen=True, kw_only=True):
    """The merge of scattered game databases began."""

    EVENT = EventType.named("CONSOLIDATION_STARTED", bridged=True, dedup=Dedup.id())


class ParityValidationCompleted(Event, frozen=True, kw_only=True):
    """Recorded games were replayed on a second engine and compared."""

    EVENT = EventType.named(
        "PARITY_VALIDATION_COMPLETED",
        bridged=True,
        durable=True,
        max_age=PIPELINE_MAX_AGE,
        dedup=Dedup.id(),
    )

    total_games_checked: int | None = None
    total_games_passed: int | None = None
    total_games_failed: int | None = None
    databases_scanned: int | None = None
    db_count: int | None = None
    games_with_semantic_divergence: int | None = None
    games_with_structural_issues: int | None = None
    games_with_non_canonical_history: int | None = None
    games_with_anm_warning_only: int | None = None
    passed_canonical_parity_gate: bool | None = None
    overall_passed: bool | None = None
    total_cases: int | None = None
    total_mismatches: int | None = None
    mismatch_rate: float | None = None
    suites_passed: tuple[str, ...] = ()
    suites_failed: tuple[str, ...] = ()
    mode: str | None = None
    view: str | None = None
    scan_time: float | None = None
    iteration: int | None = None


class ParityValidationStarted(Event, frozen=True, kw_only=True):
    """A comparison of recorded games with a second engine began."""

    EVENT = EventType.named("PARITY_VALIDATION_STARTED", bridged=True, dedup=Dedup.id())

    db_count: int | None = None
    db_path: str | None = None
    mode: str | None = None
    view: str | None = None
    limit_games_per_db: int | None = None
    include_game_ids_count: int | None = None
    include_game_ids_file: str | None = None
    trace_mode: bool = False


class RepairCompleted(Event, frozen=True, kw_only=True):
    """A game has enough copies again."""

    EVENT = EventType.named("REPAIR_COMPLETED", bridged=True, dedup=Dedup.id())

    game_id: str
    source_nodes: tuple[str, ...] = ()
    target_nodes: tuple[str, ...] = ()
    new_replica_count: int | None = None
    duration_seconds: float | None = None


class S3BackupCompleted(Event, frozen=True, kw_only=True):
    """Promoted models were backed up to an object store."""

    EVENT = EventType.named("S3_BACKUP_COMPLETED", dedup=Dedup.id())

    bucket: str
    promotions: tuple[str, ...] = ()
    duration_seconds: float | None = None


class TaskAbandoned(Event, frozen=True, kw_only=True):
    """A task was given up and nobody works on it any more."""

    EVENT = EventType.named(
        "TASK_ABANDONED",
        bridged=True,
        durable=True,
        dedup=Dedup.id(),
        one_of=("task_id", "work_id", "job_id"),
    )

    reason: str
    task_id: str | None = None
    task_type: str | None = None
    work_id: str | None = None
    job_id: str | None = None
    component: str | None = None
    node_id: str | None = None
    config_key: str | None = None
    progress: float | None = None
    iteration: int | None = None
