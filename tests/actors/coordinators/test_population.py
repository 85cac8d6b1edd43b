from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.coordinators.layer4.population import (
    Demand,
    Part,
    QueuePopulatorOptions,
    healthy_share,
    in_order,
    parts,
    plan,
    room,
    slope,
    work_id,
)
from ringleader.actors.events.scales import PressureLevel
from ringleader.actors.journal import WorkItem, WorkStatus

OPTIONS = QueuePopulatorOptions()


def item(part: int, units: int = 50, status: WorkStatus = "queued") -> WorkItem:
    return WorkItem(
        work_id=work_id("selfplay", "a", 1, part),
        kind="selfplay",
        config_key="a",
        iteration=1,
        part=part,
        units=units,
        status=status,
        queued_at=0.0,
    )


def demand(key: str = "a", target: int = 150, **more: object) -> Demand:
    return Demand(config_key=key, iteration=1, target=target, **more)  # type: ignore[arg-type]  # the tests' own names


def test_the_queue_is_filled_up_to_its_target_but_with_few_of_ones_own() -> None:
    assert room(0, 0, OPTIONS) == 50
    assert room(10, 10, OPTIONS) == 40
    assert room(60, 50, OPTIONS) == 0


def test_a_queue_that_is_full_enough_is_left_alone() -> None:
    assert room(199, 0, OPTIONS) == 50
    assert room(200, 0, OPTIONS) == 0


def test_a_batch_is_limited() -> None:
    assert room(0, 0, QueuePopulatorOptions(max_pending=500)) == 100


def test_a_sick_cluster_gets_a_shorter_queue() -> None:
    assert room(50, 0, OPTIONS, share=0.2) == 0
    assert room(39, 0, OPTIONS, share=0.2) == 21


def test_under_full_backpressure_a_trickle_goes_on() -> None:
    assert room(1000, 0, OPTIONS, pressure=PressureLevel.STOP) == 10
    assert room(1000, 8, OPTIONS, pressure=PressureLevel.STOP) == 2
    assert room(1000, 30, OPTIONS, pressure=PressureLevel.STOP) == 0


def test_a_target_is_cut_into_parts() -> None:
    assert list(parts(demand(target=120), OPTIONS)) == [(1, 0, 50), (2, 50, 50), (3, 100, 20)]


def test_parts_that_are_there_already_are_left_out() -> None:
    wanted = demand(items=(item(1, status="done"), item(2)))

    assert list(parts(wanted, OPTIONS)) == [(3, 100, 50)]


def test_a_part_that_failed_for_good_is_made_up_for_by_other_games() -> None:
    wanted = demand(items=(item(1), item(2, status="failed"), item(3)))

    assert list(parts(wanted, OPTIONS)) == [(4, 150, 50)]


@given(st.integers(1, 5000), st.integers(1, 500), st.integers(0, 20))
def test_parts_cover_a_target_exactly_once(target: int, size: int, cut: int) -> None:
    options = QueuePopulatorOptions(games_per_item=size)
    first = list(parts(demand(target=target), options))[:cut]
    items = tuple(item(part, games) for part, _, games in first)
    all_parts = [*first, *parts(demand(target=target, items=items), options)]

    numbers = [n for _, start, games in all_parts for n in range(start, start + games)]
    assert numbers == list(range(target))
    assert [part for part, _, _ in all_parts] == list(range(1, len(all_parts) + 1))


def test_weight_goes_first_then_who_has_the_fewest_games_and_who_is_done_last() -> None:
    demands = [
        demand("done", elo=2000.0, weight=9.0),
        demand("rich", games=100),
        demand("poor", games=1),
        demand("heavy", games=1000, weight=1.0),
    ]

    assert [d.config_key for d in in_order(demands, OPTIONS)] == ["heavy", "poor", "rich", "done"]


def test_no_more_is_planned_than_allowed() -> None:
    planned = plan([demand("a"), demand("b")], 4, OPTIONS, 0.0)

    assert [(p.config_key, p.part) for p in planned] == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]


def test_a_lone_config_has_the_plain_priority() -> None:
    (part,) = plan([demand(target=50)], 9, OPTIONS, 0.0)

    assert part == Part(config_key="a", iteration=1, part=1, first_game=0, games=50, priority=50)


def test_priorities_add_up() -> None:
    poor = demand("poor", target=250, games=1, urgent_items=2, touched=0.0)
    rich = demand("rich", target=50, games=500, touched=5 * 3600.0)
    planned = plan([poor, rich], 99, OPTIONS, 5 * 3600.0)

    priorities = [(p.config_key, p.priority) for p in planned]
    assert priorities == [
        *[("poor", 50 + 20 + 10 + 30)] * 2,
        *[("poor", 50 + 20 + 10)] * 3,
        ("rich", 50),
    ]


def test_a_trickle_is_more_urgent_than_anything() -> None:
    (part,) = plan([demand(target=50)], 9, OPTIONS, 0.0, trickle=True)

    assert part.priority == 100


def test_only_a_few_configs_are_explored() -> None:
    demands = [demand(f"c{n}", target=50, weight=float(n), touched=float(n)) for n in range(5)]
    planned = plan(demands, 99, OPTIONS, 1e6)

    explored = {p.config_key for p in planned if p.priority == 50 + 20 + 10}
    assert explored == {"c0", "c1", "c2"}


def test_the_slope_of_ratings_is_taken_over_enough_time() -> None:
    points = [(0.0, 1000.0), (1800.0, 1010.0), (3600.0, 1030.0)]

    assert slope(points, 3600) == pytest.approx(30.0)
    assert slope(points[:2], 3600) is None
    assert slope(points[:1], 0) is None


def test_a_cluster_has_a_least_share() -> None:
    assert healthy_share(0, 0, OPTIONS) == 0.2
    assert healthy_share(1, 10, OPTIONS) == 0.2
    assert healthy_share(5, 10, OPTIONS) == 0.5
