"""Priority, what a publisher meets under pressure, durability and age: laws over all 253 types."""

from __future__ import annotations

import pytest

from ringleader.actors.events import (
    PIPELINE_MAX_AGE,
    STAGES,
    STATUS_MAX_AGE,
    Catalogue,
    DataEventType,
    EventType,
    Priority,
)
from ringleader.actors.events.catalogue import load
from ringleader.actors.events.registration import check_event_class

KINDS = {event_class.EVENT.name: event_class.EVENT for event_class in Catalogue()}

#: Types that take each other back, or tell one story of one thing: told out of order, the last one
#: would be the wrong one, so they have one priority.
STORIES = [
    "BACKPRESSURE_ACTIVATED BACKPRESSURE_RELEASED",
    "CAPACITY_LOW CAPACITY_RESTORED",
    "CIRCUIT_BREAKER_CLOSED CIRCUIT_BREAKER_HALF_OPEN CIRCUIT_BREAKER_OPENED CIRCUIT_RESET",
    "CLUSTER_UNDERUTILIZED CLUSTER_UTILIZATION_RECOVERED",
    "CONSOLIDATION_STARTED CONSOLIDATION_COMPLETE",
    "COORDINATOR_HEALTHY COORDINATOR_HEALTH_DEGRADED COORDINATOR_UNHEALTHY COORDINATOR_SHUTDOWN",
    (
        "DAEMON_STARTED DAEMON_STOPPED DAEMON_STATUS_CHANGED DAEMON_CRASH_LOOP_DETECTED "
        "DAEMON_PERMANENTLY_FAILED"
    ),
    "DATA_FRESH DATA_STALE",
    "DATA_SYNC_STARTED DATA_SYNC_COMPLETED DATA_SYNC_FAILED",
    "EVALUATION_BACKPRESSURE EVALUATION_BACKPRESSURE_RELEASED",
    "EVALUATION_STARTED EVALUATION_COMPLETED EVALUATION_FAILED",
    "HEALTH_CHECK_FAILED HEALTH_CHECK_PASSED",
    "HIGH_QUALITY_DATA_AVAILABLE LOW_QUALITY_DATA_WARNING QUALITY_DEGRADED",
    "LEADER_ELECTED LEADER_LOST LEADER_STEPDOWN LEADER_LEASE_EXPIRED EPOCH_ADVANCED",
    "MODEL_DISTRIBUTION_STARTED MODEL_DISTRIBUTION_COMPLETE MODEL_DISTRIBUTION_FAILED",
    (
        "NODE_ACTIVATED NODE_PROVISIONED NODE_RECOVERED NODE_RETIRED NODE_SUSPECT NODE_TERMINATED "
        "NODE_UNHEALTHY NODE_OVERLOADED HOST_OFFLINE HOST_ONLINE P2P_NODE_DEAD P2P_NODES_DEAD "
        "SSH_NODE_RECOVERED SSH_NODE_UNRESPONSIVE"
    ),
    "NPZ_COMBINATION_STARTED NPZ_COMBINATION_COMPLETE NPZ_COMBINATION_FAILED",
    "NPZ_EXPORT_STARTED NPZ_EXPORT_COMPLETE",
    "P2P_CLUSTER_HEALTHY P2P_CLUSTER_UNHEALTHY CLUSTER_STATUS_CHANGED",
    "PARTITION_HEALED PARTITION_HEALING_FAILED PARTITION_HEALING_STARTED",
    "PROGRESS_RECOVERED PROGRESS_STALL_DETECTED",
    (
        "PROMOTION_CANDIDATE PROMOTION_STARTED PROMOTION_REJECTED PROMOTION_FAILED MODEL_PROMOTED "
        "PROMOTION_ROLLED_BACK MODEL_CORRUPTED"
    ),
    "QUORUM_AT_RISK QUORUM_LOST QUORUM_RESTORED QUORUM_RECOVERY_STARTED",
    "RECOVERY_COMPLETED RECOVERY_FAILED RECOVERY_INITIATED",
    (
        "REGRESSION_CLEARED REGRESSION_CRITICAL REGRESSION_DETECTED REGRESSION_MINOR "
        "REGRESSION_MODERATE REGRESSION_SEVERE"
    ),
    "SOCKET_LEAK_DETECTED SOCKET_LEAK_RECOVERED",
    "SPLIT_BRAIN_DETECTED SPLIT_BRAIN_RESOLVED",
    "SSH_LIVENESS_CHECK_STARTED SSH_LIVENESS_CHECK_SUCCEEDED SSH_LIVENESS_CHECK_FAILED",
    "TASK_SPAWNED TASK_COMPLETED TASK_FAILED TASK_CANCELLED TASK_ORPHANED TASK_ABANDONED",
    "TRAINING_STARTED TRAINING_COMPLETED TRAINING_FAILED TRAINING_EARLY_STOPPED",
    "VOTER_DEMOTED VOTER_OFFLINE VOTER_ONLINE VOTER_PROMOTED",
    (
        "WORK_QUEUED WORK_CLAIMED WORK_STARTED WORK_COMPLETED WORK_FAILED WORK_RETRY "
        "WORK_CANCELLED WORK_TIMEOUT"
    ),
    "WORK_QUEUE_RECOVERED WORK_QUEUE_STALLED",
]


def names(**wanted: object) -> set[str]:
    """Name the types whose declaration has these values."""
    return {
        name
        for name, kind in KINDS.items()
        if all(getattr(kind, field) == value for field, value in wanted.items())
    }


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.split()[0])
def test_types_that_take_each_other_back_never_overtake_each_other(story: str) -> None:
    assert len({KINDS[name].priority for name in story.split()}) == 1


def test_what_controls_the_system_goes_first() -> None:
    control = {name for name, kind in KINDS.items() if kind.priority >= Priority.HIGH}
    started: tuple[str, ...] = (
        "DAEMON_",
        "BACKPRESSURE_",
        "LEADER_",
        "QUORUM_",
        "SPLIT_BRAIN_",
        "VOTER_",
    )
    started += ("CIRCUIT_", "REGRESSION_", "BUDGET_", "P2P_CLUSTER_", "HOST_")
    assert {name for name in KINDS if name.startswith(started)} <= control
    assert {"HEALTH_ALERT", "DEADLOCK_DETECTED", "DISK_SPACE_LOW", "NODE_UNHEALTHY"} <= control
    assert len(control) == 90


def test_the_pipelines_bulk_does_not_go_first() -> None:
    for module in ("training", "selfplay", "work", "data", "curriculum", "optimization", "model"):
        assert {name for name, kind in KINDS.items() if kind.module == module} & names(
            priority=Priority.HIGH
        ) <= {"RESOURCE_CONSTRAINT", "RESOURCE_CONSTRAINT_DETECTED"}


def test_measurements_heartbeats_and_progress_go_last_and_may_be_left_out() -> None:
    last = names(priority=Priority.LOW)
    assert {n for n in KINDS if n.endswith(("_HEARTBEAT", "_PROGRESS", "METRICS_UPDATED"))} <= last
    assert last == names(on_pressure="shed") - {"HEALTH_CHECK_PASSED"}
    assert len(last) == 16


def test_only_what_the_next_one_says_again_may_be_left_out() -> None:
    for name in names(on_pressure="shed"):
        kind = KINDS[name]
        assert not kind.durable
        assert kind.dedup.kind == "id"
        assert kind.max_age == STATUS_MAX_AGE


def test_only_requests_are_refused() -> None:
    assert names(on_pressure="refuse") == {"SYNC_REQUEST", "QUALITY_CHECK_REQUESTED"}


def test_publishers_of_new_work_and_of_single_games_are_slowed() -> None:
    assert names(on_pressure="slow") == {
        *("BATCH_DISPATCHED", "BATCH_SCHEDULED", "CHECKPOINT_SAVED", "DATABASE_CREATED"),
        *("GAME_SYNCED", "NEW_GAMES_AVAILABLE", "P2P_SELFPLAY_SCALED", "QUALITY_SCORE_UPDATED"),
        *("SELFPLAY_COMPLETE", "TASK_SPAWNED", "WORK_QUEUED"),
    }


def test_nobody_is_kept_from_telling_that_something_is_wrong() -> None:
    urgent = {name for name, kind in KINDS.items() if kind.priority >= Priority.HIGH}
    failures = {name for name in KINDS if name.endswith(("_FAILED", "_TIMEOUT", "_LOST"))}
    failures -= {"SSH_LIVENESS_CHECK_FAILED"}  # one of many; SSH_NODE_UNRESPONSIVE is the alarm
    assert urgent | failures <= names(on_pressure="accept")


@pytest.mark.parametrize("stage", STAGES)
def test_the_end_of_a_stage_is_durable(stage: str) -> None:
    event = STAGES[stage]
    if event is not None and not event.endswith("_STARTED"):
        assert KINDS[event].durable


def test_decisions_and_work_items_are_durable() -> None:
    decisions = {"MODEL_PROMOTED", "PROMOTION_REJECTED", "PROMOTION_FAILED", "TIER_PROMOTION"}
    decisions |= {"PROMOTION_ROLLED_BACK", "LEADER_ELECTED", "EPOCH_ADVANCED", "BUDGET_EXCEEDED"}
    work = {name for name in KINDS if name.startswith(("WORK_", "TASK_"))}
    work -= {"WORK_QUEUE_STALLED", "WORK_QUEUE_RECOVERED", "TASK_HEARTBEAT"}
    assert decisions | work <= names(durable=True)


def test_there_are_two_ages_and_most_events_have_none() -> None:
    ages = [kind.max_age for kind in KINDS.values()]
    assert {age: ages.count(age) for age in ages} == {
        None: 182,
        PIPELINE_MAX_AGE: 46,
        STATUS_MAX_AGE: 25,
    }


def test_what_asks_for_something_is_not_done_much_later() -> None:
    asking = {name for name in KINDS if name.endswith(("_REQUEST", "_REQUESTED", "_NEEDED"))}
    asking |= {"QUORUM_PRIORITY_RECONNECT", "PROMOTION_CANDIDATE", "SELFPLAY_TARGET_UPDATED"}
    assert {name for name in asking if KINDS[name].max_age is None} == set()


def test_states_that_take_each_other_back_are_delivered_however_late() -> None:
    for story in STORIES:
        if any(word in story for word in ("ACTIVATED", "HEALTHY", "ONLINE", "LEADER_LOST")):
            late = {name: KINDS[name].max_age for name in story.split()}
            late.pop("NODE_OVERLOADED", None)  # a measurement: it is over by itself
            assert {*late.values()} == {None}, late


def test_a_type_of_control_is_high_and_told_apart_by_id_unless_said_otherwise() -> None:
    kind = EventType.control("HOST_ONLINE")
    assert (kind.priority, kind.dedup.kind, kind.max_age) == (Priority.HIGH, "id", None)
    assert EventType.control("HOST_ONLINE", priority=Priority.CRITICAL).priority == "critical"


def test_a_type_of_status_is_low_short_lived_and_may_be_left_out() -> None:
    kind = EventType.status("TASK_HEARTBEAT", bridged=True)
    assert (kind.priority, kind.on_pressure, kind.max_age) == (Priority.LOW, "shed", STATUS_MAX_AGE)
    assert kind.bridged


def test_what_is_said_of_pressure_meets_the_rules_for_event_types() -> None:
    for member in DataEventType:
        check_event_class(load(member))
