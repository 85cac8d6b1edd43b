"""Operators look at dead letters and have them tried again, whether the node runs or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from ringleader import Actor, ChildSpec, System, handles
from ringleader.actors.dispatch import spawn
from ringleader.actors.events import TrainingCompleted
from ringleader.actors.letters import DeadLetter, Outcome
from ringleader.cli import dlq
from ringleader.cli.app import app
from ringleader.control import ControlServer
from ringleader.datadir import DataDir
from ringleader.dlq_desk import answer_about_letters
from ringleader.errands import Later
from ringleader.letterbox import Letterbox, queue_of
from ringleader.transport.dead_letters import SqliteLetters
from ringleader.transport.event_store import EventStore
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer.testing import Result

    Run = Callable[..., Result]


class Mood:
    def __init__(self) -> None:
        self.fails = {"/a", "/b"}
        self.seen: list[tuple[str, str]] = []


class Picky(Actor):
    """Fails if its path is in the mood."""

    def __init__(self, mood: Mood) -> None:
        super().__init__()
        self.mood = mood

    @handles(TrainingCompleted)
    def hear(self, event: TrainingCompleted) -> None:
        self.mood.seen.append((self.path, event.config_key))
        if self.path in self.mood.fails:
            raise ValueError(f"no space for {event.config_key}\nmore of it")


class Node:
    """A system with dead letters in a file, and a control socket."""

    def __init__(self) -> None:
        data = DataDir(Path(".ringleader"))
        data.make()
        self.mood = Mood()
        self.system = System(intensity=1000)
        context = self.system.context
        self.file = EventStore(data.events, clock=context.clock, spawn=spawn, epoch=1)
        encode, now = self.system.catalogue.encode, context.clock.time
        self.store = SqliteLetters(self.file.reader, self.file.writer, encode, now)
        context.dead_letters = Letterbox(self.system.dead_letters, self.store)
        self.queue = queue_of(self.system.hub, self.store)
        self.server = ControlServer(data.socket, self.answer, spawn)

    def answer(self, question: Any) -> Later:
        return Later(lambda: answer_about_letters(self.queue, question))

    def start(self, *names: str) -> None:
        self.system.start()
        self.server.start()
        for name in names:
            self.system.start_child(ChildSpec(name, Picky, (self.mood,)))

    def publish(self, *keys: str) -> None:
        """Publish, and wait until all that fails has failed."""
        before = self.queue.statistics().total
        for key in keys:
            self.system.publish(TrainingCompleted(config_key=key, model_path=f"{key}.npz"))
        expected = before + len(keys) * len(self.mood.fails & {c.path for c in self.system.cells()})
        probe(lambda: self.queue.statistics().total == expected)

    def close(self) -> None:
        assert self.server.close()
        assert self.system.stop()
        assert self.file.close()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in an empty directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("RINGLEADER_CONFIG", "RINGLEADER_PROFILE"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str, **more: Any) -> Result:
        result = CliRunner().invoke(app, ["dlq", *arguments], prog_name="ringleader", **more)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def node(run: Run) -> Iterator[Node]:
    node = Node()
    node.start("a", "b", "c")
    yield node
    node.close()


def answer(result: Result) -> Any:
    assert result.stderr == ""
    return json.loads(result.stdout)


# ------------------------------------------------------------------- looking


def test_letters_are_listed_in_a_line_each_the_latest_at_the_end(run: Run, node: Node) -> None:
    node.publish("k1")
    node.publish("k2")
    result = run("list")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("1 20")
    assert " pending, tried again in " in lines[0]
    assert ": training_completed for /a: failed, ValueError: no space for k1 …" in lines[0]
    result = run("list", "--limit", "1")
    assert result.stdout.splitlines() == [lines[3]] or "k2" in result.stdout
    assert "these are the last 1 of 4 letters" in result.stderr


def test_letters_are_listed_as_json_with_what_they_are_of(run: Run, node: Node) -> None:
    node.publish("k1")
    told = answer(run("list", "--json", "--handler", "/a"))
    assert (told["source"], told["total"]) == ("node", 1)
    (letter,) = told["letters"]
    assert (letter["path"], letter["status"], letter["reason"]) == ("/a", "pending", "failed")
    assert "payload" not in letter


@pytest.mark.parametrize(
    ("filters", "paths"),
    [
        (["--type", "TRAINING_COMPLETE"], ["/a", "/b"]),
        (["--type", "model_promoted"], []),
        (["--handler", "/b"], ["/b"]),
        (["--handler", "/"], ["/a", "/b"]),
        (["--reason", "timed_out"], []),
        (["--reason", "failed"], ["/a", "/b"]),
        (["--since", "1h"], ["/a", "/b"]),
        (["--since", "0"], []),
        (["--status", "dropped"], ["/x"]),
        (["--status", "dropped", "--status", "pending"], ["/a", "/b", "/x"]),
        (["--status", "all"], ["/a", "/b", "/x"]),
        (["--status", "abandoned"], []),
    ],
)
def test_letters_are_filtered(run: Run, node: Node, filters: list[str], paths: list[str]) -> None:
    node.publish("k1")
    node.store.put(DeadLetter("/x", "hello", Outcome.UNDELIVERABLE, 1e9))
    told = answer(run("list", "--json", *filters))
    assert sorted(letter["path"] for letter in told["letters"]) == paths


def test_what_is_not_listed_is_said(run: Run, node: Node) -> None:
    node.store.put(DeadLetter("/x", "hello", Outcome.UNDELIVERABLE, 1e9))
    result = run("list")
    assert result.stdout == ""
    assert result.stderr == (
        "no such dead letters\nothers: 1 dropped; --status all lists them, too\n"
    )


def test_a_letter_is_shown_with_event_and_traceback(run: Run, node: Node) -> None:
    node.publish("k1")
    (number,) = [x.number for x in node.queue.find() if x.path == "/a"]
    told = run("show", str(number)).stdout
    assert told.startswith(f"letter {number}: training_completed for /a is pending, tried again in")
    assert "  error      ValueError: no space for k1\n             more of it\n" in told
    assert '"config_key": "k1"' in told
    assert "  traceback\n    Traceback" in told
    event_id = node.queue.find()[0].event_id
    assert f"  event      {event_id}\n" in told
    both = answer(run("show", str(event_id), "--json"))
    assert sorted(x["path"] for x in both["letters"]) == ["/a", "/b"]
    assert both["letters"][0]["payload"]["config_key"] == "k1"
    assert both["letters"][0]["report"]["error"] == "ValueError"


def test_a_message_is_shown_in_words(run: Run, node: Node) -> None:
    node.store.put(DeadLetter("/x", "hello", Outcome.UNDELIVERABLE, 1e9))
    told = run("show", "1").stdout
    assert told.startswith("letter 1: str for /x is dropped\n")
    assert "  message    'hello'\n" in told


@pytest.mark.parametrize("word", ["77", "0123-4"])
def test_a_letter_that_there_is_not_is_said(run: Run, node: Node, word: str) -> None:
    for command in ("show", "retry"):
        result = run(command, word)
        assert result.exit_code == 1
        kind = "number" if word == "77" else "event id"
        assert f"there is no dead letter with the {kind} {word}" in result.stderr


def test_sums_are_told(run: Run, node: Node) -> None:
    assert run("stats").stdout == "there are no dead letters\n"
    node.publish("k1", "k2")
    first, *rest = run("stats").stdout.splitlines()
    assert first == "4 pending, 0 retrying, 0 recovered, 0 abandoned, 0 dropped: healthy"
    assert "  by reason: failed 4" in rest
    assert "  by type: training_completed 4" in rest
    assert any("      2  training_completed for /a: failed, ValueError" in line for line in rest)
    told = answer(run("stats", "--json"))
    assert (told["source"], told["status"], told["under_way"]) == ("node", "healthy", 0)
    assert told["statistics"]["by_status"] == {"pending": 4}


def test_sums_are_watched_until_they_are_interrupted(
    run: Run, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    class Impatient:
        def wait(self, seconds: float) -> bool:
            looks.append(seconds)
            if len(looks) == 3:
                raise KeyboardInterrupt
            return False

    monkeypatch.setattr(dlq, "Event", Impatient)
    result = run("stats", "--watch", "--interval", "0.5")
    assert (result.exit_code, looks) == (0, [0.5, 0.5, 0.5])
    assert result.stdout == 3 * "there are no dead letters\n"
    looks.clear()
    lines = run("stats", "--watch", "--json").stdout.splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["node"] * 3


def test_letters_are_exported_a_line_each(run: Run, node: Node) -> None:
    node.publish("k1", "k2")
    result = run("export")
    assert result.stderr == "4 letters exported\n"
    letters = [json.loads(line) for line in result.stdout.splitlines()]
    assert [letter["number"] for letter in letters] == [1, 2, 3, 4]
    assert {letter["payload"]["config_key"] for letter in letters} == {"k1", "k2"}
    told = answer(run("export", "--handler", "/a", "-o", "out.jsonl", "--json"))
    assert told == {"exported": 2, "file": "out.jsonl"}
    assert len(Path("out.jsonl").read_text().splitlines()) == 2
    result = run("export", "-o", "missing/out.jsonl")
    assert result.exit_code == 1
    assert "--output missing/out.jsonl can't be written: No such file" in result.stderr


# ------------------------------------------------------------------- acting


def test_a_retry_tells_what_came_of_it_and_touches_nobody_else(run: Run, node: Node) -> None:
    node.publish("k1")
    node.mood.fails = set()
    (number,) = [x.number for x in node.queue.find() if x.path == "/a"]
    result = run("retry", str(number))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "of 1 letter: 1 recovered\n"
    assert sorted(node.mood.seen) == [("/a", "k1"), ("/a", "k1"), ("/b", "k1"), ("/c", "k1")]
    result = run("retry", str(number))
    assert result.exit_code == 1
    assert f"{number} is not tried: it is recovered" in result.stderr
    assert result.stdout == "of 1 letter: 1 not tried\n"


def test_a_retry_that_fails_again_is_named_and_can_be_tried_later(run: Run, node: Node) -> None:
    node.publish("k1")
    event_id = str(node.queue.find()[0].event_id)
    node.mood.fails = {"/b"}
    result = run("retry", event_id)
    assert result.exit_code == 75
    assert "failed again: training_completed for /b: failed, ValueError" in result.stderr
    assert result.stdout == "of 2 letters: 1 recovered, 1 failed again\n"
    told = answer(run("retry", event_id, "--json"))
    assert (told["asked"], len(told["failed"]), len(told["refused"])) == (2, 1, 1)


def test_all_that_are_pending_are_tried_again_with_progress(run: Run, node: Node) -> None:
    node.mood.fails = {"/a"}
    node.publish(*[f"k{number}" for number in range(150)])
    node.mood.fails = set()
    result = run("retry", "--all")
    assert result.exit_code == 0
    assert result.stdout == "of 150 letters: 150 recovered\n"
    assert result.stderr == "100 of 150 letters: 100 recovered\n"
    assert run("retry", "--all").stdout == "of 0 letters: nothing was tried\n"


def test_one_does_not_wait_for_what_comes_of_it_if_one_says_so(run: Run, node: Node) -> None:
    node.publish("k1")
    node.mood.fails = set()
    cell = node.system.ref("/a").cell
    probe(lambda: cell.current is not None)
    result = run("retry", "--all", "--wait", "0")
    assert result.exit_code in (0, 75)
    assert result.stdout.startswith("of 2 letters: ")
    probe(lambda: node.queue.statistics().by_status == {"recovered": 2})


@pytest.mark.parametrize(
    "arguments",
    [[], ["1", "--all"], ["--type", "x"], ["1", "--type", "x"], ["1", "--status", "all"]],
)
def test_what_is_meant_must_be_clear(run: Run, node: Node, arguments: list[str]) -> None:
    for command in ("retry", "drop"):
        result = run(command, *arguments)
        assert result.exit_code == 1
        assert "name letters by their numbers or event ids, or choose them" in result.stderr


def test_dropping_asks_first(run: Run, node: Node) -> None:
    node.publish("k1")
    result = run("drop", "--all", input="n\n")
    assert result.exit_code == 1
    assert "drop 2 letters?" in result.stderr
    assert "nothing is done" in result.stderr
    assert run("drop", "--all").exit_code == 1  # nobody is there to answer
    result = run("drop", "--all", "--handler", "/a", input="y\n")
    assert (result.exit_code, result.stdout) == (0, "1 letter dropped\n")
    assert "--yes" in json.loads(run("drop", "--all", "--json").stdout)["error"]
    assert answer(run("drop", "--all", "--json", "--yes")) == {"asked": 1, "dropped": 1}
    assert node.queue.statistics().by_status == {"dropped": 2}


def test_purging_deletes_what_is_closed(run: Run, node: Node) -> None:
    node.publish("k1")
    assert run("drop", "1", "--yes").exit_code == 0
    assert run("purge", "--yes").stdout == "0 letters deleted\n"
    result = run("purge", "--older-than", "0s", input="y\n")
    assert result.stdout == "1 letter deleted\n"
    assert answer(run("purge", "--older-than", "0s", "--yes", "--json")) == {"purged": 0}
    assert [x.number for x in node.queue.find()] == [2]


# ------------------------------------------------------------------- without a node


def test_without_a_node_letters_are_read_in_its_file(run: Run) -> None:
    node = Node()
    node.start("a", "b")
    node.publish("k1")
    node.close()
    assert len(run("list").stdout.splitlines()) == 2
    told = answer(run("list", "--json"))
    assert (told["source"], told["total"]) == ("file", 2)
    assert '"config_key": "k1"' in run("show", "1").stdout
    assert run("stats").stdout.startswith("2 pending")
    assert len(run("export").stdout.splitlines()) == 2


def test_where_no_node_has_run_there_are_no_letters(run: Run) -> None:
    result = run("list")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no such dead letters\n")
    assert run("stats").stdout == "there are no dead letters\n"
    assert run("export").stderr == "0 letters exported\n"
    assert run("show", "1").exit_code == 1


@pytest.mark.parametrize(
    "arguments", [["retry", "1"], ["retry", "--all"], ["drop", "1", "--yes"], ["purge", "--yes"]]
)
def test_orders_need_a_node(run: Run, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 75
    assert "no node runs on" in result.stderr
    assert "no node runs on" in answer(run(*arguments, "--json"))["error"]


def test_a_file_that_is_none_is_said(run: Run) -> None:
    data = DataDir(Path(".ringleader"))
    data.make()
    data.events.write_text("not a database, but longer than a header of one would be" * 20)
    result = run("list")
    assert result.exit_code == 1
    assert "is damaged, or no SQLite file" in result.stderr


def test_a_letter_outlives_the_node_and_is_tried_again_by_the_next(run: Run) -> None:
    node = Node()
    node.start("a")
    node.publish("k1")
    node.close()
    node = Node()
    node.mood.fails = set()
    node.start("a")
    assert run("retry", "--all").stdout == "of 1 letter: 1 recovered\n"
    assert node.mood.seen == [("/a", "k1")]
    node.close()


def test_help_names_the_exit_codes(run: Run) -> None:
    assert isinstance(dlq.dlq_app, typer.Typer)
    for command in ("retry", "drop"):
        assert "Exit codes" in " ".join(run(command, "--help").stdout.split())
