from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors.lifecycle import Failed, Up
from ringleader.supervisors import management
from ringleader.supervisors.management import Batch
from ringleader.supervisors.plan import Verdict
from tests.supervisors.world import IGNORED, World, child, family

if TYPE_CHECKING:
    from ringleader.supervisors.spec import ChildSpec


def template(**fields: Any) -> World:
    return family(child("t", **fields), strategy="simple_one_for_one", intensity=5)


def batch(world: World, *specs: ChildSpec) -> Any:
    return world.run(management.start_children(world.family, specs))


# --- start_child


def test_a_child_that_is_added_is_last() -> None:
    world = family(child("a"))

    answer = world.start_child(child("b"))

    assert answer == ("ok", world.pid("b"))
    assert list(world.states()) == ["a", "b"]


def test_what_on_start_returned_is_in_the_answer() -> None:
    world = family()
    world.starts["a"] = [Up("extra")]

    assert world.start_child(child("a")) == ("ok", world.pid("a"), "extra")


def test_an_id_that_runs_is_already_started() -> None:
    world = family(child("a"))

    assert world.start_child(child("a")) == ("error", ("already_started", world.pid("a")))


def test_an_id_that_is_down_or_restarting_is_already_present() -> None:
    world = family(child("a"), child("b"), intensity=5)
    world.terminate("a")
    world.starts["b"] = [Failed("no")]
    world.crash("b")

    assert world.start_child(child("a")) == ("error", "already_present")
    assert world.start_child(child("b")) == ("error", "already_present")


def test_of_a_child_that_does_not_start_nothing_is_kept() -> None:
    world = family()
    world.starts["a"] = [Failed("no")]
    spec = child("a")

    assert world.start_child(spec) == ("error", ("no", spec))
    assert world.states() == {}
    assert world.log == ["try a", "forget a"]
    assert [d.verdict for d in world.decisions] == [Verdict.CALLER_TOLD]
    assert world.family.window.restarts == ()


def test_a_child_that_declines_is_kept_unless_it_is_temporary() -> None:
    world = family()
    world.starts["a"] = [IGNORED]
    world.starts["b"] = [IGNORED]

    assert world.start_child(child("a")) == ("ok", None)
    assert world.start_child(child("b", "temporary")) == ("ok", None)
    assert world.states() == {"a": "down"}


def test_a_bad_spec_is_refused() -> None:
    world = family()

    assert world.start_child(child("a", significant=True)) == (
        "error",
        ("bad_combination", {"auto_shutdown": "never", "significant": True}),
    )


# --- start_children


def test_many_children_start_in_order() -> None:
    world = family(child("z"))

    answer = batch(world, child("a"), child("b"))

    assert answer == Batch((("ok", world.pid("a")), ("ok", world.pid("b"))))
    assert list(world.states()) == ["z", "a", "b"]


def test_the_first_of_many_that_does_not_start_ends_it_and_those_before_it_stay() -> None:
    world = family()
    world.starts["b"] = [Failed("no")]
    bad = child("b")

    answer = batch(world, child("a"), bad, child("c"))

    assert answer == Batch((("ok", world.pid("a")),), "b", ("no", bad))
    assert world.states() == {"a": "running"}
    assert "start c" not in world.log


def test_nothing_starts_if_one_of_many_specs_is_bad() -> None:
    world = family()

    assert batch(world, child("a"), child("a")) == ("error", ("duplicate_child_name", "a"))
    assert world.log == []


# --- terminate, restart, delete


def test_a_terminated_child_stays_known_and_is_not_restarted() -> None:
    world = family(child("a"), child("b"), strategy="one_for_all")

    assert world.terminate("a") == "ok"

    assert world.log == ["stop a"]
    assert world.states() == {"a": "down", "b": "running"}
    assert world.terminate("a") == "ok"


def test_a_temporary_child_that_is_terminated_is_forgotten() -> None:
    world = family(child("a", "temporary"))

    assert world.terminate("a") == "ok"
    assert world.states() == {}
    assert world.log == ["stop a", "forget a"]


def test_nobody_can_be_terminated_who_is_not_there() -> None:
    assert family().terminate("a") == ("error", "not_found")


def test_a_child_that_is_down_can_be_restarted_at_its_old_place() -> None:
    world = family(child("a"), child("b"))
    world.terminate("a")

    assert world.restart("a") == ("ok", world.pid("a"))
    assert list(world.states()) == ["a", "b"]
    assert world.restart("a") == ("error", "running")
    assert world.restart("c") == ("error", "not_found")


def test_a_restart_that_was_asked_for_is_not_tried_again() -> None:
    world = family(child("a"))
    world.terminate("a")
    world.starts["a"] = [Failed("no")]

    assert world.restart("a") == ("error", "no")

    assert world.states() == {"a": "down"}
    assert world.retries == []
    assert [d.verdict for d in world.decisions] == [Verdict.CALLER_TOLD]


def test_a_restart_that_was_asked_for_may_be_declined() -> None:
    world = family(child("a"))
    world.terminate("a")
    world.starts["a"] = [IGNORED]

    assert world.restart("a") == ("ok", None)


def test_only_a_child_that_is_down_can_be_deleted() -> None:
    world = family(child("a"), child("b"), intensity=5)
    world.starts["b"] = [Failed("no")]
    world.crash("b")

    assert world.delete("a") == ("error", "running")
    assert world.delete("b") == ("error", "restarting")
    assert world.restart("b") == ("error", "restarting")
    assert world.delete("c") == ("error", "not_found")

    world.terminate("a")
    assert world.delete("a") == "ok"
    assert list(world.states()) == ["b"]


# --- looking


def test_children_are_listed_latest_first() -> None:
    world = family(child("a"), child("b"), child("c", type="supervisor"), intensity=5)
    world.terminate("a")
    world.starts["b"] = [Failed("no")]
    world.crash("b")

    assert management.which_children(world.family) == [
        ("c", world.pid("c"), "supervisor"),
        ("b", "restarting", "worker"),
        ("a", None, "worker"),
    ]


def test_children_are_counted_by_type_and_by_whether_they_live() -> None:
    world = family(child("a"), child("b"), child("c", type="supervisor"))
    world.terminate("a")

    assert management.count_children(world.family) == {
        "specs": 3,
        "active": 2,
        "supervisors": 1,
        "workers": 2,
    }


def test_a_spec_can_be_asked_for() -> None:
    world = family(child("a"))

    assert management.get_childspec(world.family, "a") == ("ok", child("a"))
    assert management.get_childspec(world.family, "b") == ("error", "not_found")


# --- children of a template


def test_children_of_a_template_have_its_arguments_and_their_own() -> None:
    world = template(args=(1,), kwargs={"x": 1, "y": 1})

    answer = world.run(management.start_dynamic(world.family, (2, 3), {"y": 2}, None))

    assert answer == ("ok", world.pid("t-1"))
    args, kwargs = world.family.children["t-1"].own_arguments
    assert (args, dict(kwargs)) == ((1, 2, 3), {"x": 1, "y": 2})


def test_names_given_and_names_made_do_not_clash() -> None:
    world = template()

    world.start_dynamic(name="t-1")
    world.start_dynamic()
    again = world.start_dynamic(name="t-1")

    assert list(world.states()) == ["t-1", "t-2"]
    assert again == ("error", ("already_started", world.pid("t-1")))


def test_of_a_child_of_a_template_that_fails_or_declines_nothing_is_kept() -> None:
    world = template()
    world.starts["a"] = [Failed("no")]
    world.starts["b"] = [IGNORED]

    assert world.start_dynamic(name="a") == ("error", "no")
    assert world.start_dynamic(name="b") == ("ok", None)
    assert world.states() == {}


def test_a_child_of_a_template_is_terminated_by_its_incarnation() -> None:
    world, other = template(), family(child("x"))
    world.start_dynamic(name="a")
    pid = world.pid("a")

    assert world.terminate("a") == ("error", "simple_one_for_one")
    assert world.terminate(other.pid("x")) == ("error", "not_found")
    assert world.terminate(pid) == "ok"
    assert world.terminate(pid) == "ok"
    assert world.terminate(None) == "ok"
    assert world.states() == {}


def test_a_child_of_a_template_that_is_restarting_is_terminated_by_what_it_was() -> None:
    world = template()
    world.start_dynamic(name="a")
    pid = world.pid("a")
    world.starts["a"] = [Failed("no")]
    world.crash("a")

    assert world.terminate(pid) == "ok"
    assert world.states() == {}
    assert world.retry()


def test_a_transient_child_of_a_template_that_ends_normally_leaves_nothing() -> None:
    world = template(restart="transient")
    world.start_dynamic(name="a")

    assert world.crash("a", "normal")
    assert world.states() == {}


def test_a_child_of_a_template_whose_restart_is_declined_leaves_nothing() -> None:
    world = template()
    world.start_dynamic(name="a")
    world.starts["a"] = [IGNORED]

    assert world.crash("a")
    assert world.states() == {}


def test_a_template_has_one_spec_and_no_ids() -> None:
    world = template()
    world.start_dynamic()
    spec = world.family.template

    assert spec is not None
    assert management.get_childspec(world.family, None) == ("ok", spec)
    assert management.get_childspec(world.family, "t") == ("ok", spec)
    assert management.get_childspec(world.family, "x") == ("error", "not_found")
    assert world.restart("t") == ("error", "simple_one_for_one")
    assert world.delete("t") == ("error", "simple_one_for_one")
    assert world.start_child(child("a")) == ("error", "simple_one_for_one")
    assert batch(world, child("a")) == ("error", "simple_one_for_one")
    assert management.count_children(world.family)["specs"] == 1
    assert management.which_children(world.family) == [(None, world.pid("t-1"), "worker")]


def test_without_a_template_there_are_no_dynamic_children() -> None:
    assert family().start_dynamic() == ("error", "not_simple_one_for_one")


def test_many_children_of_a_template_start_in_one_call() -> None:
    world = template()
    world.starts["t-2"] = [Failed("no")]

    answer = world.run(management.start_dynamics(world.family, [(1,), (2,), (3,)]))

    assert answer == Batch((("ok", world.pid("t-1")),), 1, "no")
    assert world.run(management.start_dynamics(world.family, [(4,)])).failed is None
