from pathlib import Path

import pytest

from ringleader.actors.options import StageOptions, StagesOptions
from ringleader.config.errors import ConfigError
from ringleader.config.load import load
from ringleader.config.stages import EMBEDDED, check_stages


def test_every_stage_with_an_embedded_program_is_a_stage() -> None:
    assert list(EMBEDDED) == list(StagesOptions.__struct_fields__)


def test_options_of_an_embedded_program_are_checked() -> None:
    command = StagesOptions().train.command
    stages = StagesOptions(train=StageOptions(command=command, options={"epoch": 3}))

    (problem,) = check_stages(stages, lambda path: f"x:{len(path)}")

    assert str(problem) == (
        "x:4: stages.train.options.epoch: unknown key; did you mean stages.train.options.epochs?"
    )


def test_options_of_another_program_are_its_own_business() -> None:
    stages = StagesOptions(train=StageOptions(command=("mine",), options={"epoch": 3}))

    assert check_stages(stages, lambda _path: "") == []


def test_loading_reports_them_with_their_place(tmp_path: Path) -> None:
    (tmp_path / "ringleader.toml").write_text("[stages.train]\noptions = {epochs = 0}\n")

    with pytest.raises(ConfigError, match=r"toml:2: stages\.train\.options\.epochs: got 0"):
        load(environment={}, directory=tmp_path)
