"""A child that crashes for ever costs nothing more than its last deaths, which are kept."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from ringleader import Actor, ChildSpec, System

KEPT = 1_000
"""Deaths and dead letters that a system keeps in memory."""

SLACK = 50
"""Objects that come and go: timers, turns, the collector's own."""


class Fragile(Actor):
    """Crashes when it is told to."""

    def on_receive(self, message: Any) -> Any:
        if message == "boom":
            raise ValueError(message)
        return message


@pytest.mark.slow
def test_crashes_and_restarts_leave_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    with System(intensity=10**6) as system:
        ref = system.start_child(ChildSpec("fragile", Fragile))

        def crash(times: int) -> int:
            for _ in range(times):
                ref.tell("boom")
                ref.ask("are you back?", timeout=30)
            gc.collect()
            return len(gc.get_objects())

        before = crash(KEPT + 200)
        assert crash(1_000) <= before + SLACK
        assert system.deaths.restarts == KEPT + 1_200
