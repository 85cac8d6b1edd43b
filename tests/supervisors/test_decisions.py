from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from ringleader.actors.base import Actor
from ringleader.supervisors.child import Child
from ringleader.supervisors.decisions import describe, words
from ringleader.supervisors.plan import Decided, Verdict
from ringleader.supervisors.spec import ChildSpec, Flags

if TYPE_CHECKING:
    from ringleader.actors.incarnation import Incarnation

FLAGS = Flags(intensity=10, period=60, auto_shutdown="any_significant")


def said(verdict: Verdict, **fields: Any) -> str:
    child = Child(ChildSpec("a", Actor), "a")
    return words(Decided(child, cast("Incarnation", None), "boom", verdict, **fields), FLAGS)


@pytest.mark.parametrize(
    ("verdict", "fields", "expected"),
    [
        (Verdict.RESTARTED, {}, "restarted"),
        (Verdict.RESTARTED, {"siblings": 1}, "restarted with 1 sibling"),
        (Verdict.RESTARTED, {"siblings": 3, "after": 0.5}, "restarted with 3 siblings in 0.5 s"),
        (Verdict.RETRYING, {}, "retrying"),
        (Verdict.RETRYING, {"after": 20.0}, "retrying in 20 s"),
        (Verdict.GAVE_UP, {"restarts": 11}, "gave up: intensity 10 in 60 s exceeded"),
        (Verdict.LEFT_DOWN, {}, "left down"),
        (
            Verdict.REMOVED,
            {"ends_supervisor": True},
            "removed; its supervisor shuts down (any_significant)",
        ),
    ],
)
def test_a_decision_is_said_in_a_few_words(
    verdict: Verdict, fields: dict[str, Any], expected: str
) -> None:
    assert said(verdict, **fields) == expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("killed", "killed"),
        (ValueError("no such game\nhelp"), "ValueError: no such game"),
        (ValueError(), "ValueError"),
        (("shutdown", "x"), "('shutdown', 'x')"),
        (
            ("shutdown", ("failed_to_start_child", "b", ValueError("no"))),
            "its child 'b' did not start: ValueError: no",
        ),
        (
            ("start_spec", "missing_id"),
            "it has no id: give it a name that none of its siblings has",
        ),
    ],
)
def test_a_reason_is_said_in_one_line(reason: object, expected: str) -> None:
    assert describe(reason) == expected
