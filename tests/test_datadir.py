"""Whether a directory can be used is said before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringleader.datadir import DataDir, DataDirError


def test_it_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "a" / "b")
    data.check()
    assert not data.path.exists()
    data.make()
    assert data.path.stat().st_mode & 0o777 == 0o700
    data.make()
    data.check()
    assert list(data.path.iterdir()) == []


def test_a_relative_path_is_meant_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert DataDir(Path("x")).socket == tmp_path / "x" / "control.sock"


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_a_file_in_its_place_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    data = DataDir(tmp_path / "file" / below)
    for use in (data.make, data.check):
        with pytest.raises(DataDirError, match=r"can't be used: \S+/file is not a directory"):
            use()


def test_a_directory_that_takes_no_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    data = DataDir(tmp_path / "d")
    for use in (data.make, data.check):
        with pytest.raises(DataDirError, match="No space left on device") as caught:
            use()
        assert caught.value.exit_code == 1
