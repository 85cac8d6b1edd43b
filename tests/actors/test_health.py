"""Behaviour 35: what `health()` returned is understood, whatever its shape."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.health import Health, read_health


class State(Enum):
    RUNNING = 1
    DRAINING = 2
    ERROR = 3


class Word(StrEnum):
    OK = "ok"
    DOWN = "down"


@dataclass
class Result:
    healthy: bool
    status: Any = None
    message: str = ""
    details: Any = None


class Pair(NamedTuple):
    ok: bool
    message: str


@pytest.mark.parametrize(
    ("value", "health"),
    [
        (True, Health()),
        (False, Health("unhealthy")),
        (None, Health()),
        ("ok", Health()),
        ("Healthy", Health()),
        (" running ", Health()),
        ("degraded", Health("degraded")),
        ("paused: no work", Health("degraded", "no work")),
        ("error: no disk", Health("unhealthy", "no disk")),
        (State.RUNNING, Health()),
        (State.DRAINING, Health("degraded")),
        (State.ERROR, Health("unhealthy")),
        (Word.OK, Health()),
        (Word.DOWN, Health("unhealthy")),
        (ValueError("no disk"), Health("unhealthy", "ValueError: no disk")),
        ({}, Health()),
        ({"queue": 3}, Health(details={"queue": 3})),
        ({"healthy": True}, Health()),
        ({"healthy": False, "message": "no disk"}, Health("unhealthy", "no disk")),
        ({"ok": False, "reason": "no disk"}, Health("unhealthy", "no disk")),
        ({"status": "degraded", "lag": 4}, Health("degraded", details={"lag": 4})),
        ({"state": State.ERROR}, Health("unhealthy")),
        ({"status": "ok", "error": ValueError("x")}, Health("healthy", "ValueError: x")),
        ({"error": "no disk"}, Health("degraded", "no disk")),
        ({"health": False}, Health("unhealthy")),
        ({"healthy": "failed"}, Health("unhealthy")),
        ({"ok": 0}, Health("unhealthy")),
        ({"healthy": True, "status": "degraded"}, Health("degraded")),
        ({"healthy": False, "status": "running"}, Health("unhealthy")),
        ({"healthy": True, "status": "training"}, Health()),
        ({"healthy": True, "details": {"queue": 3}}, Health(details={"queue": 3})),
        (Result(healthy=True), Health()),
        (Result(healthy=True, status="degraded"), Health("degraded")),
        (Result(healthy=False, message="no disk"), Health("unhealthy", "no disk")),
        (Result(healthy=True, details={"queue": 3}), Health(details={"queue": 3})),
        (SimpleNamespace(status="ok", health_score=0.7), Health(details={"health_score": 0.7})),
        ((False, "no disk"), Health("unhealthy", "no disk")),
        (("degraded", "slow"), Health("degraded", "slow")),
        (Pair(ok=False, message="no disk"), Health("unhealthy", "no disk")),
        (Health("degraded", "slow"), Health("degraded", "slow")),
    ],
)
def test_a_result_of_any_shape_is_understood(value: object, health: Health) -> None:
    assert read_health(value) == health


@pytest.mark.parametrize("value", ["banana", 17, 0.3, object(), [], {"status": "banana"}, (1, 2)])
def test_what_can_not_be_understood_is_degraded_and_says_so(value: object) -> None:
    health = read_health(value)

    assert health.status == "degraded"
    assert health.message.startswith("health() said ")


def test_a_long_answer_that_can_not_be_understood_is_cut_short() -> None:
    assert len(read_health("x" * 10_000).message) < 250


@pytest.mark.parametrize(
    ("health", "score"),
    [
        (Health(), 1.0),
        (Health("degraded"), 0.5),
        (Health("unhealthy"), 0.0),
        (Health("degraded", details={"health_score": 0.7}), 0.7),
        (Health("healthy", details={"score": 93}), 1.0),
        (Health("healthy", details={"score": True}), 1.0),
    ],
)
def test_the_score_is_the_actor_s_own_or_that_of_its_status(health: Health, score: float) -> None:
    assert health.score == score


ANSWERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, st.text())
        | st.dictionaries(st.sampled_from(["healthy", "ok", "status", "details", "x"]), inner)
    ),
    max_leaves=8,
)


@given(ANSWERS)
def test_whatever_it_is_it_has_a_meaning_and_the_meaning_means_itself(value: object) -> None:
    health = read_health(value)

    assert health.status in ("healthy", "degraded", "unhealthy")
    assert read_health(health) is health


@given(st.dictionaries(st.sampled_from(["healthy", "ok", "alive", "status", "state"]), ANSWERS))
def test_who_says_anywhere_that_it_is_not_healthy_is_not(said: dict[str, Any]) -> None:
    assert read_health(said | {"is_healthy": False}).status == "unhealthy"
