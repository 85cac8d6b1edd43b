from collections.abc import Callable

import pytest

from ringleader.config.errors import ConfigError
from ringleader.config.settings import Settings, TreeEntry
from ringleader.config.specs import child_specs
from ringleader.config.tree import plan
from ringleader.supervisors.declared import DeclaredSupervisor
from ringleader.supervisors.options import SupervisionOptions
from ringleader.supervisors.spec import ChildSpec

WriteModule = Callable[[str, str], None]

MODULE = """
    from ringleader.actors.base import Actor
    from ringleader.config.settings import NodeOptions
    from ringleader.supervisors.supervisor import Supervisor

    class Watcher(Actor):
        def __init__(self, options: NodeOptions, journal: object) -> None:
            super().__init__()

    class Jobs(Supervisor):
        def init(self):
            return []
"""


def specs_of(
    tree: dict[str, TreeEntry], supervision: SupervisionOptions | None = None, **provide: object
) -> list[ChildSpec]:
    settings = Settings(supervision=supervision or SupervisionOptions())
    planned = plan(tree, settings.supervision, lambda path: f"x:{len(path)}")
    return child_specs(
        planned, settings=settings, provide=provide, where=lambda path: f"x:{len(path)}"
    )


def test_a_declared_tree_becomes_child_specs(write_module: WriteModule) -> None:
    write_module("shop_tree", MODULE)
    watcher = TreeEntry(actor="shop_tree:Watcher", restart="transient", dispatcher="thread")
    tree = {"top": TreeEntry(supervisor="rest_for_one", children={"watcher": watcher})}
    supervision = SupervisionOptions(shutdown=2, crash_loop_count=4, crash_loop_window=5)

    (top,) = specs_of(tree, supervision, journal="the journal")

    arguments = dict(top.kwargs)
    (inner,) = arguments.pop("specs")
    assert (top.id, top.actor_class, top.type) == ("top", DeclaredSupervisor, "supervisor")
    assert (top.restart, top.shutdown) == ("permanent", "infinity")
    assert arguments == {
        "strategy": "rest_for_one",
        "intensity": 10,
        "period": 60,
        "auto_shutdown": "never",
        "crash_loop_count": 4,
        "crash_loop_window": 5,
    }
    assert (inner.id, inner.type, inner.restart, inner.shutdown, inner.dispatcher) == (
        "watcher",
        "worker",
        "transient",
        2,
        "thread",
    )
    assert inner.kwargs == {"options": Settings().node, "journal": "the journal"}


def test_a_supervisor_written_in_code_has_all_the_time_to_stop(write_module: WriteModule) -> None:
    write_module("shop_tree", MODULE)

    (jobs,) = specs_of({"jobs": TreeEntry(actor="shop_tree:Jobs")})

    assert (jobs.type, jobs.shutdown, jobs.kwargs) == ("supervisor", "infinity", {})


def test_all_problems_with_all_classes_are_reported_at_once(write_module: WriteModule) -> None:
    write_module("shop_tree", MODULE)
    tree = {
        "a": TreeEntry(actor="shop_tree:Wacher"),
        "b": TreeEntry(
            supervisor="one_for_one", children={"c": TreeEntry(actor="shop_tree:Watcher")}
        ),
        "d": TreeEntry(actor="shop_nowhere:Watcher", enabled=False),
    }

    with pytest.raises(ConfigError) as caught:
        specs_of(tree)

    assert [str(problem) for problem in caught.value.problems] == [
        "x:3: tree.a.actor: shop_tree has no class Wacher; did you mean Watcher?",
        (
            "x:4: tree.b.children.c: parameter journal of shop_tree:Watcher can't be provided; "
            "available: options, and every section of the settings by its type"
        ),
    ]
