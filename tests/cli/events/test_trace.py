"""Operators see which event led to which, and who handled them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import msgpack

from ringleader import event_findings
from ringleader.actors.events.base import Envelope
from ringleader.cli import events_trace
from tests.log_node import Asked, LogNode

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from typer.testing import Result

    Run = Callable[..., Result]

OURS = ("--type", "asked", "--type", "answered", "--type", "heard")


def answer(result: Result) -> Any:
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


def test_the_tree_of_an_undertaking_is_drawn(run: Run, node: LogNode, quiet: None) -> None:
    node.ears.fails = {"b!"}
    node.publish(Asked(text="a"))
    (asked,) = node.publish(Asked(text="b"))
    result = run("trace", asked)
    assert (result.exit_code, result.stderr) == (0, "")
    drawn = [line.rstrip() for line in result.stdout.splitlines()]
    assert drawn[0].startswith(f"asked {asked} #")
    assert drawn[0].endswith("  <-- this one")
    assert drawn[1].startswith("├── /sage handled in ")
    assert drawn[2].startswith("│   └── answered ")
    assert drawn[3].startswith("│       └── /pupil failed in ")
    assert "dead letter 1 pending: ValueError: no room for b! …" in drawn[3]
    assert drawn[4].startswith("│           └── handler_failed ")
    assert drawn[5].startswith("└── /scribe handled in ")
    assert len(drawn) == 6


def test_any_event_of_it_leads_to_the_same_tree(run: Run, node: LogNode) -> None:
    node.publish(Asked(text="a"))
    (first, *rest) = answer(run("tail", *OURS, "--json"))["events"]
    drawn = run("trace", first["id"]).stdout.replace("  <-- this one", "")
    for event in rest:
        other = run("trace", event["id"]).stdout
        assert "  <-- this one" in other
        assert other.replace("  <-- this one", "") == drawn
    value = answer(run("trace", rest[0]["id"], "--json"))
    assert (value["event"], value["left_out"]) == (rest[0]["id"], 0)
    assert [(e["type"], e["level"], e["handler"]) for e in value["events"]] == [
        ("asked", 0, None),
        ("answered", 1, "/sage"),
        ("heard", 2, "/pupil"),
    ]


def test_without_a_node_a_tree_has_no_handlers_but_dead_letters(run: Run, past: list[str]) -> None:
    result = run("trace", past[1])
    assert result.stderr == ("no node runs: who handled them is not known, but for dead letters\n")
    drawn = [line.rstrip() for line in result.stdout.splitlines()]
    assert drawn[1].startswith("└── answered ")
    assert drawn[2].startswith("    ├── /pupil dead letter 1 pending: ValueError")
    assert drawn[3].startswith("    └── handler_failed ")


def test_causes_that_are_gone_have_their_place(run: Run, node: LogNode) -> None:
    for name, cause in (("e1", "gone"), ("e2", "e1")):
        envelope = Envelope(
            id=name, source="/o", type="asked", time=1e9, correlationid="gone", causationid=cause
        )
        node.log_only(envelope, msgpack.encode({}))
    drawn = run("trace", "e2").stdout.splitlines()
    assert drawn[0].rstrip() == "gone, of which nothing more is known"
    assert drawn[1].startswith("└── asked e1 #")
    assert "who handled it is not known any more" in drawn[2] + drawn[3]
    assert "cause" in answer(run("trace", "e2", "--json"))["events"][0]


def test_of_a_large_undertaking_the_line_of_the_event_is_drawn(
    run: Run, node: LogNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        envelope = Envelope(
            id=f"e{number}",
            source="/o",
            type="asked",
            time=1e9 + number,
            correlationid="e0",
            causationid="e0" if number else None,
        )
        node.log_only(envelope, msgpack.encode({}))
    result = run("trace", "e7", "--limit", "4")
    assert "7 events beside these are left out; --limit draws more\n" in result.stderr
    assert "e7" in result.stdout
    assert "e6" not in result.stdout
    monkeypatch.setattr(event_findings, "MOST", 5)
    result = run("trace", "e1")
    assert "the undertaking has more events than are looked at\n" in result.stderr
    assert events_trace.draw([], "", {}, is_remembered=True) == []
