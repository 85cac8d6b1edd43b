import pytest

from ringleader.config.errors import ConfigError
from ringleader.config.schema import KeyPath
from ringleader.config.settings import TreeEntry
from ringleader.config.tree import PlannedChild, PlannedSupervisor, flatten, plan
from ringleader.supervisors.options import SupervisionOptions

SUPERVISION = SupervisionOptions(intensity=7, period=70)


def where(path: KeyPath) -> str:
    return f"x:{len(path)}"


def actor(*after: str, enabled: bool = True) -> TreeEntry:
    return TreeEntry(actor="module:Class", after=after, enabled=enabled)


def paths(tree: dict[str, TreeEntry]) -> list[str]:
    return [node.path for node in flatten(plan(tree, SUPERVISION, where))]


def test_the_plan_has_paths_in_start_order() -> None:
    tree = {
        "top": TreeEntry(
            supervisor="rest_for_one", children={"late": actor("early"), "early": actor()}
        ),
        "alone": actor(),
    }

    assert paths(tree) == ["/top", "/top/early", "/top/late", "/alone"]


def test_disabled_entries_are_left_out_with_their_children() -> None:
    off = TreeEntry(supervisor="one_for_one", enabled=False, children={"a": actor("b")})

    assert paths({"off": off, "on": actor()}) == ["/on"]


def test_the_place_of_a_disabled_sibling_still_counts() -> None:
    tree = {"last": actor("off"), "off": actor("first", enabled=False), "first": actor()}

    assert paths(tree) == ["/first", "/last"]


def test_supervisors_take_what_is_set_for_all_unless_they_say_otherwise() -> None:
    tree = {
        "a": TreeEntry(supervisor="one_for_one"),
        "b": TreeEntry(
            supervisor="one_for_all",
            intensity=0,
            period=1,
            auto_shutdown="any_significant",
            shutdown=3.0,
        ),
    }

    assert plan(tree, SUPERVISION, where) == (
        PlannedSupervisor("/a", ("tree", "a"), "a", "one_for_one", 7, 70),
        PlannedSupervisor(
            "/b", ("tree", "b"), "b", "one_for_all", 0, 1, "any_significant", shutdown=3.0
        ),
    )


def test_an_actor_is_planned_with_all_that_its_entry_says() -> None:
    entry = TreeEntry(
        actor="m:C",
        restart="transient",
        shutdown="brutal_kill",
        dispatcher="thread",
        options={"pace": 3},
    )

    assert plan({"a": entry}, SUPERVISION, where) == (
        PlannedChild(
            "/a",
            ("tree", "a"),
            "a",
            "m:C",
            "transient",
            "brutal_kill",
            dispatcher="thread",
            options={"pace": 3},
        ),
    )


def test_all_problems_come_at_once() -> None:
    tree = {
        "a": TreeEntry(),
        "b": TreeEntry(supervisor="one_for_one", children={"c": actor("d", "c")}),
    }

    with pytest.raises(ConfigError) as caught:
        plan(tree, SUPERVISION, where)

    assert [problem.key for problem in caught.value.problems] == [
        "tree.a",
        "tree.b.children.c.after",
        "tree.b.children.c.after",
    ]


def test_dependencies_are_part_of_the_order() -> None:
    tree = {
        "a": TreeEntry(actor="m:C", depends_on=("b",)),
        "b": TreeEntry(actor="m:C", soft_depends_on=("c",)),
        "c": actor(),
    }

    assert paths(tree) == ["/c", "/b", "/a"]


def test_nobody_waits_a_little_for_one_that_is_disabled() -> None:
    tree = {"a": TreeEntry(actor="m:C", soft_depends_on=("b", "c")), "b": actor(enabled=False)}
    tree["c"] = actor()

    planned = plan(tree, SUPERVISION, where)

    assert [node.entry.soft_depends_on for node in planned] == [(), ("c",)]
