"""Behaviour 38: a node is ready when all that is critical is, and its score has bands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from ringleader import Actor, ChildSpec, Ignore, Supervisor, System, handles
from ringleader.readiness import Place, Readiness, level_of, look, places, readiness
from ringleader.supervisors.errors import StartIgnored
from ringleader.testing import TestSystem

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("quiet")


class Worker(Actor):
    """Is ready when it is told so."""

    @handles(str)
    def obey(self, _: str) -> None:
        self.ready()


class Unwilling(Actor):
    """Does not start."""

    def on_start(self) -> None:
        raise Ignore


class Family(Supervisor):
    """Has a critical child below a child that is not."""

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("child", Worker, critical=True, signals_ready=True)]


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100) as system:
        yield system


def running(number: int) -> list[Place]:
    return [Place(f"/r{n}", "running") for n in range(number)]


def down(number: int) -> list[Place]:
    return [Place(f"/d{n}", "down") for n in range(number)]


def test_a_node_is_ready_when_all_that_is_critical_is_up() -> None:
    assert readiness([Place("/a", "running", critical=True), *down(9)]).ready


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (Place("/a", "backoff", critical=True), "/a is critical and backoff"),
        (Place("/a", "starting", critical=True), "/a is critical and starting"),
        (Place("/a", "quarantined", critical=True), "/a is critical and quarantined"),
        (Place("/a", "held", critical=True, wanted=False), "/a is critical and held"),
        (Place("/a", "running", critical=True, ready=False), "/a is critical and not ready yet"),
    ],
)
def test_it_is_not_ready_while_something_critical_is_missing_and_says_what(
    place: Place, reason: str
) -> None:
    found = readiness([*running(99), place])

    assert (found.ready, found.reasons) == (False, (reason,))
    assert found.level == "healthy"


def test_each_that_is_missing_is_a_reason() -> None:
    missing = [Place(path, "down", critical=True) for path in ("/a", "/b")]

    assert len(readiness(missing).reasons) == 2


@pytest.mark.parametrize(
    ("up", "of", "level"),
    [
        (10, 10, "healthy"),
        (9, 10, "healthy"),
        (89, 100, "degraded"),
        (5, 10, "degraded"),
        (49, 100, "unhealthy"),
        (0, 1, "unhealthy"),
    ],
)
def test_the_score_is_the_share_that_runs_in_bands(up: int, of: int, level: str) -> None:
    found = readiness([*running(up), *down(of - up)])

    assert found.score == up / of
    assert found.level == level == level_of(up / of)


def test_what_should_not_run_does_not_lower_the_score() -> None:
    held = Place("/held", "held", wanted=False)

    assert readiness([*running(1), held]).score == 1.0


def test_an_empty_tree_lacks_nothing() -> None:
    assert readiness([]) == Readiness(ready=True, reasons=(), score=1.0, level="healthy")


PLACES = st.builds(
    Place,
    st.just("/a"),
    st.sampled_from(["running", "down", "backoff"]),
    critical=st.booleans(),
    ready=st.booleans(),
    wanted=st.booleans(),
)


@given(st.lists(PLACES))
def test_one_more_that_runs_never_makes_it_worse(some: list[Place]) -> None:
    before, after = readiness(some), readiness([*some, Place("/b", "running", critical=True)])

    assert after.score >= before.score
    assert after.reasons == before.reasons
    assert before.ready == (not before.reasons)
    assert 0.0 <= before.score <= 1.0


# -------------------------------------------------------------------------- a real tree


def test_a_critical_child_anywhere_in_the_tree_is_waited_for(system: TestSystem) -> None:
    system.start_child(ChildSpec("family", Family))
    assert look(system).reasons == ("/family/child is critical and not ready yet",)

    system.ref("/family/child").tell("ready")
    system.run()

    assert look(system) == Readiness(ready=True, reasons=(), score=1.0, level="healthy")


def test_a_child_that_is_done_is_not_missed_and_one_that_is_down_is(system: TestSystem) -> None:
    system.start_child(ChildSpec("done", Worker, restart="transient")).stop()
    with pytest.raises(StartIgnored):
        system.start_child(ChildSpec("unwilling", Unwilling, critical=True))
    system.run()

    assert [(p.path, p.state, p.wanted) for p in places(system)] == [
        ("/done", "down", False),
        ("/unwilling", "down", True),
    ]
    assert look(system).reasons == ("/unwilling is critical and down",)
    assert look(system).score == 0.0


def test_a_system_that_does_not_run_is_not_ready() -> None:
    found = look(System())

    assert (found.ready, found.score, found.level) == (False, 0.0, "unhealthy")
