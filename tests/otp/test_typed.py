"""The typed calls say what OTP's terms say, in all golden scenarios."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.otp.comparing import compare
from tests.otp.normal import line
from tests.otp.players import OneByOne
from tests.otp.stored import Golden, chunks
from tests.otp.typed import TypedWorld, as_typed

if TYPE_CHECKING:
    from ringleader.supervisors.errors import SupervisorError
    from tests.otp.writing import Scenario, Trace

CHUNKS = chunks()


def play(scenario: Scenario) -> Trace:
    return as_typed(TypedWorld(OneByOne()).run(scenario))


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS)
def test_refs_values_and_exceptions_say_what_otps_terms_say(chunk: list[Golden]) -> None:
    for scenario, trace in chunk:
        verdict = compare(scenario, line(as_typed(json.loads(trace))), play)
        assert not verdict.difference, str(verdict)


def test_every_error_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    met: Counter[str] = Counter()
    refused = TypedWorld._refused

    def count(world: TypedWorld, step: dict[str, object], error: SupervisorError) -> object:
        met[type(error).__name__] += 1
        return refused(world, step, error)

    monkeypatch.setattr(TypedWorld, "_refused", count)
    for scenario, _ in CHUNKS["named"]:
        TypedWorld(OneByOne()).run(scenario)

    assert set(met) == {
        "AlreadyPresent",
        "AlreadyStarted",
        "BadChildSpec",
        "ChildNotFound",
        "ChildRestarting",
        "ChildRunning",
        "StartFailed",
        "StartIgnored",
        "WrongStrategy",
    }
