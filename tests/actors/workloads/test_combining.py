from __future__ import annotations

from tests.actors.workloads import needs_selfplay  # before NumPy: skips without the extra

# isort: split
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from ringleader.actors.workloads.combining import Export, freshness, is_kept, merged
from ringleader.actors.workloads.options import CombineOptions
from ringleader.actors.workloads.samples import Samples, Source

pytestmark = needs_selfplay.MARK

HOUR = 3600.0


def source(hours: float = 0, iteration: int = 1, quality: float = 1) -> Source:
    return Source(side=3, iteration=iteration, created=hours * HOUR, quality=quality)


def export(rows: int, quality: float = 1) -> Export:
    samples = Samples.empty(9).take(np.zeros(0, dtype=np.intp))
    if rows:
        samples = Samples(
            boards=np.zeros((rows, 9), dtype=np.int8),
            policies=np.full((rows, 9), 1 / 9, dtype=np.float32),
            values=np.ones(rows, dtype=np.float32),
            weights=np.ones(rows, dtype=np.float32),
            games=np.arange(rows, dtype=np.int32),
        )
    return Export(Path("export.npz"), samples, source(quality=quality))


def test_a_day_halves_a_sources_weight() -> None:
    weights = freshness([source(hours=0), source(hours=24), source(hours=48)], CombineOptions())

    assert weights == [0.25, 0.5, 1]


def test_an_iteration_may_halve_it_too() -> None:
    sources = [source(iteration=1), source(iteration=3)]

    assert freshness(sources, CombineOptions(half_life_iterations=1)) == [0.25, 1]
    assert freshness(sources, CombineOptions()) == [1, 1]


def test_minutes_do_not_count() -> None:
    assert freshness([source(hours=0), source(hours=0.9)], CombineOptions()) == [1, 1]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6), st.integers(0, 1000))
def test_only_the_age_against_the_newest_counts(hours: list[int], later: int) -> None:
    now = freshness([source(hours=at) for at in hours], CombineOptions())
    then = freshness([source(hours=at + later) for at in hours], CombineOptions())

    assert max(now) == 1
    assert then == pytest.approx(now)


@pytest.mark.parametrize(
    ("rows", "quality", "kept"), [(3, 0.2, True), (3, 0.19, False), (0, 1, False)]
)
def test_bad_and_empty_exports_are_left_out(rows: int, quality: float, *, kept: bool) -> None:
    assert is_kept(export(rows, quality), CombineOptions()) is kept


def test_merged_samples_weigh_one_on_average_and_keep_games_apart() -> None:
    samples = merged([export(1), export(3)], [0.5, 1.0])

    assert len(samples) == 4
    assert samples.weights.mean() == pytest.approx(1)
    assert samples.weights[1] == pytest.approx(2 * samples.weights[0])
    assert samples.games.tolist() == [0, 1, 2, 3]
