from __future__ import annotations

from tests.actors.workloads import needs_selfplay  # before NumPy: skips without the extra

# isort: split
import numpy as np
import pytest

from ringleader.actors.workloads.hexgame import Floats, HexGame, Positions, State
from ringleader.actors.workloads.network import Network
from ringleader.actors.workloads.search import (
    Search,
    SearchSettings,
    batch_size,
    network_judge,
)

pytestmark = needs_selfplay.MARK

GAME = HexGame(3)
SETTINGS = SearchSettings(simulations=40, c_puct=1.5)


def undecided(boards: Positions, movers: object) -> tuple[Floats, Floats]:
    """Judge every legal move alike and every position as even."""
    free = (boards == 0).astype(np.float32)
    return free / free.sum(axis=1, keepdims=True), np.zeros(len(boards), dtype=np.float32)


def visits(states: list[State], settings: SearchSettings = SETTINGS) -> list[list[int]]:
    counts: list[list[int]] = Search(GAME, states, undecided, settings).run().tolist()
    return counts


def test_simulations_are_spent_on_legal_moves_only() -> None:
    states = [GAME.replay(moves) for moves in ([], [4], [0, 4], [4, 0, 8])]

    for state, row in zip(states, visits(states), strict=True):
        assert sum(row) == SETTINGS.simulations
        assert all(not count for move, count in enumerate(row) if move not in state.legal_actions())


def is_won(state: State, cache: dict[tuple[frozenset[int], frozenset[int]], bool]) -> bool:
    """Tell whether who is to move wins, by trying everything."""
    moves = state.history()
    key = frozenset(moves[0::2]), frozenset(moves[1::2])
    if key not in cache:
        children = [state.child(move) for move in state.legal_actions()]
        cache[key] = any(child.is_terminal() or not is_won(child, cache) for child in children)
    return cache[key]


def random_positions(count: int) -> list[State]:
    random = np.random.default_rng(5)
    positions: list[State] = []
    while len(positions) < count:
        state = GAME.replay(random.permutation(9)[: random.integers(2, 5)].tolist())
        positions.append(state)
    return positions


def test_a_move_that_wins_is_found_wherever_there_is_one() -> None:
    cache: dict[tuple[frozenset[int], frozenset[int]], bool] = {}
    states = [state for state in random_positions(60) if is_won(state, cache)]

    rows = visits(states, SearchSettings(simulations=800, c_puct=1.5))

    assert len(states) > 20
    for state, row in zip(states, rows, strict=True):
        child = state.child(int(np.argmax(row)))
        assert child.is_terminal() or not is_won(child, cache)


def test_a_position_is_searched_as_if_it_were_alone() -> None:
    states = [GAME.replay(moves) for moves in ([], [4], [0, 4], [4, 0, 8])]

    assert visits(states) == [visits([state])[0] for state in states]


def test_a_network_is_asked_in_the_view_of_who_is_to_move() -> None:
    judge = network_judge(GAME, Network.fresh(9, (8,), np.random.default_rng(1)))
    board = GAME.positions([[0, 4, 5]])
    mirrored = -board[:, GAME.transposed]

    priors, values = judge(board, np.array([1], dtype=np.int8))
    mirrored_priors, mirrored_values = judge(mirrored, np.array([0], dtype=np.int8))

    assert values == pytest.approx(mirrored_values)
    assert priors[0][GAME.transposed] == pytest.approx(mirrored_priors[0])
    assert priors.sum() == pytest.approx(1)
    assert not priors[0][[0, 4, 5]].any()


def test_noise_leads_the_search_elsewhere() -> None:
    noise = np.zeros((1, 9), dtype=np.float32)
    noise[0, 2] = 1
    settings = SearchSettings(simulations=8, c_puct=5.0, noise_share=0.9)

    row = Search(GAME, [GAME.new_state()], undecided, settings, noise).run()[0]

    assert int(row.argmax()) == 2


@pytest.mark.parametrize(
    ("simulations", "side", "size"), [(64, 5, 64), (800, 5, 50), (800, 8, 19), (9999, 19, 1)]
)
def test_batches_shrink_when_searches_are_long(simulations: int, side: int, size: int) -> None:
    assert batch_size(64, simulations, cells=side * side) == size
