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

#: Types that take each other back, or tell one story: told out of order, its end would be a wrong
#: one, so they have one priority.
STORIES = {
    "who leads": """
        LEADER_ELECTED LEADER_LOST LEADER_STEPDOWN LEADER_LEASE_EXPIRED EPOCH_ADVANCED
        LEADER_HEARTBEAT_MISSING SPLIT_BRAIN_DETECTED SPLIT_BRAIN_RESOLVED
        QUORUM_AT_RISK QUORUM_LOST QUORUM_RESTORED QUORUM_RECOVERY_STARTED
        VOTER_DEMOTED VOTER_OFFLINE VOTER_ONLINE VOTER_PROMOTED
    """,
    "pressure": "BACKPRESSURE_ACTIVATED BACKPRESSURE_RELEASED",
    "pressure of evaluations": "EVALUATION_BACKPRESSURE EVALUATION_BACKPRESSURE_RELEASED",
    "daemons": """
        DAEMON_STARTED DAEMON_STOPPED DAEMON_STATUS_CHANGED DAEMON_CRASH_LOOP_DETECTED
        DAEMON_PERMANENTLY_FAILED
    """,
    "coordinators": """
        COORDINATOR_HEALTHY COORDINATOR_HEALTH_DEGRADED COORDINATOR_UNHEALTHY COORDINATOR_SHUTDOWN
        COORDINATOR_INIT_FAILED
    """,
    "the cluster": "P2P_CLUSTER_HEALTHY P2P_CLUSTER_UNHEALTHY CLUSTER_STATUS_CHANGED",
    "partitions": "PARTITION_HEALED PARTITION_HEALING_FAILED PARTITION_HEALING_STARTED",
    "recoveries": "RECOVERY_COMPLETED RECOVERY_FAILED RECOVERY_INITIATED",
    "capacity": "CAPACITY_LOW CAPACITY_RESTORED",
    "sockets": "SOCKET_LEAK_DETECTED SOCKET_LEAK_RECOVERED",
    "the queue": "WORK_QUEUE_RECOVERED WORK_QUEUE_STALLED",
    "use": "CLUSTER_UNDERUTILIZED CLUSTER_UTILIZATION_RECOVERED",
    "nodes, and what runs on them": """
        HOST_OFFLINE HOST_ONLINE NODE_ACTIVATED NODE_OVERLOADED NODE_PROVISIONED NODE_RECOVERED
        NODE_RETIRED NODE_SUSPECT NODE_TERMINATED NODE_UNHEALTHY P2P_NODE_DEAD P2P_NODES_DEAD
        P2P_RESTARTED SSH_NODE_RECOVERED SSH_NODE_UNRESPONSIVE
        CIRCUIT_BREAKER_CLOSED CIRCUIT_BREAKER_HALF_OPEN CIRCUIT_BREAKER_OPENED CIRCUIT_RESET
        JOB_PREEMPTED JOB_SPAWN_FAILED JOB_SPAWN_VERIFIED
        TASK_SPAWNED TASK_COMPLETED TASK_FAILED TASK_CANCELLED TASK_ORPHANED TASK_ABANDONED
        WORK_QUEUED WORK_CLAIMED WORK_STARTED WORK_COMPLETED WORK_FAILED WORK_RETRY WORK_CANCELLED
        WORK_TIMEOUT
    """,
    "data": """
        DATA_FRESH DATA_STALE DATA_SYNC_STARTED DATA_SYNC_COMPLETED DATA_SYNC_FAILED
        HIGH_QUALITY_DATA_AVAILABLE LOW_QUALITY_DATA_WARNING QUALITY_DEGRADED
        CONSOLIDATION_STARTED CONSOLIDATION_COMPLETE NPZ_EXPORT_STARTED NPZ_EXPORT_COMPLETE
        NPZ_COMBINATION_STARTED NPZ_COMBINATION_COMPLETE NPZ_COMBINATION_FAILED
    """,
    "models": """
        TRAINING_STARTED TRAINING_COMPLETED TRAINING_FAILED TRAINING_EARLY_STOPPED
        TRAINING_ROLLBACK_NEEDED TRAINING_ROLLBACK_COMPLETED
        EVALUATION_STARTED EVALUATION_COMPLETED EVALUATION_FAILED ELO_UPDATED
        PROMOTION_CANDIDATE PROMOTION_STARTED PROMOTION_REJECTED PROMOTION_FAILED MODEL_PROMOTED
        PROMOTION_ROLLED_BACK MODEL_CORRUPTED
        REGRESSION_CLEARED REGRESSION_CRITICAL REGRESSION_DETECTED REGRESSION_MINOR
        REGRESSION_MODERATE REGRESSION_SEVERE PROGRESS_RECOVERED PROGRESS_STALL_DETECTED
        MODEL_DISTRIBUTION_STARTED MODEL_DISTRIBUTION_COMPLETE MODEL_DISTRIBUTION_FAILED
    """,
    "health checks": "HEALTH_CHECK_FAILED HEALTH_CHECK_PASSED",
    "liveness checks": """
        SSH_LIVENESS_CHECK_STARTED SSH_LIVENESS_CHECK_SUCCEEDED SSH_LIVENESS_CHECK_FAILED
    """,
}


def names(**wanted: object) -> set[str]:
    """Name the types whose declaration has these values."""
    return {
        name
        for name, kind in KINDS.items()
        if all(getattr(kind, field) == value for field, value in wanted.items())
    }


@pytest.mark.parametrize("story", STORIES)
def test_a_story_is_told_in_order(story: str) -> None:
    assert len({KINDS[name].priority for name in STORIES[story].split()}) == 1


def test_what_controls_the_system_goes_first() -> None:
    control = {name for name, kind in KINDS.items() if kind.priority >= Priority.HIGH}
    first: tuple[str, ...] = (
        "DAEMON_",
        "BACKPRESSURE_",
        "LEADER_",
        "QUORUM_",
        "SPLIT_BRAIN_",
        "VOTER_",
    )
    first += ("BUDGET_", "P2P_CLUSTER_", "RECOVERY_", "PARTITION_")
    assert {name for name in KINDS if name.startswith(first)} <= control
    assert {"HEALTH_ALERT", "DEADLOCK_DETECTED", "DISK_SPACE_LOW", "MEMORY_PRESSURE"} <= control
    assert len(control) == 62


def test_the_pipeline_and_the_nodes_do_not_go_first() -> None:
    resources = {"RESOURCE_CONSTRAINT", "RESOURCE_CONSTRAINT_DETECTED"}
    bulk = ("training", "selfplay", "work", "data", "curriculum", "optimization", "model")
    for name, kind in KINDS.items():
        if kind.module in bulk and name not in resources:
            assert kind.priority <= Priority.NORMAL, name


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


@pytest.mark.parametrize("story", ["who leads", "pressure", "daemons", "coordinators", "capacity"])
def test_states_that_take_each_other_back_are_delivered_however_late(story: str) -> None:
    assert {KINDS[name].max_age for name in STORIES[story].split()} == {None}


def test_states_of_nodes_are_delivered_however_late() -> None:
    nodes = {name for name in KINDS if name.startswith(("HOST_", "NODE_", "P2P_NODE"))}
    late = {name for name in nodes if KINDS[name].max_age is None}
    assert nodes - late == {"NODE_CAPACITY_UPDATED", "NODE_OVERLOADED"}  # measurements


def test_a_type_of_control_is_high_and_told_apart_by_id_unless_said_otherwise() -> None:
    kind = EventType.control("LEADER_LOST")
    assert (kind.priority, kind.dedup.kind, kind.max_age) == (Priority.HIGH, "id", None)
    assert EventType.control("LEADER_LOST", priority=Priority.CRITICAL).priority == "critical"


def test_a_type_of_status_is_low_short_lived_and_may_be_left_out() -> None:
    kind = EventType.status("TASK_HEARTBEAT", bridged=True)
    assert (kind.priority, kind.on_pressure, kind.max_age) == (Priority.LOW, "shed", STATUS_MAX_AGE)
    assert kind.bridged


def test_what_is_said_of_pressure_meets_the_rules_for_event_types() -> None:
    for member in DataEventType:
        check_event_class(load(member))
