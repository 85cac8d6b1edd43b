"""What holds for every test: it leaves nothing behind."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import pytest

from tests.leaks import guard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory for temporary files, ours alone: others on this machine have files, too."""
    directory = tmp_path_factory.mktemp("t")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(directory))
        patch.setattr(tempfile, "tempdir", str(directory))
        yield directory


@pytest.fixture(autouse=True)
def nothing_is_left(temporary: Path) -> Iterator[None]:
    """Fail a test that leaves a thread, a child process, a socket or a temporary file.

    Actors that were started Pykka's way are stopped, and the threads that serve them; all else
    the test has to end itself. Fixtures are torn down before this one looks.
    """
    yield from guard(temporary)
