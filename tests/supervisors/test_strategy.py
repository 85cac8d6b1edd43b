from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.base import Actor
from ringleader.supervisors import strategy
from ringleader.supervisors.spec import STRATEGIES, ChildSpec, Grace, Restart

REASONS = ["normal", "shutdown", ("shutdown", "x"), "killed", "boom", ValueError("boom")]
NORMAL = REASONS[:3]

families = st.lists(st.integers(), min_size=1, max_size=8, unique=True)


def spec(restart: Restart, shutdown: Grace) -> ChildSpec:
    return ChildSpec("a", Actor, restart=restart, shutdown=shutdown)


@pytest.mark.parametrize("reason", REASONS)
def test_a_permanent_child_is_restarted_whatever_its_end(reason: object) -> None:
    assert strategy.is_restarted("permanent", reason)


@pytest.mark.parametrize("reason", REASONS)
def test_a_temporary_child_is_never_restarted(reason: object) -> None:
    assert not strategy.is_restarted("temporary", reason)


@pytest.mark.parametrize("reason", REASONS)
def test_a_transient_child_is_restarted_unless_its_end_was_normal(reason: object) -> None:
    assert strategy.is_restarted("transient", reason) == (reason not in NORMAL)


@given(families, st.data(), st.sampled_from(STRATEGIES))
def test_a_group_holds_the_failed_child_and_keeps_the_start_order(
    children: list[int], data: st.DataObject, name: str
) -> None:
    failed = data.draw(st.sampled_from(children))

    group = strategy.group(name, children, failed)  # type: ignore[arg-type]  # one of STRATEGIES  # pyright: ignore[reportArgumentType]

    assert failed in group
    assert group == [child for child in children if child in group]


@given(families, st.data())
def test_each_strategy_restarts_whom_it_names(children: list[int], data: st.DataObject) -> None:
    failed = data.draw(st.sampled_from(children))
    place = children.index(failed)

    assert strategy.group("one_for_one", children, failed) == [failed]
    assert strategy.group("simple_one_for_one", children, failed) == [failed]
    assert strategy.group("one_for_all", children, failed) == children
    assert strategy.group("rest_for_one", children, failed) == children[place:]


def test_a_child_told_to_stop_should_end_with_shutdown() -> None:
    assert strategy.is_expected_end(spec("permanent", 5.0), "shutdown")
    assert not strategy.is_expected_end(spec("permanent", 5.0), "killed")
    assert not strategy.is_expected_end(spec("permanent", 5.0), "normal")


def test_a_child_that_is_not_permanent_may_also_end_normally_when_told_to_stop() -> None:
    assert strategy.is_expected_end(spec("transient", 5.0), "normal")
    assert strategy.is_expected_end(spec("temporary", "infinity"), ("shutdown", "x"))
    assert not strategy.is_expected_end(spec("temporary", 5.0), "boom")


def test_a_child_stopped_brutally_should_end_killed() -> None:
    assert strategy.is_expected_end(spec("permanent", "brutal_kill"), "killed")
    assert not strategy.is_expected_end(spec("permanent", "brutal_kill"), "shutdown")
    assert strategy.is_expected_end(spec("transient", "brutal_kill"), "shutdown")


@pytest.mark.parametrize(
    ("auto_shutdown", "significant", "left", "ends"),
    [
        ("never", True, 0, False),
        ("any_significant", True, 3, True),
        ("any_significant", False, 0, False),
        ("all_significant", True, 1, False),
        ("all_significant", True, 0, True),
        ("all_significant", False, 0, False),
    ],
)
def test_significant_children_end_their_supervisor(
    auto_shutdown: str,
    significant: bool,  # noqa: FBT001  # a column of the table
    left: int,
    ends: bool,  # noqa: FBT001  # a column of the table
) -> None:
    assert (
        strategy.ends_supervisor(
            auto_shutdown,  # type: ignore[arg-type]  # a column of the table  # pyright: ignore[reportArgumentType]
            significant=significant,
            significant_left=left,
        )
        is ends
    )
