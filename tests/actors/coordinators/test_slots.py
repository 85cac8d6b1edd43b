from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.coordinators.layer3.leases import LocalLeases
from ringleader.actors.coordinators.layer3.slots import (
    Run,
    Slots,
    TrainingCoordinatorOptions,
    can_start,
    capacity,
    dead,
    games_for_quality,
    healthy_share,
    lock_name,
    next_lock_timeout,
    reaction,
    slowed_by_quality,
    slowed_by_regression,
)

OPTIONS = TrainingCoordinatorOptions()


def run(config_key: str, started: float = 0.0, heartbeat: float = 0.0) -> Run:
    return Run(
        job_id=f"train-{config_key}-1",
        config_key=config_key,
        iteration=1,
        node_id="a",
        started=started,
        heartbeat=heartbeat,
    )


def test_a_free_slot_is_given() -> None:
    assert can_start(Slots(), OPTIONS, "hex5_2p") is None


def test_a_sick_cluster_refuses_before_anything_else() -> None:
    slots = Slots(cluster_healthy=False, runs={"hex5_2p": run("hex5_2p")})

    assert can_start(slots, OPTIONS, "hex5_2p") == "cluster_unhealthy"


def test_one_run_for_each_config() -> None:
    slots = Slots(runs={"hex5_2p": run("hex5_2p")})

    assert can_start(slots, OPTIONS, "hex5_2p") == "already_running"
    assert can_start(slots, OPTIONS, "hex6_2p") is None


def test_all_configs_together_have_a_maximum() -> None:
    slots = Slots(runs={key: run(key) for key in ("a", "b", "c")})

    assert can_start(slots, OPTIONS, "d") == "max_concurrent_reached"


def test_a_paused_config_waits() -> None:
    slots = Slots(paused={"a": {"regression"}, "b": set()})

    assert can_start(slots, OPTIONS, "a") == "cluster_unhealthy"
    assert can_start(slots, OPTIONS, "b") is None


@pytest.mark.parametrize(("multiplier", "slots"), [(1.0, 3), (0.7, 2), (0.3, 1), (0.01, 1)])
def test_there_is_always_one_slot(multiplier: float, slots: int) -> None:
    assert capacity(Slots(multiplier=multiplier), OPTIONS) == slots


def test_each_try_for_a_lock_waits_longer_and_the_fourth_is_not_made() -> None:
    assert [next_lock_timeout(n, OPTIONS) for n in range(4)] == [30, 60, 90, None]


def test_a_run_is_dead_after_three_missed_heartbeats() -> None:
    runs = {"a": run("a", 0.0, 0.0), "b": run("b", 0.0, 20.0)}

    assert dead(runs, OPTIONS, 90.0) == {}
    assert dead(runs, OPTIONS, 91.0) == {"a": "no heartbeat for 91 s"}


def test_a_run_is_dead_after_twelve_hours_whatever_it_says() -> None:
    now = 12 * 3600 + 1.0

    assert dead({"a": run("a", 0.0, now)}, OPTIONS, now) == {"a": "ran for more than 12 h"}


@pytest.mark.parametrize(
    ("drop", "expected"),
    [(None, "note"), (29.9, "note"), (30, "slow"), (49.9, "slow"), (50, "pause"), (300, "pause")],
)
def test_a_regression_is_answered_by_the_rating_lost(drop: float | None, expected: str) -> None:
    assert reaction(drop, OPTIONS) == expected


def test_regressions_and_warnings_slow_down_to_a_floor() -> None:
    multiplier = quality = 1.0
    for _ in range(10):
        multiplier = slowed_by_regression(multiplier, OPTIONS)
        quality = slowed_by_quality(quality, OPTIONS)

    assert slowed_by_regression(1.0, OPTIONS) == pytest.approx(0.8)
    assert slowed_by_quality(1.0, OPTIONS) == pytest.approx(0.7)
    assert (multiplier, quality) == (0.5, 0.3)


@given(st.integers(0, 100), st.integers(0, 100))
def test_the_share_of_a_cluster_is_between_its_floor_and_all(healthy: int, more: int) -> None:
    assert 0.3 <= healthy_share(healthy, healthy + more, OPTIONS) <= 1


@pytest.mark.parametrize(
    ("score", "games"), [(0.2, 2000), (0.3, 1750), (0.5, 1500), (0.9, 1500), (None, 1500)]
)
def test_poor_quality_asks_for_more_games(score: float | None, games: int) -> None:
    assert games_for_quality(score, OPTIONS) == games


def test_a_lock_has_one_owner_until_it_is_released() -> None:
    leases, name = LocalLeases(), lock_name("hex5_2p")

    assert name == "training:hex5_2p"
    assert leases.acquire(name, "a", 30)
    assert leases.acquire(name, "a", 30)
    assert not leases.acquire(name, "b", 30)
    leases.release(name, "b")
    assert not leases.acquire(name, "b", 30)
    leases.release(name, "a")
    assert leases.acquire(name, "b", 30)
