"""`ringleader events types` and `catalog`: what they print, to good input and to bad."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from ringleader.actors.events import Catalogue
from ringleader.actors.events.docs import render
from ringleader.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["events", *arguments], prog_name="ringleader")


def names(*arguments: str) -> list[str]:
    result = run("types", *arguments)
    assert result.exit_code == 0, result.output
    return [line.split()[0] for line in result.stdout.splitlines()[1:]]


def test_all_types_are_listed_with_what_the_catalogue_says() -> None:
    listed = names()
    assert listed == [event_class.EVENT.name for event_class in Catalogue()]
    line = next(li for li in run("types").stdout.splitlines() if li.startswith("LEADER_ELECTED"))
    assert line.split() == ["LEADER_ELECTED", "p2p", "id", "durable", "bridged", "critical"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("npz_export", {"NPZ_EXPORT_STARTED", "NPZ_EXPORT_COMPLETE"}),
        ("NPZ_EXPORT_*", {"NPZ_EXPORT_STARTED", "NPZ_EXPORT_COMPLETE"}),
        ("new_games", {"NEW_GAMES_AVAILABLE"}),
        ("GAMES_GENERATED", {"NEW_GAMES_AVAILABLE"}),
        ("*_heartbeat", {"COORDINATOR_HEARTBEAT", "TASK_HEARTBEAT"}),
        ("unknown_event", {"UNKNOWN_EVENT"}),
    ],
)
def test_a_pattern_finds_names_values_and_old_spellings(pattern: str, found: set[str]) -> None:
    assert {*names(pattern)} == found


def test_an_old_spelling_is_answered_with_what_it_means() -> None:
    assert (
        run("types", "GAMES_GENERATED").stderr.strip() == "GAMES_GENERATED is NEW_GAMES_AVAILABLE"
    )


def test_types_can_be_chosen_by_what_is_said_of_them() -> None:
    assert len(names("--category", "health")) == 36
    assert len(names("--module", "leadership")) == 7
    assert len(names("--durable")) + len(names("--not-durable")) == 253
    assert names("--durable", "--not-bridged", "--module", "work") == ["CPU_PIPELINE_JOB_COMPLETED"]


def test_fields_are_listed_where_they_are_wanted() -> None:
    lines = [
        line.strip() for line in run("types", "model_promoted", "--fields").stdout.splitlines()
    ]
    assert "model_path: str" in lines
    assert "promoted: bool = True" in lines
    assert lines[-1] == "at least one of model_id, model_path"
    assert "daemon_name: str, required" in run("types", "daemon_started", "--fields").stdout


def test_types_are_data_for_programs() -> None:
    types = json.loads(run("types", "task_completed", "--json").stdout)["types"]
    assert [found["name"] for found in types] == ["TASK_COMPLETED"]
    assert types[0]["dedup"] == {"kind": "key", "fields": ["task_id"]}
    assert types[0]["fields"][0] == {"name": "task_id", "type": "str", "required": True}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["TRAINING_COMPLETID"], "did you mean TRAINING_COMPLETED"),
        (["TRAINING_PAUSED"], "NODE_UNHEALTHY says why"),
        (
            ["--category", "healt"],
            "--category healt: there is no such category; did you mean health",
        ),
        (["--module", "xyzzy"], "there are curriculum, daemon, data"),
    ],
)
def test_what_there_is_not_is_answered_with_the_nearest(arguments: list[str], words: str) -> None:
    result = run("types", *arguments)
    assert result.exit_code == 1
    assert words in result.stderr
    answer = run("types", *arguments, "--json")
    assert words in json.loads(answer.stdout)["error"]


def test_nothing_found_is_said() -> None:
    result = run("types", "*_xyzzy_*")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no event type is like that" in result.stderr


@pytest.mark.parametrize(
    ("form", "beginning"), [("markdown", "# Event types"), ("json", "{"), ("asyncapi", "{")]
)
def test_the_catalogue_is_written_in_three_forms(form: str, beginning: str, tmp_path: Path) -> None:
    result = run("catalog", "--format", form)
    assert result.exit_code == 0
    assert result.stdout.startswith(beginning)
    path = tmp_path / "catalogue"
    told = run("catalog", "--format", form, "--output", str(path))
    assert (told.exit_code, told.stdout) == (0, "")
    assert told.stderr == f"wrote 253 event types to {path}\n"
    assert path.read_text(encoding="utf-8") == result.stdout


def test_the_page_is_that_of_the_documents() -> None:
    assert run("catalog").stdout == render()


def test_the_asyncapi_document_names_its_version() -> None:
    assert json.loads(run("catalog", "--format", "asyncapi").stdout)["asyncapi"] == "3.1.0"


def test_a_file_that_can_not_be_written_is_an_error_and_not_a_traceback(tmp_path: Path) -> None:
    result = run("catalog", "--output", str(tmp_path / "no" / "such" / "file"))
    assert result.exit_code == 1
    assert "No such file or directory" in result.stderr
