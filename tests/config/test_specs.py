from collections.abc import Callable

import pytest

from ringleader.actors.osprocess_limits import ProcessLimits
from ringleader.config.entry import LimitEntry, ProcessEntry
from ringleader.config.errors import ConfigError
from ringleader.config.settings import Settings, TreeEntry
from ringleader.config.specs import child_specs
from ringleader.config.tree import plan
from ringleader.supervisors.checks import check_childspecs
from ringleader.supervisors.declared import DeclaredSupervisor
from ringleader.supervisors.options import SupervisionOptions
from ringleader.supervisors.quarantine import BY_HAND, DEGRADED
from ringleader.supervisors.ref import SupervisorRef
from ringleader.supervisors.spec import ChildSpec, Limit
from ringleader.testing import TestSystem

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
        "on_limit": "quarantine",
        "quarantine": DEGRADED,
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


def test_what_goes_beyond_otp_reaches_the_specs(write_module: WriteModule) -> None:
    write_module("shop_tree", MODULE)
    watcher = TreeEntry(
        actor="shop_tree:Watcher",
        limit=LimitEntry(intensity=2),
        on_limit="escalate",
        category="queue",
        critical=True,
        depends_on=("jobs",),
        isolation="process",
        limits=ProcessEntry(memory="1GB"),
    )
    jobs = TreeEntry(actor="shop_tree:Jobs", backoff=3.0)
    top = TreeEntry(
        supervisor="one_for_one",
        period=7,
        quarantine="by_hand",
        critical=True,
        children={"watcher": watcher, "jobs": jobs},
    )

    (spec,) = specs_of({"top": top}, journal="x")

    assert (spec.critical, spec.care, spec.start_timeout) == (True, None, None)
    assert (spec.kwargs["on_limit"], spec.kwargs["quarantine"]) == ("quarantine", BY_HAND)
    first, second = spec.kwargs["specs"]
    assert (first.id, first.care, first.backoff(None)) == ("jobs", None, 3)
    assert (second.limit, second.on_limit) == (Limit(2, 7), "escalate")
    assert (second.category, second.critical, second.depends_on) == ("queue", True, ("jobs",))
    assert (second.isolation, second.limits) == ("process", ProcessLimits(memory=10**9))
    assert second.health.interval == 30
    check_childspecs([spec])  # would raise
    check_childspecs(spec.kwargs["specs"])


def test_one_that_fails_too_often_is_parked_and_its_siblings_live(
    write_module: WriteModule,
) -> None:
    write_module(
        "shop_tree",
        """
        from ringleader.actors.base import Actor

        class Calm(Actor):
            pass

        class Doomed(Actor):
            def on_receive(self, message):
                raise ValueError(message)
        """,
    )
    children = {name: TreeEntry(actor=f"shop_tree:{name}") for name in ("Calm", "Doomed")}
    tree = {"top": TreeEntry(supervisor="one_for_one", children=children)}

    with TestSystem() as system:
        top = system.start_children(specs_of(tree))[0]
        assert isinstance(top, SupervisorRef)
        for _ in range(11):
            system.ref("/top/Doomed").tell("x")
            system.advance(5)

        hold = system.context.holds.get("/top/Doomed")
        assert hold is not None
        assert hold.until is not None
        assert (hold.kind, hold.until - hold.since) == ("quarantine", 4 * 3600)
        assert {child.id: child.state for child in top.which_children()}["Calm"] == "running"


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
