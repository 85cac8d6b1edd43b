"""What tests of events have: a place on each backend, whose counters balance when it is left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.events.disks import Disk, command
from tests.events.places import Place, a_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(params=["memory", "sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place_with(backend: str, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Open places with settings of their own."""
    opened: list[Place] = []

    def make(**kwargs: Any) -> Place:
        place = a_place(backend, tmp_path, **kwargs)
        opened.append(place)
        place.start()
        return place

    yield make
    for place in opened:
        place.stop()


@pytest.fixture
def place(place_with: Callable[..., Place]) -> Place:
    return place_with()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Mount one; skip where that is not allowed, but not in CI."""
    path = tmp_path / "small"
    path.mkdir()
    run = command("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(path))
    if run.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"no file system can be mounted here: {run.stderr}")
        pytest.skip(f"no file system can be mounted here: {run.stderr}")
    yield Disk(path)
    assert command("umount", str(path)).returncode == 0
