from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ringleader.actors.events import DataEventType
from ringleader.actors.events.docs import render

PAGE = Path(__file__).parents[3] / "docs" / "events.md"


def test_the_page_is_current() -> None:
    command = "python -m ringleader.actors.events.docs > docs/events.md"
    assert PAGE.read_text(encoding="utf-8") == render(), f"run: {command}"


def test_the_page_has_an_entry_for_every_type() -> None:
    entries = [line[4:] for line in render().splitlines() if line.startswith("### ")]
    assert sorted(entries) == sorted(DataEventType.__members__)


def test_the_module_writes_the_page() -> None:
    command = [sys.executable, "-m", "ringleader.actors.events.docs"]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603  # our own code
    assert done.stdout.decode() == render()
