"""The game: guess the sum of two dice. The model: how often it saw each sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

SUMS = range(2, 13)


def roll(chance: Random) -> int:
    """Roll both dice."""
    return chance.randint(1, 6) + chance.randint(1, 6)


def guess(model: dict[str, int] | None, chance: Random) -> int:
    """Guess the sum that the model saw most; without a model, any."""
    if model is None:
        return chance.choice(SUMS)
    return max(SUMS, key=lambda total: model.get(str(total), 0))


def first_wins(first: int, second: int, rolled: int, chance: Random) -> bool:
    """Tell whether the first guess is nearer; if both are as near, a coin decides."""
    near, far = abs(first - rolled), abs(second - rolled)
    return chance.random() < 0.5 if near == far else near < far  # noqa: PLR2004  # a coin
