"""A small tree of code for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.audit.shop import ACTORS, EVENTS, Shop

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(
        tmp_path,
        {"shop/__init__.py": "", "shop/events.py": EVENTS, "shop/actors.py": ACTORS},
    )
