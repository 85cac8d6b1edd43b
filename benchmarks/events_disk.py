"""Where files are put that are measured: on the checkout's disk, not in memory."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

BUILD = Path(__file__).parents[1] / "build"
"""Git ignores it. A directory for temporary files is in memory on many machines."""


@contextmanager
def directory() -> Generator[Path]:
    """Make a directory, and remove it with all that is in it."""
    BUILD.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="bench-", dir=BUILD) as made:
        yield Path(made)
