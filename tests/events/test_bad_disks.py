"""Disks that refuse while a node runs: it works on, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.clock import RealClock
from ringleader.actors.dead_letters import LetterQuery
from ringleader.actors.dispatch import spawn
from ringleader.actors.errors import PublishRefused
from ringleader.actors.event_log import EventLogError
from ringleader.actors.publication import Routing
from ringleader.transport.event_store import EventStore
from tests.events.disks import LINUX, PATIENCE, Disk, Life, a_file, living, numbers_in
from tests.events.places import Fleeting, Said
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ringleader import Event
    from ringleader.actors.publication import Publication

# --- while a node runs


@LINUX
def test_a_full_disk_delays_what_is_logged_and_nothing_else(disk: Disk) -> None:
    path = disk.path / "events.db"
    with living(path) as life:
        for publication in life.publish(1, 2):
            publication.get(timeout=PATIENCE)
        disk.fill()
        delayed(life, "the disk is full", disk.free)
    assert numbers_in(path) == list(range(1, 103))


def test_a_file_that_turns_read_only_delays_what_is_logged_and_nothing_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "events.db"
    with living(path) as life:
        for publication in life.publish(1, 2):
            publication.get(timeout=PATIENCE)
        life.store.database.rows("SELECT 1")
        connection = life.store.database._connection  # a mount in use can't be made read-only
        connection.pragma("query_only", 1)
        delayed(life, "can't be written to", lambda: connection.pragma("query_only", 0))
    assert numbers_in(path) == list(range(1, 103))


def delayed(life: Life, trouble: str, heal: Callable[[], object]) -> None:
    """Assert what holds while a disk refuses, and what when it does so no more."""
    late = life.publish(*range(3, 103))
    probe(lambda: trouble in life.store.log.trouble)
    for number in range(10):
        life.works(number)
    assert late[-1].receipt is None
    assert life.store.log.statistics().trouble == life.store.log.trouble

    heal()
    receipts = [publication.get(timeout=PATIENCE) for publication in late]
    assert all(r.sequence and r.routing is Routing.ROUTED for r in receipts)
    assert life.store.log.trouble == ""
    everything = list(range(1, 103))
    probe(lambda: life.kept == everything, PATIENCE)
    probe(lambda: life.durable == everything, PATIENCE)


@LINUX
def test_on_a_read_only_disk_nothing_starts_and_the_reason_is_told(disk: Disk) -> None:
    path = disk.path / "events.db"
    a_file(path)
    disk.remount("ro")
    clock = RealClock(spawn)
    with pytest.raises(EventLogError, match=r"can't be (written|opened).*written"):
        EventStore(path, clock=clock, spawn=spawn, epoch=1)
    assert clock.close()
    disk.remount("rw")
    assert numbers_in(path) == list(range(20))


@LINUX
def test_dead_letters_wait_for_the_disk_and_are_kept_in_the_end(disk: Disk) -> None:
    with living(disk.path / "events.db") as life:

        def refuse(event: Event) -> None:
            raise ValueError(event)

        life.system.subscribe(Fleeting, refuse)
        disk.fill()
        life.publish(*range(100))
        probe(lambda: life.store.log.trouble)
        life.works(1)
        probe(life.system.dead_letters.counts)
        disk.free()
        probe(lambda: life.store.log.trouble == "", PATIENCE)
        found = life.system.dlq.find(LetterQuery(types=("fleeting",)))
        assert [letter.path for letter in found] != []


@LINUX
def test_a_publisher_is_refused_when_too_much_waits_and_told_why(disk: Disk) -> None:
    with living(disk.path / "events.db", backlog=50) as life:
        disk.fill()
        accepted: list[Publication] = []

        def fill_up() -> bool:
            try:
                accepted.extend(life.publish(len(accepted)))
            except PublishRefused as error:
                return "full" in str(error)
            return False

        probe(fill_up, PATIENCE)
        life.works(1)
        disk.free()
        for publication in accepted:
            assert publication.get(timeout=PATIENCE).sequence
        probe(lambda: life.durable == list(range(len(accepted))), PATIENCE)
        life.publish(1000)[0].get(timeout=PATIENCE)


@LINUX
@pytest.mark.parametrize("again", ["same id", "same content"])
def test_a_duplicate_of_what_is_not_kept_yet_is_not_acknowledged(disk: Disk, again: str) -> None:
    """Its publisher would count on an event that a kill of the node takes away."""
    with living(disk.path / "events.db") as life:
        disk.fill()
        life.publish(*range(100))
        probe(lambda: life.store.log.trouble)
        named = life.system.hub.publish_named
        if again == "same id":
            first, second = [named("KEPT", {}, source="/s", id="same") for _ in range(2)]
        else:
            first, second = [life.system.publish(Said(what="x"), source="/s") for _ in range(2)]
        life.works(1)
        assert first.receipt is None
        assert second.receipt is None
        disk.free()
        assert first.get(timeout=PATIENCE).routing is not Routing.DUPLICATE
        receipt = second.get(timeout=PATIENCE)
        assert (receipt.routing, receipt.duplicate_of) == (Routing.DUPLICATE, first.id)


@LINUX
def test_who_waits_is_told_when_the_node_ends_with_a_full_disk(disk: Disk) -> None:
    """The event is lost, and its publisher is told so, not left alone."""
    path = disk.path / "events.db"
    life = Life(path)
    disk.fill()
    late = life.publish(*range(100))
    probe(lambda: life.store.log.trouble)
    assert not life.close()
    lost = [one for one in late if one.get(timeout=2).routing is Routing.REJECTED]
    assert lost
    disk.free()
    assert numbers_in(path) == list(range(100 - len(lost)))
