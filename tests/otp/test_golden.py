"""The production supervisor gives the traces that Erlang/OTP gave."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.otp.by_hand import named
from tests.otp.comparing import compare
from tests.otp.generator import random_scenarios
from tests.otp.replay import playing
from tests.otp.stored import COUNT, SEED, Golden, chunks, found, scenario_lines

if TYPE_CHECKING:
    from tests.otp.replay import Play

CHUNKS = chunks()


def differences(chunk: list[Golden], play: Play) -> list[str]:
    """Play a chunk; describe what differs, the first three in full."""
    verdicts = (compare(scenario, trace, play) for scenario, trace in chunk)
    differ = [verdict for verdict in verdicts if verdict.difference]
    names = [verdict.scenario["name"] for verdict in differ[3:]]
    return [*map(str, differ[:3]), *names]


def test_there_are_2146_golden_traces() -> None:
    assert sum(len(chunk) for name, chunk in CHUNKS.items() if name != "found") == 2146


def test_the_golden_scenarios_are_what_their_seed_stands_for() -> None:
    assert [json.dumps(scenario) for scenario in named()] == scenario_lines("named")
    drawn = random_scenarios(SEED, COUNT)
    assert [json.dumps(scenario) for scenario in drawn] == scenario_lines("random")
    assert [json.dumps(scenario) for scenario in found()] == scenario_lines("found")


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS)
def test_every_trace_is_otps(chunk: list[Golden]) -> None:
    with playing() as play:
        assert differences(chunk, play) == []


@pytest.mark.parametrize(("seed", "chunk"), list(enumerate(CHUNKS.values())), ids=CHUNKS)
def test_every_trace_is_otps_when_turns_are_shuffled(seed: int, chunk: list[Golden]) -> None:
    with playing(shuffle=seed) as play:
        assert differences(chunk, play) == []


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS)
def test_every_trace_is_otps_on_real_threads(chunk: list[Golden]) -> None:
    with playing(threads=True) as play:
        assert differences(chunk, play) == []
