"""Files of games: what self-play leaves behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .arrays import Arrays, read_arrays, write_arrays
from .errors import BadInputError
from .table import Record, stacked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_RECORDS = ("lengths", "moves", "visits", "outcomes")
_FACTS = ("side", "iteration", "created", "model_id")


class GamesFile(NamedTuple):
    """Games and where they come from.

    Attributes:
        records: the games.
        iteration: in which iteration they were played.
        created: when the file was written (seconds since 1970, UTC).
        model_id: who played; empty for plain Monte Carlo tree search.
    """

    records: list[Record]
    iteration: int
    created: float
    model_id: str


def write_games(
    path: Path, records: Sequence[Record], side: int, iteration: int, model_id: str
) -> None:
    """Write games to a file, stamped with the time."""
    facts = {
        "side": np.array(side),
        "iteration": np.array(iteration),
        "created": np.array(time.time()),
        "model_id": np.array(model_id),
    }
    write_arrays(path, {**records_to_arrays(records, side * side), **facts})


def read_games(path: Path, side: int) -> GamesFile:
    """Read games for a board.

    Raises:
        BadInputError: the file is missing, is no games file, or is for another board.
    """
    arrays = read_arrays(path, (*_RECORDS, *_FACTS), "games")
    if int(arrays["side"]) != side:
        found = int(arrays["side"])
        raise BadInputError(f"{path}: holds games of hex{found}, hex{side} is asked for")
    try:
        records = records_from_arrays(arrays)
    except ValueError as error:
        raise BadInputError(f"{path}: the games in it don't fit together: {error}") from error
    return GamesFile(
        records=records,
        iteration=int(arrays["iteration"]),
        created=float(arrays["created"]),
        model_id=str(arrays["model_id"]),
    )


def records_to_arrays(records: Sequence[Record], cells: int) -> Arrays:
    """Return games as arrays, all moves of all games behind each other."""
    return {
        "lengths": np.array([len(record.moves) for record in records], dtype=np.int32),
        "moves": np.array([move for record in records for move in record.moves], dtype=np.int16),
        "visits": stacked([row for record in records for row in record.visits], cells),
        "outcomes": np.array([record.outcome for record in records], dtype=np.int8),
    }


def records_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> list[Record]:
    """Read what `records_to_arrays` gave.

    Raises:
        ValueError: the lengths don't fit.
    """
    lengths = arrays["lengths"].tolist()
    if not sum(lengths) == len(arrays["moves"]) == len(arrays["visits"]):
        raise ValueError(f"{sum(lengths)} moves are announced, {len(arrays['moves'])} are there")
    cuts = np.cumsum(lengths)[:-1] if lengths else np.zeros(0, dtype=np.int64)
    moves = np.split(arrays["moves"], cuts) if lengths else []
    visits = np.split(arrays["visits"], cuts) if lengths else []
    return [
        Record(game_moves.tolist(), list(game_visits), int(outcome))
        for game_moves, game_visits, outcome in zip(moves, visits, arrays["outcomes"], strict=True)
    ]
