"""What the command line chooses, and what a resumed run keeps of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringleader.cli.choice import Choice, data_dir_of, file_of
from ringleader.cli.up import over
from ringleader.config import ConfigError
from ringleader.runs import Arguments

BEGUN = Arguments(
    config="/etc/a.toml", profile="demo", overrides=("node.id=a",), iterations=3, seed=7
)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_options_are_short_for_settings() -> None:
    choice = Choice(iterations=2, seed=9, data_dir=Path("a=b, c"), overrides=("node.seed=1",))
    settings = choice.load({}).settings
    assert settings.workload.iterations == 2
    assert settings.node.seed == 9
    assert settings.node.data_dir == "a=b, c"


def test_a_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert data_dir_of(Choice(data_dir=Path("~/d")).load({})).path == Path("/home/me/d")


def test_a_variable_chooses_the_file_and_then_there_is_no_demo(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("[node]\nseed = 4\n")
    environment = {"RINGLEADER_CONFIG": "mine.toml"}
    assert Choice().load(environment).settings.profile == ""
    assert file_of(Choice(), environment) == Path("mine.toml")
    assert file_of(Choice(config=Path("x")), environment) == Path("x")
    assert file_of(Choice(), {}) is None


def test_a_variable_chooses_the_profile() -> None:
    loaded = Choice().load({"RINGLEADER_PROFILE": "demo"})
    assert loaded.leaves["profile",].origin.layer == "environment"


def test_what_is_wrong_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Choice(overrides=("node.sed=1",)).load({})
    assert len(caught.value.problems) == 1


def test_a_resumed_run_has_its_own_arguments() -> None:
    choice = over(Choice(), BEGUN)
    assert choice == Choice(
        config=Path("/etc/a.toml"),
        profile="demo",
        overrides=("node.id=a",),
        iterations=3,
        seed=7,
    )


def test_what_is_given_to_resume_goes_over_them() -> None:
    given = Choice(
        config=Path("b.toml"), profile="", overrides=("node.id=b",), iterations=0, seed=8
    )
    choice = over(given, BEGUN)
    assert choice == Choice(
        config=Path("b.toml"),
        profile="",
        overrides=("node.id=a", "node.id=b"),
        iterations=0,
        seed=8,
    )
