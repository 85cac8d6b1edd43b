"""Operators look at one event, and at the log as a whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.event_log import LogStatistics
from ringleader.event_lines import log_lines, took, word
from tests.log_node import Asked, LogNode

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    Run = Callable[..., Result]

OURS = ("--type", "asked", "--type", "answered", "--type", "heard")


def answer(result: Result) -> Any:
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_an_event_is_shown_with_cause_effects_and_handlers(run: Run, node: LogNode) -> None:
    (asked,) = node.publish(Asked(text="a"))
    told = run("show", asked).stdout.splitlines()
    assert told[0] == f"asked {asked}"
    assert any(line.startswith("  published  2") and line.endswith(" by /outside") for line in told)
    assert any(line.startswith("  in the log #") for line in told)
    assert any(line.startswith("  led to     answered ") for line in told)
    assert any(line.startswith("  handled    /sage: handled in ") for line in told)
    assert "  consumer   /scribe has been handed it" in told
    assert '  payload    {\n               "text": "a"' in run("show", asked).stdout
    value = answer(run("show", asked, "--json"))
    (effect,) = value["effects"]
    assert value["cause"] is None
    told = run("show", effect["id"]).stdout.splitlines()
    assert f"  caused by  asked {asked} by /outside" in told
    assert f"  began with {asked}" in told
    assert "  about      a" in told
    assert run("show", str(value["event"]["sequence"]), "--json").stdout == (
        run("show", asked, "--json").stdout
    )


def test_an_event_that_is_not_logged_is_shown_out_of_memory(run: Run, node: LogNode) -> None:
    node.publish(Asked(text="a"))
    heard = answer(run("tail", "--type", "heard", "--json"))["events"][0]["id"]
    told = run("show", heard).stdout
    assert "  in the log no: not of a type that is kept, or gone\n" in told
    assert "  handled    by nobody\n" in told


def test_dead_letters_of_an_event_are_shown(run: Run, node: LogNode, quiet: None) -> None:
    node.ears.fails = {"a!"}
    node.publish(Asked(text="a"))
    answered = answer(run("tail", "--type", "answered", "--json"))["events"][0]["id"]
    told = run("show", answered).stdout
    assert "  handled    /pupil: failed in " in told
    assert "; dead letter 1 pending: ValueError: no room for a! …\n" in told
    value = answer(run("show", answered, "--json"))
    assert [letter["path"] for letter in value["letters"]] == ["/pupil"]
    assert value["handlings"][0]["outcome"] == "failed"


def test_without_a_node_it_is_not_known_who_handled_an_event(run: Run, past: list[str]) -> None:
    told = run("show", past[0]).stdout
    assert "  handled    not known: no node runs; dead letters are what is kept of it\n" in told
    answered = answer(run("tail", "--type", "answered", "--json"))["events"][1]["id"]
    told = run("show", answered).stdout
    assert "  failed     /pupil: dead letter 1 pending: ValueError" in told
    value = answer(run("show", answered, "--json"))
    assert (value["source"], value["handlings"]) == ("file", None)


def test_an_event_that_only_a_dead_letter_has_is_shown(run: Run, node: LogNode) -> None:
    node.ears.fails = {"a!"}
    node.publish(Asked(text="a"))
    answered = answer(run("tail", "--type", "answered", "--json"))["events"][0]["id"]
    node.system.hub.history.entries.clear()
    node.store.writer.call(lambda tables: tables.write("DELETE FROM events"), 10)
    told = run("show", answered).stdout
    assert told.startswith(f"answered {answered}\n")
    assert "  handled    not known: the node remembers its last events only\n" in told
    assert "caused by" in told
    assert ", of which nothing more is known\n" in told


@pytest.mark.parametrize("which", ["nope", "0", "999999", "9" * 40, "x" * 300, ""])
def test_an_event_that_is_not_known_is_said(run: Run, node: LogNode, which: str) -> None:
    for command in ("show", "trace"):
        result = run(command, which)
        assert result.exit_code == 1
        assert f"no event {which!r} is known" in result.stderr


def test_what_would_move_the_cursor_is_not_printed(run: Run, node: LogNode) -> None:
    wild = "\x1b[2J\nhello"
    node.publish(Asked(text=wild), source=f"/{wild}")
    for command in (["tail", *OURS], ["show", "4"], ["trace", "4"]):
        result = run(*command)
        assert result.exit_code == 0
        assert "\x1b" not in result.stdout
    assert word(wild) == '"\\u001b[2J\\nhello"'


# ------------------------------------------------------------------- stats and consumers


def test_sums_and_consumers_are_told(run: Run, node: LogNode) -> None:
    node.publish(Asked(text="a"))
    told = run("stats").stdout.splitlines()
    assert told[0].endswith(f" events, #1 to #{node.store.log.statistics().head}")
    assert " bytes in the file" in told[1]
    assert told[2].startswith("  since the node started: ")
    assert told[3].split() == [
        *("CONSUMER", "CURSOR", "WAITING", "IN", "HAND", "HELD", "BY", "TYPES")
    ]
    assert told[4].startswith("/scribe ")
    assert run("consumers", "list").stdout.splitlines() == told[3:]
    value = answer(run("stats", "--json"))
    assert (value["source"], value["consumers"][0]["name"]) == ("node", "/scribe")
    assert answer(run("consumers", "list", "--json"))["consumers"] == value["consumers"]


def test_without_a_node_sums_and_consumers_are_those_of_the_file(run: Run, past: list[str]) -> None:
    value = answer(run("stats", "--json"))
    assert value["source"] == "file"
    assert value["events"] > 4
    assert value["bytes"] > 0
    assert run("consumers", "list").stdout.splitlines()[1].split()[4:] == ["nobody", "asked"]


def test_trouble_is_told() -> None:
    sums = LogStatistics(
        head=9, first=0, events=0, waiting=3, commits=4, lost_to_cap=2, trouble="disk full"
    )
    assert list(log_lines(sums)) == [
        "nothing can be written: disk full",
        "there are no events any more; the last one was #9",
        "  3 wait to be committed",
        "  since the node started: 4 transactions, 0 events removed",
        "  2 of these before all consumers had them: the log was at its cap",
    ]


def test_a_consumer_is_forgotten_if_nobody_holds_it(run: Run, node: LogNode) -> None:
    with node.client() as client:
        client.consumer("theirs", "asked").close()
    node.publish(Asked(text="a"))
    result = run("consumers", "forget", "theirs", input="n\n")
    assert result.exit_code == 1
    assert "forget theirs, with 1 event yet to come?" in result.stderr
    assert run("consumers", "forget", "theirs", "--yes").stdout == "theirs is forgotten\n"
    result = run("consumers", "forget", "theirs", "--yes", "--json")
    assert result.exit_code == 1
    assert "no consumer 'theirs'" in json.loads(result.stdout)["error"]
    result = run("consumers", "forget", "/scribe", "--yes")
    assert result.exit_code == 1
    assert "is held by" in result.stderr


def test_forgetting_needs_a_node(run: Run, past: list[str]) -> None:
    result = run("consumers", "forget", "/scribe", "--yes")
    assert result.exit_code == 75
    assert "no node runs on" in result.stderr


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.0, "0 ms"), (0.00004, "0.04 ms"), (0.0123, "12 ms"), (0.25, "250 ms"), (62.0, "1 min 2 s")],
)
def test_durations_are_told_in_short(seconds: float, told: str) -> None:
    assert took(seconds) == told
