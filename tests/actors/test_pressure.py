"""Levels of pressure, and what they mean for publishers."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.events.scales import PressureLevel, Priority
from ringleader.actors.pressure import RELEASE, SHARES, level_of, mark, next_level, verdict

LEVELS = tuple(PressureLevel)


@pytest.mark.parametrize(
    ("depth", "level"),
    [
        (0, "none"),
        (249, "none"),
        (250, "low"),
        (400, "soft"),
        (500, "medium"),
        (650, "hard"),
        (800, "high"),
        (900, "critical"),
        (1_000, "stop"),
        (5_000, "stop"),
    ],
)
def test_a_level_begins_at_its_share_of_the_room(depth: int, level: str) -> None:
    assert level_of(depth, 1_000) == level


@given(st.lists(st.integers(0, 1_200), max_size=60))
def test_a_level_rises_at_once_and_falls_only_all_the_way(depths: list[int]) -> None:
    level = PressureLevel.NONE
    for depth in depths:
        after = next_level(level, depth, 1_000)
        if depth < 1_000 * RELEASE:
            assert after is PressureLevel.NONE
        else:
            assert after == max(level, level_of(depth, 1_000))
        level = after


@given(st.sampled_from(list(SHARES)), st.integers(10, 10_000))
def test_the_mark_of_a_level_is_where_it_begins(level: PressureLevel, room: int) -> None:
    assert level_of(mark(level, room) + 1, room) >= level
    assert level_of(mark(level, room) - 1, room) < level


@pytest.mark.parametrize("priority", list(Priority))
@pytest.mark.parametrize("level", LEVELS)
def test_who_is_always_accepted_is_always_taken(priority: Priority, level: PressureLevel) -> None:
    assert verdict("accept", priority, level) == "take"


@pytest.mark.parametrize(
    ("on_pressure", "priority", "begins", "then"),
    [
        ("slow", Priority.NORMAL, PressureLevel.SOFT, "wait"),
        ("shed", Priority.LOW, PressureLevel.SOFT, "shed"),
        ("shed", Priority.NORMAL, PressureLevel.HARD, "shed"),
        ("refuse", Priority.NORMAL, PressureLevel.HIGH, "refuse"),
    ],
)
def test_a_type_says_from_which_level_on_its_publishers_meet_what(
    on_pressure: str, priority: Priority, begins: PressureLevel, then: str
) -> None:
    for level in LEVELS:
        expected = then if level >= begins else "take"
        assert verdict(on_pressure, priority, level) == expected  # type: ignore[arg-type]  # of a table
