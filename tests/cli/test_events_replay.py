"""Operators hand events out again, and give them to other programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ringleader import log_source
from ringleader.actors.event_log import LogQuery
from ringleader.cli import events_replay
from ringleader.cli.app import app
from ringleader.datadir import DataDir
from ringleader.log_questions import Replayed
from tests.log_node import Answered, Asked, LogNode, Pupil, Sage, Scribe
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in an empty directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("RINGLEADER_CONFIG", "RINGLEADER_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **more: Any) -> Result:
        result = CliRunner().invoke(app, ["events", *arguments], prog_name="ringleader", **more)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def node(run: Run) -> Iterator[LogNode]:
    node = LogNode(DataDir(Path(".ringleader")), Sage, Pupil, Scribe)
    yield node
    node.stop()


def place(node: LogNode, event_id: str) -> str:
    """Return an event's sequence."""
    return str(node.store.log.read(LogQuery(event_id=event_id))[0].sequence)


# ------------------------------------------------------------------- replay


def test_a_durable_consumer_is_set_back(run: Run, node: LogNode) -> None:
    _, second, _ = node.publish(Asked(text="a"), Asked(text="b"), Asked(text="c"))
    since = place(node, second)
    result = run("replay", "--to", "/scribe", "--since", since, "--dry-run")
    assert (result.exit_code, result.stdout) == (0, "/scribe gets 2 events again\n")
    assert f"and will be at #{int(since) - 1}; 0 wait for it" in result.stderr
    assert node.ears.of("/scribe") == ["a", "b", "c"]
    result = run("replay", "--to", "/scribe", "--since", since, input="y\n")
    assert result.exit_code == 0
    assert "set /scribe back?" in result.stderr
    assert result.stdout.endswith(f"/scribe is at #{int(since) - 1}, 2 events to come\n")
    probe(lambda: node.ears.of("/scribe") == ["a", "b", "c", "b", "c"])
    node.settle()
    assert node.ears.of("/sage") == ["a", "b", "c"]


def test_a_consumer_of_another_process_gets_its_events_again(run: Run, node: LogNode) -> None:
    with node.client() as client:
        with client.consumer("theirs", Asked, start="first") as consumer:
            node.publish(Asked(text="a"), Asked(text="b"))
            for _ in range(2):
                next(consumer).done()
        result = run("replay", "--to", "theirs", "--since", "1h", "--yes")
        assert result.stdout.endswith("2 events to come; nobody holds it now\n")
        with client.consumer("theirs", Asked) as consumer:
            again = [next(consumer) for _ in range(1)]
            again[0].done()
    assert again[0].event == Asked(text="a")


def test_a_consumer_that_waits_is_woken(run: Run, node: LogNode) -> None:
    heard: list[str] = []
    with node.client() as client:
        client.subscribe(Asked, lambda event: heard.append(event.text), durable="theirs")
        node.publish(Asked(text="a"))
        probe(lambda: heard == ["a"])
        assert run("replay", "--to", "theirs", "--since", "1h", "--yes").exit_code == 0
        probe(lambda: heard == ["a", "a"])


def test_a_subscriber_gets_events_again_with_their_ids(run: Run, node: LogNode) -> None:
    ids = node.publish(Asked(text="a"), Asked(text="b"))
    arguments = ("replay", "--to", "/sage", "--since", place(node, ids[0]), "--type", "ASKED")
    result = run(*arguments, input="n\n")
    assert result.exit_code == 1
    assert "send them to /sage?" in result.stderr
    assert "nothing is done" in result.stderr
    result = run(*arguments, "--until", place(node, ids[0]), "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "/sage gets 1 event again\nof 1 event: 1 handled\n"
    node.settle()
    assert node.ears.of("/sage") == ["a", "b", "a"]
    assert node.ears.of("/scribe") == ["a", "b"]
    told = json.loads(run(*arguments, "--yes", "--json").stdout)
    assert (told["sent"], told["outcomes"], told["done"]) == (2, {"handled": 2}, True)
    node.settle()


def test_with_json_nobody_is_asked(run: Run, node: LogNode) -> None:
    node.publish(Asked(text="a"))
    arguments = ("replay", "--to", "/scribe", "--since", "1h", "--json")
    assert "say --yes" in json.loads(run(*arguments).stdout)["error"]
    told = json.loads(run(*arguments, "--dry-run").stdout)
    assert (told["plan"]["events"], told["done"]) == (1, False)
    told = json.loads(run(*arguments, "--yes").stdout)
    assert (told["done"], told["consumer"]["lag"]) == (True, 1)
    node.settle()


def test_what_fails_again_is_told_by_the_exit_code(
    run: Run, node: LogNode, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL")
    node.publish(Asked(text="a"), Asked(text="b"))
    node.ears.fails = {"b!"}
    result = run("replay", "--to", "/pupil", "--since", "1", "--yes")
    assert result.exit_code == 75
    assert "of 2 events: " in result.stdout
    assert "1 handled" in result.stdout
    assert "1 failed" in result.stdout
    assert " are not for it\n" in result.stderr
    node.settle()


def test_what_is_too_old_is_told(run: Run, node: LogNode) -> None:
    node.publish(Answered(text="x"))
    node.store.writer.call(
        lambda tables: tables.write("UPDATE events SET envelope = replace(envelope, 'q', 'q')"), 10
    )
    clock = node.system.context.clock
    node.system.hub.kind(Answered).max_age = -1.0  # as if an hour had gone by
    assert clock.time() > 0
    result = run("replay", "--to", "/pupil", "--since", "1", "--type", "answered", "--yes")
    assert (result.exit_code, result.stdout) == (0, "/pupil gets 0 events again\n")
    assert "1 event are older than their type allows; see --any-age" in result.stderr
    arguments = ("--type", "answered", "--any-age", "--yes")
    result = run("replay", "--to", "/pupil", "--since", "1", *arguments)
    assert result.stdout.endswith("of 1 event: 1 handled\n")
    node.settle()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--to", "/scibe", "--since", "1h"], "did you mean /scribe?"),
        (["--to", "/scribe", "--since", "1h", "--type", "asked"], "gets all its events from there"),
        (["--to", "/scribe", "--since", "1h", "--until", "1m"], "gets all its events from there"),
        (["--to", "/scribe", "--since", "then"], "is no place in the event log"),
    ],
)
def test_what_can_t_be_meant_is_said(
    run: Run, node: LogNode, arguments: list[str], says: str
) -> None:
    result = run("replay", *arguments, "--yes")
    assert result.exit_code == 1
    assert says in result.stderr


def test_a_replay_needs_a_node(run: Run) -> None:
    result = run("replay", "--to", "/sage", "--since", "1h")
    assert result.exit_code == 75
    assert "no node runs on" in result.stderr
    assert "Exit codes" in " ".join(run("replay", "--help").stdout.split())


def test_how_far_a_long_replay_is_is_told(
    run: Run, node: LogNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.publish(Asked(text="a"))

    def slowly(*_: object) -> Iterator[Replayed]:
        yield Replayed(replay="r", sent=70, outcomes={"handled": 6}, is_full=True)
        yield Replayed(replay="r", sent=71, outcomes={"handled": 71}, is_done=True)

    monkeypatch.setattr(log_source.NodeEvents, "replay", slowly)
    result = run("replay", "--to", "/sage", "--since", "1h", "--type", "asked", "--yes")
    assert result.stderr == "so far 6 handled, 64 under way; its mailbox is full\n"
    assert result.stdout.endswith("of 71 events: 71 handled\n")
    assert events_replay._outcomes(Replayed(replay="")) == "nothing was sent"


# ------------------------------------------------------------------- export


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
