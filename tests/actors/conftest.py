from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.context import Context
from tests.actors.stage import ManualStage, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stage() -> Iterator[ManualStage]:
    """A stage on which nothing happens but when the test says so; the counters are checked."""
    stage = ManualStage()
    yield stage
    stage.close()


@pytest.fixture
def real() -> Iterator[Stage]:
    """A stage on real threads; counters and threads are checked at the end."""
    stage = Stage(Context(seed=1))
    yield stage
    stage.close()


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Crashes are expected: nobody needs to see their tracebacks."""
    caplog.set_level("CRITICAL")
