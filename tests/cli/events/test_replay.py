"""Operators hand events of the log out again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ringleader import log_source
from ringleader.actors.event_log import LogQuery
from ringleader.cli import events_replay
from ringleader.log_questions import Replayed
from tests.log_node import Answered, Asked, LogNode
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    Run = Callable[..., Result]


def place(node: LogNode, event_id: str) -> str:
    """Return an event's sequence."""
    return str(node.store.log.read(LogQuery(event_id=event_id))[0].sequence)


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
    assert "not for it: " in result.stderr
    node.settle()


def test_what_is_too_old_is_told(run: Run, node: LogNode) -> None:
    node.publish(Answered(text="x"))
    node.system.hub.kind(Answered).max_age = -1.0  # as if an hour had gone by
    result = run("replay", "--to", "/pupil", "--since", "1", "--type", "answered", "--yes")
    assert (result.exit_code, result.stdout) == (0, "/pupil gets 0 events again\n")
    assert "too old for their type: 1 event, left out; see --any-age" in result.stderr
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
