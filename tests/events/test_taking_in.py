"""Events of other nodes in a system: who hears them, and what becomes of those nobody can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import pytest

from ringleader import Actor, Dedup, Event, EventType, Outcome, handles
from ringleader.actors.events.base import Envelope, Priority
from ringleader.actors.publication import Routing
from ringleader.testing import ManualClock
from ringleader.transport.bodies import pack_body
from ringleader.transport.bridge_events import (
    BridgeLossDeclared,
    alarm,
    declare,
    declare_untold,
    loss_id,
)
from ringleader.transport.inbox import SqliteInbox
from ringleader.transport.streams import Loss, Place, Stream
from tests.events.disks import LINUX
from tests.events.places import TYPES, Aging, Durable, Fleeting, Kept, Plain, Said, SqlitePlace
from tests.probe import probe
from tests.transport.bridge_files import Crossing, Side, body_of, chain
from tests.transport.test_outbox import check_chain

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from ringleader.actors.publication import Publication
    from tests.events.disks import Disk

STREAM = Stream("node-b", "user")
NOW = ManualClock().time()


class Ordered(Event, frozen=True, kw_only=True):
    """Something that goes first."""

    EVENT: ClassVar[EventType] = EventType.custom(
        "ORDERED", bridged=True, dedup=Dedup.id(), priority=Priority.HIGH
    )


class Tomorrow(Event, frozen=True, kw_only=True):
    """A type that is not known before the upgrade."""

    EVENT: ClassVar[EventType] = EventType.custom(
        "TOMORROW", bridged=True, dedup=Dedup.id(), max_age=100.0
    )

    number: int = 0


class Futurist(Actor):
    """Waits for it."""

    def __init__(self, heard: list[int]) -> None:
        super().__init__()
        self.heard = heard

    @handles(Tomorrow)
    def hear(self, event: Tomorrow) -> None:
        self.heard.append(event.number)


class Importing(SqlitePlace):
    """A system that reads another node's stream."""

    def __init__(self, path: Path, types: tuple[type[Event], ...] = (), **kwargs: Any) -> None:
        known = (*TYPES, BridgeLossDeclared, Ordered, *types)
        super().__init__(path, event_types=known, **kwargs)
        self.seq, self.hash = 1, bytes(8)

    def open(self) -> None:
        super().open()
        assert self.store is not None
        hub = self.system.hub
        self.inbox = SqliteInbox(
            self.store,
            decode=self.system.catalogue.decode,
            take_in=hub.take_in,
            declare=lambda loss: declare(hub, self.inbox, loss),
        )

    def arrive(self, *bodies: bytes, losses: Sequence[Loss] = ()) -> None:
        """Read entries of the stream."""
        entries, place = chain(bodies, self.seq, self.hash)
        self.inbox.apply(STREAM, place, entries, losses, list)
        self.seq, self.hash = place.next, place.hash
        self.settle()


def body(event_id: str, kind: str = "kept", source: str = "/test", **fields: Any) -> bytes:
    time = fields.pop("time", None)
    envelope = Envelope(id=event_id, source=source, type=kind, time=time or NOW)
    return pack_body(msgspec.msgpack.encode(envelope), msgspec.msgpack.encode(fields))


@pytest.fixture
def place(tmp_path: Path) -> Generator[Importing]:
    made = Importing(tmp_path)
    made.start()
    yield made
    made.stop()


def test_subscribers_hear_each_event_once(place: Importing) -> None:
    heard: list[int] = []
    durable: list[int] = []
    place.add("plain", Plain, heard)
    place.add("durable", Durable, durable)
    place.arrive(body("a", number=1), body("b", number=2), body("a", number=1))
    place.arrive(body("b", number=2), body("c", number=3))
    assert heard == durable == [1, 2, 3]
    statistics = place.system.hub.statistics()
    assert statistics.taken_in == 3
    assert "KEPT" not in statistics.by_type


def test_equal_content_of_two_nodes_is_two_events(place: Importing) -> None:
    heard: list[str] = []
    place.system.subscribe(Said, lambda event: heard.append(event.what))
    place.system.publish(Said(what="x"), source="/test")
    place.arrive(body("a", "said", what="x"), body("b", "said", what="x"))
    assert heard == ["x", "x", "x"]


def test_what_others_said_suppresses_nothing_here_after_a_start(tmp_path: Path) -> None:
    place = Importing(tmp_path)
    place.start()
    place.arrive(body("a", "said", what="x"))
    place.stop()
    place.start()
    publication = place.system.publish(Said(what="x"), source="/test")
    place.settle()
    assert publication.get(timeout=1).routing is not Routing.DUPLICATE
    place.stop()


@pytest.mark.parametrize("kind", [Plain, Durable])
def test_who_lives_at_the_same_path_of_two_nodes_hears_the_other(
    place: Importing, kind: type[Actor]
) -> None:
    heard: list[int] = []
    ref = place.add("twin", kind, heard)
    place.arrive(body("a", source=ref.path, number=1))
    place.publish(2, source=ref.path)
    assert heard == [1]


def test_what_is_too_old_is_a_dead_letter(place: Importing) -> None:
    heard: list[int] = []
    place.system.subscribe(Aging, lambda event: heard.append(event.number))
    place.arrive(body("a", "aging", time=NOW - 101, number=1), body("b", "aging", number=2))
    assert heard == [2]
    (letter,) = place.found()
    assert (letter.event_id, letter.reason) == ("a", Outcome.EXPIRED)
    assert place.system.hub.statistics().expired == 1


def test_what_is_not_logged_at_home_is_taken_all_the_same(place: Importing) -> None:
    heard: list[int] = []
    place.system.subscribe(Fleeting, lambda event: heard.append(event.number))
    place.arrive(body("a", "fleeting", number=1))
    assert heard == [1]


def test_urgent_events_are_delivered_as_such(place: Importing) -> None:
    heard: list[str] = []
    place.system.subscribe(Ordered, lambda _: heard.append("ordered"))
    place.arrive(body("a", "ordered"))
    assert heard == ["ordered"]


def test_without_a_registry_durable_consumers_get_it_at_the_next_start(tmp_path: Path) -> None:
    place = Importing(tmp_path)
    place.start()
    durable: list[int] = []
    place.add("durable", Durable, durable)
    assert place.system.stop()
    entries, there = chain([body("a", number=1)])
    place.inbox.apply(STREAM, there, entries, (), list)
    place.close()
    place.start()
    place.add("durable", Durable, durable)
    assert durable == [1]
    place.stop()


def test_an_unknown_type_can_be_delivered_after_the_upgrade(tmp_path: Path) -> None:
    place = Importing(tmp_path)
    place.start()
    place.arrive(body("a", "tomorrow", time=NOW - 101, number=5), body("b", number=1))
    (letter,) = place.system.dlq.find()
    assert (letter.event_id, letter.status, letter.reason) == ("a", "pending", Outcome.UNKNOWN_TYPE)
    begun = place.system.dlq.retry(letter.number)
    assert "tomorrow" in begun.refused[letter.number].lower()
    place.stop()

    place.kwargs["event_types"] = (*place.kwargs["event_types"], Tomorrow)
    place.start()
    heard: list[int] = []
    place.add("futurist", Futurist, heard)
    assert place.system.dlq.retry(letter.number)
    place.settle()
    assert heard == [5]
    again = place.system.dlq.get(letter.number)
    assert again is not None
    assert again.status == "recovered"
    place.stop()


def test_a_lost_part_of_a_stream_is_an_event(place: Importing) -> None:
    heard: list[BridgeLossDeclared] = []
    place.system.subscribe(BridgeLossDeclared, heard.append)
    loss = Loss(STREAM, 77, 4, 9, "gone")
    place.arrive(losses=[loss])
    assert heard == [
        BridgeLossDeclared(stream="node-b/user", epoch=77, first=4, last=9, reason="gone")
    ]
    assert place.inbox.untold() == []


def test_a_loss_whose_event_a_kill_has_prevented_is_told_at_the_next_start(tmp_path: Path) -> None:
    place = Importing(tmp_path)
    place.start()
    place.inbox._declare = None  # killed right behind the commit
    loss = Loss(STREAM, 77, 4, 9, "gone")
    place.inbox.apply(STREAM, Place(77, 10), (), [loss], list)
    place.settle()
    place.stop()
    place.start()
    heard: list[BridgeLossDeclared] = []
    place.system.subscribe(BridgeLossDeclared, heard.append)
    assert declare_untold(place.system.hub, place.inbox) == 1
    place.settle()
    assert declare_untold(place.system.hub, place.inbox) == 0
    declare(place.system.hub, place.inbox, loss)
    place.settle()
    assert len(heard) == 1
    assert place.inbox.untold() == []
    assert loss_id(loss) == "node-b/user/4d/4-9/gone"
    place.stop()


def test_a_full_outbox_raises_an_alarm(place: Importing) -> None:
    heard: list[str] = []
    place.system.subscribe("HEALTH_ALERT", lambda event: heard.append(event.alert))
    alarm(place.system.hub, "pipeline", 3, 8)
    place.settle()
    assert heard == ["entries 3 to 8 of the outbox pipeline were removed before all peers had them"]


def test_types_can_be_kept_that_the_catalogue_does_not_keep(place: Importing) -> None:
    hub = place.system.hub
    hub.also_logged = frozenset({"FLEETING"})
    hub.kinds.pop(Fleeting, None)
    publication: Publication = place.system.publish(Fleeting(number=1), source="/test")
    place.settle()
    assert publication.get(timeout=1).sequence is not None
    assert Kept.EVENT.durable


@LINUX
def test_a_full_disk_delays_exports_and_imports_and_loses_neither(disk: Disk) -> None:
    side = Side(disk.path)
    side.publish("a")
    disk.fill()
    for number in range(200):
        side.append(f"e{number}", Crossing(text="x" * 5_000))
    bodies = [body_of(f"i{number}", payload=b"\xa1x" + b"y" * 5_000) for number in range(100)]
    entries, place = chain([*bodies, body_of("last")])
    told: list[int] = []
    side.inbox.apply(STREAM, place, entries, (), lambda: told.append(1))
    probe(lambda: "full" in side.store.log.trouble)
    assert told == []
    disk.free()
    side.clock.advance(1.0)
    side.settle()
    assert told == [1]
    assert side.outbox.head == 201
    check_chain(side.outbox)
    assert side.taken == ["last"], "the others' payloads fit no type"
    ((number,),) = side.store.reader.rows("SELECT count(*) FROM events")
    assert number == 302
    side.close()
