from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ringleader.actors.lifecycle import (
    LATER,
    Exit,
    Failed,
    Ignored,
    Shutdown,
    Up,
    is_normal,
    reason_of,
)


@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", "restarting the node")])
def test_who_was_asked_to_end_or_was_done_ended_normally(reason: Any) -> None:
    assert is_normal(reason)


@pytest.mark.parametrize(
    "reason",
    ["killed", "kill", ValueError("no"), None, ("shutdown",), ("shutdown", 1, 2), ("x", 1)],
)
def test_all_else_is_a_failure(reason: Any) -> None:
    assert not is_normal(reason)


def test_an_exception_is_its_own_reason() -> None:
    error = ValueError("no such game")

    assert reason_of(error) is error


def test_an_exit_stands_for_the_reason_that_was_chosen() -> None:
    assert reason_of(Exit(("shutdown", "done"))) == ("shutdown", "done")
    assert reason_of(Exit()) == "normal"


def test_what_is_told_are_frozen_values_equal_by_content() -> None:
    assert Up() == Up(None)
    assert Ignored() == Ignored()
    assert Failed("x") == Failed("x") != Failed("y")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Shutdown("normal").reason = "killed"  # type: ignore[misc]  # that is the point


def test_later_says_its_name() -> None:
    assert repr(LATER) == "LATER"
