"""`ringleader peers` and `ringleader bridge` ask the running node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from typer.testing import CliRunner

from ringleader.bridge_desk import answer_about_bridge
from ringleader.cli.app import app
from ringleader.control import ControlServer
from ringleader.datadir import DataDir
from ringleader.errands import Later
from ringleader.questions import QUESTIONS
from ringleader.system import System
from ringleader.transport.bridge_view import BridgeStatistics
from tests.bridge_views import STATISTICS, FakeBridge

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from typer.testing import Result

    from ringleader.questions import Question


class NodeWithBridge:
    """A node's socket, behind which there is nothing but a bridge."""

    def __init__(self) -> None:
        self.bridge: FakeBridge | None = FakeBridge()

    def answer(self, question: Question) -> Later:
        return Later(lambda: answer_about_bridge(self.bridge, question, "a"))  # type: ignore[arg-type]  # all that is asked


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeWithBridge]:
    monkeypatch.chdir(tmp_path)
    found, data = NodeWithBridge(), DataDir(Path(".ringleader"))
    data.make()
    with System(node_id="a", seed=1) as system:
        server = ControlServer(data.socket, found.answer, system.context.spawn)
        server.start()
        yield found
        assert server.close(10)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_the_questions_are_among_those_that_a_node_answers() -> None:
    assert {"bridge_status", "resync_bridge"} <= set(QUESTIONS)


def test_peers_lists_the_peers(node: NodeWithBridge) -> None:
    result = run("peers")

    assert result.exit_code == 0
    assert "b     online  1 min 30 s  2.1 ms  tcp://10.0.0.2:7400" in result.stdout
    assert "c     down" in result.stdout


def test_status_tells_of_each_stream(node: NodeWithBridge) -> None:
    result = run("bridge", "status")

    assert result.exit_code == 0
    assert "node a listens at tcp://10.0.0.1:7400; peers: 1 of 2" in result.stdout
    assert "4 DECLARED LOST" in result.stdout


@pytest.mark.parametrize("command", [["peers"], ["bridge", "status"]])
def test_json_has_all_of_it(node: NodeWithBridge, command: list[str]) -> None:
    result = run(*command, "--json")

    assert result.exit_code == 0
    assert msgspec.json.decode(result.stdout, type=BridgeStatistics) == STATISTICS


def test_with_watch_there_is_a_line_of_json_for_each_look(
    node: NodeWithBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def wait(_self: threading.Event, seconds: float) -> bool:
        looks.append(seconds)
        if len(looks) == 3:
            raise KeyboardInterrupt
        return False

    monkeypatch.setattr("ringleader.cli.bridge.Event", type("Never", (), {"wait": wait}))

    result = run("bridge", "status", "--watch", "--json", "--interval", "0.5")

    assert result.exit_code == 0
    assert looks == [0.5] * 3
    assert [json.loads(line)["node"] for line in result.stdout.splitlines()] == ["a"] * 3


def test_resync_asks_for_what_is_missing(node: NodeWithBridge) -> None:
    assert node.bridge is not None

    result = run("bridge", "resync")
    assert result.exit_code == 0
    assert "2 streams asked for" in result.stderr
    assert run("bridge", "resync", "b").exit_code == 0
    assert json.loads(run("bridge", "resync", "b", "p2p", "--json").stdout) == {"streams": 2}

    assert node.bridge.asked == [(None, None), ("b", None), ("b", "p2p")]


def test_resync_of_nobody_is_refused(node: NodeWithBridge) -> None:
    result = run("bridge", "resync", "bb")

    assert result.exit_code == 1
    assert "node a has no peer 'bb'; did you mean b?" in result.stderr


@pytest.mark.parametrize("command", [["peers"], ["bridge", "status"], ["bridge", "resync"]])
def test_a_node_without_a_bridge_says_how_to_get_one(
    node: NodeWithBridge, command: list[str]
) -> None:
    node.bridge = None

    result = run(*command)

    assert result.exit_code == 1
    assert "node a has no bridge to other nodes; give it one: [node] bind =" in result.stderr
    assert "no bridge" in json.loads(run(*command, "--json").stdout)["error"]


@pytest.mark.parametrize("command", [["peers"], ["bridge", "status"], ["bridge", "resync"]])
def test_without_a_node_it_is_to_be_tried_later(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = run(*command)

    assert result.exit_code == 75
    assert "no node runs" in result.stderr


def test_a_node_file_may_be_named_as_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("b.toml").write_text('[node]\nid = "b"\ndata_dir = "there"\nbind = "x"', encoding="utf-8")

    for command in (["up"], ["peers"], ["check"]):
        result = run(*command, "--node-config", "b.toml")
        assert result.exit_code == 1
        assert "b.toml:4: node.bind: 'x' is no endpoint" in result.output
    Path("b.toml").write_text('[node]\nid = "b"\ndata_dir = "there"', encoding="utf-8")
    assert "there" in run("peers", "--node-config", "b.toml").stderr
