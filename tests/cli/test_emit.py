"""A shell publishes: fields are read by their types, and the exit code says what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003  # decoding needs it
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from typer.testing import CliRunner

from ringleader.actors.events.base import Event, EventType
from ringleader.actors.publication import Receipt, Routing
from ringleader.cli.app import app
from ringleader.cli.field_text import BadEvent, fields_from, value_of
from ringleader.events_client import Client
from ringleader.spool import read, waiting
from tests.event_bench import running

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

COMPLETED = ("TRAINING_COMPLETED", "config_key=hex8_2p", "model_path=m.npz")


class Told(Event, frozen=True, kw_only=True):
    EVENT = EventType.custom("TOLD")

    text: str = ""
    count: int | None = None
    new_elo: float = 0.0
    success: bool = True
    names: tuple[str, ...] = ()
    sizes: tuple[int, ...] = ()
    facts: Mapping[str, float] = {}
    whatever: Any = None


def emit(path: Path, *arguments: str, stdin: str | None = None) -> Result:
    words = ["emit", *arguments, "--data-dir", str(path)]
    return CliRunner().invoke(app, words, prog_name="ringleader", input=stdin)


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("text=true", "true"),
        ("text=a=b", "a=b"),
        ("text=", ""),
        ("count=7", 7),
        ("count=null", None),
        ("new_elo=1500.0", 1500.0),
        ("new_elo=2026-01-01", "2026-01-01"),
        ("success=false", False),
        ("names=a, b", ("a", "b")),
        ("names=", ()),
        ('names=["a,b"]', ["a,b"]),
        ("sizes=1,2", (1, 2)),
        ('facts={"a": 1}', {"a": 1}),
        ("whatever=[1]", [1]),
        ("whatever=some words", "some words"),
        ("elo=3", 3.0),
        ("numbr=3", "3"),
    ],
)
def test_a_field_is_read_by_its_declared_type(pair: str, value: object) -> None:
    assert list(fields_from([pair], Told).values()) == [value]


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        (["count=x"], r"TOLD\.count: 'x' can't be read as a whole number or null"),
        (["success=maybe"], r"TOLD\.success: 'maybe' can't be read as true or false"),
        (["elo=x"], r"TOLD\.elo: 'x' can't be read as a number"),
        (["facts=x"], r"TOLD\.facts: 'x' can't be read as a mapping as JSON"),
        (["sizes=1,x"], r"TOLD\.sizes: '1,x' can't be read as a list: a,b,c or JSON"),
        (["names=[1"], r"TOLD\.names"),
        (["text"], "'text' is no field; write KEY=VALUE"),
        (["=x"], "is no field"),
        (["text=a", "text=b"], "text is given twice"),
    ],
)
def test_what_can_t_be_read_is_named_with_what_would_be_right(pairs: list[str], says: str) -> None:
    with pytest.raises(BadEvent, match=says):
        fields_from(pairs, Told)


def test_the_fields_of_an_unknown_type_are_guessed() -> None:
    assert fields_from(["a=1", "b=x"], None) == {"a": 1, "b": "x"}
    with pytest.raises(msgspec.ValidationError):
        value_of("x", int)


def test_an_event_is_published_and_its_fate_is_told(tmp_path: Path) -> None:
    with running(tmp_path) as bench:
        got: list[Any] = []
        bench.system.subscribe("TRAINING_COMPLETED", got.append)
        first = emit(tmp_path, *COMPLETED, "success=true", "--subject", "m", "--source", "shell")
        assert first.exit_code == 0
        assert first.output.endswith(" routed to 1 subscriber\n")
        found = first.output.split()[0]
        again = emit(tmp_path, *COMPLETED, "success=true", "--json")
        assert again.exit_code == 0
        told = json.loads(again.output)
        assert (told["state"], told["duplicate_of"]) == ("duplicate", found)
        posted = emit(tmp_path, *COMPLETED, "model_id=x", "--no-wait")
        assert posted.output.endswith(" accepted\n")
        assert "accepted" in emit(tmp_path, *COMPLETED, "model_id=y", "--no-wait", "--json").output
        unrouted = emit(tmp_path, "MODEL_PROMOTED", "config_key=k", "model_path=m")
        assert "nobody subscribes to it" in unrouted.output, unrouted.output
        assert next((e.source, e.subject) for e in bench.saw(1)) == ("shell", "m")


def test_a_payload_comes_as_json_too(tmp_path: Path) -> None:
    given = '{"config_key": "k", "final_loss": 0.5}'
    emitted = emit(tmp_path, "TRAINING_COMPLETED", "model_path=m", "--payload", "-", stdin=given)
    assert emitted.exit_code == 0
    (path,) = waiting(tmp_path / "spool")
    payload = msgspec.msgpack.decode(read(path).events[0].payload)
    assert payload == {"config_key": "k", "final_loss": 0.5, "model_path": "m"}


def test_while_no_node_runs_it_is_spooled(tmp_path: Path) -> None:
    assert "spooled: no node takes it now" in emit(tmp_path, *COMPLETED).output
    told = json.loads(emit(tmp_path, *COMPLETED, "--json").output)
    assert told["state"] == "spooled"
    assert len(waiting(tmp_path / "spool")) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("TRAINING_COMPLETD",), "did you mean TRAINING_COMPLETED"),
        (("EVALUATION_COMPLETED", "elo=1"), "EVALUATION_COMPLETED"),
        ((*COMPLETED, "final_loss=x"), "TRAINING_COMPLETED.final_loss"),
        ((*COMPLETED, "--payload", "[1]"), "--payload is no JSON object"),
        ((*COMPLETED, "--payload", '{"model_path": "x"}'), "model_path: given as an argument and"),
    ],
)
def test_what_is_no_event_is_said(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    result = emit(tmp_path, *arguments)
    assert result.exit_code == 1
    assert says in result.output
    assert not (tmp_path / "spool").exists()


def test_an_unknown_name_is_spooled_where_the_node_is_to_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGRIFT_EVENT_VALIDATION_STRICT", "0")
    assert emit(tmp_path, "SOMETHING_NEW", "a=1").exit_code == 0


def test_a_directory_that_is_not_there_is_no_place_to_keep_it(tmp_path: Path) -> None:
    result = emit(tmp_path / "typo", *COMPLETED)
    assert result.exit_code == 75
    assert "is it the right one?" in result.output


@pytest.mark.parametrize(
    ("routing", "code", "says"), [("shed", 75, "the node is behind"), ("expired", 1, "too old")]
)
def test_what_the_node_does_not_pass_on_has_an_exit_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, routing: str, code: int, says: str
) -> None:
    receipt = Receipt("id", Routing(routing))

    def publish(*_: object, **__: object) -> Receipt:
        return receipt

    monkeypatch.setattr(Client, "publish", publish)
    result = emit(tmp_path, *COMPLETED)
    assert (result.exit_code, says in result.output) == (code, True)
