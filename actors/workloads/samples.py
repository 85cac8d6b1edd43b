"""Files of samples: positions to learn from, as exports and training sets hold them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .arrays import Arrays, read_arrays, write_arrays
from .errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from .hexgame import Floats, Positions

_COLUMNS = ("boards", "policies", "values", "weights", "games")
_FACTS = ("side", "iteration", "created", "quality")


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Positions and what is to be learned of them, a row each.

    Attributes:
        boards: positions as the mover sees them.
        policies: a probability per cell, as the mover sees the board.
        values: the outcome for the mover, 1 or -1.
        weights: how much the position counts.
        games: the number of the game it is from; rows of one game are not independent.
    """

    boards: Positions
    policies: Floats
    values: Floats
    weights: Floats
    games: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.intp]) -> Samples:
        """Return these rows."""
        return Samples(
            boards=self.boards[rows],
            policies=self.policies[rows],
            values=self.values[rows],
            weights=self.weights[rows],
            games=self.games[rows],
        )

    def to_arrays(self) -> Arrays:
        """Return the columns by name."""
        return {name: getattr(self, name) for name in _COLUMNS}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Samples:
        """Read what `to_arrays` gave; other names are ignored."""
        return cls(
            boards=arrays["boards"].astype(np.int8, copy=False),
            policies=arrays["policies"].astype(np.float32, copy=False),
            values=arrays["values"].astype(np.float32, copy=False),
            weights=arrays["weights"].astype(np.float32, copy=False),
            games=arrays["games"].astype(np.int32, copy=False),
        )

    @classmethod
    def empty(cls, cells: int) -> Samples:
        """Return no samples, of positions of `cells` cells."""
        return cls(
            boards=np.zeros((0, cells), dtype=np.int8),
            policies=np.zeros((0, cells), dtype=np.float32),
            values=np.zeros(0, dtype=np.float32),
            weights=np.zeros(0, dtype=np.float32),
            games=np.zeros(0, dtype=np.int32),
        )

    @classmethod
    def joined(cls, parts: Sequence[Samples]) -> Samples:
        """Return the parts one after the other; their games keep their numbers."""
        columns = [part.to_arrays() for part in parts]
        return cls.from_arrays(
            {name: np.concatenate([column[name] for column in columns]) for name in _COLUMNS}
        )


class Source(NamedTuple):
    """Where samples come from.

    Attributes:
        side: the board's.
        iteration: in which the games were played, the latest if there were several.
        created: when (seconds since 1970, UTC), the latest if there were several.
        quality: share of the games that were sound and not seen before, 0 to 1.
    """

    side: int
    iteration: int
    created: float
    quality: float


def write_samples(path: Path, samples: Samples, source: Source) -> None:
    """Write samples to a file."""
    facts = {name: np.array(value) for name, value in source._asdict().items()}
    write_arrays(path, {**samples.to_arrays(), **facts})


def read_samples(path: Path, side: int) -> tuple[Samples, Source]:
    """Read samples for a board.

    Raises:
        BadInputError: the file is missing, holds no samples, or is for another board.
    """
    arrays = read_arrays(path, (*_COLUMNS, *_FACTS), "samples")
    found = int(arrays["side"])
    if found != side:
        raise BadInputError(f"{path}: holds samples of hex{found}, hex{side} is asked for")
    samples = Samples.from_arrays(arrays)
    rows = {len(arrays[name]) for name in _COLUMNS}
    if len(rows) != 1 or samples.boards.shape != (len(samples), side * side):
        raise BadInputError(f"{path}: the columns of the samples don't fit together")
    source = Source(
        side=side,
        iteration=int(arrays["iteration"]),
        created=float(arrays["created"]),
        quality=float(arrays["quality"]),
    )
    return samples, source
