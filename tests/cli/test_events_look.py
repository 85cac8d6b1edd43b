"""Operators look at events: the last ones, one, what led to it; whether the node runs or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import msgpack
from typer.testing import CliRunner

from ringleader import event_findings
from ringleader.actors.event_log import LogStatistics
from ringleader.actors.events.base import Envelope
from ringleader.cli import events_tail, events_trace
from ringleader.cli.app import app
from ringleader.datadir import DataDir
from ringleader.event_lines import log_lines, took, word
from tests.log_node import Asked, Heard, LogNode, Pupil, Sage, Scribe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    from ringleader.actors.event_log import Record

    Run = Callable[..., Result]

OURS = ("--type", "asked", "--type", "answered", "--type", "heard")


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


@pytest.fixture
def past(run: Run, quiet: None) -> list[str]:
    """Leave the file of a node that was asked two things, and failed at the second answer."""
    node = LogNode(DataDir(Path(".ringleader")), Sage, Pupil, Scribe)
    node.ears.fails = {"b!"}
    ids = node.publish(Asked(text="a"), Asked(text="b"))
    node.stop()
    return ids


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")


def answer(result: Result) -> Any:
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)


# ------------------------------------------------------------------- tail


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

    class Impatient(events_tail.Follower):
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


# ------------------------------------------------------------------- show


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


# ------------------------------------------------------------------- trace


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
