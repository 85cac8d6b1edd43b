from typing import Any

import msgspec
import pytest

from ringleader.config.entry import LimitEntry, ProcessEntry, TreeEntry
from ringleader.config.faults import check_supervision, check_tree
from ringleader.config.schema import KeyPath
from ringleader.supervisors.cascade import CATEGORIES
from ringleader.supervisors.options import BackoffOptions, SupervisionOptions


def where(path: KeyPath) -> str:
    return f"x:{len(path)}"


def actor(*after: str, **more: Any) -> TreeEntry:
    return TreeEntry(actor="module:Class", after=after, **more)


def messages(tree: dict[str, TreeEntry]) -> list[str]:
    return [str(problem) for problem in check_tree(tree, where, CATEGORIES)]


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
            "x:3: tree.a.intensity: says nothing to an actor; remove it",
        ),
        (
            "a",
            TreeEntry(supervisor="one_for_one", options={"a": 1}),
            "x:3: tree.a.options: says nothing to a supervisor; remove it",
        ),
        (
            "a",
            TreeEntry(actor="m.C"),
            "x:3: tree.a.actor: 'm.C' is not a class's name; expected \"module:Class\"",
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


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"category": "pipline"},
            (
                "tree.a.category: 'pipline' is no category of supervision.cascade.categories; "
                "did you mean pipeline?"
            ),
        ),
        (
            {"backoff": BackoffOptions(kind="fixed", seconds=1, multiplier=2)},
            "tree.a.backoff.multiplier: says nothing to the kind fixed; it takes seconds, jitter",
        ),
        (
            {"limits": ProcessEntry(memory="1GB")},
            (
                "tree.a.limits: says nothing to an actor without a process of its own; "
                'isolation = "process", or remove it'
            ),
        ),
        (
            {"isolation": "process", "limits": ProcessEntry(address_space="0.5kB")},
            "tree.a.limits: the limit address_space is 500; it must be at least 1024",
        ),
        (
            {"quarantine": "by_hand"},
            "tree.a.quarantine: says nothing to an actor; remove it",
        ),
        ({"depends_on": ("b",)}, "tree.a.depends_on: has no sibling 'b'"),
        (
            {"soft_depends_on": ("a",)},
            "tree.a.soft_depends_on: can't start after itself; remove it from `soft_depends_on`",
        ),
    ],
)
def test_what_is_wrong_with_a_policy_is_said(more: dict[str, Any], message: str) -> None:
    (found,) = messages({"a": actor(**more)})

    assert found.partition(": ")[2] == message


@pytest.mark.parametrize(
    "more",
    [
        {"health": False},
        {"progress_deadline": 0.0},
        {"signals_ready": True},
        {"isolation": "process"},
    ],
)
def test_a_supervisor_is_not_looked_after_as_an_actor_is(more: dict[str, Any]) -> None:
    (name,) = more

    assert messages({"a": TreeEntry(supervisor="one_for_one", **more)}) == [
        f"x:3: tree.a.{name}: says nothing to a supervisor; remove it"
    ]


def test_what_any_child_may_have_is_right_for_both_kinds() -> None:
    more: dict[str, Any] = {
        "backoff": 3.0,
        "limit": LimitEntry(intensity=3),
        "on_limit": "escalate",
        "category": "queue",
        "critical": True,
        "start_timeout": 0.0,
    }
    tree = {"a": actor(**more), "b": TreeEntry(supervisor="one_for_all", **more)}

    assert messages(tree) == []


def test_an_actor_can_not_depend_on_one_that_is_disabled() -> None:
    assert messages({"a": actor(depends_on=("b",)), "b": actor(enabled=False)}) == [
        "x:3: tree.a.depends_on: b is disabled; enable it, or disable a, too"
    ]
    assert messages({"a": actor(soft_depends_on=("b",)), "b": actor(enabled=False)}) == []


def test_a_circle_of_different_dependencies_is_printed() -> None:
    (message,) = messages({"a": actor("b"), "b": actor(depends_on=("a",))})

    assert "a → b → a" in message or "b → a → b" in message
    assert message.endswith("remove one dependency of these")


def test_what_is_set_for_all_is_checked_too() -> None:
    chain = BackoffOptions(kind="chain", of=(BackoffOptions(kind="random"),))

    assert check_supervision(SupervisionOptions(), where) == []
    assert [
        str(problem) for problem in check_supervision(SupervisionOptions(backoff=chain), where)
    ] == ["x:5: supervision.backoff.of.0.max: is missing for the kind random; set max"]


def test_every_key_of_an_entry_is_of_actors_of_supervisors_or_of_both() -> None:
    """A key that is new has to be looked at here."""
    both = {"actor", "supervisor", "enabled", "after", "depends_on", "soft_depends_on", "restart"}
    both |= {"shutdown", "significant", "backoff", "healthy_after", "limit", "on_limit"}
    both |= {"category", "critical", "start_timeout"}
    others = {field.name for field in msgspec.structs.fields(TreeEntry)} - both
    values: dict[str, Any] = dict.fromkeys(others, 1)
    values |= {"auto_shutdown": "never", "children": {"x": actor()}, "options": {"x": 1}}
    values |= {"dispatcher": "pool", "health": True, "isolation": "process"}
    values |= {"limits": ProcessEntry(), "quarantine": "by_hand", "signals_ready": True}
    kinds: dict[str, dict[str, Any]] = {
        "an actor": {"actor": "m:C"},
        "a supervisor": {"supervisor": "one_for_one"},
    }

    for name in others:
        refused = [
            kind
            for kind, own in kinds.items()
            if f"x:3: tree.a.{name}: says nothing to {kind}; remove it"
            in messages({"a": TreeEntry(**own, **{name: values[name]})})
        ]
        assert len(refused) == 1, name
