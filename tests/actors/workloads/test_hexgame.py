from __future__ import annotations

from tests.actors.workloads import needs_selfplay  # before NumPy: skips without the extra

# isort: split
import numpy as np
import pytest
from hypothesis import given, strategies as st

from ringleader.actors.workloads.hexgame import HexGame, planes

pytestmark = needs_selfplay.MARK

SIDE = 4
GAME = HexGame(SIDE)
players = st.integers(0, 1)
walks = st.lists(st.integers(0, 99), max_size=SIDE * SIDE)


def walk(steps: list[int]) -> list[int]:
    """Play legal moves until the steps or the game end; return the moves."""
    state = GAME.new_state()
    for step in steps:
        if state.is_terminal():
            break
        legal = state.legal_actions()
        state.apply_action(legal[step % len(legal)])
    return state.history()


@given(walks)
def test_positions_agree_with_open_spiel_on_legal_moves(steps: list[int]) -> None:
    moves = walk(steps)
    state = GAME.replay(moves)
    board = GAME.positions([moves])[0]

    assert np.count_nonzero(board) == len(moves)
    if not state.is_terminal():
        assert np.flatnonzero(board == 0).tolist() == state.legal_actions()
        assert state.current_player() == len(moves) % 2


@given(walks)
def test_the_view_of_player_1_is_that_of_player_0_in_the_mirrored_game(steps: list[int]) -> None:
    moves = walk(steps)
    board = GAME.positions([moves])
    mirrored = -board[:, GAME.transposed]

    seen_by_second = GAME.seen(board, np.array([1], dtype=np.int8))
    seen_by_first = GAME.seen(mirrored, np.array([0], dtype=np.int8))

    assert (seen_by_second == seen_by_first).all()


@given(st.lists(players, min_size=1, max_size=5), st.integers(0, 9))
def test_moving_values_to_the_movers_view_and_back_changes_nothing(
    movers: list[int], seed: int
) -> None:
    values = np.random.default_rng(seed).random((len(movers), GAME.cells), dtype=np.float32)
    who = np.array(movers, dtype=np.int8)

    assert (GAME.as_seen(GAME.as_seen(values, who), who) == values).all()


@given(walks)
def test_a_position_turned_by_180_degrees_has_the_same_outcome(steps: list[int]) -> None:
    moves = walk(steps)
    turned = [int(GAME.turned[move]) for move in moves]

    here, there = GAME.replay(moves), GAME.replay(turned)

    assert here.is_terminal() == there.is_terminal()
    assert here.player_return(0) == there.player_return(0)


def test_whoever_moves_sees_a_win_as_a_line_from_top_to_bottom() -> None:
    first_wins = GAME.replay([0, 1, 4, 2, 8, 3, 12])
    second_wins = GAME.replay([4, 0, 5, 1, 6, 2, 15, 3])

    assert (first_wins.player_return(0), second_wins.player_return(1)) == (1, 1)
    board = GAME.positions([second_wins.history()])
    seen = GAME.seen(board, np.array([1], dtype=np.int8))[0].reshape(SIDE, SIDE)
    assert (seen[:, 0] == 1).all()


def test_planes_hold_own_stones_and_then_the_others() -> None:
    seen = np.array([[1, 0, -1, 0]], dtype=np.int8)

    assert planes(seen).tolist() == [[1, 0, 0, 0, 0, 0, 1, 0]]


@pytest.mark.parametrize("moves", [[0, 0], [99], [0, 1, 4, 2, 8, 3, 12, 5]])
def test_an_illegal_game_is_not_replayed(moves: list[int]) -> None:
    with pytest.raises(ValueError, match="illegal"):
        GAME.replay(moves)
