"""Who can play: the network with a search, plain Monte Carlo tree search, and chance.

A player looks at many positions at once and answers with how much it thinks of each move: visit
counts, from which a move is sampled or the best one taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import pyspiel
from numpy.typing import NDArray

from .search import Search, SearchSettings, network_judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .hexgame import HexGame, State
    from .network import Network

Visits = NDArray[np.int32]
"""How often each cell was tried, a row per position."""

_SOLVE = False
"""Proven wins would end a search early, with few visits to learn from."""
_VERBOSE = False
_TREE_MEGABYTES = 200
"""OpenSpiel prunes a tree that grows beyond; no search here comes near."""


class Player(Protocol):
    """Somebody who plays."""

    def think(self, states: Sequence[State], randoms: Sequence[np.random.Generator]) -> Visits:
        """Return the visit counts of each position's moves, 0 for illegal ones.

        Each position has its own source of random numbers, so that what is thought of it does not
        depend on its neighbours.
        """
        ...


class NetworkPlayer:
    """Searches by PUCT with a network's priors and values."""

    def __init__(
        self,
        game: HexGame,
        network: Network,
        settings: SearchSettings,
        *,
        noise_alpha: float = 0.0,
    ) -> None:
        self._game = game
        self._judge = network_judge(game, network)
        self._settings = settings
        self._alpha = noise_alpha

    def think(self, states: Sequence[State], randoms: Sequence[np.random.Generator]) -> Visits:
        """Search all positions together."""
        noise = None
        if self._settings.noise_share:
            noise = np.stack([self._noise(*pair) for pair in zip(states, randoms, strict=True)])
        return Search(self._game, states, self._judge, self._settings, noise).run()

    def _noise(self, state: State, random: np.random.Generator) -> NDArray[np.float32]:
        legal = state.legal_actions()
        noise = np.zeros(self._game.cells, dtype=np.float32)
        noise[legal] = random.dirichlet([self._alpha] * len(legal))
        return noise


class RolloutPlayer:
    """Plain Monte Carlo tree search, OpenSpiel's own: UCT, judging positions by random play."""

    def __init__(self, game: HexGame, simulations: int, exploration: float) -> None:
        self._game = game
        self._simulations = simulations
        self._exploration = exploration

    def think(self, states: Sequence[State], randoms: Sequence[np.random.Generator]) -> Visits:
        """Search each position by itself."""
        visits = np.zeros((len(states), self._game.cells), dtype=np.int32)
        for row, state, random in zip(visits, states, randoms, strict=True):
            seed = int(random.random() * 2**31)
            for child in self._search(state, seed).children:
                row[child.action] = child.explore_count
        return visits

    def _search(self, state: State, seed: int) -> Any:
        spiel = cast("Any", pyspiel)
        bot = spiel.MCTSBot(
            self._game.spiel,
            spiel.RandomRolloutEvaluator(n_rollouts=1, seed=seed),
            self._exploration,
            self._simulations,
            _TREE_MEGABYTES,
            _SOLVE,
            seed,
            _VERBOSE,
        )
        return bot.mcts_search(state)


class RandomPlayer:
    """Plays any legal move."""

    def __init__(self, game: HexGame) -> None:
        self._game = game

    def think(self, states: Sequence[State], randoms: Sequence[np.random.Generator]) -> Visits:
        """Visit one legal move of each position, once."""
        visits = np.zeros((len(states), self._game.cells), dtype=np.int32)
        for row, state, random in zip(visits, states, randoms, strict=True):
            row[random.choice(state.legal_actions())] = 1
        return visits
