"""`ringleader events audit` ends with 0, 1 or 2, and says what it found."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest
import typer
from typer.testing import CliRunner

from ringleader import System
from ringleader.audit.scan import scan
from ringleader.cli import events_audit
from ringleader.cli.output import Command, Commands
from ringleader.control import ControlServer
from ringleader.desk import Desk
from ringleader.events import TrainingFailed
from tests.probe import probe

if TYPE_CHECKING:
    from pathlib import Path

    from tests.audit.shop import Shop

SHIP = "self.publish(OrderShipped(order_id=order.order_id))"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave ringleader's own code out: reading it takes seconds, and another test does it."""
    monkeypatch.setattr(events_audit, "scan", partial(scan, background=None))


def run(*arguments: str | Path) -> tuple[int, str]:
    app = typer.Typer(cls=Commands)
    app.callback()(lambda: None)
    app.command("audit", cls=Command)(events_audit.audit)
    result = CliRunner().invoke(app, ["audit", *map(str, arguments)])
    return result.exit_code, result.output


def test_code_in_which_all_fits_ends_with_0(shop: Shop) -> None:
    shop.facts()
    code, text = run(shop.path)
    assert code == 0
    assert "no findings" in text


def test_findings_end_with_1_and_are_printed_with_their_places(shop: Shop) -> None:
    shop.change(SHIP, "pass").facts()
    code, text = run(shop.path)
    assert code == 1
    assert f"{shop.line('def close')}: ORDER_SHIPPED is handled" in text


def test_several_paths_can_be_named(shop: Shop) -> None:
    shop.facts()
    assert run(shop.path / "shop" / "events.py")[0] == 1
    assert run(shop.path / "shop" / "events.py", shop.path / "shop" / "actors.py")[0] == 0


def test_json_has_the_same(shop: Shop) -> None:
    shop.change(SHIP, "pass").facts()
    code, text = run(shop.path, "--json")
    value = json.loads(text)
    assert code == 1
    assert not value["ok"]
    assert [f["kind"] for f in value["findings"]] == ["unpublished"]


def test_a_list_of_ones_own_excuses_but_not_strictly(shop: Shop) -> None:
    shop.change(SHIP, "pass").facts()
    path = shop.path / "list.toml"
    path.write_text(
        '[[exception]]\nkind = "unpublished"\ntypes = ["ORDER_SHIPPED"]\nreason = "outside"\n'
    )
    assert run(shop.path, "--exceptions", path)[0] == 0
    assert "no fault: outside" in run(shop.path, "--exceptions", path, "--verbose")[1]
    assert run(shop.path, "--exceptions", path, "--strict")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no_such_path"], "there is no no_such_path"),
        ([".", "--exceptions", "no_such_list"], "no_such_list can't be read"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_arguments_that_make_no_sense_end_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, text = run(*arguments)
    assert code == 2
    assert message in text


def test_a_running_node_is_asked_what_it_saw(shop: Shop) -> None:
    shop.facts()
    with System(node_id="n1", seed=1) as system:
        desk = Desk(system, cast("Any", None), lambda: None)
        server = ControlServer(shop.path / "control.sock", desk.answer, system.context.spawn)
        server.start()
        system.publish(TrainingFailed(config_key="hex8_2p", error="x"))
        probe(lambda: system.statistics().events.published)
        system.subscribe("MODEL_PROMOTED", lambda _: None)
        code, text = run(shop.path, "--live", "--data-dir", shop.path)
        strictly = run(shop.path, "--live", "--strict", "--data-dir", shop.path)[1]
        assert server.close()
    assert code == 1
    assert "node n1 was asked what it saw" in text
    assert "TRAINING_FAILED was published once, and nobody is subscribed to it" in text
    assert "excused: 1 idle" in text
    assert "is subscribed to MODEL_PROMOTED, and never got anything" in strictly


def test_without_a_node_the_question_what_it_saw_ends_with_75(shop: Shop) -> None:
    shop.facts()
    code, text = run(shop.path, "--live", "--data-dir", shop.path / "data")
    assert code == 75
    assert "no node runs" in text
