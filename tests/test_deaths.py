"""What died, why, and what was done."""

from __future__ import annotations

from typing import Any

import pytest

from ringleader import Actor, ChildSpec, Exit, Supervisor
from ringleader.actors.letters import Decision
from ringleader.deaths import Death, Deaths, is_ordered
from ringleader.supervisors.dynamic import DynamicSupervisor, DynamicSupervisorRef
from ringleader.testing import TestSystem


class Mortal(Actor):
    """Dies of what it is told."""

    starts = 0

    def __init__(self, bad_start: int = 0) -> None:
        super().__init__()
        type(self).starts += 1
        if type(self).starts == bad_start:
            raise OSError("no disk")

    def on_receive(self, message: Any) -> Any:
        raise message


@pytest.fixture(autouse=True)
def _first_start() -> None:
    Mortal.starts = 0


@pytest.mark.parametrize("reason", ["normal", "shutdown", ("shutdown", "x"), "ignored"])
def test_an_end_that_was_ordered_is_no_death(reason: object) -> None:
    assert is_ordered(reason)


@pytest.mark.parametrize("reason", ["killed", "boom", ValueError("x"), ("error", 1)])
def test_any_other_end_is(reason: object) -> None:
    assert not is_ordered(reason)


def test_a_death_is_listed_with_its_cause_and_what_was_done() -> None:
    with TestSystem(intensity=10) as system:
        ref = system.start_child(ChildSpec("mortal", Mortal))
        ref.tell(ValueError("boom"))
        ref.tell(Exit("normal"))
        ref.tell(Exit("tired"))
        system.run()

        listed = [(d.path, d.cause, d.decision) for d in system.deaths.all()]
        assert listed == [
            ("/mortal", "ValueError: boom", "restarted"),
            ("/mortal", "normal", "restarted"),  # it is permanent, and must not end
            ("/mortal", "tired", "restarted"),
        ]


def test_a_transient_child_that_is_done_has_not_died() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("mortal", Mortal, restart="transient")).tell(Exit("normal"))
        system.run()
        assert system.deaths.all() == []


class Touchy(Supervisor):
    """Gives up at the first crash."""

    intensity = 0

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("mortal", Mortal)]


def test_a_supervisor_that_gave_up_has_died() -> None:
    with TestSystem() as system:
        system.start_child(ChildSpec("touchy", Touchy))
        system.ref("/touchy/mortal").tell(ValueError("boom"))
        system.run()
        listed = [(d.path, d.cause, d.decision, d.left) for d in system.deaths.all()]
        assert listed == [
            (
                "/touchy/mortal",
                "ValueError: boom",
                "gave up: intensity 0 in 5 s exceeded",
                0,
            ),
            ("/touchy", "shutdown", "restarted", 0),
        ]


def test_a_restart_that_fails_is_a_death_of_its_own() -> None:
    with TestSystem(intensity=10) as system:
        ref = system.start_child(ChildSpec("mortal", Mortal, kwargs={"bad_start": 2}))
        ref.tell(ValueError("boom"))
        system.run()

        causes = [d.cause for d in system.deaths.all()]
        assert causes == ["ValueError: boom", "OSError: no disk"]
        assert Mortal.starts == 3


def test_each_decision_is_told_as_it_is_made() -> None:
    told: list[Death] = []
    with TestSystem(intensity=10) as system:
        system.deaths.listener = told.append
        system.start_child(ChildSpec("mortal", Mortal)).tell(ValueError("boom"))
        system.run()

    assert [(d.path, d.decision) for d in told] == [("/mortal", "restarted")]


def test_a_store_gets_each_death_when_it_happens_and_when_it_is_decided_about() -> None:
    class Store:
        def put(self, number: int, death: Death) -> None:
            stored.append((number, death.cause, death.decision))

    stored: list[tuple[int, str, str]] = []
    with TestSystem(intensity=10) as system:
        system.deaths.store = Store()
        ref = system.start_child(ChildSpec("mortal", Mortal))
        ref.tell(ValueError("boom"))
        ref.tell(Exit("tired"))
        system.run()
        last = system.deaths.all()[-1]

    assert stored == [
        (1, "ValueError: boom", ""),
        (1, "ValueError: boom", "restarted"),
        (2, "tired", ""),
        (2, "tired", "restarted"),
    ]
    assert (last.rule != "", last.left) == (True, 8)


def test_only_the_latest_deaths_are_kept() -> None:
    with TestSystem(intensity=100) as system:
        system.deaths = Deaths(capacity=2)
        system.context.sink = system.deaths
        ref = system.start_child(ChildSpec("mortal", Mortal))
        for number in range(5):
            ref.tell(ValueError(number))
        system.run()

        assert [d.cause for d in system.deaths.all()] == ["ValueError: 3", "ValueError: 4"]


def test_equal_crashes_have_equal_fingerprints() -> None:
    with TestSystem(intensity=10) as system:
        ref = system.start_child(ChildSpec("mortal", Mortal))
        for error in (ValueError("a"), ValueError("b"), KeyError("a")):
            ref.tell(error)
        system.run()

        prints = [d.report.fingerprint for d in system.deaths.all()]
        assert prints[0] == prints[1] != prints[2]
        assert prints[0].startswith("ValueError < Mortal.on_receive:")


class Crowd(DynamicSupervisor):
    template = ChildSpec("member", Mortal, restart="temporary")


def test_a_decision_is_not_about_somebody_who_lived_at_that_path_before() -> None:
    with TestSystem(intensity=10) as system:
        crowd = system.start_child(ChildSpec("crowd", Crowd))
        assert isinstance(crowd, DynamicSupervisorRef)
        crowd.start_child(name="m")
        assert crowd.cell.current is not None
        crowd.cell.kill(crowd.cell.current)
        system.run()
        crowd.start_child(name="m").tell(Exit("normal"))
        system.run()

        assert [(death.path, death.decision) for death in system.deaths.all()] == [
            ("/crowd", "restarted"),
            ("/crowd/m", "ended with its supervisor"),
        ]


def test_of_too_many_deaths_the_oldest_are_forgotten() -> None:
    deaths = Deaths(capacity=2)
    with TestSystem(intensity=10) as system:
        ref = system.start_child(ChildSpec("mortal", Mortal))
        life = ref.cell.current
        assert life is not None
        for word in ("a", "b", "c"):
            ref.tell(Exit(word))
            system.run()
        for death in system.deaths.all():
            deaths.exited(life, death.report)
        deaths.decided(life, life, "c", Decision("restarted"))

    assert [(death.cause, death.decision) for death in deaths.all()] == [
        ("b", ""),
        ("c", "restarted"),
    ]


class Top(Supervisor):
    """Has a supervisor below, which has an actor."""

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("middle", Middle)]


class Middle(Supervisor):
    """Has an actor."""

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("leaf", Mortal)]


def test_all_that_end_with_a_killed_supervisor_are_listed_down_to_the_leaves() -> None:
    with TestSystem(intensity=10) as system:
        cell = system.start_child(ChildSpec("top", Top)).cell
        assert cell.current is not None
        cell.kill(cell.current)
        system.run()

        assert [(d.path, d.cause, d.decision) for d in system.deaths.all()] == [
            ("/top", "killed", "restarted"),
            ("/top/middle", "killed", "ended with its supervisor"),
            ("/top/middle/leaf", "killed", "ended with its supervisor"),
        ]
