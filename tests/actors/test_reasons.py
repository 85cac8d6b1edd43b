from __future__ import annotations

import pytest

from ringleader.actors.letters import DeathReport
from ringleader.actors.reasons import describe, text_of


class Mute(Exception):  # noqa: N818  # has no text
    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (ValueError("no such game"), "ValueError: no such game"),
        (ValueError(), "ValueError"),
        ("killed", "killed"),
        (("shutdown", 3), "('shutdown', 3)"),
        (Mute(), "Mute: <Mute without text: RuntimeError>"),
    ],
)
def test_a_reason_is_said_in_a_few_words(reason: object, said: str) -> None:
    assert describe(reason) == said


def test_what_has_no_text_is_named() -> None:
    assert text_of(Mute()) == "<Mute without text: RuntimeError>"


def test_a_death_by_an_exception_without_text_can_be_reported() -> None:
    report = DeathReport("/a", 1, Mute(), time=0.0, uptime=0.0, depth=0)
    assert report.cause == "Mute: <Mute without text: RuntimeError>"
    assert report.fingerprint == "Mute"
