"""The command as it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr("sys.argv", ["ringleader", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code


def test_bad_arguments_are_bad_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "up", "--bogus") == 1
    assert run(monkeypatch, "unheard-of") == 1


def test_other_exit_codes_are_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "--version") == 0
    assert run(monkeypatch, "tree", "--config", "nowhere.toml") == 1
