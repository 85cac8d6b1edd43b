"""What a running node has seen is judged like code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from ringleader import ALL, Actor, ChildSpec, System, handles
from ringleader.actors.event_statistics import EventStatistics
from ringleader.actors.letters import Outcome
from ringleader.audit.live import ask, judge
from ringleader.audit.resolve import Project
from ringleader.audit.vocabulary import Vocabulary
from ringleader.client import NodeClient
from ringleader.control import ControlServer
from ringleader.desk import Desk
from ringleader.events import (
    ConfigEvent,
    EventCategory,
    ModelPromoted,
    TrainingCompleted,
    TrainingFailed,
)
from ringleader.subscribed import Subscribed, subscribed
from tests.probe import probe

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = Vocabulary(Project([])).events


def statistics(**counts: Any) -> EventStatistics:
    numbers = ("published", "deduplicated", "unrouted", "deliveries", "subscriptions", "looped")
    values: dict[str, Any] = {name: 0 for name in numbers}  # noqa: C420  # of any type
    values |= {name: {} for name in ("outcomes", "by_type", "unknown", "renamed")}
    return EventStatistics(**(values | counts))


def found(table: list[Subscribed], **counts: Any) -> list[tuple[str, str, str]]:
    return [(f.kind, f.event, f.what) for f in judge(statistics(**counts), table, EVENTS)]


def test_a_type_that_came_and_nobody_wanted_is_unhandled() -> None:
    assert found([], by_type={"TRAINING_COMPLETED": 3, "TRAINING_FAILED": 0}) == [
        (
            "unhandled",
            "TRAINING_COMPLETED",
            "TRAINING_COMPLETED was published 3 times, and nobody is subscribed to it",
        )
    ]


@pytest.mark.parametrize(
    ("breadth", "kinds"), [("type", []), ("category", []), ("all", ["unhandled"])]
)
def test_who_wants_all_events_wants_none_of_them_in_particular(
    breadth: Any, kinds: list[str]
) -> None:
    table = [
        Subscribed(path="/a", topic="X", breadth=breadth, published=("TRAINING_COMPLETED",), sent=1)
    ]
    assert [k for k, _, _ in found(table, by_type={"TRAINING_COMPLETED": 1})] == kinds


def test_a_subscription_that_never_got_anything_is_idle() -> None:
    table = [
        Subscribed(path="/a", topic="MODEL_PROMOTED", breadth="type"),
        Subscribed(path="/b", topic="ALL", breadth="all"),
    ]
    assert found(table) == [
        ("idle", "MODEL_PROMOTED", "/a is subscribed to MODEL_PROMOTED, and never got anything")
    ]


def test_old_spellings_that_came_are_told_with_what_is_meant() -> None:
    assert found([], renamed={"TRAINING_COMPLETE": 2, "config": 1}) == [
        (
            "alias",
            "TRAINING_COMPLETED",
            "'TRAINING_COMPLETE', an old spelling, came 2 times: write TRAINING_COMPLETED",
        ),
        ("alias", "config", "'config', an old spelling, came once"),
    ]


def test_names_that_nobody_knows_are_told_with_what_is_near() -> None:
    [(kind, name, what), (_, _, rejected)] = found(
        [], unknown={"TRAINING_COMPLETEDD": 1, "training_paused": 1}
    )
    assert (kind, name) == ("unregistered", "TRAINING_COMPLETEDD")
    assert "did you mean TRAINING_COMPLETED" in what
    assert "TRAINING_BLOCKED_BY_QUALITY" in rejected


class Trainee(Actor):
    @handles(TrainingCompleted)
    def take(self, event: TrainingCompleted) -> None:
        pass

    @handles(ModelPromoted)
    def hope(self, event: ModelPromoted) -> None:
        pass


def test_a_node_tells_who_is_subscribed_and_what_came_of_it(tmp_path: Path) -> None:
    with System(node_id="n1", seed=1) as system:
        system.start_child(ChildSpec("trainee", Trainee))
        system.subscribe(ALL, lambda _: None, name="everything")
        system.subscribe(EventCategory.P2P, lambda _: None, name="p2p")
        system.subscribe(ConfigEvent, lambda _: None, name="configs")
        system.publish("TRAINING_COMPLETE", {"config": "hex8_2p", "model_id": "m"})
        system.publish(TrainingFailed(config_key="hex8_2p", error="x"))

        def settled() -> bool:
            outcomes = [s.outcomes.get(Outcome.HANDLED, 0) for s in subscribed(system)]
            return sum(outcomes) == 5

        probe(settled)
        table = {(s.path, s.topic): s for s in subscribed(system)}
        took = table["/trainee", "TRAINING_COMPLETED"]
        assert (took.breadth, took.sent, took.outcomes) == ("type", 1, {Outcome.HANDLED: 1})
        breadths = {s.topic: s.breadth for s in table.values()}
        assert (breadths["ALL"], breadths["P2P"], breadths["ConfigEvent"]) == (
            "all",
            "category",
            "type",
        )

        desk = Desk(system, cast("Any", None), lambda: None)
        path = tmp_path / "control.sock"
        server = ControlServer(path, desk.answer, system.context.spawn)
        server.start()
        with NodeClient(path) as client:
            assert {(s.path, s.topic): s for s in client.subscriptions()} == table
            node, findings = ask(client, EVENTS)
        assert server.close()
    assert node == "n1"
    assert ("idle", "MODEL_PROMOTED") in {(f.kind, f.event) for f in findings}
    assert ("alias", "TRAINING_COMPLETED") in {(f.kind, f.event) for f in findings}
