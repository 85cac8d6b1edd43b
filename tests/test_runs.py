"""Each run has a directory of its own; the latest can be gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader import runs
from ringleader.runs import Arguments, RunError

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = Arguments(profile="demo", overrides=("node.id=x",), iterations=3, seed=7)


def test_runs_are_numbered_and_none_touches_another(tmp_path: Path) -> None:
    first = runs.begin(tmp_path / "runs", GIVEN, 1.0)
    first.journal.touch()
    second = runs.begin(tmp_path / "runs", GIVEN, 2.0)
    assert [first.number, second.number] == [1, 2]
    assert first.journal.exists()
    assert not second.journal.exists()


def test_the_latest_is_found_with_what_it_was_begun_with(tmp_path: Path) -> None:
    assert runs.latest(tmp_path) is None
    *_, begun = [runs.begin(tmp_path, GIVEN, float(number)) for number in range(1, 12)]
    assert runs.latest(tmp_path) == begun
    assert begun.number == 11
    assert begun.record.arguments == GIVEN


def test_that_a_run_is_finished_is_kept_and_taken_back(tmp_path: Path) -> None:
    run = runs.begin(tmp_path, GIVEN, 1.0).finish(5.0)
    assert runs.latest(tmp_path) == run
    assert run.record.finished == 5.0
    assert run.reopen().record.finished is None
    found = runs.latest(tmp_path)
    assert found is not None
    assert found.record.finished is None


def test_a_run_that_ended_before_it_was_recorded_is_passed_over(tmp_path: Path) -> None:
    first = runs.begin(tmp_path, GIVEN, 1.0)
    (tmp_path / "0002").mkdir()
    assert runs.latest(tmp_path) == first
    assert runs.begin(tmp_path, GIVEN, 2.0).number == 3


def test_other_things_in_the_directory_are_no_runs(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "12").mkdir()
    assert runs.latest(tmp_path) is None


def test_a_damaged_record_is_named_with_what_to_do(tmp_path: Path) -> None:
    run = runs.begin(tmp_path, GIVEN, 1.0)
    (run.path / "run.json").write_text("{")
    with pytest.raises(RunError, match=r"run.json is damaged: .*; remove \S+0001"):
        runs.latest(tmp_path)
