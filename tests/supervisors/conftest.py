from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.testing import TestSystem
from tests.supervisors.samples import Log

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100) as system:
        yield system
