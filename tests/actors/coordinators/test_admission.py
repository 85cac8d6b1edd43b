from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.coordinators.layer1.admission import (
    Admissions,
    Admittance,
    Bucket,
    Resources,
    RunningTask,
    Verdict,
    can_spawn,
    forgotten,
    fresh,
    halted,
    register,
)
from ringleader.actors.coordinators.layer1.limits import GlobalTaskCoordinatorOptions
from ringleader.actors.events.scales import PressureLevel

OPTIONS = GlobalTaskCoordinatorOptions()


def task(task_id: str, task_type: str = "selfplay", node_id: str = "a") -> RunningTask:
    return RunningTask(task_id=task_id, task_type=task_type, node_id=node_id, touched=0.0)


def ask(
    state: Admissions,
    task_type: str = "selfplay",
    node_id: str = "a",
    now: float = 100.0,
    draw: float = 0.0,
    *,
    critical: bool = False,
) -> Verdict:
    return can_spawn(
        state,
        OPTIONS,
        task_type=task_type,
        node_id=node_id,
        now=now,
        draw=lambda: draw,
        critical=critical,
    )


def test_an_idle_fleet_admits() -> None:
    assert ask(fresh(OPTIONS, 0.0)) == Verdict(granted=True)


@pytest.mark.parametrize("state", ["paused", "draining", "stopped", "emergency"])
def test_only_a_running_coordinator_admits(state: Admittance) -> None:
    admissions = fresh(OPTIONS, 0.0)
    admissions.state = state

    assert ask(admissions).reason == f"admission is {state}"


def test_an_emergency_admits_what_is_critical() -> None:
    admissions = fresh(OPTIONS, 0.0)
    admissions.state = "emergency"

    assert ask(admissions, critical=True).granted


def test_a_pause_does_not_admit_even_what_is_critical() -> None:
    admissions = fresh(OPTIONS, 0.0)
    admissions.state = "paused"

    assert not ask(admissions, critical=True).granted


def test_after_a_burst_spawns_come_at_their_rate() -> None:
    state = fresh(OPTIONS, 0.0)
    for number in range(10):
        register(state, OPTIONS, task(f"t{number}", "training", f"n{number}"), 0.0)

    denied = ask(state, "tournament", "z", now=0.0)

    assert denied.reason == "rate: more than 60 spawns a minute of all types"
    assert denied.retry_after == pytest.approx(1.0)
    assert ask(state, "tournament", "z", now=1.0).granted


def test_self_play_has_a_smaller_bucket_of_its_own() -> None:
    state = fresh(OPTIONS, 0.0)
    for number in range(5):
        register(state, OPTIONS, task(f"t{number}", node_id=f"n{number}"), 0.0)

    denied = ask(state, now=0.0)

    assert denied.reason == "rate: more than 30 spawns a minute of self-play"
    assert denied.retry_after == pytest.approx(2.0)
    assert ask(state, "tournament", "z", now=0.0).granted


def test_a_node_rests_a_second_between_two_spawns() -> None:
    state = fresh(OPTIONS, 0.0)
    register(state, OPTIONS, task("t"), 10.0)

    denied = ask(state, now=10.4)

    assert denied.reason == "cooldown: a started a task just now"
    assert denied.retry_after == pytest.approx(0.6)
    assert ask(state, node_id="b", now=10.4).granted
    assert ask(state, now=11.0).granted


def test_a_reserved_node_takes_only_what_it_is_kept_for() -> None:
    state = fresh(OPTIONS, 0.0)
    state.reserved["a"] = "training"

    assert ask(state).reason == "reserved: a is kept for training"
    assert ask(state, "training").granted


def test_a_bad_node_takes_nothing() -> None:
    state = fresh(OPTIONS, 0.0)
    state.unhealthy.add("a")

    assert ask(state).reason == "health: a is known to be bad"
    assert ask(state, node_id="b").granted


@pytest.mark.parametrize(
    ("task_type", "limit"), [("selfplay", 32), ("training", 1), ("sync", 2), ("export", 2)]
)
def test_a_node_takes_so_many_of_a_type(task_type: str, limit: int) -> None:
    state = fresh(OPTIONS, 0.0)
    for number in range(limit - 1):
        state.tasks[f"t{number}"] = task(f"t{number}", task_type)

    assert ask(state, task_type).granted
    state.tasks["last"] = task("last", task_type)
    assert ask(state, task_type).reason == f"node limit: {limit} of {limit} {task_type} on a"


@pytest.mark.parametrize(
    ("task_type", "limit"),
    [
        ("selfplay", 500),
        ("training", 3),
        ("cmaes", 1),
        ("tournament", 2),
        ("pipeline", 1),
        ("improvement_loop", 1),
    ],
)
def test_the_cluster_takes_so_many_of_a_type(task_type: str, limit: int) -> None:
    state = fresh(OPTIONS, 0.0)
    for number in range(limit):
        name = f"t{number}"
        state.tasks[name] = task(name, task_type, node_id=f"n{number}")

    assert ask(state, task_type).reason == f"cluster limit: {limit} of {limit} {task_type}"


def test_types_without_a_limit_have_none() -> None:
    state = fresh(OPTIONS, 0.0)
    for number in range(1000):
        state.tasks[f"t{number}"] = task(f"t{number}", "evaluation")

    assert ask(state, "evaluation").granted


def test_a_full_disk_halts_until_there_is_room_again() -> None:
    full = halted(frozenset(), Resources(disk=70), OPTIONS)
    still = halted(full, Resources(disk=64), OPTIONS)
    over = halted(still, Resources(disk=62), OPTIONS)

    assert full == still == frozenset({"disk"})
    assert over == frozenset()


def test_a_halt_names_the_resource_and_both_thresholds() -> None:
    state = fresh(OPTIONS, 0.0)
    state.resources = Resources(cpu=97)
    state.halted = halted(frozenset(), state.resources, OPTIONS)

    assert ask(state).reason == "halted: cpu use 97 %, allowed are 95 % (again from 86 %)"


def test_a_threshold_of_100_never_halts() -> None:
    options = GlobalTaskCoordinatorOptions(halt_cpu=100)

    assert halted(frozenset(), Resources(cpu=100), options) == frozenset()


@pytest.mark.parametrize(
    ("level", "draw", "granted"),
    [
        (PressureLevel.LOW, 0.0, True),
        (PressureLevel.SOFT, 0.49, False),
        (PressureLevel.SOFT, 0.5, True),
        (PressureLevel.HARD, 0.89, False),
        (PressureLevel.HARD, 0.9, True),
        (PressureLevel.STOP, 1.0, False),
    ],
)
def test_backpressure_denies_a_share(level: PressureLevel, draw: float, *, granted: bool) -> None:
    state = fresh(OPTIONS, 0.0)
    state.pressure = level

    assert ask(state, draw=draw).granted is granted


def test_the_first_denial_wins() -> None:
    state = fresh(OPTIONS, 0.0)
    state.pressure = PressureLevel.STOP
    state.halted = frozenset({"disk"})
    state.unhealthy.add("a")
    state.reserved["a"] = "training"
    register(state, OPTIONS, task("t"), 100.0)
    reasons: list[str] = []
    while not (verdict := ask(state)).granted:
        reasons.append(verdict.reason.split(":")[0])
        match reasons[-1]:
            case "cooldown":
                state.spawned_at.clear()
            case "reserved":
                state.reserved.clear()
            case "health":
                state.unhealthy.clear()
            case "halted":
                state.halted = frozenset()
            case _:
                state.pressure = PressureLevel.NONE

    assert reasons == ["cooldown", "reserved", "health", "halted", "backpressure"]


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0.1, 600), st.integers(1, 100))
def test_a_bucket_never_holds_more_than_its_burst(
    tokens: float, later: float, per_minute: float, burst: int
) -> None:
    bucket = Bucket(tokens=min(tokens, burst), at=0.0).refilled(per_minute, burst, later)

    assert 0 <= bucket.tokens <= burst


def test_a_task_that_nobody_touches_is_forgotten_after_a_day() -> None:
    tasks = {"old": task("old"), "new": task("new")}
    tasks["new"] = RunningTask(task_id="new", task_type="x", node_id="a", touched=50_000.0)

    assert forgotten(tasks, 90_000.0, 86_400) == ["old"]
