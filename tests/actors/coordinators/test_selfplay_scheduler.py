from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.coordinators.layer5 import SelfplayScheduler
from ringleader.actors.coordinators.layer5.scheduling import SelfplaySchedulerOptions
from ringleader.actors.events.curriculum import (
    CurriculumAdvanced,
    CurriculumRebalanced,
    OpponentMastered,
)
from ringleader.actors.events.data import LowQualityDataWarning
from ringleader.actors.events.evaluation import (
    EloUpdated,
    EloVelocityChanged,
    EvaluationBackpressure,
    EvaluationBackpressureReleased,
)
from ringleader.actors.events.health import (
    P2PClusterHealthy,
    P2PClusterUnhealthy,
    PromotionFailed,
)
from ringleader.actors.events.model import ModelPromoted
from ringleader.actors.events.monitoring import ProgressStallDetected, RegressionDetected
from ringleader.actors.events.quality import (
    ExplorationBoost,
    QualityDegraded,
    QualityFeedbackAdjusted,
)
from ringleader.actors.events.resilience import BackpressureActivated, BackpressureReleased
from ringleader.actors.events.scales import PressureLevel, Priority
from ringleader.actors.events.selfplay import SelfplayComplete, SelfplayTargetUpdated
from ringleader.actors.events.training import (
    TrainingBlockedByQuality,
    TrainingCompleted,
    TrainingEarlyStopped,
)
from ringleader.actors.journal import ModelRecord, WorkItem

from .fakes import CONFIG, Pipeline, gauntlet

if TYPE_CHECKING:
    from ringleader.actors.coordinators.layer5.scheduling import ConfigState
    from ringleader.actors.events.base import Event

NAME = "selfplay_scheduler"
OTHER = "hex6_2p"


def play(pipeline: Pipeline, target: int, config_key: str = CONFIG) -> None:
    inputs = {"target": target}
    pipeline.journal.start_stage(config_key, 1, "selfplay", inputs, now=pipeline.now)


def state(pipeline: Pipeline, config_key: str = CONFIG) -> ConfigState:
    return pipeline.ref(NAME).call(SelfplayScheduler.statistics).get()[config_key]


def asked() -> SelfplayTargetUpdated:
    return SelfplayTargetUpdated(config_key=CONFIG, target_games=100, iteration=1)


def test_a_target_is_divided_at_once() -> None:
    with Pipeline(config_keys=(CONFIG, OTHER)) as pipeline:
        pipeline.start(NAME)
        play(pipeline, 100)
        play(pipeline, 300, OTHER)
        pipeline.publish(asked())

        (event,) = pipeline.told("SELFPLAY_ALLOCATION_UPDATED")
        assert event.trigger == "target"
        assert event.allocation == {CONFIG: 100, OTHER: 300}
        assert set(event.allocation_weights) == {CONFIG, OTHER}
        assert event.total_games == 400


def test_what_did_not_change_is_not_told_again() -> None:
    with Pipeline() as pipeline:
        play(pipeline, 100)
        pipeline.start(NAME)
        pipeline.system.advance(30)

        assert len(pipeline.told("SELFPLAY_ALLOCATION_UPDATED")) == 1


def test_changes_are_told_after_a_while_at_most_so_often() -> None:
    changed = {NAME: SelfplaySchedulerOptions(interval=15)}
    with Pipeline(changed=changed) as pipeline:
        play(pipeline, 100)
        pipeline.start(NAME)
        item = WorkItem(
            work_id="w",
            kind="selfplay",
            config_key=CONFIG,
            iteration=1,
            units=40,
            queued_at=pipeline.now,
        )
        pipeline.journal.put_work(item)
        pipeline.journal.finish_work("w", now=pipeline.now)
        pipeline.system.advance(14)
        assert len(pipeline.told("SELFPLAY_ALLOCATION_UPDATED")) == 1
        pipeline.system.advance(2)

        assert pipeline.told("SELFPLAY_ALLOCATION_UPDATED")[-1].allocation == {CONFIG: 60}


def test_it_learns_from_the_journal_what_was_before() -> None:
    with Pipeline() as pipeline:
        pipeline.journal.put_work(
            WorkItem(
                work_id="w",
                kind="selfplay",
                config_key=CONFIG,
                iteration=1,
                units=40,
                queued_at=0.0,
            )
        )
        pipeline.journal.finish_work("w", {"games": 38}, now=5.0)
        pipeline.journal.save_model(
            ModelRecord(model_id="m", config_key=CONFIG, iteration=1, path="/m", created_at=1.0)
        )
        evaluation = WorkItem(
            work_id="e", kind="evaluation", config_key=CONFIG, iteration=1, queued_at=0.0
        )
        pipeline.journal.put_work(evaluation)
        pipeline.journal.finish_work("e", gauntlet(0.9, 0.6, 1234.0), now=6.0)
        pipeline.start(NAME)

        found = state(pipeline)
        assert (found.games, found.played_at, found.elo) == (38, 5.0, 1234.0)
        assert found.ratings == ((1.0, 1234.0),)


@pytest.mark.parametrize(
    ("event", "field", "value"),
    [
        (SelfplayComplete(config_key=CONFIG, games_generated=7), "games", 7),
        (
            SelfplayTargetUpdated(config_key=CONFIG, priority=Priority.HIGH),
            "needs_training",
            True,
        ),
        (TrainingCompleted(config_key=CONFIG), "needs_training", False),
        (ModelPromoted(config_key=CONFIG, model_id="m"), "boost", 1.0),
        (PromotionFailed(config_key=CONFIG, reason="weak"), "boost", 1.3),
        (TrainingBlockedByQuality(config_key=CONFIG, reason="poor"), "boost", 1.5),
        (TrainingEarlyStopped(config_key=CONFIG, reason="plateau", epoch=3), "boost", 1.3),
        (ProgressStallDetected(config_key=CONFIG), "boost", 2.0),
        (CurriculumAdvanced(config_key=CONFIG), "tier", 1),
        (
            CurriculumRebalanced(trigger="test", new_weights={CONFIG: 1.4, "other": 2.0}),
            "curriculum",
            1.4,
        ),
        (OpponentMastered(config_key=CONFIG, opponent="x", win_rate=0.9, games=30), "boost", 0.95),
        (ExplorationBoost(config_key=CONFIG, boost_factor=1.6), "boost", 1.6),
        (QualityDegraded(config_key=CONFIG, quality_score=0.3), "quality", 0.3),
        (QualityFeedbackAdjusted(config_key=CONFIG, budget_multiplier=1.3), "throttle", 1.3),
    ],
)
def test_events_change_the_picture_of_their_config(event: Event, field: str, value: object) -> None:
    with Pipeline(config_keys=(CONFIG, OTHER)) as pipeline:
        pipeline.start(NAME)
        before = state(pipeline, OTHER)
        pipeline.publish(event)

        assert getattr(state(pipeline), field) == value
        assert state(pipeline, OTHER) == before


def test_a_boost_of_exploration_ends() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(ExplorationBoost(config_key=CONFIG, boost_factor=1.6, duration_seconds=9))

        assert state(pipeline).boost_until == pipeline.now + 9


def test_configs_of_others_are_ignored() -> None:
    other = "hex9_2p"
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(
            SelfplayComplete(config_key=other, games_generated=7),
            EloUpdated(config_key=other, model_id="m", new_elo=1.0),
            EloVelocityChanged(config_key=other, velocity=1.0, trend="stable"),
            RegressionDetected(severity="mild", config_key=other),
            TrainingEarlyStopped(config_key=other, reason="plateau", epoch=1),
            LowQualityDataWarning(config_key=other, quality_score=0.1),
        )

        assert [
            n for n in pipeline.names() if n.startswith(("SELFPLAY_T", "CURR", "QUALITY_P"))
        ] == []
        assert pipeline.system.dead_letters.letters() == []


def test_an_early_stop_asks_for_games_urgently() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(TrainingEarlyStopped(config_key=CONFIG, reason="regression", epoch=3))

        (event,) = pipeline.told("SELFPLAY_TARGET_UPDATED")
        assert (event.priority, event.exploration_boost) == ("urgent", 1.5)
        assert event.reason == "training stopped early: regression"


def test_a_change_of_velocity_is_answered_with_a_rate_and_a_target() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(EloVelocityChanged(config_key=CONFIG, velocity=9.0, trend="accelerating"))
        pipeline.publish(EloVelocityChanged(config_key=CONFIG, velocity=8.0, trend="stable"))

        (rate,) = pipeline.told("SELFPLAY_RATE_CHANGED")
        assert (rate.old_rate, rate.new_rate, rate.direction) == (1.0, 1.2, "up")
        targets = pipeline.told("SELFPLAY_TARGET_UPDATED")
        assert [event.momentum_multiplier for event in targets] == [1.2, pytest.approx(1.19)]


def test_a_plateau_is_told() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        for _ in range(4):
            pipeline.publish(EloUpdated(config_key=CONFIG, model_id="m", new_elo=1500.0))
            pipeline.system.advance(3600)

        (event,) = pipeline.told("PLATEAU_DETECTED")
        assert (event.metric_name, event.current_elo, event.stall_count) == ("elo", 1500.0, 3)


def test_a_regression_rebalances_the_curriculum_once() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(RegressionDetected(severity="severe", config_key=CONFIG))

        (event,) = pipeline.told("CURRICULUM_REBALANCED")
        assert (event.old_weights, event.new_weights) == ({CONFIG: 1.0}, {CONFIG: 0.5})
        assert state(pipeline).curriculum == 0.5


def test_poor_data_throttles_and_says_so() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        pipeline.publish(
            LowQualityDataWarning(config_key=CONFIG),
            LowQualityDataWarning(config_key=CONFIG, quality_score=0.3),
        )

        (event,) = pipeline.told("QUALITY_PENALTY_APPLIED")
        assert (event.penalty, event.rate_multiplier) == (0.5, 0.5)


def test_pressure_and_sickness_leave_fewer_games() -> None:
    with Pipeline() as pipeline:
        pipeline.start(NAME)
        play(pipeline, 100)

        def allocated(*events: Event) -> int:
            pipeline.publish(*events, asked())
            games: int = pipeline.told("SELFPLAY_ALLOCATION_UPDATED")[-1].allocation[CONFIG]
            return games

        full = BackpressureActivated(level=PressureLevel.SOFT, queue_depth=750, soft_limit=500)
        assert allocated(full) == 75
        assert allocated(BackpressureActivated(level=PressureLevel.SOFT)) == 75
        assert allocated(EvaluationBackpressure(queue_depth=140, threshold=70)) == 30
        assert allocated(EvaluationBackpressureReleased(queue_depth=1, threshold=70)) == 45
        assert allocated(P2PClusterUnhealthy(healthy_nodes=3, node_count=10)) == 30
        assert allocated(P2PClusterHealthy(healthy_nodes=9, node_count=10)) == 45
        assert (
            allocated(
                BackpressureReleased(),
                *[EvaluationBackpressureReleased(queue_depth=1, threshold=70)] * 3,
            )
            == 100
        )
