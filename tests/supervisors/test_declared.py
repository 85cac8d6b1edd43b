from __future__ import annotations

from typing import Any

import pytest

from ringleader.supervisors.declared import DeclaredSupervisor
from ringleader.supervisors.errors import StartFailed
from ringleader.supervisors.ref import SupervisorRef
from ringleader.supervisors.spec import ChildSpec
from ringleader.testing import TestSystem
from tests.supervisors.samples import Log, workers


def declared(log: Log, **policy: Any) -> ChildSpec:
    return ChildSpec("t", DeclaredSupervisor, kwargs={"specs": workers(log, "a", "b"), **policy})


def test_a_supervisor_is_made_from_data() -> None:
    log = Log()
    with TestSystem() as system:
        ref = system.start_child(declared(log, strategy="one_for_all", intensity=10, period=60))
        assert isinstance(ref, SupervisorRef)
        log.take()

        system.ref("/t/b").tell("boom")
        system.run()

        assert log.take() == ["-a", "+a", "+b"]


def test_a_restart_begins_with_the_declared_children() -> None:
    log = Log()
    with TestSystem() as system:
        ref = system.start_child(declared(log, intensity=0))
        assert isinstance(ref, SupervisorRef)
        ref.start_child(*workers(log, "c"))

        system.ref("/t/a").tell("boom")
        system.run()

        assert [info.id for info in ref.which_children()] == ["b", "a"]


def test_a_policy_that_makes_no_sense_is_named() -> None:
    with TestSystem() as system, pytest.raises(StartFailed, match=r"mean 'one_for_all'\?"):
        system.start_child(declared(Log(), strategy="one_for_al"))
