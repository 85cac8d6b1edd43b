from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.daemons.training_options import Pace, TrainingTriggerOptions
from ringleader.actors.daemons.training_rules import (
    Closed,
    Readiness,
    Tempo,
    after_evaluation,
    after_failure,
    after_regression,
    data_age_hours,
    first_closed,
    intensity,
    job_options,
    pace_by_quality,
    pace_by_win_rate,
    threshold,
)

OPTIONS = TrainingTriggerOptions()
NOW = 1e6
READY = Readiness(samples=5000, games=10_000, data_at=NOW - 60)


def ask(state: Readiness = READY, **more: Any) -> Closed | None:
    asked: dict[str, Any] = {"players": 2, **more}
    return first_closed(state, OPTIONS, NOW, **asked)


@pytest.mark.parametrize(
    ("games", "samples"),
    [
        (0, 500),
        (499, 500),
        (500, 1000),
        (1000, 2000),
        (2000, 3000),
        (4999, 3000),
        (5000, 5000),
    ],
)
def test_few_games_want_fewer_samples(games: int, samples: int) -> None:
    assert threshold(games, 2, OPTIONS) == samples


def test_more_players_want_fewer_samples() -> None:
    assert [threshold(10_000, players, OPTIONS) for players in (2, 3, 4)] == [5000, 3000, 2000]


def test_all_gates_open_train() -> None:
    assert ask() is None


@pytest.mark.parametrize(
    ("state", "more", "gate"),
    [
        ({"running": True}, {"backpressure_at": NOW}, "running"),
        ({"quality_blocked": True}, {"backpressure_at": NOW}, "backpressure"),
        ({"quality_blocked": True, "trained_at": NOW}, {}, "quality"),
        ({"trained_at": NOW - 299, "data_at": 0.0}, {}, "cooldown"),
        ({"cooldown_until": NOW + 1, "data_at": 0.0}, {}, "cooldown"),
        ({"data_at": 0.0}, {"pace": "paused"}, "paused"),
        ({"data_at": NOW - 49 * 3600, "samples": 0}, {}, "stale"),
        ({"samples": 4999}, {"gpu_free": False}, "samples"),
        ({}, {"gpu_free": False, "running": 99}, "gpu"),
        ({}, {"running": 20}, "concurrent"),
    ],
)
def test_the_first_closed_gate_is_told(
    state: dict[str, Any], more: dict[str, Any], gate: str
) -> None:
    known = {name: getattr(READY, name) for name in READY.__struct_fields__}
    closed = ask(Readiness(**{**known, **state}), **more)

    assert closed is not None
    assert closed.gate == gate
    assert closed.reason


def test_backpressure_ends_by_itself() -> None:
    closed = ask(backpressure_at=NOW - 100)

    assert closed is not None
    assert closed.retry_after == 200
    assert ask(backpressure_at=NOW - 300) is None


def test_a_cooldown_says_when_it_ends() -> None:
    closed = ask(Readiness(samples=5000, games=10_000, trained_at=NOW - 100))

    assert closed is not None
    assert closed.retry_after == 200


def test_a_narrow_confidence_interval_starts_early() -> None:
    early = Readiness(samples=1000, games=10_000, confidence=0.05)

    assert ask(early) is None
    assert ask(Readiness(samples=999, games=10_000, confidence=0.05)) is not None
    assert ask(Readiness(samples=1000, games=10_000, confidence=0.06)) is not None


def test_data_without_a_time_has_no_age() -> None:
    assert data_age_hours(Readiness(), NOW) is None
    assert data_age_hours(Readiness(data_at=NOW - 7200), NOW) == 2


@pytest.mark.parametrize(
    ("score", "pace"),
    [
        (0.95, "hot_path"),
        (0.9, "hot_path"),
        (0.8, "accelerated"),
        (0.65, "normal"),
        (0.6, "reduced"),
    ],
)
def test_good_data_is_trained_on_faster(score: float, pace: Pace) -> None:
    assert pace_by_quality(score) == pace


@pytest.mark.parametrize(
    ("rate", "pace"),
    [(0.3, "accelerated"), (0.59, "accelerated"), (0.6, "normal"), (0.75, "reduced")],
)
def test_weak_models_train_harder(rate: float, pace: Pace) -> None:
    assert pace_by_win_rate(rate) == pace


@pytest.mark.parametrize(
    ("pace", "severity", "after"),
    [
        ("hot_path", "critical", "paused"),
        ("normal", "severe", "paused"),
        ("hot_path", "moderate", "reduced"),
        ("accelerated", "minor", "normal"),
        ("reduced", "minor", "reduced"),
    ],
)
def test_regressions_slow_down(pace: Pace, severity: str, after: Pace) -> None:
    assert after_regression(pace, severity) == after


def test_three_failures_in_a_row_reduce_the_pace() -> None:
    tempo = Tempo()
    paces: list[str] = []
    for _ in range(3):
        tempo = after_failure(tempo, OPTIONS)
        paces.append(tempo.pace)

    assert paces == ["normal", "normal", "reduced"]


def test_three_stagnant_evaluations_want_a_harder_tier_once() -> None:
    tempo = Tempo()
    wanted: list[bool] = []
    for gain in (5.0, 4.0, 6.0, 1.0, 2.0, 3.0, 0.0):
        tempo, harder = after_evaluation(tempo, 0.7, gain, OPTIONS)
        wanted.append(harder)

    assert wanted == [False, False, False, False, False, True, False]


def test_an_evaluation_does_not_end_a_pause() -> None:
    tempo, _ = after_evaluation(Tempo(pace="paused"), 0.3, None, OPTIONS)

    assert tempo.pace == "paused"


@pytest.mark.parametrize(
    ("pace", "numbers"),
    [
        ("hot_path", (30, 1024, 1.5)),
        ("accelerated", (40, 768, 1.2)),
        ("normal", (50, 512, 1.0)),
        ("reduced", (60, 256, 0.8)),
    ],
)
def test_each_pace_has_its_numbers(pace: Pace, numbers: tuple[int, int, float]) -> None:
    found = intensity(Tempo(pace=pace), OPTIONS)

    assert (found.epochs, found.batch_size, found.learning_rate) == numbers


@pytest.mark.parametrize(
    ("velocity", "epochs", "rate"),
    [
        (None, 50, 1.0),
        (2.1, 75, 1.3),
        (2.0, 60, 1.1),
        (1.0, 50, 1.0),
        (0.5, 50, 1.0),
        (0.4, 50, 0.8),
        (-0.1, 65, 0.6),
    ],
)
def test_velocity_sets_epochs_and_learning_rate(
    velocity: float | None, epochs: int, rate: float
) -> None:
    found = intensity(Tempo(velocity=velocity), OPTIONS)

    assert found.epochs == epochs
    assert found.learning_rate == pytest.approx(rate)


@pytest.mark.parametrize(
    ("trend", "epochs", "rate"),
    [("accelerating", 50, 1.05), ("plateauing", 57, 1.0), ("decelerating", 50, 0.95)],
)
def test_the_trend_sets_them_a_little(trend: str, epochs: int, rate: float) -> None:
    found = intensity(Tempo(trend=trend), OPTIONS)

    assert found.epochs == epochs
    assert found.learning_rate == pytest.approx(rate)


@given(
    st.sampled_from(["hot_path", "accelerated", "normal", "reduced", "paused"]),
    st.floats(-100, 100),
    st.sampled_from(["accelerating", "stable", "plateauing", "decelerating"]),
)
def test_intensity_stays_within_its_bounds(pace: Pace, velocity: float, trend: str) -> None:
    found = intensity(Tempo(pace=pace, velocity=velocity, trend=trend), OPTIONS)

    assert 10 <= found.epochs <= 150
    assert 128 <= found.batch_size <= 2048
    assert 0.3 <= found.learning_rate <= 2.5


def test_a_normal_pace_leaves_the_stages_options_alone() -> None:
    stage = {"epochs": 15, "batch_size": 128, "hidden": (8,)}

    assert job_options(stage, OPTIONS.normal, OPTIONS) == stage


def test_another_pace_scales_what_the_program_knows() -> None:
    stage = {"epochs": 10, "learning_rate": 0.002, "mine": 7}

    assert job_options(stage, OPTIONS.reduced, OPTIONS) == {
        "epochs": 12,
        "learning_rate": pytest.approx(0.0016),
        "mine": 7,
    }


def test_paces_can_be_switched_off() -> None:
    options = TrainingTriggerOptions(adaptive=False)

    assert job_options({"epochs": 10}, options.reduced, options) == {"epochs": 10}
