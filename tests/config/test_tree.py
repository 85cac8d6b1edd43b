import pytest

from ringleader.config.errors import ConfigError
from ringleader.config.schema import KeyPath
from ringleader.config.settings import TreeEntry
from ringleader.config.tree import PlannedChild, PlannedSupervisor, check_tree, flatten, plan
from ringleader.supervisors.options import SupervisionOptions

SUPERVISION = SupervisionOptions(intensity=7, period=70)


def where(path: KeyPath) -> str:
    return f"x:{len(path)}"


def actor(*after: str, enabled: bool = True) -> TreeEntry:
    return TreeEntry(actor="module:Class", after=after, enabled=enabled)


def messages(tree: dict[str, TreeEntry]) -> list[str]:
    return [str(problem) for problem in check_tree(tree, where)]


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


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        (
            "a",
            TreeEntry(enabled=True),
            (
                "x:2: tree.a: is neither an actor nor a supervisor; "
                'set actor = "module:Class" or a supervisor'
            ),
        ),
        (
            "a",
            TreeEntry(actor="m:C", supervisor="one_for_one"),
            "x:2: tree.a: is an actor and a supervisor; remove `actor` or `supervisor`",
        ),
        (
            "a",
            TreeEntry(actor="m:C", intensity=3),
            "x:2: tree.a: intensity says nothing to an actor; remove intensity",
        ),
        (
            "a",
            TreeEntry(supervisor="one_for_one", options={"a": 1}),
            "x:2: tree.a: options says nothing to a supervisor; remove options",
        ),
        (
            "a",
            TreeEntry(actor="m.C"),
            "x:2: tree.a: actor = 'm.C' is not a class's name; expected \"module:Class\"",
        ),
        (
            "a/b",
            actor(),
            "x:2: tree.\"a/b\": 'a/b' can't be part of a path; use a name without '/'",
        ),
        (
            "a",
            TreeEntry(actor="m:C", significant=True, restart="transient"),
            (
                "x:2: tree.a: is significant, but its supervisor never shuts down; "
                "set its auto_shutdown"
            ),
        ),
        (
            "a",
            actor("b"),
            "x:3: tree.a.after: has no sibling 'b'",
        ),
    ],
)
def test_what_is_wrong_with_an_entry_is_said(name: str, entry: TreeEntry, message: str) -> None:
    assert messages({name: entry}) == [message]


def test_a_significant_child_is_not_permanent() -> None:
    child = TreeEntry(actor="m:C", significant=True)
    tree = {
        "a": TreeEntry(
            supervisor="one_for_one", auto_shutdown="any_significant", children={"b": child}
        )
    }

    assert messages(tree) == [
        'x:4: tree.a.children.b: is significant and permanent; restart = "transient" or "temporary"'
    ]


def test_a_misspelt_entry_is_not_disabled_in_silence() -> None:
    tree = {"scheduler": actor(), "schedular": TreeEntry(enabled=False)}

    assert messages(tree) == [
        "x:2: tree.schedular: is neither an actor nor a supervisor; did you mean scheduler?"
    ]


def test_a_cycle_is_printed() -> None:
    (message,) = messages({"a": actor("b"), "b": actor("a")})

    assert "waits for itself: a → b → a" in message or "waits for itself: b → a → b" in message


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
