"""Operators look at the last events, and at those that come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.cli import events_tail
from ringleader.datadir import DataDir
from ringleader.log_follow import Follower
from tests.log_node import Asked, Heard, LogNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    from ringleader.actors.event_log import Record

    Run = Callable[..., Result]

OURS = ("--type", "asked", "--type", "answered", "--type", "heard")


def answer(result: Result) -> Any:
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_the_last_events_are_listed_the_latest_at_the_end(run: Run, node: LogNode) -> None:
    (asked,) = node.publish(Asked(text="how many"))
    result = run("tail", *OURS)
    assert (result.exit_code, result.stderr) == (0, "")
    first, second, third = result.stdout.splitlines()
    assert first.startswith("#")
    assert first.endswith(f' asked /outside text="how many" ({asked})')
    assert " answered /sage text=" in second
    assert third.startswith("- ")
    assert " heard /pupil (" in third
    assert run("tail", "-n", "1", *OURS).stdout.splitlines() == [third]
    assert run("tail", "-n", "0").stdout == ""


def test_events_are_listed_as_json_with_their_fields(run: Run, node: LogNode) -> None:
    node.publish(Asked(text="a"))
    told = answer(run("tail", "--json", *OURS))
    assert told["source"] == "node"
    assert [event["type"] for event in told["events"]] == ["asked", "answered", "heard"]
    assert told["events"][0]["payload"] == {"text": "a"}
    assert told["events"][2]["sequence"] is None


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--type", "ASKED"], ["asked", "asked"]),
        (["--source", "/sage"], ["answered", "answered"]),
        (["--source", "/pupil", *OURS], ["heard", "heard"]),
        (["--since", "1h", *OURS], ["asked", "asked", "answered", "answered", "heard", "heard"]),
        (["--since", "0s", *OURS], []),
        (["--since", "2126-01-01", *OURS], []),
        (["--category", "training"], []),
        (["--category", "daemon", "--type", "DAEMON_STARTED"], ["daemon_started"] * 3),
    ],
)
def test_events_are_filtered(run: Run, node: LogNode, filters: list[str], found: list[str]) -> None:
    for text in "ab":
        node.publish(Asked(text=text))
    told = answer(run("tail", "--json", *filters))
    assert sorted(event["type"] for event in told["events"]) == sorted(found)


def test_events_are_listed_from_a_sequence_on(run: Run, node: LogNode) -> None:
    node.publish(Asked(text="a"))
    node.publish(Asked(text="b"))
    sequences = [event["sequence"] for event in answer(run("tail", "--json", *OURS))["events"]]
    second = sequences[3]
    told = answer(run("tail", "--json", "--since", str(second), *OURS))
    assert [event["sequence"] for event in told["events"]] == [second, second + 1]


def test_what_is_none_is_said(run: Run, node: LogNode) -> None:
    result = run("tail", "--type", "TRAINING_COMPLTED")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no such events\n" in result.stderr
    assert "TRAINING_COMPLETED" in result.stderr
    result = run("tail", "--since", "yesterday")
    assert result.exit_code == 1
    assert "write how long ago (90s, 2h, 7d)" in result.stderr
    result = run("tail", "--category", "daemon", "--type", "asked")
    assert result.exit_code == 1
    node.publish(Asked(text="a"))
    result = run("tail", "--since", "1h", "-n", "1")
    assert "these are the last 1; there may be more before them" in result.stderr


def test_without_a_node_the_last_events_are_those_of_the_file(run: Run, past: list[str]) -> None:
    result = run("tail", *OURS)
    assert result.stderr == "no node runs: these are of the event log alone\n"
    assert len(result.stdout.splitlines()) == 4
    assert answer(run("tail", "--json", *OURS))["source"] == "file"


def test_where_no_node_has_run_there_are_no_events(run: Run) -> None:
    result = run("tail")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("no such events\n")
    assert run("stats").stdout == "there are no events\n"
    assert run("consumers", "list").stderr == "there are no durable consumers\n"
    assert run("show", "1").exit_code == 1
    assert run("trace", "1").exit_code == 1
    assert run("export").stderr == "0 events exported\n"


def test_a_damaged_file_is_said(run: Run) -> None:
    data = DataDir(Path(".ringleader"))
    data.make()
    data.events.write_text("not a database, but longer than a header of one would be" * 20)
    for command in (["tail"], ["stats"], ["export"], ["show", "1"], ["trace", "1"]):
        result = run(*command)
        assert result.exit_code == 1
        assert "is damaged, or no SQLite file" in result.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_events_are_followed_until_ctrl_c(
    run: Run, node: LogNode, monkeypatch: pytest.MonkeyPatch, *, as_json: bool
) -> None:
    (asked,) = node.publish(Asked(text="a"))

    class Impatient(Follower):
        """Somebody publishes behind the third line; Ctrl-C is pressed behind the fourth."""

        def __iter__(self) -> Iterator[Record]:
            for number, record in enumerate(super().__iter__(), 1):
                yield record
                if number == 3:
                    node.system.publish(Heard(), source="/outside")
                if number == 4:
                    raise KeyboardInterrupt

    monkeypatch.setattr(events_tail, "Follower", Impatient)
    result = run("tail", "-f", *OURS, *(["--json"] if as_json else []))
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) == 4
    if as_json:
        types = [json.loads(line)["type"] for line in lines]
        assert types == ["asked", "answered", "heard", "heard"]
    else:
        assert lines[0].endswith(f"({asked})")
