"""Model files: a network, the board it is for, and what it learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .arrays import read_arrays, write_arrays
from .errors import BadInputError
from .network import Network

if TYPE_CHECKING:
    from pathlib import Path


def write_model(path: Path, network: Network, side: int, iteration: int) -> None:
    """Write a network to a file."""
    facts = {"side": np.array(side), "iteration": np.array(iteration)}
    write_arrays(path, {**network.to_arrays(), **facts})


def read_model(path: Path, side: int) -> Network:
    """Read a network for a board.

    Raises:
        BadInputError: the file is missing, is no model, or is for another board.
    """
    arrays = read_arrays(path, ("side", "iteration"), "a model")
    try:
        network = Network.from_arrays(arrays)
    except ValueError as error:
        raise BadInputError(f"{path}: is not a model: {error}") from error
    if network.cells != side * side:
        found = int(arrays["side"])
        raise BadInputError(f"{path}: is a model for hex{found}, hex{side} is asked for")
    return network
