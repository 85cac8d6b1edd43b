"""Starting and stopping a family, and what holds whatever happens to it."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ringleader.actors.lifecycle import Failed, Outcome, is_normal
from ringleader.supervisors.plan import Verdict
from ringleader.supervisors.spec import ChildSpec, Flags, Restart, Strategy
from tests.supervisors.world import IGNORED, UP, World, child


def family(*names: str, **flags: Any) -> World:
    world = World(Flags(**flags))
    assert world.begin(*map(child, names)) is None
    return world


def test_children_start_in_order() -> None:
    world = family("a", "b", "c")

    assert world.log == ["start a", "start b", "start c"]
    assert world.states() == {"a": "running", "b": "running", "c": "running"}
    assert [report[0] for report in world.reports] == ["progress"] * 3


def test_children_stop_in_reverse_order() -> None:
    world = family("a", "b", "c")
    world.clear()

    world.run(world.family.end())

    assert world.log == ["stop c", "stop b", "stop a"]
    assert world.states() == {"a": "down", "b": "down", "c": "down"}


def test_a_family_may_be_empty() -> None:
    assert World(Flags()).begin() is None


def test_a_child_that_does_not_start_ends_the_start_of_all() -> None:
    world = World(Flags(intensity=100))
    world.starts["b"] = [Failed("boom")]

    wrong = world.begin(child("a"), child("b", "temporary"), child("c"))

    assert wrong == ("shutdown", ("failed_to_start_child", "b", "boom"))
    assert world.log == ["start a", "try b", "forget b", "stop a"]
    assert ("start_error", "b", "boom") in world.reports
    assert [(d.child.name, d.verdict) for d in world.decisions] == [("b", Verdict.START_ENDED)]


def test_a_child_that_declines_to_start_is_kept_unless_it_is_temporary() -> None:
    world = World(Flags())
    world.starts["a"] = world.starts["b"] = [IGNORED]
    world.starts["b"] = [IGNORED]

    assert world.begin(child("a"), child("b", "temporary"), child("c")) is None

    assert world.states() == {"a": "down", "c": "running"}


BAD: list[tuple[Flags, list[ChildSpec], object]] = [
    (Flags(intensity=-1), [], ("supervisor_data", ("invalid_intensity", -1))),
    (Flags(), [child("a"), child("a")], ("start_spec", ("duplicate_child_name", "a"))),
    (Flags("simple_one_for_one"), [], ("bad_start_spec", [])),
]


@pytest.mark.parametrize(("flags", "specs", "wrong"), BAD)
def test_nothing_starts_where_flags_or_specs_are_wrong(
    flags: Flags, specs: list[ChildSpec], wrong: object
) -> None:
    world = World(flags)

    assert world.begin(*specs) == wrong
    assert world.log == []


def test_a_child_that_ends_badly_when_told_to_stop_is_reported() -> None:
    world = family("a", "b")
    world.clear()
    world.ends["b"] = "killed"

    world.run(world.family.end())

    assert world.log == ["stop b", "stop a"]
    assert world.reports == [("shutdown_error", "b", "killed")]
    assert [(d.child.name, d.verdict) for d in world.decisions] == [("b", Verdict.WAS_STOPPING)]


def test_children_of_a_template_stop_at_once_and_are_reported_once_for_each_reason() -> None:
    world = World(Flags("simple_one_for_one"))
    world.begin(child("t"))
    for name in "abcd":
        world.start_dynamic(name=name)
    world.clear()
    world.ends.update(a="boom", b="boom", c="bang")

    world.run(world.family.end())

    assert world.log == ["stop a", "stop b", "stop c", "stop d"]
    assert sorted(report[2] for report in world.reports) == ["bang", "boom"]
    assert len(world.decisions) == 3


# --- what holds whatever happens

names = st.sampled_from("abcdef")
outcomes = st.sampled_from([UP, UP, UP, IGNORED, Failed("no")])
reasons = st.sampled_from(["boom", "normal", "shutdown", "killed"])
happenings = st.one_of(
    st.tuples(st.just("crash"), names, reasons),
    st.tuples(st.just("retry"), names, reasons),
    st.tuples(st.sampled_from(["terminate", "restart", "delete", "add"]), names, reasons),
    st.tuples(st.just("time"), st.integers(0, 10), reasons),
)
restart_types = st.sampled_from(["permanent", "transient", "temporary"])
strategies = st.sampled_from(["one_for_one", "one_for_all", "rest_for_one"])


def happen(world: World, what: str, which: Any, reason: str, spec: ChildSpec) -> bool:
    """Let something happen if it can; tell whether the supervisor goes on."""
    known = world.family.children.get(which)
    match what:
        case "crash" if known is not None and known.running:
            return world.crash(which, reason)
        case "retry" if world.retries:
            return world.retry()
        case "terminate":
            world.terminate(which)
        case "restart":
            world.restart(which)
        case "delete":
            world.delete(which)
        case "add":
            world.start_child(spec)
        case "time":
            world.now += which
        case _:
            pass
    return True


def check_state(world: World) -> None:
    children = list(world.family.children.values())
    pids = [c.pid for c in children if c.running]
    assert len(set(pids)) == len(pids)
    for one in children:
        assert one.state in ("running", "restarting", "down")
        if one.pid is not None:
            assert world.family.find_pid(one.pid) is one
        if one.running:
            assert one.pid is not None
            assert one.pid.alive
        if one.restarting:
            assert any(r.child is one and r.number == one.tries for r in world.retries)
        if one.down and one.spec.restart == "temporary":
            raise AssertionError(f"{one.name} is temporary, down and not forgotten")
    window = world.family.window
    assert len(window.restarts) <= window.intensity


def check_decisions(world: World) -> None:
    """Each end that nobody ordered was decided about."""
    decided = {d.pid for d in world.decisions}
    assert {pid for pid in world.ended if pid not in decided} == set()


@settings(max_examples=300)
@given(
    strategies,
    st.integers(0, 4),
    st.lists(restart_types, min_size=1, max_size=4),
    st.dictionaries(names, st.lists(outcomes, max_size=6)),
    st.lists(happenings, max_size=25),
)
def test_whatever_happens_a_family_stays_consistent(
    strategy: Strategy,
    intensity: int,
    types: list[Restart],
    starts: dict[str, list[Outcome]],
    events: list[tuple[str, Any, str]],
) -> None:
    world = World(Flags(strategy, intensity))
    specs = [child(name, restart) for name, restart in zip("abcdef", types, strict=False)]
    if world.begin(*specs) is not None:
        return
    world.starts.update(starts)
    order = list(world.family.children)
    for what, which, reason in events:
        goes_on = happen(world, what, which, reason, child(str(which), "transient"))
        check_decisions(world)
        if not goes_on:
            world.run(world.family.end())
            assert not any(c.running for c in world.family.children.values())
            return
        check_state(world)
        kept = [name for name in order if name in world.family.children]
        added = [name for name in world.family.children if name not in order]
        if what in ("crash", "retry", "terminate", "restart"):
            assert list(world.family.children) == kept + added
        order = list(world.family.children)


@settings(max_examples=200)
@given(strategies, st.integers(1, 5), st.data())
def test_a_group_stops_in_reverse_of_the_order_in_which_it_starts(
    strategy: Strategy, size: int, data: st.DataObject
) -> None:
    members = list("abcde")[:size]
    world = family(*members, strategy=strategy)
    failed = data.draw(st.sampled_from(members))
    world.clear()

    assert world.crash(failed)

    stopped = [line[5:] for line in world.log if line.startswith("stop")]
    started = [line[6:] for line in world.log if line.startswith("start")]
    assert failed not in stopped
    assert stopped == [name for name in reversed(started) if name != failed]
    assert started == [name for name in members if name in started]
    assert list(chain(stopped, started)) == [line.split()[1] for line in world.log]


@given(st.lists(st.tuples(restart_types, reasons), min_size=1, max_size=6))
def test_only_ends_that_are_restarted_count(ends: list[tuple[Restart, str]]) -> None:
    world = World(Flags(intensity=100, period=1000))
    for number, (restart, _) in enumerate(ends):
        assert isinstance(world.start_child(child(f"c{number}", restart)), tuple)
    for number, (_, reason) in enumerate(ends):
        assert world.crash(f"c{number}", reason)

    counted = [r == "permanent" or (r == "transient" and not is_normal(e)) for r, e in ends]
    assert len(world.family.window.restarts) == sum(counted)
