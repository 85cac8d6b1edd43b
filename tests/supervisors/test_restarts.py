from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.lifecycle import Failed
from ringleader.supervisors import restarts
from ringleader.supervisors.plan import Verdict
from tests.supervisors.world import IGNORED, World, child, family

if TYPE_CHECKING:
    from ringleader.supervisors.spec import Restart


def verdicts(world: World) -> list[tuple[str, Verdict]]:
    return [(decided.child.name, decided.verdict) for decided in world.decisions]


def test_one_for_one_restarts_the_child_alone_at_its_old_place() -> None:
    world = family(child("a"), child("b"), child("c"))

    assert world.crash("b")

    assert world.log == ["start b"]
    assert list(world.states()) == ["a", "b", "c"]
    assert world.reports == [("child_terminated", "b", "boom"), ("progress", "b", "started")]
    assert verdicts(world) == [("b", Verdict.RESTARTED)]


def test_one_for_all_restarts_all() -> None:
    world = family(child("a"), child("b"), child("c"), strategy="one_for_all")

    assert world.crash("b")

    assert world.log == ["stop c", "stop a", "start a", "start b", "start c"]
    assert world.decisions[0].siblings == 2


def test_rest_for_one_restarts_those_after_it() -> None:
    world = family(child("a"), child("b"), child("c"), strategy="rest_for_one")

    assert world.crash("b")

    assert world.log == ["stop c", "start b", "start c"]
    assert world.decisions[0].siblings == 1


def test_temporary_siblings_caught_in_a_group_restart_are_gone() -> None:
    world = family(child("a"), child("b", "temporary"), strategy="one_for_all")

    assert world.crash("a")

    assert world.log == ["stop b", "forget b", "start a"]
    assert world.states() == {"a": "running"}
    assert world.decisions[0].siblings == 0


def test_who_ended_for_good_is_kept_with_its_spec_or_forgotten_as_the_supervisor_says() -> None:
    for keeps_ended, left in ((True, ["a", "b"]), (False, ["a"])):
        world = family(child("a"), child("b", "transient"), keeps_ended=keeps_ended)

        assert world.crash("b", "normal")

        assert list(world.states()) == left
        verdict = Verdict.LEFT_DOWN if keeps_ended else Verdict.REMOVED
        assert verdicts(world) == [("b", verdict)]


def test_who_crashed_is_restarted_also_where_nobody_is_kept_who_ended() -> None:
    world = family(child("a", "transient"), keeps_ended=False)

    assert world.crash("a")

    assert verdicts(world) == [("a", Verdict.RESTARTED)]


def test_a_group_restart_starts_those_that_were_down_too() -> None:
    world = family(child("a"), child("b", "transient"), child("c"), strategy="one_for_all")
    assert world.crash("b", "normal")
    world.terminate("c")
    world.clear()

    assert world.crash("a")

    assert world.log == ["start a", "start b", "start c"]


@pytest.mark.parametrize("restart", ["transient", "temporary"])
def test_an_end_that_is_not_restarted_moves_no_sibling(restart: Restart) -> None:
    world = family(child("a", restart), child("b"), strategy="one_for_all")

    assert world.crash("a", "normal")

    assert [line for line in world.log if "b" in line] == []


def test_a_transient_child_that_ended_normally_stays_known() -> None:
    world = family(child("a", "transient"))

    assert world.crash("a", "normal")

    assert world.states() == {"a": "down"}
    assert world.reports == []
    assert verdicts(world) == [("a", Verdict.LEFT_DOWN)]


def test_a_temporary_child_that_ended_is_forgotten() -> None:
    world = family(child("a", "temporary"))

    assert world.crash("a")

    assert world.states() == {}
    assert world.log == ["forget a"]
    assert world.reports == [("child_terminated", "a", "boom")]
    assert verdicts(world) == [("a", Verdict.REMOVED)]


def test_the_end_of_an_incarnation_that_was_replaced_means_nothing() -> None:
    world = family(child("a"))
    old = world.pid("a")
    world.crash("a")
    world.clear()

    assert world.run(restarts.exited(world.family, old, "boom"))

    assert world.log == []
    assert world.reports == []


def test_one_restart_too_many_is_the_end() -> None:
    world = family(child("a"), child("b"), intensity=2)
    assert world.crash("a")
    assert world.crash("b")
    world.clear()

    assert not world.crash("a")

    assert world.log == []
    assert ("shutdown", "a", "reached_max_restart_intensity") in world.reports
    assert verdicts(world) == [("a", Verdict.GAVE_UP)]
    assert world.decisions[0].restarts == 3
    assert world.states() == {"a": "down", "b": "running"}


def test_restarts_long_ago_do_not_count() -> None:
    world = family(child("a"))
    for _ in range(5):
        assert world.crash("a")
        world.now += 6.0


# --- restarts that fail


def test_a_restart_that_fails_is_tried_again() -> None:
    world = family(child("a"), intensity=3)
    world.starts["a"] = [Failed("no"), Failed("no")]

    assert world.crash("a")
    assert world.states() == {"a": "restarting"}
    assert world.retry()
    assert world.retry()

    assert world.states() == {"a": "running"}
    assert verdicts(world) == [
        ("a", Verdict.RESTARTED),
        ("a", Verdict.RETRYING),
        ("a", Verdict.RETRYING),
    ]
    assert world.retries == []


def test_each_try_counts() -> None:
    world = family(child("a"), intensity=2)
    world.starts["a"] = [Failed("no")] * 5

    assert world.crash("a")
    assert world.retry()
    assert not world.retry()

    last = world.decisions[-1]
    assert (last.verdict, last.reason) == (Verdict.GAVE_UP, "no")
    assert last.pid is world.decisions[-2].pid


def test_those_after_one_that_does_not_start_stay_down_until_it_does() -> None:
    world = family(child("a"), child("b"), child("c"), strategy="one_for_all", intensity=5)
    world.starts["b"] = [Failed("no")]

    assert world.crash("a")
    assert world.states() == {"a": "running", "b": "restarting", "c": "down"}
    world.clear()
    assert world.retry()

    assert world.log == ["stop a", "start a", "start b", "start c"]


def test_one_that_does_not_start_has_no_incarnation() -> None:
    world = family(child("a"), child("b"), strategy="one_for_all", intensity=5)
    world.starts["b"] = [Failed("no")]

    assert world.crash("a")

    assert world.family.children["b"].pid is None


def test_the_end_of_what_is_being_restarted_means_nothing() -> None:
    world = family(child("a"), intensity=5)
    world.starts["a"] = [Failed("no")]
    old = world.pid("a")
    assert world.crash("a")
    world.clear()

    assert world.run(restarts.exited(world.family, old, "boom"))

    assert world.states() == {"a": "restarting"}
    assert world.decisions == []


def test_rest_for_one_goes_on_from_the_one_that_did_not_start() -> None:
    world = family(child("a"), child("b"), child("c"), strategy="rest_for_one", intensity=5)
    world.starts["b"] = [Failed("no")]

    assert world.crash("a")
    world.clear()
    assert world.retry()

    assert world.log == ["start b", "start c"]


def test_a_restart_that_is_declined_is_a_success() -> None:
    world = family(child("a"), intensity=5)
    world.starts["a"] = [IGNORED]

    assert world.crash("a")

    assert world.states() == {"a": "down"}
    assert world.retries == []


def test_a_retry_that_was_cancelled_is_void() -> None:
    world = family(child("a"), intensity=5)
    world.starts["a"] = [Failed("no")]
    assert world.crash("a")
    world.clear()

    assert world.terminate("a") == "ok"
    assert world.log == ["cancel a"]
    assert world.retry()

    assert world.states() == {"a": "down"}
    assert world.log == ["cancel a"]


def test_a_retry_of_an_earlier_failure_is_one_more_try_as_in_otp() -> None:
    world = family(child("a"), intensity=5)
    world.starts["a"] = [Failed("no")]
    assert world.crash("a")
    world.terminate("a")
    world.restart("a")
    world.starts["a"] = [Failed("no")]
    assert world.crash("a")
    assert len(world.retries) == 2

    assert world.retry()
    assert world.states() == {"a": "running"}

    assert world.retry()
    assert len(world.family.window.restarts) == 3


def test_a_retry_of_an_earlier_failure_that_waited_is_void() -> None:
    world = family(child("a"), backoff=5.0, intensity=5)
    assert world.crash("a")
    world.terminate("a")
    world.restart("a")
    assert world.crash("a")

    assert world.retry()
    assert world.states() == {"a": "backoff"}

    assert world.retry()
    assert world.states() == {"a": "running"}
