from __future__ import annotations

import logging
import os
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.daemons.job_messages import JobProgress, JobStarted
from ringleader.chaos import Chaos, Strike, Target, draw, targets
from ringleader.supervisors.dynamic import DynamicSupervisor
from ringleader.supervisors.spec import ChildSpec
from ringleader.supervisors.supervisor import Supervisor
from ringleader.testing import TestSystem
from tests.actors.daemons.desk import WAIT, Desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Worker(Actor):
    pass


class Passing(DynamicSupervisor):
    template = ChildSpec("passing", Worker, restart="temporary")


class Team(Supervisor):
    intensity = 1000

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("a", Worker), ChildSpec("b", Worker, restart="transient")]


class Tree(Supervisor):
    intensity = 1000

    def init(self) -> list[ChildSpec]:
        return [
            ChildSpec("team", Team),
            ChildSpec("passing", Passing),
            ChildSpec("guest", Team, restart="temporary"),
            ChildSpec("view", Worker),
        ]


EVERYBODY = {
    Target("/tree", "supervisor"),
    Target("/tree/team", "supervisor"),
    Target("/tree/team/a", "actor"),
    Target("/tree/team/b", "actor"),
    Target("/tree/passing", "supervisor"),
    Target("/tree/view", "actor"),
}


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=1000) as made:
        made.start_child(ChildSpec("tree", Tree))
        made.ref("/tree/passing").start_child()  # type: ignore[attr-defined]  # a supervisor's ref
        yield made


def let_loose(system: TestSystem, **kwargs: Any) -> list[Strike]:
    strikes: list[Strike] = []
    kwargs = {"every": 5.0, "seed": 7, "strikes": strikes, **kwargs}
    system.start_child(ChildSpec("chaos", Chaos, (system.root,), kwargs=kwargs))
    return strikes


def test_every_target_is_drawn_as_often_as_any_other() -> None:
    among = [Target(f"/{name}", "actor") for name in "abcde"]
    rng = random.Random(1)  # noqa: S311  # a test
    counts = Counter(draw(among, rng) for _ in range(5_000))
    assert set(counts) == set(among)
    assert all(850 < count < 1150 for count in counts.values())


def test_whatever_would_come_back_can_be_struck_and_nothing_else(system: TestSystem) -> None:
    assert {target for target, _ in targets(system.root, {"/system"}, "/chaos")} == EVERYBODY


def test_paths_can_be_spared_with_all_below(system: TestSystem) -> None:
    found = {target.path for target, _ in targets(system.root, {"/system", "/tree/team"}, "/chaos")}
    assert found == {"/tree", "/tree/passing", "/tree/view"}


def test_who_strikes_spares_itself_and_what_is_above_it(system: TestSystem) -> None:
    found = {target.path for target, _ in targets(system.root, {"/system"}, "/tree/team/a")}
    assert found == {"/tree/team/b", "/tree/passing", "/tree/view"}


def test_something_is_struck_every_few_seconds(system: TestSystem) -> None:
    strikes = let_loose(system, every=5.0)
    system.advance(4.9)
    assert strikes == []
    system.advance(0.1)
    assert len(strikes) == 1
    system.advance(45.0)
    assert len(strikes) == 10
    began = system.manual.time() - system.manual.now()
    assert [round(strike.time - began, 6) for strike in strikes] == [5.0 * n for n in range(1, 11)]


def test_the_same_seed_strikes_the_same() -> None:
    def run(seed: int) -> list[Strike]:
        with TestSystem(intensity=1000) as system:
            system.start_child(ChildSpec("tree", Tree))
            strikes = let_loose(system, seed=seed)
            system.advance(100.0)
            return strikes

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_the_tree_is_whole_again_after_every_strike(system: TestSystem) -> None:
    strikes = let_loose(system)
    system.advance(500.0)
    assert {strike.kind for strike in strikes} == {"actor", "supervisor"}
    everybody = {target for target, _ in targets(system.root, {"/system"}, "/chaos")}
    assert everybody == EVERYBODY
    assert len(strikes) == 100


def test_a_struck_actor_is_a_death_with_its_cause_and_decision(system: TestSystem) -> None:
    spare = ["/tree/team", "/tree/passing"]
    strikes = let_loose(system, spare=spare)
    while not any(strike.path == "/tree/view" for strike in strikes):
        system.advance(5.0)
    deaths = [d for d in system.deaths.all() if d.path == "/tree/view"]
    assert "ChaosError: chaos struck" in {death.cause for death in deaths}
    assert {d.decision for d in deaths if d.cause.startswith("ChaosError")} == {"restarted"}


def test_every_strike_is_one_line_in_the_log(
    system: TestSystem, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ringleader.chaos")
    strikes = let_loose(system)
    system.advance(5.0)
    [record] = [r for r in caplog.records if r.name == "ringleader.chaos"]
    assert record.getMessage() == f"chaos struck the {strikes[0].kind} {strikes[0].path}"


def test_where_everything_is_spared_nothing_is_struck(system: TestSystem) -> None:
    strikes = let_loose(system, spare=["/tree"])
    system.advance(50.0)
    assert strikes == []


def test_the_process_of_a_job_can_be_struck(tmp_path: Path) -> None:
    with Desk(tmp_path) as desk:
        desk.start(WAIT)
        first = desk.next(JobStarted)
        desk.next(JobProgress)
        blows = dict(targets(desk.system.root, {"/system"}, "/chaos"))
        assert {target for target in blows if target.path == "/jobs/j1"} == {
            Target("/jobs/j1", "actor"),
            Target("/jobs/j1", "process"),
        }
        blow = blows[Target("/jobs/j1", "process")]
        assert blow()
        assert desk.next(JobStarted).attempt == 2
        assert not blow()
        with pytest.raises(ProcessLookupError):
            os.kill(first.pid, 0)
