"""Arrays in `.npz` files and checkpoints; nothing in them is ever unpickled."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import BadInputError
from .files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Arrays = dict[str, NDArray[Any]]
"""Arrays by name; scalars and texts are arrays without dimensions."""


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the content of an `.npz` file."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(content: bytes) -> Arrays:
    """Read what `pack` gave.

    Raises:
        ValueError, zipfile.BadZipFile: it is something else.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an `.npz` file, as a whole."""
    write_whole(path, pack(arrays))


def read_arrays(path: Path, names: Iterable[str], what: str) -> Arrays:
    """Read an `.npz` file.

    Args:
        path: the file.
        names: arrays that it must hold.
        what: what it should be, for the error: "games", "a model".

    Raises:
        BadInputError: it can't be read, or is something else.
    """
    try:
        arrays = unpack(path.read_bytes())
    except OSError as error:
        raise BadInputError(f"{path}: can't be read: {error.strerror or error}") from error
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise BadInputError(f"{path}: is not an .npz file of {what}: {error}") from error
    missing = [name for name in names if name not in arrays]
    if missing:
        raise BadInputError(f"{path}: does not hold {what}: {', '.join(missing)} missing")
    return arrays
