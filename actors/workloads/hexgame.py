"""Hex as OpenSpiel plays it, and its positions as arrays.

OpenSpiel decides everything: which moves are legal, when a game is over and who won. Arrays hold a
position a second time, for the network: one int8 per cell, 1 for player 0's stone, -1 for player
1's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import pyspiel
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Positions = NDArray[np.int8]
"""Positions, one a row."""
Floats = NDArray[np.float32]
Cells = NDArray[np.intp]
"""For each cell the cell that takes its place."""


class State(Protocol):
    """What this package uses of `pyspiel.State`, which ships no types."""

    def apply_action(self, action: int) -> None:
        """Make a move in place."""
        ...

    def child(self, action: int) -> State:
        """Return the state after a move."""
        ...

    def current_player(self) -> int:
        """Return who is to move: 0, 1, or a negative number when the game is over."""
        ...

    def is_terminal(self) -> bool:
        """Tell whether the game is over."""
        ...

    def legal_actions(self) -> list[int]:
        """Return the legal moves, in ascending order."""
        ...

    def history(self) -> list[int]:
        """Return the moves so far."""
        ...

    def player_return(self, player: int) -> float:
        """Return a player's outcome: 1 won, -1 lost, 0 while the game goes on."""
        ...


class HexGame:
    """The game on a board of `side` by `side` cells, numbered row by row.

    Player 0 moves first and joins the top to the bottom, player 1 the left to the right.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.cells = side * side
        self.spiel: Any = cast("Any", pyspiel).load_game(f"hex(board_size={side})")
        cells = np.arange(self.cells).reshape(side, side)
        self.transposed: Cells = cells.T.reshape(-1).copy()
        self.turned: Cells = cells[::-1, ::-1].reshape(-1).copy()

    def new_state(self) -> State:
        """Return the empty board."""
        return cast("State", self.spiel.new_initial_state())

    def replay(self, moves: Sequence[int]) -> State:
        """Return the state after `moves`.

        Raises:
            ValueError: a move is illegal, or the game was over before the last one.
        """
        state = self.new_state()
        for ply, move in enumerate(moves):
            if state.is_terminal() or move not in state.legal_actions():
                raise ValueError(f"move {ply} to cell {move} is illegal")
            state.apply_action(move)
        return state

    def positions(self, games: Sequence[Sequence[int]]) -> Positions:
        """Return the position after each list of moves."""
        boards = np.zeros((len(games), self.cells), dtype=np.int8)
        for board, moves in zip(boards, games, strict=True):
            board[list(moves[0::2])] = 1
            board[list(moves[1::2])] = -1
        return boards

    def seen(self, boards: Positions, movers: NDArray[np.int8]) -> Positions:
        """Return positions as who is to move sees them: own stones are 1 and join top to bottom.

        Player 1 sees the board transposed; so one network serves both.
        """
        seen = boards.copy()
        second = movers == 1
        seen[second] = -boards[second][:, self.transposed]
        return seen

    def as_seen(self, values: Floats, movers: NDArray[np.int8]) -> Floats:
        """Move a number per cell between the board and the mover's view; its own inverse."""
        seen = values.copy()
        second = movers == 1
        seen[second] = values[second][:, self.transposed]
        return seen


def planes(seen: Positions) -> Floats:
    """Return the network's input for positions as seen: own stones, then the other's."""
    return np.concatenate([seen == 1, seen == -1], axis=1, dtype=np.float32)
