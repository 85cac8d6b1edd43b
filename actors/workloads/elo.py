"""Ratings from results, on the logistic scale: 400 points are odds of ten to one."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_SCALE: Final = 400.0
_RANGE: Final = 4000.0
"""No rating is further from its nearest anchor."""


class Score(NamedTuple):
    """What came out against one opponent; Hex has no draws."""

    wins: int
    games: int

    @property
    def losses(self) -> int:
        """Games that were not won."""
        return self.games - self.wins

    @property
    def win_rate(self) -> float:
        """Share of games won, 0 without games."""
        return self.wins / self.games if self.games else 0.0

    def plus(self, other: Score) -> Score:
        """Return both together."""
        return Score(self.wins + other.wins, self.games + other.games)


def expected(rating: float, opponent: float) -> float:
    """Return the share of games that a player of one rating wins against one of another."""
    return 1 / (1 + 10 ** ((opponent - rating) / _SCALE))


def rating(results: Sequence[tuple[float, Score]]) -> float | None:
    """Rate a player by its results against opponents of known rating.

    The rating is the one at which the wins that were to be expected are the wins that were counted.
    Half a win and half a loss are added against each opponent (the prior that keeps the rating of a
    player finite who won or lost everything). Opponents' ratings are fixed: random play and the
    heuristic are the scale's anchors, and a model's result does not move them.

    Args:
        results: the opponent's rating and the score, for each opponent.

    Returns:
        The rating; None when no game was played.
    """
    played = [(anchor, score) for anchor, score in results if score.games]
    if not played:
        return None
    wins = sum(score.wins + 0.5 for _, score in played)
    low = min(anchor for anchor, _ in played) - _RANGE
    high = max(anchor for anchor, _ in played) + _RANGE
    while high - low > 1e-6:  # noqa: PLR2004  # far below what anyone prints
        middle = (low + high) / 2
        if sum((score.games + 1) * expected(middle, anchor) for anchor, score in played) < wins:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def difference(score: Score) -> float:
    """Return by how much a player is better than the one it played, by that score alone."""
    return _SCALE * math.log10((score.wins + 0.5) / (score.losses + 0.5))


def is_decided(score: Score, confidence: float) -> bool:
    """Tell whether it is sure enough who is better.

    It is when Wilson's interval around the win rate, of the given confidence, leaves out one half.
    """
    if not score.games:
        return False
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    rate, spread = score.win_rate, z * z / score.games
    centre = (rate + spread / 2) / (1 + spread)
    margin = z * math.sqrt(rate * (1 - rate) / score.games + spread / (4 * score.games))
    return abs(centre - 0.5) > margin / (1 + spread)
