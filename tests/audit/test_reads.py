"""What a handler reads of an event is followed to where it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.audit.shop import Shop

HEAD = """
from functools import partial
from ringleader import Actor, handles
from ringleader.events import (
    EventCategory, TaskCompleted, TaskFailed, TrainingCompleted, TrainingFailed
)

def helper(text, event):
    return event.model_id

class Base(Actor):
    def look(self, event):
        return event.model_id

class A(Base):
    @property
    def other(self):
        return A()

"""


def reads_of(shop: Shop, body: str, kinds: str = "TrainingCompleted") -> set[tuple[str, str]]:
    lines = "\n".join(f"        {line}" for line in body.split("\n"))
    code = f"    @handles({kinds})\n    def take(self, event):\n{lines}\n"
    shop.files = {"more.py": HEAD + code}
    return {(read.event, read.field) for read in shop.facts().reads}


ONE = {("TRAINING_COMPLETED", "model_id")}


@pytest.mark.parametrize(
    "body",
    [
        "print(event.model_id)",
        "if event.model_id: ...",
        "x = [event.model_id for _ in range(3)]",
        "self.f(lambda s: event.model_id)",
        "def inner():\n    return event.model_id",
        'print(f"{event.model_id}")',
        'getattr(event, "model_id", None)',
        "match event:\n    case TrainingCompleted(model_id=m): ...",
        "match event:\n    case TrainingCompleted() as e:\n        e.model_id",
        "match event:\n    case TrainingCompleted() | TrainingFailed(): ...\nevent.model_id",
        "e = event\ne.model_id",
        "self.look(event)",
        "self.look(event=event)",
        "helper('x', event)",
        "helper(event=event, text='x')",
        "partial(helper, 'x', event)",
        "with a: event.model_id",
        "try:\n    pass\nexcept ValueError:\n    event.model_id",
        "super().look(event)",
        "a = A()\na.look(event)",
    ],
)
def test_a_reading_is_seen_wherever_it_is(shop: Shop, body: str) -> None:
    assert reads_of(shop, body) == ONE


@pytest.mark.parametrize(
    "body", ["event.model_id = 3", "other.model_id", "print(event)", "self.unknown(event)"]
)
def test_what_is_no_reading_is_none(shop: Shop, body: str) -> None:
    assert reads_of(shop, body) <= ONE
    assert "other.model_id" not in body or reads_of(shop, body) == set()


BOTH = "TaskCompleted, TaskFailed"


@pytest.mark.parametrize(
    "body",
    [
        "if isinstance(event, TaskFailed): event.error",
        "if not isinstance(event, TaskFailed): return\nevent.error",
        "if isinstance(event, TaskCompleted): pass\nelse: event.error",
        "if isinstance(event, TaskCompleted):\n    return\nevent.error",
        "isinstance(event, TaskFailed) and event.error",
        "event.error if isinstance(event, TaskFailed) else None",
        "None if isinstance(event, TaskCompleted) else event.error",
        "match event:\n    case TaskFailed(error=e): ...",
        "match event:\n    case TaskFailed(): event.error",
        "match event:\n    case TaskCompleted(): ...\n    case _: event.error",
    ],
)
def test_a_question_about_the_type_says_whose_field_it_is(shop: Shop, body: str) -> None:
    assert reads_of(shop, body, BOTH) == {("TASK_FAILED", "error")}


def test_without_such_a_question_each_type_must_have_it(shop: Shop) -> None:
    reads_of(shop, "event.error", BOTH)
    assert ("unknown-field", "TASK_COMPLETED", "error") in shop.found()
    assert ("unknown-field", "TASK_FAILED", "error") not in shop.found()


def test_of_a_category_one_type_that_has_it_is_enough(shop: Shop) -> None:
    reads_of(shop, "event.model_id, event.never_heard_of", "EventCategory.TRAINING")
    found = [(kind, field) for kind, _, field in shop.found() if kind == "unknown-field"]
    assert found == [("unknown-field", "never_heard_of")]


def test_properties_and_class_attributes_of_a_type_are_no_fields(shop: Shop) -> None:
    reads_of(shop, "event.board_type, event.EVENT.name, event.num_players")
    assert [f for f in shop.found() if f[0] == "unknown-field"] == []


def test_what_a_condition_looks_at_is_read(shop: Shop) -> None:
    reads_of(shop, "pass", 'TrainingCompleted, where={"succes": True}')
    assert ("unknown-field", "TRAINING_COMPLETED", "succes") in shop.found()


def test_a_subclass_is_asked_for_its_own_methods(shop: Shop) -> None:
    reads_of(shop, "self.look(event)")
    shop.add("\n    def look(self, event):\n        return event.no_such\n", "more.py")
    assert ("unknown-field", "TRAINING_COMPLETED", "no_such") in shop.found()


def test_helpers_that_hand_an_event_round_in_circles_end(shop: Shop) -> None:
    reads_of(shop, "self.a(event)")
    shop.add(
        "    def a(self, e): self.b(e)\n    def b(self, e): self.a(e); e.model_id\n", "more.py"
    )
    assert {(r.event, r.field) for r in shop.facts().reads} == ONE


def test_functions_that_subscribe_are_followed_like_methods(shop: Shop) -> None:
    code = """
def main(system):
    def inner(event):
        event.b
    system.subscribe(TrainingCompleted, outer)
    system.subscribe(TrainingCompleted, inner)
    system.subscribe(TrainingCompleted, lambda event: event.c)

    system.subscribe_many({TrainingFailed: other, "TASK_FAILED": lambda event: event.e})

def outer(event):
    event.a

def other(event):
    event.d
"""
    shop.files = {"more.py": HEAD + code}
    assert {(read.event, read.field) for read in shop.facts().reads} == {
        ("TRAINING_COMPLETED", "a"),
        ("TRAINING_COMPLETED", "b"),
        ("TRAINING_COMPLETED", "c"),
        ("TRAINING_FAILED", "d"),
        ("TASK_FAILED", "e"),
    }
