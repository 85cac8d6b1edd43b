"""The names of the façade, and the lists that type checkers read."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ringleader
from ringleader import events
from ringleader.actors.events import DataEventType

SOURCE = Path(__file__).parent.parent / "src" / "ringleader"


def aliases(module: str) -> set[str]:
    """Return what a module re-exports for type checkers."""
    tree = ast.parse((SOURCE / module).read_text())
    return {
        name.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
        if name.asname
    }


def test_every_name_that_type_checkers_see_is_there_at_run_time() -> None:
    for name in aliases("__init__.py"):
        assert hasattr(ringleader, name), name


def test_dir_lists_the_names_before_they_are_imported() -> None:
    assert aliases("__init__.py") <= set(dir(ringleader))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Acter'"):
        _ = ringleader.Acter


def test_the_event_facade_has_all_types_for_type_checkers_and_at_run_time() -> None:
    names = {member.class_name for member in DataEventType}

    assert names <= aliases("events.py")
    assert all(getattr(events, name).__name__ == name for name in names)
    assert names <= set(dir(events))


def test_importing_the_package_imports_none_of_its_modules() -> None:
    code = "import sys, ringleader; print(sum(m.startswith('ringleader.') for m in sys.modules))"

    loaded = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout

    assert loaded.strip() == "0"
