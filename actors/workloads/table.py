"""A table of games played in step: every game that is not over makes one move a ply.

The same table serves self-play and gauntlets. Between plies it can be put into arrays and set up
again, and goes on exactly as it would have: what a game draws at random follows from its seed, its
number and the ply, never from what was drawn before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from .hexgame import HexGame
    from .players import Player, Visits


class Record(NamedTuple):
    """One finished game.

    Attributes:
        moves: the cells in the order they were taken.
        visits: for each move the visit counts it was chosen by.
        outcome: 1 if player 0 won, else -1.
    """

    moves: list[int]
    visits: list[NDArray[np.int32]]
    outcome: int


class Table:
    """Games side by side, all at the same ply until they end."""

    def __init__(self, game: HexGame, numbers: Sequence[int], seed: Sequence[int]) -> None:
        """Set up empty boards.

        Args:
            game: the game that is played.
            numbers: the games' numbers; with the seed they make the random numbers.
            seed: what all games of the table share.
        """
        self._game = game
        self._numbers = list(numbers)
        self._seed = tuple(seed)
        self._states = [game.new_state() for _ in self._numbers]
        self._moves: list[list[int]] = [[] for _ in self._numbers]
        self._visits: list[list[NDArray[np.int32]]] = [[] for _ in self._numbers]
        self.ply = 0

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def open(self) -> list[int]:
        """The places (from 0) of the games that are not over."""
        return [place for place, state in enumerate(self._states) if not state.is_terminal()]

    @property
    def numbers(self) -> Sequence[int]:
        """The games' numbers, by place."""
        return self._numbers

    def advance(self, players: Sequence[tuple[Player, Sequence[int]]], *, sampled: bool) -> None:
        """Play one ply.

        Args:
            players: who moves at which places; together they are the open ones.
            sampled: choose in proportion to the visits; otherwise the most visited move.
        """
        for player, places in players:
            if not places:
                continue
            randoms = [self._random(place) for place in places]
            visits = player.think([self._states[place] for place in places], randoms)
            for place, random, row in zip(places, randoms, visits, strict=True):
                move = choose(row, random if sampled else None)
                self._states[place].apply_action(move)
                self._moves[place].append(move)
                self._visits[place].append(row)
        self.ply += 1

    def records(self) -> list[Record]:
        """Return all games; those still open count as lost by player 0."""
        return [
            Record(moves, visits, 1 if state.is_terminal() and state.player_return(0) > 0 else -1)
            for moves, visits, state in zip(self._moves, self._visits, self._states, strict=True)
        ]

    def to_arrays(self) -> dict[str, NDArray[np.int32]]:
        """Return what `restore` needs."""
        return {
            "table_lengths": np.array([len(moves) for moves in self._moves], dtype=np.int32),
            "table_moves": np.array([move for moves in self._moves for move in moves], np.int32),
            "table_visits": stacked(
                [row for rows in self._visits for row in rows], self._game.cells
            ),
            "table_ply": np.array(self.ply, dtype=np.int32),
        }

    def restore(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        """Take the place that the table had when `to_arrays` was called.

        Raises:
            KeyError, ValueError: the arrays don't describe these games.
        """
        ends = np.cumsum(arrays["table_lengths"]).tolist()
        starts = [0, *ends[:-1]]
        moves = np.asarray(arrays["table_moves"], dtype=np.int32).tolist()
        visits = np.asarray(arrays["table_visits"], dtype=np.int32)
        self._moves = [moves[start:end] for start, end in zip(starts, ends, strict=True)]
        self._visits = [list(visits[start:end]) for start, end in zip(starts, ends, strict=True)]
        self._states = [self._game.replay(moves) for moves in self._moves]
        self.ply = int(arrays["table_ply"].item())

    def _random(self, place: int) -> np.random.Generator:
        return np.random.default_rng([*self._seed, self._numbers[place], self.ply])


def choose(visits: NDArray[np.int32], random: np.random.Generator | None) -> int:
    """Sample a move in proportion to its visits, or take the first of the most visited."""
    if random is None:
        return int(visits.argmax())
    return int(random.choice(len(visits), p=visits / visits.sum()))


def stacked(rows: Sequence[NDArray[np.int32]], cells: int) -> Visits:
    """Return the rows as one array, which has `cells` columns even without any."""
    return np.stack(rows) if rows else np.zeros((0, cells), dtype=np.int32)
