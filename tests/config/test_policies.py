from typing import Any

import pytest
from hypothesis import given, strategies as st
from tenacity import wait

from ringleader.actors.care import HealthCheck
from ringleader.actors.osprocess_limits import ProcessLimits
from ringleader.config.entry import HealthEntry, LimitEntry, ProcessEntry, TreeEntry
from ringleader.config.policies import Policies, cascade_limits, quarantine, size
from ringleader.supervisors.cascade import CascadeLimits, Threshold
from ringleader.supervisors.options import (
    CascadeOptions,
    HealthOptions,
    PauseOptions,
    QuarantineOptions,
    SupervisionOptions,
    ThresholdOptions,
)
from ringleader.supervisors.quarantine import BY_HAND, COOL_DOWN, DEGRADED, Quarantine
from ringleader.supervisors.spec import Limit

ABOVE = Limit(10, 60)
POLICIES = Policies(SupervisionOptions())


def of_child(**entry: Any) -> dict[str, Any]:
    return POLICIES.of_child(TreeEntry(**entry), ABOVE)


def of_actor(*, is_worker: bool = True, **entry: Any) -> dict[str, Any]:
    return POLICIES.of_actor(TreeEntry(**entry), is_worker=is_worker)


def test_an_entry_that_says_nothing_has_what_is_set_for_all() -> None:
    fields = of_child()

    assert isinstance(fields.pop("backoff"), wait.wait_exponential)
    assert fields == {
        "healthy_after": 300,
        "limit": None,
        "category": "",
        "critical": False,
        "depends_on": (),
        "soft_depends_on": (),
        "start_timeout": None,
    }
    assert of_actor() == {
        "on_limit": None,
        "signals_ready": False,
        "ready_timeout": 30,
        "start_timeout": 30,
        "progress_deadline": 600,
        "health": HealthCheck(interval=60, timeout=5, grace=60, failures=3),
        "isolation": "none",
        "limits": None,
        "spares": 0,
    }


def test_a_supervisor_written_in_code_is_looked_after_only_where_its_entry_says_so() -> None:
    fields = of_actor(is_worker=False)
    asked = of_actor(is_worker=False, health=True, progress_deadline=5.0)

    assert (fields["health"], fields["progress_deadline"]) == (None, None)
    assert "start_timeout" not in fields
    assert (asked["health"], asked["progress_deadline"]) == (HealthCheck(failures=3), 5)


def test_zero_and_false_turn_off_what_is_set_for_all() -> None:
    fields = of_actor(start_timeout=0.0, progress_deadline=0.0, health=False)

    assert (fields["start_timeout"], fields["progress_deadline"]) == (None, None)
    assert fields["health"] is None
    assert of_child(backoff=0.0)["backoff"] is None


def test_a_limit_takes_what_it_does_not_say_from_its_supervisor() -> None:
    assert of_child(limit=LimitEntry(intensity=3))["limit"] == Limit(3, 60)
    assert of_child(limit=LimitEntry(period=3600))["limit"] == Limit(10, 3600)


def test_critical_actors_are_polled_more_often() -> None:
    assert of_actor(critical=True)["health"].interval == 30
    assert of_actor(critical=True, health=HealthEntry(interval=7))["health"].interval == 7
    assert of_actor(health=HealthEntry(failures=0, timeout=1))["health"] == HealthCheck(
        interval=60, timeout=1, grace=60, failures=0
    )


def test_polls_may_be_off_for_all_but_those_who_ask_for_them() -> None:
    policies = Policies(SupervisionOptions(health=HealthOptions(enabled=False)))

    assert policies.of_actor(TreeEntry(), is_worker=True)["health"] is None
    assert policies.of_actor(TreeEntry(health=True), is_worker=True)["health"] is not None


def test_a_process_has_its_limits_in_bytes() -> None:
    fields = of_actor(
        isolation="process",
        limits=ProcessEntry(memory="512MB", nice=5),
        spares=1,
        on_limit="escalate",
    )

    assert fields["limits"] == ProcessLimits(memory=512_000_000, nice=5)
    assert (fields["isolation"], fields["spares"], fields["on_limit"]) == ("process", 1, "escalate")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, None),
        (17, 17),
        ("17B", 17),
        ("2 kB", 2_000),
        ("512MB", 512_000_000),
        ("512MiB", 1 << 29),
        ("1.5GiB", 3 << 29),
        ("1TB", 10**12),
    ],
)
def test_sizes_are_read_with_their_units(said: int | str | None, expected: int | None) -> None:
    assert size(said) == expected


def test_what_is_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match="'much' is no size; write 512MB or 512MiB"):
        size("much")


def test_words_stand_for_what_the_supervisors_know() -> None:
    pauses = PauseOptions()

    assert quarantine("by_hand", pauses) == BY_HAND
    assert quarantine("cool_down", pauses) == COOL_DOWN
    assert quarantine("degraded", pauses) == DEGRADED
    assert (
        quarantine("degraded", PauseOptions(degraded=60, degraded_critical=6)).pause(
            2, critical=True
        )
        == 12
    )


def test_a_table_says_how_long_a_child_is_parked() -> None:
    said = QuarantineOptions(release_after=100, critical_after=10, growth=2, longest=300)

    assert quarantine(said, PauseOptions()) == Quarantine(100, 2, 300, 10)
    assert quarantine(QuarantineOptions(), PauseOptions()) == COOL_DOWN


def test_a_supervisor_treats_its_children_as_its_entry_says() -> None:
    usual = POLICIES.of_supervisor(TreeEntry())
    own = POLICIES.of_supervisor(TreeEntry(on_limit="escalate", quarantine="by_hand"))

    assert usual == {
        "on_limit": "quarantine",
        "quarantine": DEGRADED,
        "crash_loop_count": 3,
        "crash_loop_window": 300,
    }
    assert (own["on_limit"], own["quarantine"]) == ("escalate", BY_HAND)


def test_the_cascade_breaker_has_the_table_of_the_supervisors_by_default() -> None:
    assert cascade_limits(CascadeOptions()) == CascadeLimits()
    assert cascade_limits(CascadeOptions(enabled=False)) is None


@given(st.integers(1, 99), st.floats(1, 99), st.floats(1, 99), st.booleans())
def test_a_category_of_one_s_own_is_taken_over(
    restarts: int, window: float, cooldown: float, ignores_all: Any
) -> None:
    own = ThresholdOptions(
        restarts=restarts, window=window, cooldown=cooldown, ignores_all=ignores_all
    )
    limits = cascade_limits(CascadeOptions(restarts=7, grace=0, categories={"mine": own}))

    assert limits is not None
    assert limits.of("mine") == ("mine", Threshold(restarts, window, cooldown, ignores_all))
    assert (limits.overall.restarts, limits.grace) == (7, 0)
