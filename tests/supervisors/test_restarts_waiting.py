"""Restarts that wait, and ends that end the supervisor."""

from __future__ import annotations

from ringleader.actors.lifecycle import Failed
from tests.supervisors.world import child, family

# --- backoff


def test_a_backoff_leaves_the_group_down_until_the_restart() -> None:
    world = family(child("a"), child("b"), strategy="one_for_all", backoff=5.0)

    assert world.crash("a")

    assert world.log == ["stop b"]
    assert world.states() == {"a": "backoff", "b": "down"}
    assert (world.retries[0].after, world.decisions[0].after) == (5.0, 5.0)
    assert world.retry()
    assert world.states() == {"a": "running", "b": "running"}


def test_a_restart_after_a_backoff_counts_once() -> None:
    world = family(child("a"), backoff=5.0, intensity=1)

    assert world.crash("a")
    assert world.retry()
    assert len(world.family.window.restarts) == 1


def test_a_failed_restart_waits_once_before_it_is_tried_again() -> None:
    world = family(child("a"), backoff=5.0, intensity=5)
    world.starts["a"] = [Failed("no")]

    assert world.crash("a")
    assert world.retry()
    assert [retry.after for retry in world.retries] == [5.0]
    assert world.retry()

    assert world.states() == {"a": "running"}
    assert len(world.family.window.restarts) == 2


# --- significant children


def test_any_significant_child_that_ends_ends_its_supervisor() -> None:
    world = family(
        child("a", "transient", significant=True),
        child("b", "transient", significant=True),
        auto_shutdown="any_significant",
    )

    assert not world.crash("a", "normal")

    assert world.decisions[0].ends_supervisor


def test_the_last_of_all_significant_children_ends_its_supervisor() -> None:
    world = family(
        child("a", "transient", significant=True),
        child("b", "temporary", significant=True),
        child("c"),
        auto_shutdown="all_significant",
    )

    assert world.crash("b")
    assert not world.crash("a", "normal")


def test_a_significant_child_that_is_restarted_ends_nobody() -> None:
    world = family(
        child("a", "transient", significant=True), auto_shutdown="any_significant", intensity=5
    )

    assert world.crash("a")


def test_significant_children_that_are_down_are_not_waited_for() -> None:
    world = family(
        child("a", "transient", significant=True),
        child("b", "transient", significant=True),
        auto_shutdown="all_significant",
    )
    assert world.terminate("b") == "ok"

    assert not world.crash("a", "normal")


def test_a_significant_child_that_is_restarting_is_waited_for() -> None:
    world = family(
        child("a", "transient", significant=True),
        child("b", "transient", significant=True),
        auto_shutdown="all_significant",
        intensity=5,
    )
    world.starts["b"] = [Failed("no")]
    assert world.crash("b")

    assert world.crash("a", "normal")
