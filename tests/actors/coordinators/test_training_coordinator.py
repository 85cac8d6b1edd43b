from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.coordinators.layer3 import TrainingCoordinator
from ringleader.actors.coordinators.layer3.slots import Slots, TrainingCoordinatorOptions
from ringleader.actors.coordinators.messages import RequestTraining, TrainingAnswer
from ringleader.actors.daemons.job_messages import JobProgress
from ringleader.actors.events.data import LowQualityDataWarning
from ringleader.actors.events.health import P2PClusterHealthy, P2PClusterUnhealthy
from ringleader.actors.events.model import PromotionRolledBack
from ringleader.actors.events.monitoring import (
    RegressionCleared,
    RegressionCritical,
    RegressionDetected,
)
from ringleader.actors.events.p2p import ClusterCapacityChanged
from ringleader.actors.events.quality import QualityScoreUpdated
from ringleader.actors.events.training import TrainingBlockedByQuality
from ringleader.actors.events.work import TaskHeartbeat
from ringleader.actors.journal import ModelRecord
from ringleader.supervisors.spec import ChildSpec

from .fakes import CONFIG, Pipeline, Work

if TYPE_CHECKING:
    from ringleader.actors.coordinators.layer3.leases import Leases

NAME = "training_coordinator"
OTHER = "hex6_2p"
JOB = f"train-{CONFIG}-1"


class Asker(Actor):
    """Keeps the answers that it gets."""

    def __init__(self, answers: list[TrainingAnswer]) -> None:
        super().__init__()
        self._answers = answers

    def on_receive(self, message: Any) -> Any:
        self._answers.append(message)


class Desk:
    """A coordinator, and somebody who asks it."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.answers: list[TrainingAnswer] = []
        for key in pipeline.workload.config_keys:
            for stage in ("selfplay", "npz_export", "npz_combination"):
                pipeline.journal.finish_stage(key, 1, stage, now=0.0)
        pipeline.start(NAME)
        self.asker = pipeline.system.start_child(ChildSpec("asker", Asker, (self.answers,)))
        self.ref = pipeline.ref(NAME)

    def ask(self, config_key: str = CONFIG) -> TrainingAnswer | None:
        self.ref.tell(
            RequestTraining(
                config_key=config_key,
                iteration=1,
                samples_path="/samples",
                model_path="/models/0",
                parent="m0",
                options={"epochs": 3},
                reply_to=self.asker,
            )
        )
        self.pipeline.system.run()
        return self.answers[-1] if self.answers else None

    def refused(self, config_key: str = CONFIG) -> str:
        answer = self.ask(config_key)
        assert answer is not None
        assert not answer.granted
        return answer.reason

    def slots(self) -> Slots:
        return self.ref.call(TrainingCoordinator.statistics).get()


def test_a_config_that_may_train_gets_its_lock_then_its_job() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        answer = desk.ask()

        assert answer is not None
        assert answer.granted
        (lock,) = pipeline.told("TRAINING_LOCK_ACQUIRED")
        assert (lock.job_id, lock.lock_name) == (JOB, f"training:{CONFIG}")
        (request,) = pipeline.work.requests
        assert request.inputs == {"samples": "/samples", "model": "/models/0"}
        assert request.options["epochs"] == 3
        names = [name for name in pipeline.names() if name.startswith("TRAINING")]
        assert names == ["TRAINING_LOCK_ACQUIRED", "TRAINING_STARTED"]


def test_a_finished_training_leaves_a_model_and_a_free_slot() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        desk.ask()
        pipeline.system.advance(1)

        (event,) = pipeline.told("TRAINING_COMPLETED")
        model = pipeline.journal.model(event.model_id)
        assert model is not None
        assert (model.iteration, model.parent, model.state) == (1, "m0", "evaluating")
        assert (event.model_path, event.final_loss, event.epochs_completed) == (model.path, 3.0, 15)
        assert desk.slots().runs == {}


def test_asking_twice_is_one_training() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        desk.ask()
        answer = desk.ask()

        assert answer is not None
        assert answer.granted
        assert pipeline.work.begun == [JOB]


def test_each_refusal_is_told_with_its_reason() -> None:
    changed = {NAME: TrainingCoordinatorOptions(max_concurrent=1)}
    with Pipeline(config_keys=(CONFIG, OTHER), changed=changed) as pipeline:
        desk = Desk(pipeline)
        desk.ask()
        assert desk.refused(OTHER) == "max_concurrent_reached"
        pipeline.publish(P2PClusterUnhealthy(healthy_nodes=1, node_count=9))
        assert desk.refused(OTHER) == "cluster_unhealthy"

        pipeline.publish(P2PClusterHealthy(healthy_nodes=9, node_count=9))
        pipeline.system.advance(1)

        answer = desk.ask(OTHER)
        assert answer is not None
        assert answer.granted
        reasons = [event.reason for event in pipeline.told("TRAINING_SLOT_UNAVAILABLE")]
        assert reasons == ["max_concurrent_reached", "cluster_unhealthy"]


class Taken:
    """Locks of which somebody else has all; `free` gives them up."""

    def __init__(self) -> None:
        self.tried: list[float] = []
        self.free = False

    def acquire(self, name: str, owner: str, timeout: float) -> bool:
        del name, owner
        self.tried.append(timeout)
        return self.free

    def release(self, name: str, owner: str) -> None:
        """Give nothing back."""


def locked(pipeline: Pipeline, leases: Leases) -> Desk:
    pipeline.leases = leases
    return Desk(pipeline)


def test_a_taken_lock_is_tried_for_three_times_longer_each_time() -> None:
    leases = Taken()
    with Pipeline() as pipeline:
        desk = locked(pipeline, leases)
        assert desk.ask() is None
        pipeline.system.advance(15)

        assert leases.tried == [30, 60, 90]
        assert desk.answers[-1].reason == "lock_failed"
        (event,) = pipeline.told("TRAINING_SLOT_UNAVAILABLE")
        assert event.reason == "lock_failed"


def test_a_lock_that_becomes_free_is_taken() -> None:
    leases = Taken()
    with Pipeline() as pipeline:
        desk = locked(pipeline, leases)
        desk.ask()
        leases.free = True
        pipeline.system.advance(5)

        assert desk.answers[-1].granted
        assert pipeline.work.begun == [JOB]


def test_after_a_restart_the_run_has_its_slot_again() -> None:
    with Pipeline(work=slow()) as pipeline:
        desk = Desk(pipeline)
        desk.ask()
        pipeline.strike(desk.ref.path)
        pipeline.system.advance(0.1)

        assert list(desk.slots().runs) == [CONFIG]
        assert pipeline.work.begun == [JOB]


def slow() -> Work:
    return Work(seconds=1000.0)


def test_a_silent_run_takes_its_lock_anew_and_its_job_is_asked_for_again() -> None:
    with Pipeline(work=slow()) as pipeline:
        desk = Desk(pipeline)
        desk.ask()
        started = desk.slots().runs[CONFIG].started
        pipeline.system.advance(95)

        assert desk.slots().runs[CONFIG].started > started
        assert pipeline.work.begun == [JOB]


def test_a_heartbeat_keeps_a_run() -> None:
    with Pipeline(work=slow()) as pipeline:
        desk = Desk(pipeline)
        desk.ask()
        started = desk.slots().runs[CONFIG].started
        for _ in range(4):
            pipeline.system.advance(30)
            pipeline.publish(TaskHeartbeat(task_id=JOB), TaskHeartbeat(task_id="another"))

        assert desk.slots().runs[CONFIG].started == started


def test_progress_is_told() -> None:
    with Pipeline(work=slow()) as pipeline:
        desk = Desk(pipeline)
        desk.ask()
        (request,) = pipeline.work.requests
        desk.ref.tell(JobProgress(request, 4, 15, "epochs", {"train_loss": 2.5, "lr": "odd"}))
        pipeline.system.run()

        (event,) = pipeline.told("TRAINING_PROGRESS")
        assert (event.epoch, event.total_epochs, event.train_loss) == (4, 15, 2.5)
        assert event.lr is None


def test_a_time_out_is_told_and_fails_the_training() -> None:
    work = Work()
    work.failures[JOB] = 1, "timeout"
    with Pipeline(work=work) as pipeline:
        Desk(pipeline).ask()
        pipeline.system.advance(1)

        (timeout,) = pipeline.told("TRAINING_TIMEOUT_REACHED")
        assert timeout.timeout_hours == 4
        (failed,) = pipeline.told("TRAINING_FAILED")
        assert failed.error == "timeout: as the test says"


def test_capacity_follows_the_cluster() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(ClusterCapacityChanged(total_nodes=10, healthy_nodes=5))
        assert desk.slots().multiplier == 0.5
        pipeline.publish(ClusterCapacityChanged(total_nodes=10, alive_nodes=1))
        assert desk.slots().multiplier == 0.3
        pipeline.publish(ClusterCapacityChanged(total_nodes=10))
        assert desk.slots().multiplier == 0.3


def test_a_regression_slows_down_or_pauses_by_the_rating_lost() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.journal.save_model(
            ModelRecord(model_id="m", config_key=CONFIG, iteration=1, path="/m", created_at=0.0)
        )
        pipeline.journal.set_production(CONFIG, "m")
        pipeline.publish(RegressionDetected(severity="mild", config_key=CONFIG, elo_drop=10))
        assert desk.slots().multiplier == 1.0
        pipeline.publish(RegressionDetected(severity="moderate", config_key=CONFIG, elo_drop=40))
        assert desk.slots().multiplier == pytest.approx(0.8)
        pipeline.publish(RegressionDetected(severity="severe", config_key=CONFIG, elo_drop=60))

        assert desk.refused() == "cluster_unhealthy"
        (needed,) = pipeline.told("TRAINING_ROLLBACK_NEEDED")
        assert needed.model_id == "m"

        pipeline.publish(
            PromotionRolledBack(
                reason="x", config_key=CONFIG, from_model_id="m", to_model_id="older"
            )
        )
        (done,) = pipeline.told("TRAINING_ROLLBACK_COMPLETED")
        assert (done.rollback_from, done.rollback_to) == ("m", "older")

        pipeline.publish(RegressionCleared(config_key=CONFIG))
        assert desk.slots().multiplier == 1.0
        answer = desk.ask()
        assert answer is not None
        assert answer.granted


def test_a_pause_outlives_a_restart() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(RegressionCritical(config_key=CONFIG), RegressionCritical(model_id="m"))
        pipeline.strike(desk.ref.path)
        pipeline.system.run()

        assert desk.refused() == "cluster_unhealthy"


def test_a_rollback_nobody_asked_for_is_not_answered() -> None:
    with Pipeline() as pipeline:
        Desk(pipeline)
        pipeline.publish(PromotionRolledBack(reason="x", config_key=CONFIG, from_model_id="m"))

        assert pipeline.told("TRAINING_ROLLBACK_COMPLETED") == []


def test_a_block_by_quality_asks_for_games_and_pauses_until_quality_is_good() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(
            TrainingBlockedByQuality(config_key=CONFIG, reason="poor", quality_score=0.2)
        )

        (target,) = pipeline.told("SELFPLAY_TARGET_UPDATED")
        assert (target.target_games, target.priority) == (2000, "urgent")
        assert desk.refused() == "cluster_unhealthy"

        pipeline.publish(QualityScoreUpdated(config_key=CONFIG, quality_score=0.64))
        assert desk.refused() == "cluster_unhealthy"
        pipeline.publish(
            QualityScoreUpdated(quality_score=0.9),
            QualityScoreUpdated(config_key=CONFIG, quality_score=0.65),
        )
        answer = desk.ask()
        assert answer is not None
        assert answer.granted


def test_a_block_by_age_asks_for_games_but_does_not_pause() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(TrainingBlockedByQuality(config_key=CONFIG, reason="stale"))

        (target,) = pipeline.told("SELFPLAY_TARGET_UPDATED")
        assert target.target_games == 1500
        answer = desk.ask()
        assert answer is not None
        assert answer.granted


def test_poor_data_leaves_fewer_slots() -> None:
    with Pipeline() as pipeline:
        desk = Desk(pipeline)
        pipeline.publish(LowQualityDataWarning(config_key=CONFIG, quality_score=0.4))

        assert desk.slots().multiplier == pytest.approx(0.7)


def test_one_that_the_trigger_left_out_leaves_no_model_and_no_event() -> None:
    with Pipeline() as pipeline:
        Desk(pipeline)
        pipeline.journal.finish_stage(CONFIG, 1, "training", {"skipped": "samples"}, now=0.0)
        pipeline.system.advance(2)

        assert pipeline.told("TRAINING_COMPLETED") == []
        assert pipeline.journal.models(CONFIG) == []
