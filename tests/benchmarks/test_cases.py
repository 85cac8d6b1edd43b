"""The cases do their work; how fast is measured elsewhere."""

from __future__ import annotations

import pytest

from benchmarks.cases import CASES, Case
from benchmarks.memory import measure
from benchmarks.sides import SIDES

TIMED = [case for case in CASES.values() if case.run is not None]


@pytest.mark.parametrize("case", TIMED, ids=lambda case: case.name)
@pytest.mark.parametrize("side", SIDES)
def test_every_case_ends_and_says_how_long_it_took(side: str, case: Case) -> None:
    assert case.run is not None
    assert case.run(SIDES[side], 100) > 0


@pytest.mark.parametrize("side", SIDES)
def test_memory_is_measured_per_actor(side: str) -> None:
    assert measure(side, 20) >= 0


def test_the_cases_with_a_target_are_those_of_the_promise() -> None:
    targets = {case.name: case.target for case in CASES.values() if case.target is not None}
    assert targets == {
        "tell": 6,
        "fan-out": 6,
        "ring": 8,
        "pipelined-ask": 4,
        "blocking-ask": 0.85,
        "spawn-stop": 10,
    }
