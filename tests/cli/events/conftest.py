"""A node whose events are looked at, and the command that looks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ringleader.cli.app import app
from ringleader.datadir import DataDir
from tests.log_node import Asked, LogNode, Pupil, Sage, Scribe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in an empty directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("RINGLEADER_CONFIG", "RINGLEADER_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **more: Any) -> Result:
        result = CliRunner().invoke(app, ["events", *arguments], prog_name="ringleader", **more)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def node(run: Run) -> Iterator[LogNode]:
    node = LogNode(DataDir(Path(".ringleader")), Sage, Pupil, Scribe)
    yield node
    node.stop()


@pytest.fixture
def past(run: Run, quiet: None) -> list[str]:
    """Leave the file of a node that was asked two things, and failed at the second answer."""
    node = LogNode(DataDir(Path(".ringleader")), Sage, Pupil, Scribe)
    node.ears.fails = {"b!"}
    ids = node.publish(Asked(text="a"), Asked(text="b"))
    node.stop()
    return ids


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
