"""When two events of a type are one fact: the decision for each of the 253, and its reason.

Two events whose payloads are equal may be two facts within the window of 60 s; suppressing the
second would lose one. So `id` is the rule, and `content` or `key` need a reason: an equal payload
says nothing new, because it names what it is about and nothing takes it back.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from ringleader.actors.events import (
    BackpressureActivated,
    BackpressureReleased,
    Catalogue,
    DaemonStarted,
    DataEventType,
    DataSyncFailed,
    Dedup,
    EloUpdated,
    Event,
    HostOffline,
    HostOnline,
    PressureLevel,
    SelfplayComplete,
    SyncRequest,
    TrainingCompleted,
)
from ringleader.actors.events.catalogue import load
from ringleader.actors.publication import Routing
from ringleader.testing import TestSystem
from tests.actors.events.making import events_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class Why(Enum):
    """Why equal payloads are one fact, or two."""

    RESULT = "content", "says what an undertaking left behind, by name; again, it says nothing new"
    FINDING = "content", "says what is so of a named thing; whoever looks again finds it again"
    ALARM = "content", "says that something needs a look, until somebody looked"
    ONCE = "key", "happens once to what the key names, whoever reports it, in whatever words"
    LIFE = "id", "begins or ends something that may begin and end again: a daemon, a run, a node"
    TURN = "id", "one state of several that take each other back: A, B and A again are three facts"
    REPORT = "id", "says again how things are: a heartbeat, progress, a measurement"
    COUNT = "id", "counts: two lots of 50 are 100"
    REQUEST = "id", "asks for something, and may ask again on purpose"
    FAILURE = "id", "each attempt fails for itself, often for the reason of the one before"
    CHANGE = "id", "sets a value that can be set back: who misses one keeps the wrong value"
    ACT = "id", "did something that can be done again: a copy, a checkpoint, a clean-up"


DECISIONS: dict[Why, str] = {
    Why.RESULT: """
        CMAES_COMPLETED CPU_PIPELINE_JOB_COMPLETED CROSSBOARD_PROMOTION EVALUATION_COMPLETED
        HARNESS_EVALUATION_COMPLETED MODEL_PROMOTED NAS_BEST_ARCHITECTURE NAS_COMPLETED
        NPZ_COMBINATION_COMPLETE NPZ_EXPORT_COMPLETE PBT_COMPLETED TRAINING_COMPLETED
    """,
    Why.FINDING: """
        CONFIG_DIVERGENCE_DETECTED DISTRIBUTION_INCOMPLETE EXPORT_VALIDATION_FAILED MODEL_CORRUPTED
        MODEL_EVALUATION_BLOCKED NODE_INCOMPATIBLE_WITH_WORKLOAD OPPONENT_MASTERED PLATEAU_DETECTED
        TRAINING_BLOCKED_BY_QUALITY TRAINING_LOSS_ANOMALY TRAINING_ROLLBACK_NEEDED
        TRAINING_TIMEOUT_REACHED
    """,
    Why.ALARM: """
        BUDGET_ALERT BUDGET_EXCEEDED CLUSTER_STALL_DETECTED DATA_QUALITY_ALERT DEADLOCK_DETECTED
        DISK_SPACE_LOW HEALTH_ALERT REPLICATION_ALERT
    """,
    Why.ONCE: """
        BATCH_SCHEDULED EPOCH_ADVANCED NODE_TERMINATED TASK_CANCELLED TASK_COMPLETED WORK_CANCELLED
        WORK_COMPLETED
    """,
    Why.LIFE: """
        CLUSTER_P2P_RECOVERY_COMPLETED CMAES_TRIGGERED CONSOLIDATION_STARTED COORDINATOR_SHUTDOWN
        DAEMON_PERMANENTLY_FAILED DAEMON_STARTED DAEMON_STOPPED DATABASE_CREATED DATA_SYNC_STARTED
        EVALUATION_STARTED JOB_SPAWN_VERIFIED MODEL_DISTRIBUTION_STARTED NAS_STARTED NAS_TRIGGERED
        NODE_ACTIVATED NODE_PROVISIONED NODE_RETIRED NPZ_COMBINATION_STARTED NPZ_EXPORT_STARTED
        P2P_RESTARTED P2P_RESTART_TRIGGERED PARITY_VALIDATION_STARTED PARTITION_HEALED
        PARTITION_HEALING_STARTED PBT_STARTED PROMOTION_STARTED QUORUM_RECOVERY_STARTED
        RECOVERY_COMPLETED RECOVERY_INITIATED SCHEDULER_REGISTERED SYNC_TRIGGERED TASK_ABANDONED
        TASK_SPAWNED TRAINING_EARLY_STOPPED TRAINING_LOCK_ACQUIRED TRAINING_STARTED
    """,
    Why.TURN: """
        BACKPRESSURE_ACTIVATED BACKPRESSURE_RELEASED CAPACITY_LOW CAPACITY_RESTORED
        CIRCUIT_BREAKER_CLOSED CIRCUIT_BREAKER_HALF_OPEN CIRCUIT_BREAKER_OPENED CIRCUIT_RESET
        CLUSTER_STATUS_CHANGED CLUSTER_UNDERUTILIZED CLUSTER_UTILIZATION_RECOVERED
        COORDINATOR_HEALTHY COORDINATOR_HEALTH_DEGRADED COORDINATOR_UNHEALTHY CURRICULUM_ADVANCED
        DAEMON_CRASH_LOOP_DETECTED DAEMON_STATUS_CHANGED DATA_FRESH DATA_STALE
        ESCALATION_TIER_CHANGED EVALUATION_BACKPRESSURE EVALUATION_BACKPRESSURE_RELEASED
        HIGH_QUALITY_DATA_AVAILABLE HOST_OFFLINE HOST_ONLINE LEADER_ELECTED LEADER_HEARTBEAT_MISSING
        LEADER_LEASE_EXPIRED LEADER_LOST LEADER_STEPDOWN LOW_QUALITY_DATA_WARNING NODE_RECOVERED
        NODE_SUSPECT NODE_UNHEALTHY P2P_CLUSTER_HEALTHY P2P_CLUSTER_UNHEALTHY P2P_HEALTH_RECOVERED
        P2P_NODES_DEAD P2P_NODE_DEAD PROGRESS_RECOVERED PROGRESS_STALL_DETECTED
        PROMOTION_ROLLED_BACK QUALITY_DEGRADED QUORUM_AT_RISK QUORUM_LOST QUORUM_RESTORED
        REGRESSION_CLEARED REGRESSION_CRITICAL REGRESSION_DETECTED REGRESSION_MINOR
        REGRESSION_MODERATE REGRESSION_SEVERE SOCKET_LEAK_DETECTED SOCKET_LEAK_RECOVERED
        SPLIT_BRAIN_DETECTED SPLIT_BRAIN_RESOLVED SSH_NODE_RECOVERED SSH_NODE_UNRESPONSIVE
        TASK_ORPHANED TIER_PROMOTION VOTER_DEMOTED VOTER_OFFLINE VOTER_ONLINE VOTER_PROMOTED
        WORK_CLAIMED WORK_QUEUED WORK_QUEUE_RECOVERED WORK_QUEUE_STALLED WORK_RETRY WORK_STARTED
    """,
    Why.REPORT: """
        CIRCUIT_BREAKER_THRESHOLD COORDINATOR_HEARTBEAT EVALUATION_PROGRESS HEALTH_CHECK_FAILED
        HEALTH_CHECK_PASSED IDLE_RESOURCE_DETECTED IDLE_STATE_BROADCAST MEMORY_PRESSURE
        METRICS_UPDATED NAS_GENERATION_COMPLETE NETWORK_ISOLATION_DETECTED NODE_CAPACITY_UPDATED
        NODE_OVERLOADED PBT_GENERATION_COMPLETE PER_PRIORITIES_UPDATED QUALITY_SCORE_UPDATED
        RESOURCE_CONSTRAINT RESOURCE_CONSTRAINT_DETECTED SSH_LIVENESS_CHECK_FAILED
        SSH_LIVENESS_CHECK_STARTED SSH_LIVENESS_CHECK_SUCCEEDED STATE_PERSISTED TASK_HEARTBEAT
        TRAINING_LOSS_TREND TRAINING_PROGRESS
    """,
    Why.COUNT: """
        BATCH_DISPATCHED CONSOLIDATION_COMPLETE DATA_BACKUP_COMPLETED DATA_SYNC_COMPLETED
        DLQ_EVENTS_PURGED DLQ_EVENTS_REPLAYED DLQ_STALE_EVENTS GAME_SYNCED
        MODEL_DISTRIBUTION_COMPLETE NEW_GAMES_AVAILABLE ORPHAN_GAMES_DETECTED
        ORPHAN_GAMES_REGISTERED P2P_SELFPLAY_SCALED PARITY_VALIDATION_COMPLETED SELFPLAY_COMPLETE
        TRAINING_THRESHOLD_REACHED
    """,
    Why.REQUEST: """
        CURRICULUM_ADVANCEMENT_NEEDED IDLE_STATE_REQUEST MODEL_SYNC_REQUESTED
        P2P_CONNECTION_RESET_REQUESTED P2P_RECOVERY_NEEDED PROMOTION_CANDIDATE
        QUALITY_CHECK_REQUESTED QUORUM_PRIORITY_RECONNECT SYNC_REQUEST
    """,
    Why.FAILURE: """
        COORDINATOR_INIT_FAILED DATA_SYNC_FAILED ERROR EVALUATION_FAILED HANDLER_FAILED
        HANDLER_TIMEOUT JOB_SPAWN_FAILED LOCK_TIMEOUT MODEL_DISTRIBUTION_FAILED
        NODE_PROVISION_FAILED NPZ_COMBINATION_FAILED PARTITION_HEALING_FAILED PROMOTION_FAILED
        PROMOTION_REJECTED QUALITY_CHECK_FAILED RECOVERY_FAILED REPAIR_FAILED SYNC_CHECKSUM_FAILED
        SYNC_FAILURE_CRITICAL SYNC_NODE_UNREACHABLE SYNC_STALLED TASK_FAILED TRAINING_FAILED
        TRAINING_SLOT_UNAVAILABLE WORK_FAILED WORK_TIMEOUT
    """,
    Why.CHANGE: """
        ADAPTIVE_PARAMS_CHANGED ARCHITECTURE_WEIGHTS_UPDATED CLUSTER_CAPACITY_CHANGED CONFIG_UPDATED
        CURRICULUM_PROPAGATE CURRICULUM_REBALANCED ELO_SIGNIFICANT_CHANGE ELO_UPDATED
        ELO_VELOCITY_CHANGED EXPLORATION_ADJUSTED EXPLORATION_BOOST HYPERPARAMETER_UPDATED
        MODEL_UPDATED PARITY_FAILURE_RATE_CHANGED QUALITY_DISTRIBUTION_CHANGED
        QUALITY_FEEDBACK_ADJUSTED QUALITY_PENALTY_APPLIED REGISTRY_UPDATED
        SELFPLAY_ALLOCATION_UPDATED SELFPLAY_RATE_CHANGED SELFPLAY_TARGET_UPDATED WEIGHT_UPDATED
    """,
    Why.ACT: """
        CACHE_INVALIDATED CHECKPOINT_LOADED CHECKPOINT_SAVED DISK_CLEANUP_TRIGGERED JOB_PREEMPTED
        P2P_MODEL_SYNCED PER_BUFFER_REBUILT REPAIR_COMPLETED S3_BACKUP_COMPLETED
        TRAINING_ROLLBACK_COMPLETED
    """,
}

#: What a `key` names; these fields are always set.
KEYS = {
    "BATCH_SCHEDULED": ("batch_id",),
    "EPOCH_ADVANCED": ("new_epoch",),
    "NODE_TERMINATED": ("instance_id",),
    "TASK_CANCELLED": ("task_id",),
    "TASK_COMPLETED": ("task_id",),
    "WORK_CANCELLED": ("work_id",),
    "WORK_COMPLETED": ("work_id",),
}

WHY = {name: why for why, names in DECISIONS.items() for name in names.split()}
CATALOGUE = Catalogue()

every_type = pytest.mark.parametrize("member", DataEventType, ids=lambda member: member.name)


def decided(member: DataEventType) -> Dedup:
    kind, _ = WHY[member.name].value
    if kind == "key":
        return Dedup.key(*KEYS[member.name])
    return Dedup.id() if kind == "id" else Dedup.content()


def test_each_of_the_253_types_is_decided_once() -> None:
    names = [name for names in DECISIONS.values() for name in names.split()]
    assert len(names) == len(WHY) == 253
    assert WHY.keys() == DataEventType.__members__.keys()
    assert {name for name, why in WHY.items() if why is Why.ONCE} == KEYS.keys()


def test_most_equal_payloads_are_different_facts() -> None:
    kinds = [load(member).EVENT.dedup.kind for member in DataEventType]
    assert {kind: kinds.count(kind) for kind in kinds} == {"id": 214, "content": 32, "key": 7}


@every_type
def test_the_catalogue_declares_what_was_decided(member: DataEventType) -> None:
    assert load(member).EVENT.dedup == decided(member), WHY[member.name].value[1]


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_of_required_fields_only(name: str) -> None:
    required = {f.name for f in msgspec.structs.fields(load(DataEventType[name])) if f.required}
    assert {*KEYS[name]} <= required


@pytest.fixture(scope="module")
def system() -> Iterator[TestSystem]:
    with TestSystem() as system:
        yield system


def is_duplicate(system: TestSystem, event: Event) -> bool:
    publication = system.publish(event)
    system.run()
    assert publication.receipt is not None
    return publication.receipt.routing is Routing.DUPLICATE


def are_one_fact(one: Event, other: Event) -> bool:
    """Tell what the declaration says of two events of a type, published one after the other."""
    match one.EVENT.dedup:
        case Dedup("id"):
            return False
        case Dedup("content"):
            return CATALOGUE.encode(one) == CATALOGUE.encode(other)
        case Dedup(_, fields):
            return all(getattr(one, field) == getattr(other, field) for field in fields)


@every_type
def test_the_registry_suppresses_what_the_type_declares_to_be_one_fact(
    member: DataEventType, system: TestSystem
) -> None:
    events = events_of(load(member))

    @settings(
        max_examples=2,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(events, events)
    def behaves(event: Event, other: Event) -> None:
        system.advance(61)
        assert not is_duplicate(system, event)
        assert is_duplicate(system, event) is (event.EVENT.dedup.kind != "id")
        assert is_duplicate(system, other) is are_one_fact(event, other)
        system.advance(61)
        assert not is_duplicate(system, event)

    behaves()


FACTS: list[list[Event]] = [
    [DaemonStarted(daemon_name="sync", hostname="a", pid=7)] * 2,
    [
        BackpressureActivated(level=PressureLevel.HIGH, node_id="a"),
        BackpressureReleased(node_id="a"),
        BackpressureActivated(level=PressureLevel.HIGH, node_id="a"),
        BackpressureReleased(node_id="a"),
    ],
    [SelfplayComplete(config_key="hex8_2p", games_generated=50)] * 2,
    [HostOffline(node_id="a"), HostOnline(node_id="a"), HostOffline(node_id="a")],
    [
        EloUpdated(config_key="hex8_2p", model_id="m", new_elo=elo)
        for elo in (1500, 1520, 1500, 1520)
    ],
    [SyncRequest(reason="new games"), SyncRequest(reason="new games")],
    [DataSyncFailed(error="no route to host", node_id="a")] * 3,
]


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: type(facts[0]).__name__)
def test_different_facts_that_look_alike_all_arrive(facts: list[Event], system: TestSystem) -> None:
    system.advance(61)
    assert [is_duplicate(system, fact) for fact in facts] == [False] * len(facts)


def test_a_result_that_is_published_again_arrives_once_a_window(system: TestSystem) -> None:
    done = TrainingCompleted(config_key="hex8_2p", model_path="m.npz")
    system.advance(61)
    assert [is_duplicate(system, done) for _ in range(3)] == [False, True, True]
    system.advance(59)
    assert is_duplicate(system, done)
    system.advance(2)
    assert not is_duplicate(system, done)


@pytest.mark.parametrize("name", KEYS)
def test_the_second_report_of_what_happens_once_is_suppressed_whatever_it_says(
    name: str, system: TestSystem
) -> None:
    event_class = load(DataEventType[name])
    needed = {f.name: f.type for f in msgspec.structs.fields(event_class) if f.required}
    one = event_class(**{field: 1 if kind is int else "x" for field, kind in needed.items()})
    optional = next(f.name for f in msgspec.structs.fields(event_class) if f.default is None)
    fuller = msgspec.structs.replace(one, **{optional: "more"})
    system.advance(61)
    assert not is_duplicate(system, one)
    assert is_duplicate(system, fuller)
    assert not is_duplicate(system, msgspec.structs.replace(one, **{KEYS[name][0]: "y"}))
