"""Whether our trace is OTP's, and if not, where they part."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.otp.deviations import align, names_modules, without_modules
from tests.otp.normal import line

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.otp.writing import Scenario, Trace

MISSING = "(nothing)"


@dataclass(frozen=True)
class Verdict:
    """What came of one comparison.

    Attributes:
        difference: where they part and what each has there; empty if they are equal.
        rules: which deviations were made use of.
        scenario: what was played.
        theirs: OTP's line.
        ours: our line.
    """

    difference: str
    rules: tuple[str, ...]
    scenario: Scenario
    theirs: str
    ours: str

    def __str__(self) -> str:
        return (
            f"{self.scenario['name']} differs at {self.difference}\n"
            f"scenario {json.dumps(self.scenario)}\nOTP  {self.theirs}\nours {self.ours}"
        )


def compare(scenario: Scenario, theirs: str, play: Callable[[Scenario], Trace]) -> Verdict:
    """Play a scenario and compare the trace with OTP's line, byte for byte but for deviations."""
    rules: list[str] = []
    if names_modules(scenario):
        scenario, trace = without_modules(scenario, json.loads(theirs))
        theirs = line(trace)
        rules.append("modules")
    played = play(scenario)
    ours = line(played)
    difference = ""
    if ours != theirs:
        left, right, used = align(scenario, json.loads(theirs), json.loads(ours))
        rules += used
        if line(left) != line(right):
            difference = first_difference(left, right)
    return Verdict(difference, tuple(rules), scenario, theirs, ours)


def first_difference(theirs: Any, ours: Any, at: str = "") -> str:
    """Return the innermost place where two traces part, and what each has there."""
    match theirs, ours:
        case {}, {}:
            pairs = {
                key: (theirs.get(key, MISSING), ours.get(key, MISSING)) for key in theirs | ours
            }
            found = [(f"{at}.{key}", pair) for key, pair in pairs.items() if pair[0] != pair[1]]
        case [*_], [*_]:
            both = enumerate(zip(theirs, ours, strict=False))
            found = [(f"{at}[{i}]", pair) for i, pair in both if pair[0] != pair[1]]
        case _:
            found = []
    if found:
        where, (left, right) = found[0]
        return first_difference(left, right, where)
    return f"{at or 'the order of keys'}: OTP {json.dumps(theirs)}, ours {json.dumps(ours)}"
