from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from ringleader.actors.lifecycle import Failed
from ringleader.supervisors.dependencies import check_dependencies, in_start_order
from ringleader.supervisors.problems import explain
from tests.supervisors.world import child, family

if TYPE_CHECKING:
    from collections.abc import Iterator


def order(**needs: str) -> list[str]:
    """Return the start order of children that depend on others, named in one string."""
    specs = [child(name, depends_on=tuple(others.split())) for name, others in needs.items()]
    return [spec.id for spec in in_start_order(specs)]


def test_without_dependencies_the_order_is_as_written() -> None:
    assert order(c="", a="", b="") == ["c", "a", "b"]


def test_a_child_comes_after_those_it_depends_on() -> None:
    assert order(a="b", b="c", c="") == ["c", "b", "a"]
    assert order(top="left right", left="base", right="base", base="") == [
        "base", "left", "right", "top",
    ]  # fmt: skip


def test_who_depends_on_nobody_keeps_its_place() -> None:
    assert order(x="", a="b", y="", b="") == ["x", "y", "b", "a"]


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ({"a": "a"}, "they depend on each other in a circle: a → a"),
        ({"a": "b", "b": "a"}, "they depend on each other in a circle: "),
        ({"store": "", "a": "stor"}, "'a' depends on 'stor', which is none of its siblings; did"),
    ],
)
def test_circles_and_missing_names_are_refused(needs: dict[str, str], said: str) -> None:
    specs = [child(name, depends_on=tuple(others.split())) for name, others in needs.items()]
    problem = check_dependencies(specs)
    assert problem is not None
    assert explain(problem).startswith(said)


def test_children_that_are_there_already_may_be_depended_on() -> None:
    assert check_dependencies([child("a", depends_on=("old",))], ["old"]) is None


@given(st.data())
def test_every_order_puts_each_after_those_it_depends_on(data: st.DataObject) -> None:
    names = [f"c{number}" for number in range(data.draw(st.integers(1, 8)))]
    specs = [
        child(name, depends_on=tuple(data.draw(st.sets(st.sampled_from(names[:place])))))
        if place
        else child(name)
        for place, name in enumerate(names)
    ]
    shuffled = data.draw(st.permutations(specs))
    place = {spec.id: number for number, spec in enumerate(in_start_order(shuffled))}
    assert sorted(place) == sorted(names)
    assert all(place[other] < place[spec.id] for spec in specs for other in spec.depends_on)


# --- in a family


def test_a_family_starts_in_order_and_stops_in_reverse() -> None:
    world = family(child("web", depends_on=("db",)), child("db"))
    assert list(world.states()) == ["db", "web"]

    world.run(world.family.end())

    assert world.log == ["stop web", "stop db"]


def test_who_lacks_a_sibling_waits_and_starts_when_it_comes_up() -> None:
    world = family(child("db"), child("web", depends_on=("db",)), child("x", depends_on=("web",)))
    world.hold("web")
    world.hold("db")
    world.run(world.family.end())
    world.clear()

    assert world.begin(*(c.spec for c in world.family.children.values())) is None
    assert world.states() == {"db": "held", "web": "held", "x": "waiting"}
    assert world.log == ["park db", "park web", "x waits for web"]

    world.release("db")
    assert world.states() == {"db": "running", "web": "held", "x": "waiting"}
    world.release("web")
    assert world.wakes
    assert world.wake()
    assert world.states() == {"db": "running", "web": "running", "x": "running"}


def test_a_hard_dependency_is_waited_for_until_it_is_ready() -> None:
    slow = child("db", signals_ready=True, ready_timeout=9)
    world = family(slow, child("web", depends_on=("db",)))
    assert world.states() == {"db": "running", "web": "waiting"}

    world.pid("db").is_ready = True
    assert world.wake()

    assert world.states()["web"] == "running"


def test_a_soft_dependency_is_waited_for_a_little() -> None:
    slow = child("db", signals_ready=True)
    world = family(slow)
    world.start_child(child("web", soft_depends_on=("db",)))

    assert world.log == ["await db for 5 s", "start web"]


def test_a_crash_while_the_dependency_is_down_waits_for_it() -> None:
    world = family(child("db"), child("web", depends_on=("db",)), intensity=5)
    world.terminate("db")
    world.clear()

    assert world.crash("web")

    assert world.states() == {"db": "down", "web": "waiting"}
    world.restart("db")
    assert world.wake()
    assert world.states() == {"db": "running", "web": "running"}


def test_a_start_that_was_waited_for_and_fails_is_tried_again() -> None:
    world = family(child("db"), child("web", depends_on=("db",)), intensity=5)
    world.terminate("db")
    world.crash("web")
    world.starts["web"] = [Failed("no")]
    world.restart("db")

    assert world.wake()

    assert world.states()["web"] == "restarting"
    assert world.retry()
    assert world.states()["web"] == "running"


def test_starting_one_that_waits_says_so() -> None:
    world = family(child("db"), intensity=5)
    world.terminate("db")

    assert world.start_child(child("web", depends_on=("db",))) == ("waiting", "db")
    assert world.states()["web"] == "waiting"
    assert world.terminate("web") == "ok"
    assert world.family.waiting == {}


def test_a_temporary_child_that_waited_has_one_start() -> None:
    world = family(child("a"))
    world.hold("a")
    world.start_child(child("b", "temporary", depends_on=("a",)))
    assert world.states() == {"a": "held", "b": "waiting"}
    world.starts["b"] = [Failed("no")]

    world.release("a")
    assert world.wake()

    assert world.states() == {"a": "running"}
    assert world.retries == []


def test_where_nobody_depends_on_another_nobody_looks_at_those_who_are_there() -> None:
    def known() -> Iterator[str]:
        pytest.fail("with many children each start would take longer than the one before")
        yield ""

    assert check_dependencies([child("a")], known()) is None
