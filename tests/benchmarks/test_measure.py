"""Figures become ratios the right way round, and both sides take turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import measure as measuring
from benchmarks.cases import CASES, Case
from benchmarks.measure import Effort, conclude, measure
from benchmarks.memory import bytes_per_actor
from benchmarks.sides import OURS, SIDES, STOCK

if TYPE_CHECKING:
    import pykka


def test_the_ratio_is_that_of_the_medians_and_its_limits_are_those_of_the_rounds() -> None:
    result = conclude(CASES["tell"], [10.0, 20.0, 30.0], [160.0, 80.0, 120.0])
    assert result.stock == measuring.Spread(20, 10, 30)
    assert result.ringleader == measuring.Spread(120, 80, 160)
    assert result.ratio == measuring.Spread(6, 4, 16)
    assert (result.target, result.reached) == (6, True)


def test_a_target_just_missed_is_missed() -> None:
    assert conclude(CASES["tell"], [10.0], [59.9]).reached is False


def test_of_memory_less_is_better() -> None:
    result = conclude(CASES["memory"], [20_000.0, 24_000.0, 22_000.0], [1_000.0, 1_000.0, 2_000.0])
    assert result.ratio == measuring.Spread(22, 11, 24)
    assert (result.target, result.reached) == (None, None)


def test_the_sides_take_turns_and_swap_who_is_first() -> None:
    order: list[str] = []
    names = {base: side for side, base in SIDES.items()}

    def run(base: type[pykka.Actor], size: int) -> float:
        if size == 40:  # not the warming up
            order.append(names[base])
        return 1.0

    case = Case(name="any", unit="runs", size=40, run=run)
    result = measure(case, Effort(rounds=3, seconds=0.5), lambda _: None)
    assert order == [OURS, STOCK, STOCK, OURS, OURS, STOCK]
    assert result.stock.median == 40


def test_a_round_repeats_a_short_case_until_it_took_long_enough() -> None:
    sizes: list[int] = []

    def run(_: type[pykka.Actor], size: int) -> float:
        sizes.append(size)
        return 0.25

    figure = measuring.figure(Case(name="any", unit="runs", size=40, run=run), STOCK, 40, 1.0)
    assert sizes == [2, 40, 40, 40, 40]
    assert figure == 160


def test_memory_is_measured_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(side: str, size: int) -> float:
        return float(len(side) * size)

    monkeypatch.setattr(measuring, "bytes_per_actor", answer)
    result = measure(CASES["memory"], Effort(rounds=1, seconds=9, scale=0.01), lambda _: None)
    assert (result.stock.median, result.ringleader.median) == (50, 100)


def test_progress_names_the_case_and_the_round() -> None:
    said: list[str] = []
    case = Case(name="any", unit="runs", size=1, run=lambda _base, _size: 1.0)
    measure(case, Effort(rounds=2, seconds=0), said.append)
    assert said == ["any: round 1 of 2", "any: round 2 of 2"]


@pytest.mark.parametrize("side", SIDES)
def test_a_fresh_process_answers_with_bytes(side: str) -> None:
    assert bytes_per_actor(side, 10) >= 0
