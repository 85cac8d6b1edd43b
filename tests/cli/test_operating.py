"""Operators look at a node and act on it, and what they did outlives the node."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ringleader.cli.app import app
from ringleader.cli.operate import operator
from ringleader.config import load
from ringleader.datadir import DataDir
from ringleader.node import Node
from ringleader.runs import Arguments
from tests.probe import holds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    from tests.cli.conftest import Place

    Run = Callable[..., Result]

OVERRIDES = (
    "tree.coordination.enabled=false",
    "tree.jobs.enabled=false",
    'workload.config_keys=["tiny"]',
    "node.id=n1",
    "supervision.backoff=0",
    "tree.top.supervisor=one_for_one",
    "tree.top.children.mortal.actor=tests.cli.tiny_actors:Mortal",
    "tree.top.children.idle.actor=tests.cli.tiny_actors:Idle",
)


def opened(on_stop: Callable[[], object] = lambda: None) -> Node:
    node = Node(
        load(environment={}, overrides=OVERRIDES),
        DataDir(Path(".ringleader")),
        arguments=Arguments(seed=7),
        write=lambda _: None,
        on_stop=on_stop,
    )
    node.open()
    return node


def closed(node: Node) -> None:
    assert node.stop()
    node.close()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in an empty directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("RINGLEADER_CONFIG", "RINGLEADER_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(app, arguments, prog_name="ringleader")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def node(run: Run) -> Iterator[Node]:
    node = opened()
    node.start()
    yield node
    closed(node)


def kill(node: Node, word: str) -> None:
    """Let an actor die, and wait until somebody has decided about it."""
    before = len(node.system.deaths.all())
    node.system.ref("/top/mortal").tell(word)
    assert holds(lambda: [d.decision for d in node.system.deaths.all()][before:] not in ([], [""]))


def answer(result: Result) -> Any:
    assert result.stderr == ""
    return json.loads(result.stdout)


# ------------------------------------------------------------------- looking


def test_deaths_are_listed_with_what_was_decided(run: Run, node: Node) -> None:
    kill(node, "boom")
    kill(node, "two\nlines")
    result = run("deaths")
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert "/top/mortal died: ValueError: boom → restarted" in first
    assert "ValueError: two … → restarted" in second
    assert run("deaths", "top/mortal", "--limit", "1").stdout == f"{second}\n"
    assert run("deaths", "/top/idle").stderr == "no deaths are known at /top/idle or below\n"
    assert run("deaths", "/", "--since", "1h").stdout == result.stdout
    assert "in the last 0 s" in run("deaths", "--since", "0").stderr


def test_deaths_as_json_have_all_that_is_known(run: Run, node: Node) -> None:
    kill(node, "boom")
    told = answer(run("deaths", "--json"))
    assert told["source"] == "node"
    (death,) = told["deaths"]
    assert (death["path"], death["error"], death["in_hand"]) == (
        "/top/mortal",
        "ValueError",
        "'boom'",
    )
    assert death["traceback"].endswith("ValueError: boom\n")


def test_deaths_and_holds_are_told_when_the_node_is_down_too(run: Run) -> None:
    node = opened()
    node.start()
    kill(node, "boom")
    assert run("stop", "/top/idle", "--why", "maintenance").exit_code == 0
    closed(node)

    assert "/top/mortal died: ValueError: boom → restarted" in run("deaths").stdout
    assert answer(run("deaths", "--json", "--since", "1h"))["source"] == "file"
    told = run("why", "/top/mortal").stdout
    assert told.startswith("/top/mortal is not running: no node runs\n")
    assert "  cause      ValueError: boom\n" in told
    assert "ValueError: boom" in told.partition("traceback")[2]
    told = run("why", "/top/idle").stdout
    assert f"held       by {operator()} since" in told
    assert "because    maintenance" in told


def test_where_no_node_has_run_nothing_is_known(run: Run) -> None:
    result = run("deaths")
    assert (result.exit_code, result.stderr) == (0, "no deaths are known\n")
    result = run("why", "/top/mortal")
    assert result.exit_code == 1
    assert "nothing is known of /top/mortal: no node has run on" in result.stderr


def test_why_tells_the_death_the_decision_and_how_often(run: Run, node: Node) -> None:
    for _ in range(2):
        kill(node, "boom")
    told = run("why", "top/mortal").stdout
    assert told.startswith("/top/mortal is running for ")
    assert "  decision   restarted\n" in told
    assert "  last hour  2 deaths, all alike\n" in told
    fields = answer(run("why", "/top/mortal", "--json"))
    assert (fields["source"], fields["path"]) == ("node", "/top/mortal")
    assert fields["last_hour"] == {"deaths": 2, "fingerprints": 1}
    assert fields["death"]["left"] is not None
    assert fields["present"]["state"] == "running"


def test_why_of_an_unknown_path_names_the_nearest(run: Run, node: Node) -> None:
    result = run("why", "/top/motral")
    assert result.exit_code == 1
    assert "did you mean /top/mortal" in result.stderr
    assert "did you mean /top/mortal" in answer(run("why", "/top/motral", "--json"))["error"]


def test_why_of_an_unknown_path_names_the_nearest_when_the_node_is_down(run: Run) -> None:
    node = opened()
    node.start()
    kill(node, "boom")
    closed(node)
    result = run("why", "/top/motral")
    assert result.exit_code == 1
    assert "no node runs on " in result.stderr
    assert "did you mean /top/mortal?" in result.stderr


def test_status_is_an_exit_code_with_reasons(run: Run) -> None:
    node = opened()
    result = run("status")
    assert result.exit_code == 75
    assert "is not ready: starting" in result.stdout
    assert "  the tree is still being started\n" in result.stdout
    node.start()
    result = run("status")
    assert result.exit_code == 0
    assert result.stdout.startswith("node n1 (process ")
    assert "is ready: running for" in result.stdout
    assert run("stop", "/top/idle").exit_code == 0
    assert "  /top/idle is held\n" in run("status").stdout
    assert answer(run("status", "--json"))["not_running"] == {"/top/idle": "held"}
    closed(node)


# ------------------------------------------------------------------- acting


def test_an_actor_is_stopped_shown_and_started_again(run: Run, node: Node) -> None:
    result = run("stop", "top/idle", "--why", "maintenance")
    assert result.exit_code == 0
    assert result.stdout == ("/top/idle is stopped, and held until: ringleader start /top/idle\n")
    assert f"idle held by {operator()}" in run("tree").stdout
    assert "  because    maintenance\n" in run("why", "/top/idle").stdout
    again = answer(run("stop", "/top/idle", "--json"))
    assert (again["changed"], again["state"]) == (False, "held")
    assert run("start", "/top/idle").stdout == "/top/idle is started\n"
    assert run("restart", "/top/idle").stdout == "/top/idle was stopped and started again\n"


def test_an_actor_is_put_in_quarantine_and_released(run: Run, node: Node) -> None:
    result = run("quarantine", "/top/idle", "--for", "2h", "--why", "odd")
    assert "in quarantine for 2 h, or until: ringleader release /top/idle" in result.stdout
    assert re.search(r"idle quarantined for (2 h|1 h 59 min)\n", run("tree").stdout)
    assert run("release", "/top/idle").stdout == "/top/idle is released and started\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stop", "/top/idel"], "there is no actor at '/top/idel'; did you mean /top/idle"),
        (["stop", "/system/registry"], "belongs to the node itself"),
        (["release", "/top/idle"], "is not in quarantine"),
        (["quarantine", "/top/idle", "--for", "ever"], "'ever' is no duration; write 90s"),
        (["stop", "/top/idle", "--why", "x" * 2000], "not a question: .*length <= 1000"),
    ],
)
def test_what_makes_no_sense_is_refused(
    run: Run, node: Node, arguments: list[str], said: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert re.search(said, result.stderr)
    assert re.search(said, answer(run(*arguments, "--json"))["error"])


@pytest.mark.parametrize(
    "arguments",
    [["stop"], ["stop", "/a"], ["start", "/a"], ["restart", "/a"], ["release", "/a"], ["status"]],
)
def test_without_a_node_there_is_nobody_to_ask(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 75
    assert "no node runs on" in result.stderr


def test_a_node_whose_configuration_is_broken_by_now_can_be_operated(run: Run, node: Node) -> None:
    Path("ringleader.toml").write_text("[node\n")
    assert run("stop", "/top/idle").exit_code == 1
    assert run("stop", "/top/idle", "--data-dir", ".ringleader").exit_code == 0


def test_stop_without_a_path_stops_the_node(run: Run) -> None:
    stops: list[int] = []
    node = opened(lambda: stops.append(1))
    node.start()
    assert run("stop", "--no-wait").stdout == "node n1 stops\n"
    told = answer(run("stop", "--no-wait", "--json"))
    assert (told["node"], told["words"]) == ("n1", "node n1 stops")
    assert stops == [1, 1]
    closed(node)


# ------------------------------------------------------------------- usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["why", "--json"], "Missing argument"),
        (["up", "--json", "--bogus"], "No such option"),
        (["unheard-of", "--json"], "No such command"),
        (["deaths", "--json", "--limit", "0"], "--limit"),
        (["config", "show", "--json", "more"], "unexpected"),
    ],
)
def test_wrong_arguments_are_json_where_json_is_asked_for(
    run: Run, arguments: list[str], said: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2  # which `main` turns into 1
    assert said in answer(result)["error"]


def test_help_says_of_flags_that_they_take_nothing(run: Run) -> None:
    for command in ("up", "tree", "stop", "deaths", "check"):
        told = run(command, "--help").stdout
        assert "<bool>" not in told
        assert "--json" in told
    assert "<bool>" not in run("--help").stdout
    assert "./.ringleader]" in run("tree", "--help").stdout  # brackets are no markup


# ------------------------------------------------------------------- for real


def test_holds_and_deaths_outlive_a_killed_node(place: Place) -> None:
    place.configure(
        '[tree.top.children.idle]\nactor = "tiny_actors:Idle"\n'
        '[tree.doomed]\nactor = "tiny_actors:Doomed"\n'
    )
    up = place.start("up", "--set", "supervision.intensity=1000")
    up.wait_for("actors are up", "/doomed died")
    code, out, err = place.run("stop", "/top/idle", "--why", "maintenance")
    assert (code, err) == (0, "")
    assert "is stopped, and held" in out
    code, out, _ = place.run("quarantine", "/doomed")
    assert code == 0
    up.signal(signal.SIGKILL)
    assert up.finish()[0] == -signal.SIGKILL

    code, out, _ = place.run("why", "/doomed")
    assert code == 0
    assert "cause      ValueError: no way" in out
    assert "quarantine by" in out

    up = place.start("up", "--set", "supervision.intensity=1000")
    up.wait_for("actors are up")
    with place.client() as client:
        states = {cell.path: cell.state for cell in client.tree().cells}
        assert (states["/top/idle"], states["/doomed"]) == ("held", "quarantined")
    code, out, _ = place.run("stop")
    assert (code, out.startswith("node ")) == (0, True)
    assert up.finish()[0] == 0
    assert place.leftovers() == []
