"""Every way to publish and to handle an event is seen, with the fields that are set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.audit.scan import NoSuchPath, scan

if TYPE_CHECKING:
    from pathlib import Path

    from ringleader.audit.model import Facts
    from tests.audit.shop import Shop

HEAD = """
from ringleader import ALL, Actor, System, handles
from ringleader.events import DataEventType, Event, EventCategory, TrainingCompleted, TrainingFailed
import ringleader.events as events
from ringleader.events import ConfigEvent
"""


MAPPING = """class A(Actor):
    def subscriptions(self):
        return {{{}}}
    def take(self, event): ..."""


def facts_of(shop: Shop, code: str) -> Facts:
    shop.files = {"more.py": HEAD + code}
    return shop.facts()


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("system.publish(TrainingCompleted(config_key=k, model_id=m))", {"config_key", "model_id"}),
        ("event = TrainingCompleted(config_key=k)\n    hub.publish(event)", {"config_key"}),
        ("return TrainingCompleted(config_key=k)", {"config_key"}),
        ("system.publish(events.TrainingCompleted(config_key=k))", {"config_key"}),
        ("kind = TrainingCompleted\n    publish(kind(config_key=k))", {"config_key"}),
        (
            "kind = TrainingCompleted if m else 0\n    publish(kind(config_key=k))",
            {"config_key"},
        ),
        ("for kind in (TrainingCompleted,):\n        publish(kind(config_key=k))", {"config_key"}),
        ("publish({'yes': TrainingCompleted}[k](config_key=k))", {"config_key"}),
        ("publish(TrainingCompleted(**{'config_key': k}))", {"config_key"}),
        ('system.publish("TRAINING_COMPLETED", {"config_key": k})', {"config_key"}),
        ('client.publish("TRAINING_COMPLETED", payload={"config_key": k})', {"config_key"}),
        ('publish("training_completed", {"config_key": k})', {"config_key"}),
        ('said = {"config_key": k}\n    publish("TRAINING_COMPLETED", said)', {"config_key"}),
        ('publish(DataEventType.TRAINING_COMPLETED, {"config_key": k})', {"config_key"}),
        ('publish(NAME, {"config_key": k})', {"config_key"}),
        ('publish("TRAINING_COMPLETED", {"board_type": k, "num_players": 2})', {"config_key"}),
    ],
)
def test_an_event_is_seen_wherever_it_is_made(shop: Shop, code: str, fields: set[str]) -> None:
    facts = facts_of(shop, f'NAME = "TRAINING_COMPLETED"\ndef f(k, m, publish):\n    {code}\n')
    [emission] = facts.emissions
    assert (emission.event, emission.where) == ("TRAINING_COMPLETED", "f")
    assert emission.fields == fields
    assert not emission.open


@pytest.mark.parametrize(
    "code",
    [
        "publish(TrainingCompleted(config_key=k, **more))",
        'publish("TRAINING_COMPLETED", more)',
        'publish("TRAINING_COMPLETED", {**more})',
        "replace(event, config_key=k)",
    ],
)
def test_what_is_set_beside_is_not_known(shop: Shop, code: str) -> None:
    facts = facts_of(shop, f"def f(k, more, publish, event: TrainingCompleted):\n    {code}\n")
    [emission] = facts.emissions
    assert emission.event == "TRAINING_COMPLETED"
    assert emission.open


def test_a_class_that_is_given_to_a_helper_is_known_by_the_annotation(shop: Shop) -> None:
    facts = facts_of(
        shop,
        "def tell(kind: type[TrainingCompleted | TrainingFailed], key):\n"
        "    publish(kind(config_key=key))\n",
    )
    assert [e.event for e in facts.emissions] == ["TRAINING_COMPLETED", "TRAINING_FAILED"]


def test_a_name_that_only_running_the_code_would_tell_is_counted(shop: Shop) -> None:
    facts = facts_of(shop, "def f(name, system):\n    system.publish(name, {})\n")
    assert facts.emissions == ()
    assert [site.line for site in facts.opaque] == [HEAD.count("\n") + 2]


def test_a_field_that_is_spelled_by_an_alias_counts_as_what_it_means(shop: Shop) -> None:
    facts = facts_of(shop, 'publish("TRAINING_COMPLETED", {"config_id": 1, "source": "x"})')
    [emission] = facts.emissions
    assert emission.fields == {"config_key"}
    assert [s.name for s in facts.spellings] == ["config_id"]


@pytest.mark.parametrize(
    "code",
    [
        "class A(Actor):\n    @handles(TrainingCompleted)\n    def take(self, event): ...",
        "class A(Actor):\n    @handles('TRAINING_COMPLETED')\n    def take(self, event): ...",
        "class A(Actor):\n    @handles(*KINDS)\n    def take(self, event): ...",
        "class A(Actor):\n    @handles(DataEventType.TRAINING_COMPLETED)\n    def f(self, e): ...",
        MAPPING.format("TrainingCompleted: self.take"),
        MAPPING.format("'TRAINING_COMPLETED': 'take'"),
        "def f(system):\n    system.subscribe(TrainingCompleted, print)",
        "def f(system):\n    system.subscribe('TRAINING_COMPLETED', lambda event: None)",
        "def f(hub, ref):\n    hub.subscribe(ref, TrainingCompleted, echo=True)",
        "def f(client):\n    client.subscribe_many([TrainingCompleted], print)",
        "def f(client):\n    client.subscribe_many({'TRAINING_COMPLETED': print})",
        "def f(client):\n    client.subscribe(topic=TrainingCompleted, function=print)",
        "def f(client):\n    client.subscribe_stage('training_complete', print)",
    ],
)
def test_a_handler_is_seen_however_it_is_declared(shop: Shop, code: str) -> None:
    facts = facts_of(shop, f"KINDS = (TrainingCompleted,)\n{code}\n")
    assert {handling.event for handling in facts.handlings} == {"TRAINING_COMPLETED"}


def test_a_category_and_a_base_class_stand_for_all_their_types(shop: Shop) -> None:
    facts = facts_of(shop, "def f(s):\n    s.subscribe(EventCategory.TRAINING, print)\n")
    found = {h.event for h in facts.handlings}
    assert found == {e.name for e in facts.events.values() if e.category == "training"}
    facts = facts_of(shop, "def f(s):\n    s.subscribe(ConfigEvent, print)\n")
    assert {"TRAINING_COMPLETED", "EVALUATION_COMPLETED"} <= {h.event for h in facts.handlings}


@pytest.mark.parametrize("topic", ["ALL", "Event"])
def test_a_subscription_to_everything_counts_for_no_type(shop: Shop, topic: str) -> None:
    facts = facts_of(shop, f"def f(s):\n    s.subscribe({topic}, print)\n")
    assert facts.handlings == ()
    assert len(facts.observers) == 1


@pytest.mark.parametrize(
    "code",
    [
        "redis.subscribe('channel')",
        "mqtt.subscribe('a/b', print)",
        "mqtt.publish('a/b', {})",
        "@app.handles\ndef f(): ...",
    ],
)
def test_other_libraries_may_have_calls_of_the_same_name(shop: Shop, code: str) -> None:
    facts = facts_of(shop, f"{code}\n")
    assert (facts.emissions, facts.handlings, facts.spellings) == ((), (), ())


def test_tests_and_hidden_folders_are_left_out_unless_they_are_named(shop: Shop) -> None:
    code = "from ringleader.events import TrainingFailed\nTrainingFailed(config_key='a')\n"
    for name in ("test_a.py", "conftest.py", "tests/helper.py", ".venv/x.py", "__pycache__/y.py"):
        shop.add(code, name)
    assert "TRAINING_FAILED" not in {e.event for e in shop.facts().emissions}
    facts = scan([shop.path / "test_a.py"], background=None)
    assert [e.event for e in facts.emissions] == ["TRAINING_FAILED"]


def test_a_file_is_read_once_however_it_is_reached(shop: Shop) -> None:
    shop.facts()
    (shop.path / "shop" / "again").symlink_to(shop.path / "shop")
    (shop.path / "link").symlink_to(shop.path / "shop")
    facts = scan([shop.path, shop.path / "shop" / "actors.py"], background=None)
    assert facts.files == 3
    assert len(facts.emissions) == 2


def test_nothing_that_is_scanned_is_imported(shop: Shop) -> None:
    shop.add("raise SystemExit('imported')\n", "shop/events.py")
    assert shop.found() == []


def test_a_path_that_does_not_exist_is_refused_with_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "actors").mkdir()
    with pytest.raises(NoSuchPath, match="did you mean actors"):
        scan([tmp_path / "actor"], background=None)


def test_types_of_ones_own_have_the_fields_of_their_bases(shop: Shop) -> None:
    code = """
from ringleader.events import EventType
class Mine(ConfigEvent, frozen=True, kw_only=True):
    EVENT = EventType(name="MINE")
    size: int
    note: str = ""
"""
    event = facts_of(shop, code).events["MINE"]
    assert event.fields == {"config_key": "required", "size": "required", "note": "nothing"}
    assert {"board_type", "EVENT", "size"} <= event.attributes
