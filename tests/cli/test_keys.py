"""Operators make keys, hand them around, change them and take them back."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.cli.app import app
from ringleader.transport.key_files import KEY
from ringleader.transport.keys import KeyRing
from tests.probe import probe
from tests.transport.socket_stage import SocketNode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run `ringleader keys` for one of several nodes."""

    def call(node: str, *arguments: str) -> Result:
        directory = str(tmp_path / node)
        return CliRunner().invoke(app, ["keys", *arguments, "--data-dir", directory])

    return call


def value(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_two_nodes_are_introduced_to_each_other_and_parted(run: Run, tmp_path: Path) -> None:
    keys = {name: run(name, "new").stdout.strip() for name in "ab"}
    assert all(KEY.fullmatch(key) for key in keys.values())
    assert run("a", "show").stdout.strip() == keys["a"]
    assert run("a", "allow", "b", keys["b"]).exit_code == 0
    assert run("b", "allow", "a", keys["a"]).exit_code == 0
    rings = [KeyRing(tmp_path / n / "keys", RealClock(spawn).time) for n in "ab"]
    owner, reader = SocketNode(keys=rings[0]).start(), SocketNode("", keys=rings[1]).start()
    try:
        reader.join(owner, "a")
        assert value(run("a", "revoke", "b", "--json")) == {"name": "b", "revoked": [keys["b"]]}
        reader.wait_for_link("a", is_up=False)
        probe(lambda: reader.recorder.refusals)
    finally:
        assert owner.sockets.close()
        assert reader.sockets.close()


def test_what_is_to_be_done_on_the_other_hosts_is_said(run: Run) -> None:
    made = run("a", "new")
    assert f"ringleader keys allow NAME '{made.stdout.strip()}'" in made.stderr


def test_the_list_tells_what_holds_of_each_key(run: Run) -> None:
    first, second, third = (run(name, "new").stdout.strip() for name in "bcd")
    assert "nobody is let in" in run("a", "list").stderr
    run("a", "allow", "b", first)
    run("a", "allow", "b", second, "--overlap", "7d")
    run("a", "allow", "d", third)
    run("a", "revoke", "d")
    lines = run("a", "list").stdout.splitlines()
    assert lines[0].startswith(f"b {first} allowed until 2")
    assert lines[1] == f"b {second} allowed"
    assert lines[2].startswith(f"d {third} revoked at 2")
    found = value(run("a", "list", "--json"))
    assert [entry["standing"] for entry in found["keys"]] == ["allowed", "allowed", "revoked"]
    assert found["faults"] == []


def test_a_rotation_is_announced_and_takes_effect_later(run: Run) -> None:
    old = run("a", "new").stdout.strip()
    assert "the next one: '" in run("a", "rotate", "--after", "2h").stderr
    found = value(run("a", "show", "--json"))
    assert found["current"]["public"] == old
    following = found["next"]["public"]
    assert found["next"]["since"] - found["current"]["since"] == pytest.approx(7200, abs=60)
    shown = run("a", "show")
    assert shown.stdout.strip() == old
    assert f"ringleader keys allow NAME '{following}'" in shown.stderr


def test_a_rotation_may_be_at_once(run: Run) -> None:
    old = run("a", "new").stdout.strip()
    assert run("a", "rotate", "--after", "0s").stdout.strip() != old


def test_no_answer_has_the_secret_key_in_it(run: Run, tmp_path: Path) -> None:
    run("a", "new")
    secret = KeyRing(tmp_path / "a" / "keys", RealClock(spawn).time).pair.secret
    ask = partial(run, "a")
    answers = [ask("show"), ask("show", "--json"), ask("rotate"), ask("list", "--json")]
    assert all(secret not in answer.output for answer in answers)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("show",), "run `ringleader keys new`"),
        (("rotate",), "run `ringleader keys new`"),
        (("allow", "b", "short"), "'short' is no public key"),
        (("allow", "../b", "x"), "is no name of a node"),
        (("revoke", "b"), "b has no key that is let in"),
        (("rotate", "--after", "soon"), "'soon' is no duration"),
    ],
)
def test_what_can_not_be_done_is_said_in_words(
    run: Run, arguments: tuple[str, ...], reason: str
) -> None:
    result = run("a", *arguments)
    assert result.exit_code == 1
    assert reason in result.stderr
    as_json = run("a", *arguments, "--json")
    assert reason in json.loads(as_json.stdout)["error"]


def test_a_second_new_key_is_refused(run: Run) -> None:
    run("a", "new")
    again = run("a", "new")
    assert again.exit_code == 1
    assert "ringleader keys rotate" in again.stderr


def test_a_file_that_others_may_read_is_refused(run: Run, tmp_path: Path) -> None:
    run("a", "new")
    (tmp_path / "a" / "keys" / "node.key").chmod(0o644)
    assert "chmod 600" in run("a", "show").stderr
