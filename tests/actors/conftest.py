from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.actors.pykkas import RUNTIMES, Runtime
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
    stage = Stage()
    yield stage
    stage.close()


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Crashes are expected: nobody needs to see their tracebacks."""
    caplog.set_level("CRITICAL")


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """Each way to run an actor that is written for Pykka."""
    return Runtime(request.param)
