from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.workloads.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_appears_with_its_directory_and_replaces_an_old_one(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"

    write_whole(path, b"old")
    write_whole(path, b"new")

    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()
    (path / "kept").touch()

    with pytest.raises(OSError, match="directory"):
        write_whole(path, b"new")

    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert (path / "kept").exists()
