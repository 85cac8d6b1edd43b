"""What the reference system has no tests for, and most of what it gets wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ringleader import ALL, Actor, Event, EventCategory, Outcome, handles
from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.actors.events import Catalogue, DataEventType
from ringleader.actors.options import EventOptions
from ringleader.audit.exceptions import OWN
from ringleader.audit.report import Report, audit
from ringleader.audit.scan import scan
from ringleader.transport.event_store import EventStore
from tests.event_bench import Bench, child
from tests.events.places import Fleeting, Kept, Place, Plain, Said
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", [Kept, Fleeting, Said])
def test_each_subscriber_gets_exactly_one_delivery_of_each_publication(
    place: Place, kind: type[Event]
) -> None:
    """However it has subscribed: by type, by category, to all, twice, durably."""
    heard: dict[str, list[Event]] = {}

    def note(name: str) -> Callable[[Event], None]:
        mine = heard.setdefault(name, [])
        return lambda event: mine.append(event) if isinstance(event, kind) else None

    for name, topic in (("type", kind), ("category", EventCategory.OTHER), ("all", ALL)):
        place.system.subscribe(topic, note(name))
        place.system.subscribe(topic, note(f"durable {name}"), durable=f"durable-{name}")
    ref = place.system.subscribe(kind, note("twice"))
    place.settle()
    for topic in (kind, ALL, EventCategory.OTHER):
        place.system.hub.subscribe(ref, topic)
    for _ in range(5):
        place.system.publish(kind())
        place.settle()
        place.advance(61)
    assert {name: len(events) for name, events in heard.items()} == dict.fromkeys(heard, 5)


def test_an_identical_publication_is_suppressed_in_the_window_and_allowed_after_it(
    place: Place,
) -> None:
    heard: list[Event] = []
    place.system.subscribe(Said, heard.append)
    place.settle()
    for wait in (0, 1, 58, 2, 1):
        place.advance(wait)
        place.system.publish(Said(what="x"))
        place.settle()
    assert len(heard) == 2
    assert place.system.hub.statistics().deduplicated == 3


def test_an_identical_publication_is_suppressed_over_a_restart_in_the_window(place: Place) -> None:
    heard: list[Event] = []

    def publish() -> None:
        place.system.subscribe(Said, heard.append)
        place.settle()
        place.system.publish(Said(what="x"))
        place.settle()

    publish()
    for wait, seen in ((10, 1), (55, 2)):
        place.stop()
        place.start()
        place.advance(wait)
        publish()
        assert len(heard) == seen


def test_a_try_again_touches_only_who_failed(place: Place) -> None:
    fails = {1}
    bad: list[int] = []
    good: list[int] = []
    durable: list[int] = []
    place.add("bad", Plain, bad, fails)
    place.add("good", Plain, good)
    place.system.subscribe(Kept, lambda e: durable.append(e.number), durable="d")
    place.settle()
    (event_id,) = place.publish(1)
    fails.clear()
    assert place.system.dlq.retry(event_id)
    place.settle()
    assert (bad, good, durable) == ([1, 1], [1], [1])
    assert place.found()[0].status == "recovered"


class Echo(Actor):
    """Answers each event with the next."""

    @handles(Kept)
    def answer(self, event: Kept) -> None:
        self.publish(Kept(number=event.number + 1))


class DurableEcho(Echo):
    """The same out of the log."""

    durable = True


@pytest.mark.parametrize("kind", [Echo, DurableEcho])
def test_a_loop_of_events_has_an_end(place_with: Callable[..., Place], kind: type[Actor]) -> None:
    place = place_with(events=EventOptions(causation_depth=8))
    for name in "ab":
        place.add(name, kind)
    place.publish(0)
    place.advance(10)
    assert place.system.hub.statistics().looped > 0
    assert place.system.hub.statistics().by_type["KEPT"] <= 2**9


class Selfish(Actor):
    """Answers each event with one of the same type, which it does not hear."""

    @handles(Kept)
    def answer(self, event: Kept) -> None:
        self.publish(Kept(number=event.number + 1))


def test_nobody_hears_its_own_echo(place: Place) -> None:
    place.add("a", Selfish)
    place.publish(0)
    assert place.system.hub.statistics().by_type["KEPT"] == 2


def test_no_handler_can_change_what_the_others_get(place: Place) -> None:
    names = ["a", "b"]
    seen: list[Any] = []

    def spoil(event: Any) -> None:
        for change in (lambda: setattr(event, "number", 9), lambda: event.names.append("c")):
            with pytest.raises(AttributeError):
                change()

    place.system.subscribe(Fleeting, spoil)
    place.system.subscribe(Fleeting, seen.append)
    place.settle()
    wrong: Any = names
    place.system.publish(Fleeting(number=1, names=wrong))
    names.append("later")
    place.settle()
    assert seen == [Fleeting(number=1, names=("a", "b"))]
    assert place.outcomes() == {Outcome.HANDLED: 2}


# --- a consumer process that is killed


@pytest.fixture
def bench(backend: str, tmp_path: Path) -> Iterator[Bench]:
    clock = RealClock(spawn)
    store = None
    if backend == "sqlite":
        store = EventStore(tmp_path / "events.db", clock=clock, spawn=spawn, epoch=1)
    bench = Bench(tmp_path, None if store is None else store.log)
    bench.start()
    yield bench
    bench.close()
    if store is not None:
        assert store.close(10)
    assert clock.close()


def test_a_consumer_process_that_is_killed_goes_on_without_loss(bench: Bench) -> None:
    """What it had in hand comes again, because it is idempotent."""
    heard: list[int] = []
    with child("consume", bench.path, "c", "idempotent") as first:
        assert first.line() == "ready"
        bench.happen(*range(6))
        for _ in range(3):
            heard.append(int(first.line()))
            if len(heard) < 3:
                first.tell("done")
        first.kill()
    probe(lambda: not bench.consumer("c").active)
    with child("consume", bench.path, "c", "idempotent") as second:
        assert second.line() == "ready"
        while len(set(heard)) < 6:
            heard.append(int(second.line()))
            second.tell("done")
        probe(lambda: bench.consumer("c").in_hand == 0)
    assert max(Counter(heard).values()) <= 2
    assert set(heard) == set(range(6))


# --- the audit


@pytest.fixture(scope="module")
def report() -> Report:
    folders = ("actors", "supervisors", "transport", "config", "src/ringleader")
    return audit(scan([ROOT / folder for folder in folders]), [OWN])


def test_every_name_that_is_emitted_is_in_the_catalogue(report: Report) -> None:
    assert [f for f in report.findings if "unknown" in f.kind or "unregistered" in f.kind] == []
    assert report.counts.published > 60
    catalogue = Catalogue()
    assert all(catalogue.find(name).EVENT.name == name for name in DataEventType.__members__)


def test_every_field_that_a_handler_reads_is_emitted(report: Report) -> None:
    assert report.counts.reads > 200
    assert [f for f in report.findings if "field" in f.kind or "read" in f.kind] == []
    assert report.ok
