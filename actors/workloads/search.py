"""Monte Carlo tree search by PUCT, for many games at once.

Every game has a tree of its own; one simulation goes down all trees together, in array steps, and
the new positions are judged by the network in one batch. With 64 games a simulation costs a few
microseconds a game, where a tree of Python objects costs hundreds.

The result depends on which games are searched together in its last bits only, through the order of
sums in matrix products: whoever wants equal games searches equal batches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .hexgame import Floats, HexGame, Positions, State, planes
from .network import Network, softmax

Indices = NDArray[np.intp]
Judge = Callable[[Positions, NDArray[np.int8]], tuple[Floats, Floats]]
"""Positions and who is to move → a prior per cell (0 where a stone is) and the mover's value."""

_NEVER = np.float32(-1e9)

_CELLS_A_PLY = 1_000_000
"""Simulations times cells, of all games of a batch together. Checkpoints, due every 3 seconds, are
written between plies, and a simulation takes up to 0.8 µs per cell (measured on 5 by 5 to 19 by 19,
for either kind of search)."""


class SearchSettings(NamedTuple):
    """How a search spends its simulations."""

    simulations: int
    c_puct: float
    """Weight of the prior against what was found."""
    first_play_reduction: float = 0.2
    """A move not yet tried counts as the position's value less this."""
    noise_share: float = 0.0
    """Share of noise in the root's priors."""


class _Step(NamedTuple):
    """One level of one simulation: which games took which move at which node."""

    games: Indices
    nodes: Indices
    moves: Indices


def network_judge(game: HexGame, network: Network) -> Judge:
    """Return a judge that asks the network."""

    def judge(boards: Positions, movers: NDArray[np.int8]) -> tuple[Floats, Floats]:
        seen = network.forward(planes(game.seen(boards, movers)))
        priors = softmax(game.as_seen(seen.logits, movers), boards == 0)
        return priors, seen.values

    return judge


class Search:
    """The trees of one batch of positions; node `game * capacity` is a game's root."""

    def __init__(
        self,
        game: HexGame,
        states: Sequence[State],
        judge: Judge,
        settings: SearchSettings,
        noise: Floats | None = None,
    ) -> None:
        """Judge the roots.

        Args:
            game: the game that is played.
            states: the positions to search, none of them over.
            judge: judges positions.
            settings: how to search.
            noise: a probability per cell and state, mixed into the roots' priors.
        """
        self._judge = judge
        self._settings = settings
        self._games = len(states)
        self._capacity = settings.simulations + 1
        size = self._games * self._capacity
        self._visits = np.zeros((size, game.cells), dtype=np.float32)
        self._total = np.zeros((size, game.cells), dtype=np.float32)
        self._quality = np.empty((size, game.cells), dtype=np.float32)
        self._prior = np.empty((size, game.cells), dtype=np.float32)
        self._child = np.full((size, game.cells), -1, dtype=np.intp)
        self._count = np.ones(size, dtype=np.float32)
        self._over = np.zeros(size, dtype=np.bool_)
        self._value = np.zeros(size, dtype=np.float32)
        self._board = np.zeros((size, game.cells), dtype=np.int8)
        self._mover = np.zeros(size, dtype=np.int8)
        self._state: dict[int, State] = {}
        self._roots = np.arange(self._games, dtype=np.intp) * self._capacity
        self._plant(game, states, noise)

    def run(self) -> NDArray[np.int32]:
        """Spend the simulations; return how often each root's moves were tried."""
        for slot in range(1, self._capacity):
            path, leaves = self._descend(slot)
            self._back_up(path, self._value[leaves])
        return self._visits[self._roots].astype(np.int32)

    def _plant(self, game: HexGame, states: Sequence[State], noise: Floats | None) -> None:
        self._board[self._roots] = game.positions([state.history() for state in states])
        self._mover[self._roots] = [state.current_player() for state in states]
        for root, state in zip(self._roots.tolist(), states, strict=True):
            self._state[root] = state
        self._expand(self._roots)
        share = np.float32(self._settings.noise_share)
        if noise is not None and share:
            self._prior[self._roots] = (1 - share) * self._prior[self._roots] + share * noise

    def _expand(self, nodes: Indices) -> None:
        boards = self._board[nodes]
        priors, values = self._judge(boards, self._mover[nodes])
        self._prior[nodes] = priors
        self._value[nodes] = values
        untried = values[:, None] - np.float32(self._settings.first_play_reduction)
        self._quality[nodes] = np.where(boards == 0, untried, _NEVER)

    def _descend(self, slot: int) -> tuple[list[_Step], Indices]:
        """Go down each tree to a position that is new or over; return the ways and their ends."""
        path: list[_Step] = []
        games = np.arange(self._games, dtype=np.intp)
        nodes = self._roots
        leaves = self._roots + slot  # a game that finds nothing new keeps its slot empty
        while len(games):
            moves = self._choose(nodes)
            path.append(_Step(games, nodes, moves))
            below = self._child[nodes, moves]
            known = below >= 0
            if not known.all():
                new = ~known
                self._grow(nodes[new], moves[new], leaves[games[new]])
            ended = known & self._over[below]
            leaves[games[ended]] = below[ended]
            going = known & ~ended
            games, nodes = games[going], below[going]
        return path, leaves

    def _choose(self, nodes: Indices) -> Indices:
        eager = np.float32(self._settings.c_puct) * np.sqrt(self._count[nodes])
        score = self._prior[nodes] * eager[:, None]
        score /= self._visits[nodes] + 1
        score += self._quality[nodes]
        moves: Indices = score.argmax(axis=1)
        return moves

    def _grow(self, parents: Indices, moves: Indices, nodes: Indices) -> None:
        self._child[parents, moves] = nodes
        movers = self._mover[parents]
        self._board[nodes] = self._board[parents]
        self._board[nodes, moves] = 1 - 2 * movers
        self._mover[nodes] = 1 - movers
        still: list[int] = []
        for parent, move, node in zip(
            parents.tolist(), moves.tolist(), nodes.tolist(), strict=True
        ):
            state = self._state[parent].child(move)
            if state.is_terminal():
                self._over[node] = True
                self._value[node] = state.player_return(int(self._mover[node]))
            else:
                self._state[node] = state
                still.append(node)
        if still:
            self._expand(np.array(still, dtype=np.intp))

    def _back_up(self, path: list[_Step], values: Floats) -> None:
        """Add each leaf's value to the moves that led there, seen by who made them."""
        values = values.copy()
        for games, nodes, moves in reversed(path):
            values[games] = -values[games]  # from who is to move below to who moved here
            total = self._total[nodes, moves] + values[games]
            visits = self._visits[nodes, moves] + 1
            self._total[nodes, moves] = total
            self._visits[nodes, moves] = visits
            self._quality[nodes, moves] = total / visits
            self._count[nodes] += 1


def batch_size(wanted: int, simulations: int, cells: int) -> int:
    """Return how many games to play side by side so that a ply takes about a second at most."""
    return max(1, min(wanted, _CELLS_A_PLY // (simulations * cells)))
