from __future__ import annotations

import pytest

from ringleader.actors.events import DataEventType, EventCategory


def test_a_member_is_its_wire_value() -> None:
    assert str(DataEventType.NEW_GAMES_AVAILABLE) == "new_games"
    assert {"new_games": 1}[DataEventType.NEW_GAMES_AVAILABLE] == 1
    assert DataEventType("sync_completed") is DataEventType.DATA_SYNC_COMPLETED
    assert f"{DataEventType.TRAINING_THRESHOLD_REACHED}" == "training_threshold"


def test_values_are_unique_and_only_five_differ_from_the_names() -> None:
    assert len({member.value for member in DataEventType}) == len(DataEventType.__members__)
    assert {m.name for m in DataEventType if m.value != m.name.lower()} == {
        "NEW_GAMES_AVAILABLE",
        "DATA_SYNC_STARTED",
        "DATA_SYNC_COMPLETED",
        "DATA_SYNC_FAILED",
        "TRAINING_THRESHOLD_REACHED",
    }


@pytest.mark.parametrize(
    ("member", "class_name"),
    [
        (DataEventType.TRAINING_COMPLETED, "TrainingCompleted"),
        (DataEventType.P2P_NODE_DEAD, "P2PNodeDead"),
        (DataEventType.NPZ_EXPORT_COMPLETE, "NpzExportComplete"),
        (DataEventType.S3_BACKUP_COMPLETED, "S3BackupCompleted"),
        (DataEventType.CLUSTER_P2P_RECOVERY_COMPLETED, "ClusterP2PRecoveryCompleted"),
    ],
)
def test_class_names_are_the_names_in_camel_case(member: DataEventType, class_name: str) -> None:
    assert member.class_name == class_name


def test_categories_have_the_sizes_of_the_reference_system() -> None:
    sizes = {
        category.value: sum(member.category is category for member in DataEventType)
        for category in EventCategory
    }
    assert sizes == {
        "other": 92,
        "health": 36,
        "p2p": 24,
        "training": 16,
        "data": 16,
        "evaluation": 11,
        "model": 10,
        "selfplay": 9,
        "sync": 9,
        "monitoring": 8,
        "resilience": 7,
        "daemon": 6,
        "quality": 5,
        "curriculum": 4,
    }


def test_there_are_seventeen_modules() -> None:
    assert len({member.module for member in DataEventType}) == 17
