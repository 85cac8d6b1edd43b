"""What is missing is named before anything starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.config import Loaded, load
from ringleader.preflight import missing_extras, missing_programs, unplayable_keys

if TYPE_CHECKING:
    from pathlib import Path

OTHERS = [f'stages.{stage}.command=["true"]' for stage in ("export", "combine", "train")]


def settings(*overrides: str) -> Loaded:
    return load(environment={}, overrides=overrides)


def nothing(_: str) -> bool:
    return False


def test_with_all_packages_there_is_nothing_to_say() -> None:
    assert missing_extras(settings(), lambda _: True) == []


def test_each_missing_package_is_named_with_what_to_type() -> None:
    numpy, spiel = missing_extras(settings(), nothing)
    assert str(numpy).startswith("numpy: is not installed, and the stages selfplay, export, ")
    assert str(spiel).startswith("open_spiel: is not installed")
    assert str(spiel).endswith("; pip install 'ringleader[selfplay]'")


def test_only_the_embedded_programs_need_them() -> None:
    mine = settings(
        *OTHERS, 'stages.selfplay.command=["true"]', 'stages.evaluate.command=["x", "y"]'
    )
    assert missing_extras(mine, nothing) == []
    one = settings(*OTHERS, 'stages.selfplay.command=["true"]')
    assert "the stages evaluate need it" in str(missing_extras(one, nothing)[0])


def test_another_interpreter_has_packages_of_its_own() -> None:
    command = '["/other/python", "-m", "ringleader.actors.workloads.selfplay"]'
    other = settings(
        *OTHERS, f"stages.selfplay.command={command}", 'stages.evaluate.command=["true"]'
    )
    assert missing_extras(other, nothing) == []


def test_a_missing_program_is_named_with_where_it_is_set() -> None:
    mine = settings('stages.train.command=["trian"]')
    (problem,) = missing_programs(mine)
    assert str(problem).startswith("--set stages.train.command")
    assert "there is no program 'trian'" in str(problem)


def test_a_missing_script_is_named_with_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mine = settings('stages.train.command=["{python}", "programs/train.py"]')
    (problem,) = missing_programs(mine)
    assert f"there is no file 'programs/train.py' in {tmp_path}" in str(problem)
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "train.py").touch()
    assert missing_programs(mine) == []
    elsewhere = settings('stages.train.command=["{python}", "/nowhere/train.py"]')
    assert "there is no file '/nowhere/train.py';" in str(missing_programs(elsewhere)[0])


@pytest.mark.parametrize("found", ["/usr/bin/x", None])
def test_programs_are_looked_up_as_the_system_would(found: str | None) -> None:
    problems = missing_programs(settings(), lambda _: found)
    assert len(problems) == (0 if found else 5)


def test_a_game_that_the_embedded_programs_can_not_play_is_a_problem_of_its_key() -> None:
    loaded = settings("workload.config_keys=hex5_2p,foo9,hex99_2p")

    problems = unplayable_keys(loaded)

    assert [problem.key for problem in problems] == ["workload.config_keys"] * 2
    assert "foo9" in problems[0].wrong
    assert "the side 99 is out of range" in problems[1].wrong
