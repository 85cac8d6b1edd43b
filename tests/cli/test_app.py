"""The command line: what it answers, to good input and to bad."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from ringleader.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Run = Callable[..., Result]

TINY = """
[workload]
config_keys = ["tiny"]

[tree.coordination]
enabled = false

[tree.jobs]
enabled = false

[stages]
selfplay.command = ["true"]
export.command = ["true"]
combine.command = ["true"]
train.command = ["true"]
evaluate.command = ["true"]

[tree.top]
supervisor = "one_for_one"

[tree.top.children.first]
actor = "tests.cli.tiny_actors:Idle"

[tree.top.children.second]
actor = "tests.cli.tiny_actors:Idle"
restart = "transient"
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in an empty directory, as a person without any settings would."""
    monkeypatch.chdir(tmp_path)
    for name in ("RINGLEADER_CONFIG", "RINGLEADER_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, arguments, prog_name="ringleader")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


def configure(text: str) -> None:
    Path("ringleader.toml").write_text(text)


# ------------------------------------------------------------------- good input


def test_the_version_is_told(run: Run) -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout[:11]) == (0, "ringleader ")
    assert set(json.loads(run("--version", "--json").stdout)) == {"version", "python"}


def test_without_a_command_there_is_help(run: Run) -> None:
    assert "up" in run().output
    for command in ("up", "tree", "check", "config"):
        assert run(command, "--help").exit_code == 0


def test_config_show_prints_what_a_file_takes(run: Run) -> None:
    configure(TINY)
    result = run("config", "show", "--set", "node.seed=3")
    assert result.exit_code == 0
    assert 'workload.config_keys = ["tiny"]  # file (ringleader.toml:3)' in result.stdout
    assert "node.seed = 3  # command line (--set node.seed=3)" in result.stdout
    Path("again.toml").write_text(result.stdout)
    again = run("config", "show", "--json", "--config", "again.toml")
    values = {row["key"]: row["value"] for row in json.loads(again.stdout)["settings"]}
    assert values["node.seed"] == 3


def test_config_show_changed_leaves_defaults_out(run: Run) -> None:
    configure('[node]\nid = "n1"\n')
    assert (
        run("config", "show", "--changed").stdout == 'node.id = "n1"  # file (ringleader.toml:2)\n'
    )
    rows = json.loads(run("config", "show", "--changed", "--json").stdout)["settings"]
    assert [row["key"] for row in rows] == ["node.id"]


def test_config_show_names_old_variables_that_do_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGRIFT_UNHEARD_OF", "1")
    assert "# RINGRIFT_UNHEARD_OF is set, and sets nothing here" in run("config", "show").stdout


def test_without_a_file_the_profile_is_demo_and_says_why(run: Run) -> None:
    shown = run("config", "show").stdout
    assert 'profile = "demo"  # default (there is no configuration file)' in shown
    assert 'workload.config_keys = ["hex5_2p"]' in shown


@pytest.mark.parametrize("arguments", [["--profile", ""], ["--set", "profile="]])
def test_without_a_file_another_choice_holds(run: Run, arguments: list[str]) -> None:
    assert 'workload.config_keys = ["hex8_2p"]' in run("config", "show", *arguments).stdout


def test_with_a_file_there_is_no_profile_unless_it_is_chosen(run: Run) -> None:
    configure("[node]\nseed = 1\n")
    assert 'workload.config_keys = ["hex8_2p"]' in run("config", "show").stdout
    chosen = run("config", "show", "--profile", "demo").stdout
    assert 'workload.config_keys = ["hex5_2p"]' in chosen


def test_the_declared_tree_is_shown_in_the_order_in_which_it_starts(run: Run) -> None:
    configure(TINY + 'after = []\n[tree.top.children.zeroth]\nactor = "x:Y"\n')
    out = run("tree").stdout
    assert out.startswith("The declared tree")
    assert out.index("first") < out.index("second") < out.index("zeroth")
    assert "one_for_one" in out
    found = json.loads(run("tree", "--json").stdout)
    assert found["source"] == "configuration"
    assert [node["path"] for node in found["tree"]] == [
        "/top",
        "/top/first",
        "/top/second",
        "/top/zeroth",
    ]


def test_check_says_what_it_looked_at(run: Run) -> None:
    configure(TINY)
    result = run("check")
    assert result.exit_code == 0, result.stdout
    for line in (
        "ok    configuration: ringleader.toml, profile none, ",
        "ok    tree: 1 supervisors and 2 actors, in order",
        "ok    classes: 2 found, with all that they ask for",
        "ok    programs: every stage has one",
        "ok    packages: all that the stages need are there",
        "ok    data directory: ",
    ):
        assert line in result.stdout
    assert not Path(".ringleader").exists()
    assert json.loads(run("check", "--json").stdout)["ok"] is True


# ------------------------------------------------------------------- bad input

COMMANDS = [("up",), ("tree",), ("config", "show")]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_not_toml_is_named_with_line_and_column(
    run: Run, command: tuple[str, ...]
) -> None:
    configure("[node]\nid = = 1\n")
    result = run(*command)
    assert result.exit_code == 1
    assert "ringleader: ringleader.toml:2:6: not TOML" in result.stderr
    assert result.stdout == ""


def test_check_finds_a_file_that_is_not_toml(run: Run) -> None:
    configure("[node\n")
    result = run("check")
    assert result.exit_code == 1
    assert "WRONG configuration: ringleader.toml:1:" in result.stdout


def test_an_error_is_json_where_json_is_asked_for(run: Run) -> None:
    configure("[node]\nsead = 1\n")
    result = run("config", "show", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["problems"][0]["where"] == "ringleader.toml:2"
    assert answer["problems"][0]["right"] == "did you mean node.seed?"
    assert result.stderr == ""


def test_a_missing_file_is_named(run: Run) -> None:
    result = run("up", "--config", "nowhere.toml")
    assert result.exit_code == 1
    assert "nowhere.toml: can't be read: No such file" in result.stderr


def test_an_unknown_actor_class_is_named_with_the_nearest(run: Run) -> None:
    configure(TINY.replace("tiny_actors:Idle", "tiny_actors:Idol", 1))
    for command in (["up"], ["check"]):
        result = run(*command)
        assert result.exit_code == 1
        assert "tree.top.children.first.actor: " in result.output
        assert "has no class Idol; did you mean Idle?" in result.output
    assert not Path(".ringleader/lock").exists()


def test_a_cyclic_dependency_is_printed_as_it_waits(run: Run) -> None:
    configure(
        TINY.replace(
            "[tree.top.children.second]\n", 'after = ["second"]\n[tree.top.children.second]\n'
        )
        + 'after = ["first"]\n'
    )
    for command in (["up"], ["tree"], ["check"]):
        result = run(*command)
        assert result.exit_code == 1
        assert "waits for itself: " in result.output
        assert (
            "first → second → first" in result.output or "second → first → second" in result.output
        )


def test_a_missing_package_is_named_before_anything_starts(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyspiel", None)
    result = run("up", "--iterations", "1")
    assert result.exit_code == 1
    assert "open_spiel: is not installed" in result.stderr
    assert "pip install 'ringleader[selfplay]'" in result.stderr
    assert not Path(".ringleader").exists()


def test_check_notes_a_missing_package_and_minds_it_if_strict(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(TINY.replace('selfplay.command = ["true"]\n', "").replace('"tiny"', '"hex5_2p"'))
    monkeypatch.setitem(sys.modules, "pyspiel", None)
    result = run("check")
    assert result.exit_code == 0
    assert "note  packages: open_spiel: is not installed" in result.stdout
    assert run("check", "--strict").exit_code == 1


@pytest.mark.parametrize("command", ["up", "check"])
def test_a_game_that_nobody_can_play_is_refused_before_anything_starts(
    run: Run, command: str
) -> None:
    configure(TINY.replace('selfplay.command = ["true"]\n', ""))
    result = run(command)
    assert result.exit_code == 1
    assert "workload.config_keys" in result.output
    assert "tiny" in result.output


@pytest.mark.parametrize("command", ["up", "check"])
def test_an_empty_data_directory_is_refused(run: Run, command: str) -> None:
    configure(TINY)
    result = run(command, "--data-dir", "")
    assert result.exit_code != 0
    assert "it is empty" in result.output


def test_a_missing_program_is_named_with_its_stage(run: Run) -> None:
    configure(TINY.replace('train.command = ["true"]', 'train.command = ["trian-it"]'))
    for command in (["up"], ["check"]):
        result = run(*command)
        assert result.exit_code == 1
        assert "stages.train.command: there is no program 'trian-it'" in result.output


@pytest.mark.parametrize("command", ["up", "check"])
@pytest.mark.parametrize("below", ["", "/below"])
def test_a_data_directory_that_can_t_be_used_is_named(run: Run, command: str, below: str) -> None:
    configure(TINY)
    Path("file").touch()
    result = run(command, "--data-dir", f"file{below}")
    assert result.exit_code == 1
    assert "file is not a directory; choose another: --data-dir" in result.output


def test_an_unknown_option_is_answered_with_the_nearest(run: Run) -> None:
    result = run("up", "--iteratons", "3")
    assert result.exit_code == 2  # which `main` turns into 1
    assert "--iterations" in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--chaos", "0"], ["--iterations", "-1"], ["--seed", "x"], ["--chaos", "soon"]]
)
def test_numbers_out_of_range_are_refused(run: Run, arguments: list[str]) -> None:
    result = run("up", *arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.stderr


def test_an_unknown_setting_is_answered_with_the_nearest(run: Run) -> None:
    result = run("up", "--set", "node.sed=1")
    assert result.exit_code == 1
    assert "did you mean node.seed?" in result.stderr


def test_an_unknown_profile_is_answered_with_the_nearest(run: Run) -> None:
    result = run("up", "--profile", "demos")
    assert result.exit_code == 1
    assert "there is no profile 'demos'; did you mean demo?" in result.stderr


@pytest.mark.parametrize(("path", "why"), [(".", "Is a directory"), ("no/s.json", "No such file")])
def test_a_summary_that_can_t_be_written_is_refused_at_once(run: Run, path: str, why: str) -> None:
    configure(TINY)
    result = run("up", "--summary", path)
    assert result.exit_code == 1
    assert f"--summary {path} can't be written: {why}" in result.stderr
    assert not Path(".ringleader").exists()


def test_a_damaged_run_is_named_with_what_to_do(run: Run) -> None:
    configure(TINY)
    record = Path(".ringleader/runs/0001/run.json")
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    result = run("up", "--resume")
    assert result.exit_code == 1
    assert "run.json is damaged" in result.stderr
