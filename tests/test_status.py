"""How a node fares as a whole."""

from __future__ import annotations

from ringleader import Actor, ChildSpec
from ringleader.cli.status import lines
from ringleader.operate import operate
from ringleader.status import NodeStatus, status_of
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
        assert (found.ready, found.not_running) == (True, {"/other": "held"})

        operate(system, "quarantine", "/vital", by="ada")
        found = status_of(system, "running")
        assert (found.ready, found.not_running["/vital"]) == (False, "quarantined")
        assert found.reasons == ("/vital is critical and quarantined",)


def test_while_it_starts_or_stops_it_is_not_ready() -> None:
    with TestSystem() as system:
        starting, stopping = status_of(system, "starting"), status_of(system, "stopping")
        assert (starting.ready, starting.reasons) == (False, ("the tree is still being started",))
        assert (stopping.ready, stopping.reasons) == (False, ("the node is being stopped",))
    assert not status_of(system, "stopping").ready


def test_of_very_many_that_do_not_run_the_first_are_listed() -> None:
    found = NodeStatus(
        node="n",
        pid=1,
        phase="running",
        uptime=60.0,
        ready=False,
        reasons=("/a is critical and down",),
        score=0.25,
        level="unhealthy",
        actors=9,
        restarts=1,
        not_running={f"/w{number}": "backoff" for number in range(25)},
    )
    told = list(lines(found))
    assert told[:3] == [
        "node n (process 1) is not ready: running for 1 min, unhealthy at 25%, 9 actors, 1 restart",
        "  /a is critical and down",
        "  /w0 is backoff",
    ]
    assert told[-1] == "  … and 5 more"
