"""How a node fares as a whole."""

from __future__ import annotations

from ringleader import Actor, ChildSpec
from ringleader.operate import operate
from ringleader.status import status_of
from ringleader.testing import TestSystem


class Quiet(Actor):
    """Does nothing."""


def test_a_node_is_ready_when_it_is_up_and_all_that_is_critical_runs() -> None:
    with TestSystem(node_id="n") as system:
        system.start_child(ChildSpec("vital", Quiet, critical=True))
        system.start_child(ChildSpec("other", Quiet))
        found = status_of(system, "running")
        assert (found.node, found.phase, found.ready, found.reasons) == ("n", "running", True, ())
        assert (found.score, found.level, found.restarts) == (1.0, "healthy", 0)

        operate(system, "stop", "/other", by="ada")
        found = status_of(system, "running")
        assert (found.ready, found.held) == (True, ("/other",))

        operate(system, "quarantine", "/vital", by="ada")
        found = status_of(system, "running")
        assert (found.ready, found.quarantined) == (False, ("/vital",))
        assert found.reasons == ("/vital is critical and quarantined",)


def test_while_it_starts_or_stops_it_is_not_ready() -> None:
    with TestSystem() as system:
        starting, stopping = status_of(system, "starting"), status_of(system, "stopping")
        assert (starting.ready, starting.reasons) == (False, ("the tree is still being started",))
        assert (stopping.ready, stopping.reasons) == (False, ("the node is being stopped",))
    assert not status_of(system, "stopping").ready
