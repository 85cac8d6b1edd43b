"""All 146 scenarios by hand: each rule of README.md, by its number, in at least one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.otp.by_hand_calling import calling, stopping
from tests.otp.by_hand_pools import automatic_shutdown, pools
from tests.otp.by_hand_restarting import escalation, intensity, strategies
from tests.otp.by_hand_retrying import retrying
from tests.otp.by_hand_starting import bad_specs, exits, starting

if TYPE_CHECKING:
    from tests.otp.writing import Scenario, Step, Tree

SECTIONS = (
    starting,
    bad_specs,
    exits,
    strategies,
    intensity,
    escalation,
    retrying,
    stopping,
    calling,
    automatic_shutdown,
    pools,
)


def named() -> list[Scenario]:
    """Return them, always in the same order."""
    scenarios: list[Scenario] = []

    def add(name: str, rules: str, tree: Tree, *steps: Step, **more: Any) -> None:
        scenarios.append({"name": name, "rules": rules, "tree": tree, "steps": list(steps), **more})

    for section in SECTIONS:
        section(add)
    return scenarios
