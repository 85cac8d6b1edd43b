"""Operators give events to other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import log_source
from ringleader.actors.event_log import LogQuery
from ringleader.datadir import DataDir
from tests.log_node import Asked, LogNode, Sage

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Run = Callable[..., Result]


def place(node: LogNode, event_id: str) -> str:
    """Return an event's sequence."""
    return str(node.store.log.read(LogQuery(event_id=event_id))[0].sequence)


@pytest.fixture
def six(node: LogNode) -> list[str]:
    return node.publish(*[Asked(text=text) for text in "abcdef"])


def texts(output: str) -> list[str]:
    return [json.loads(line)["payload"]["text"] for line in output.splitlines()]


def test_events_are_exported_a_line_each(run: Run, node: LogNode, six: list[str]) -> None:
    result = run("export", "--type", "asked")
    assert (result.exit_code, result.stderr) == (0, "6 events exported\n")
    assert texts(result.stdout) == list("abcdef")
    first, last = place(node, six[1]), place(node, six[3])
    result = run("export", "--since", first, "--until", last, "--type", "asked")
    assert texts(result.stdout) == list("bcd")
    assert run("export", "--until", "1h").stderr == "0 events exported\n"
    assert texts(run("export", "--since", "1h", "--source", "/outside").stdout) == list("abcdef")


def test_events_are_exported_page_by_page(
    run: Run, node: LogNode, six: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ringleader.log_desk.PAGE", 2)
    assert texts(run("export", "--type", "asked").stdout) == list("abcdef")


def test_an_export_ends_where_the_log_ended_when_it_began(
    run: Run, node: LogNode, six: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    find = log_source.NodeEvents.find

    def find_later(self: log_source.NodeEvents, query: LogQuery) -> Any:
        node.publish(Asked(text="late"))
        return find(self, query)

    monkeypatch.setattr(log_source.NodeEvents, "find", find_later)
    assert texts(run("export", "--type", "asked").stdout) == list("abcdef")


def test_events_are_exported_as_one_array(run: Run, node: LogNode, six: list[str]) -> None:
    events = json.loads(run("export", "--type", "asked", "--format", "json").stdout)
    assert [event["payload"]["text"] for event in events] == list("abcdef")
    assert json.loads(run("export", "--until", "1h", "--format", "json").stdout) == []


def test_events_are_exported_as_cloudevents(run: Run, node: LogNode, six: list[str]) -> None:
    lines = run("export", "--type", "asked", "--format", "cloudevents").stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["data"] for event in events] == [{"text": text} for text in "abcdef"]
    assert {event["specversion"] for event in events} == {"1.0"}
    assert [event["id"] for event in events] == six


def test_events_are_exported_into_a_file(run: Run, node: LogNode, six: list[str]) -> None:
    told = json.loads(run("export", "--type", "asked", "-o", "out.jsonl", "--json").stdout)
    assert told == {"exported": 6, "file": "out.jsonl"}
    assert texts(Path("out.jsonl").read_text()) == list("abcdef")
    result = run("export", "-o", "missing/out.jsonl")
    assert result.exit_code == 1
    assert "--output missing/out.jsonl can't be written: No such file" in result.stderr


def test_without_a_node_events_are_exported_from_its_file(run: Run) -> None:
    node = LogNode(DataDir(Path(".ringleader")), Sage)
    node.publish(Asked(text="a"))
    node.stop()
    assert texts(run("export", "--type", "asked").stdout) == ["a"]
    assert "'askd'" in run("export", "--type", "askd").stderr
