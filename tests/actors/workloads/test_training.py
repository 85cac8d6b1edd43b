from __future__ import annotations

from tests.actors.workloads import needs_selfplay  # before NumPy: skips without the extra

# isort: split
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ringleader.actors.workloads.training import cosine, split_games

pytestmark = needs_selfplay.MARK


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.floats(0, 0.9))
def test_no_game_is_both_learned_from_and_judged_by(games: list[int], share: float) -> None:
    numbers = np.array(games, dtype=np.int32)

    learned, judged = split_games(numbers, share, np.random.default_rng(1))

    assert sorted([*learned.tolist(), *judged.tolist()]) == list(range(len(games)))
    assert not set(numbers[learned].tolist()) & set(numbers[judged].tolist())
    assert len(set(numbers[judged].tolist())) == int(len(set(games)) * share)


def test_the_learning_rate_falls_from_all_to_nothing() -> None:
    rates = [cosine(step, 10) for step in range(11)]

    assert rates == sorted(rates, reverse=True)
    assert [rates[0], rates[5], rates[10]] == pytest.approx([1, 0.5, 0])
