"""Quarantine, limits of a child's own, gates, and starts that are not tried again."""

from __future__ import annotations

from typing import Any

from ringleader.actors.lifecycle import Failed
from ringleader.supervisors import restarts
from ringleader.supervisors.plan import Release, Verdict
from ringleader.supervisors.quarantine import BY_HAND, Quarantine
from ringleader.supervisors.spec import Limit
from tests.supervisors.world import World, child, family

PARKS = {"on_limit": "quarantine"}


def crash(world: World, name: str, times: int) -> bool:
    """Let a child crash some times; tell whether its supervisor goes on."""
    return all(world.crash(name) for _ in range(times))


# --- a limit of its own


def test_a_child_may_have_a_tighter_limit_than_its_supervisor() -> None:
    world = family(child("a", limit=Limit(1, 10)), child("b"), intensity=10)

    assert crash(world, "a", 1)
    assert not world.crash("a")

    assert world.decisions[-1].verdict is Verdict.GAVE_UP
    assert world.decisions[-1].window is not None
    assert world.decisions[-1].window.intensity == 1


def test_the_supervisors_intensity_counts_beside_it() -> None:
    world = family(child("a", limit=Limit(10, 10)), intensity=1)
    assert crash(world, "a", 1)
    assert not world.crash("a")


# --- quarantine


def test_one_restart_too_many_parks_only_this_child() -> None:
    world = family(child("a"), child("b"), policy=PARKS, intensity=2, strategy="one_for_all")
    crash(world, "a", 2)
    world.clear()

    assert world.crash("a")

    assert world.states() == {"a": "quarantined", "b": "running"}
    assert world.log == ["park a"]
    assert world.reports == [("child_terminated", "a", "boom")]
    decided = world.decisions[0]
    assert decided.verdict is Verdict.QUARANTINED
    assert decided.hold is world.family.children["a"].hold


def test_a_quarantine_says_who_why_and_until_when() -> None:
    world = family(child("a"), policy=PARKS, intensity=1, period=60)
    crash(world, "a", 2)

    (hold,) = world.holds.all()
    assert (hold.kind, hold.by, hold.since, hold.times) == ("quarantine", "/top", 1e6, 1)
    assert hold.why == "2 restarts in 60 s, at last after boom"
    assert hold.until == 1e6 + 86_400


def test_the_restarts_of_one_do_not_park_another() -> None:
    world = family(child("a"), child("b"), policy=PARKS, intensity=2)
    crash(world, "a", 3)
    assert crash(world, "b", 2)
    assert world.states() == {"a": "quarantined", "b": "running"}


def test_a_spec_may_say_otherwise_than_its_supervisor() -> None:
    parks = child("a", on_limit="quarantine")
    world = family(parks, child("b"), intensity=0)
    assert world.crash("a")
    assert not world.crash("b")

    world = family(child("a", on_limit="escalate"), policy=PARKS, intensity=0)
    assert not world.crash("a")


def test_its_time_releases_a_child_and_it_begins_anew() -> None:
    world = family(child("a"), policy=PARKS, intensity=1)
    crash(world, "a", 2)
    world.clear()

    assert world.release_due("a")

    assert world.log == ["unpark a", "start a"]
    assert world.crash("a")
    assert world.states() == {"a": "running"}


def test_a_released_child_whose_start_fails_is_tried_again() -> None:
    world = family(child("a"), policy=PARKS, intensity=1)
    crash(world, "a", 2)
    world.starts["a"] = [Failed("no"), Failed("no"), Failed("no")]

    assert world.release_due("a")
    assert world.states() == {"a": "restarting"}
    assert world.retry()
    assert world.retry()

    assert world.states() == {"a": "quarantined"}


def test_pauses_grow_until_the_child_was_healthy() -> None:
    policy = PARKS | {"quarantine": Quarantine(100.0, 2.0, 1000.0)}
    world = family(child("a", healthy_after=50), policy=policy, intensity=0)
    pauses: list[Any] = []
    for _ in range(3):
        world.crash("a")
        (hold,) = world.holds.all()
        pauses.append((hold.until or 0.0) - hold.since)
        world.release_due("a")
    assert pauses == [100.0, 200.0, 400.0]

    world.now += 50
    world.crash("a")
    assert world.holds.all()[0].times == 1


def test_a_release_that_was_overtaken_does_nothing() -> None:
    world = family(child("a"), policy=PARKS, intensity=0)
    world.crash("a")
    old = world.family.children["a"].hold
    assert old is not None
    world.hold("a")

    late = Release(world.family.children["a"], old)
    assert world.run(restarts.release(world.family, late))

    assert world.states() == {"a": "held"}


def test_a_quarantine_whose_time_came_while_nobody_was_there_is_over() -> None:
    world = family(child("a"), policy=PARKS, intensity=0)
    world.crash("a")
    world.now += 90_000

    assert world.begin(child("a")) is None

    assert world.states() == {"a": "running"}
    assert world.holds.all() == []
    assert world.family.children["a"].quarantines == 1


def test_by_hand_means_by_hand() -> None:
    world = family(child("a"), policy=PARKS | {"quarantine": BY_HAND}, intensity=0)
    world.crash("a")
    world.now += 1e9
    assert world.begin(child("a")) is None
    assert world.states() == {"a": "quarantined"}


# --- what can't be imported


def test_an_import_error_is_not_tried_again() -> None:
    world = family(child("a"), policy=PARKS, intensity=9)
    world.starts["a"] = [Failed(ModuleNotFoundError("No module named 'x'"))]

    assert world.crash("a")

    assert world.retries == []
    assert world.states() == {"a": "quarantined"}
    assert world.decisions[-1].cause == "import error: No module named 'x'"
    assert world.holds.all()[0].why.startswith("import error: No module named 'x'")


def test_an_import_error_ends_a_supervisor_that_escalates() -> None:
    world = family(child("a"), intensity=9)
    world.starts["a"] = [Failed(ImportError("cannot import name 'y'"))]
    assert not world.crash("a")


def test_what_cannot_be_imported_keeps_nobody_else_down() -> None:
    world = family(child("a"), child("b"), policy=PARKS, strategy="one_for_all")
    world.starts["a"] = [Failed(ImportError("no 'x'"))]
    assert world.crash("b")
    assert world.states() == {"a": "quarantined", "b": "running"}


def test_a_retry_that_is_one_too_many_parks_one_and_starts_the_others() -> None:
    world = family(
        child("a"), child("b"), child("c"), policy=PARKS, intensity=1, strategy="one_for_all"
    )
    world.starts["a"] = [Failed("no"), Failed("no")]
    world.hold("c")
    world.crash("b")
    assert world.states() == {"a": "restarting", "b": "down", "c": "held"}

    while world.retries:
        assert world.retry()

    assert world.states() == {"a": "quarantined", "b": "running", "c": "held"}


def test_siblings_who_are_held_are_not_said_to_be_restarted() -> None:
    world = family(child("a"), child("b"), child("c"), strategy="one_for_all")
    world.hold("b")
    world.crash("a")
    assert world.decisions[0].siblings == 1


# --- gates


class Gate:
    """Says what it was told to say."""

    def __init__(self, *delays: float) -> None:
        self.delays = list(delays)
        self.asked: list[tuple[str, bool]] = []

    def delay(self, category: str, *, critical: bool) -> float:
        self.asked.append((category, critical))
        return self.delays.pop(0)


def test_a_closed_gate_delays_a_restart_until_it_opens() -> None:
    gate = Gate(30.0, 5.0, 0.0)
    world = family(child("a", category="sync", critical=True), policy={"gate": gate})

    assert world.crash("a")

    assert world.states() == {"a": "backoff"}
    assert world.decisions[0].cause == "the cascade breaker is open"
    assert [retry.after for retry in world.retries] == [30.0]
    assert world.retry()
    assert [retry.after for retry in world.retries] == [5.0]
    assert world.retry()
    assert world.states() == {"a": "running"}
    assert gate.asked == [("sync", True)] * 3
    assert len(world.family.window.restarts) == 1


def test_a_gate_is_asked_when_the_backoff_is_over() -> None:
    gate = Gate(0.0)
    world = family(child("a"), backoff=9.0, policy={"gate": gate})
    world.crash("a")
    assert gate.asked == []
    world.retry()
    assert gate.asked == [("", False)]


def test_time_left_until_a_restart_can_be_seen() -> None:
    world = family(child("a"), backoff=9.0)
    world.now = 100.0
    world.crash("a")
    assert world.family.children["a"].due == 109.0
    world.retry()
    assert world.family.children["a"].due is None


def test_one_child_that_waits_delays_no_other() -> None:
    world = family(child("a"), child("b"), backoff=9.0, intensity=5)
    world.crash("a")
    world.clear()
    world.terminate("b")
    world.restart("b")
    assert world.log == ["stop b", "start b"]
