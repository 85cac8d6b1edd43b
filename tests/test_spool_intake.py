"""A node takes in what was left while it was down: in order, once, and nothing is lost."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from ringleader.actors.dead_letters import LetterQuery
from ringleader.actors.dispatch import spawn
from ringleader.actors.errors import PublishError, PublishRefused, RingleaderError
from ringleader.actors.events.errors import UnknownEventTypeError
from ringleader.actors.letters import Outcome
from ringleader.event_questions import Cause, SentEvent
from ringleader.events_client import Client
from ringleader.sent_events import publish_sent
from ringleader.spool import Spool, read, waiting
from ringleader.spool_intake import SpoolIntake, rejecting_into
from ringleader.testing import ManualClock
from tests.event_bench import TYPES, Bench, Happened
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ringleader.actors.publication import Publication

PATIENCE = 10.0


class Intake:
    """A bench whose spool is taken in when a test says so."""

    def __init__(self, path: Path) -> None:
        self.bench = Bench(path)
        self.rejected: list[tuple[SentEvent, RingleaderError]] = []
        self.clock = ManualClock()

    @property
    def files(self) -> list[Path]:
        return waiting(self.bench.path / "spool")

    def saw(self, *ids: str) -> bool:
        """Wait until as many events were routed; tell whether it was these, in this order."""
        return [envelope.id for envelope in self.bench.saw(len(ids))] == list(ids)

    def make(self, publish: Callable[[SentEvent], Publication] | None = None) -> SpoolIntake:
        return SpoolIntake(
            self.bench.path / "spool",
            publish=publish or partial(publish_sent, self.bench.system.hub),
            reject=lambda sent, error: self.rejected.append((sent, error)),
            clock=self.clock,
            spawn=spawn,
            interval=30,
        )

    def spool(self, *events: SentEvent) -> Path:
        return Spool(self.bench.path / "spool").put(events)


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Intake]:
    intake = Intake(tmp_path)
    yield intake
    intake.bench.close()


def event(number: int, name: str = "happened", payload: bytes = b"\x80") -> SentEvent:
    return SentEvent(id=f"id-{number}", type=name, payload=payload, source="s", time=2e9 + number)


def test_events_are_published_under_their_own_ids_and_times(intake: Intake) -> None:
    with Client(intake.bench.path, event_types=TYPES, source="shell") as client:
        ids = [client.publish(Happened(number=n), subject=f"{n}").id for n in range(5)]
    intake.bench.start()
    times = [event.time for path in intake.files for event in read(path).events]
    assert intake.make().take_in() == 5
    assert intake.saw(*ids)
    assert [envelope.time for envelope in intake.bench.seen] == times
    assert [envelope.subject for envelope in intake.bench.seen] == list("01234")
    assert intake.files == []


def test_an_event_that_the_log_has_already_is_taken_in_once(intake: Intake) -> None:
    """As after a kill between the commit and the removal of the file."""
    intake.bench.start()
    publish_sent(intake.bench.system.hub, event(1)).get(timeout=PATIENCE)
    intake.bench.stop()
    intake.spool(event(1), event(2))
    intake.bench.start()
    assert intake.make().take_in() == 2
    assert intake.saw("id-1", "id-2")
    assert intake.files == []


def test_one_bad_event_is_kept_and_the_others_go_on(intake: Intake) -> None:
    intake.bench.start()
    bad = [event(2, "lived"), event(3, payload=b"\x81\xa6number\xa1x"), event(4, payload=b"\xc1")]
    intake.spool(event(1), *bad, event(5))
    assert intake.make().take_in() == 5
    assert intake.saw("id-1", "id-5")
    assert [sent for sent, _ in intake.rejected] == bad
    assert intake.files == []


def test_a_rejected_event_is_kept_whole_to_be_published_once_its_type_is_known(
    intake: Intake,
) -> None:
    intake.bench.start()
    letters = intake.bench.system.letters
    reject = rejecting_into(letters, intake.clock.time)
    sent = event(1, "lived", b"\x81\xa1a\x01")
    reject(sent, UnknownEventTypeError("lived"))
    reject(event(2, payload=b"\xc1"), RingleaderError("no"))
    first, second = letters.find(LetterQuery(full=True))
    assert (first.reason, first.payload) == (Outcome.UNKNOWN_TYPE, sent.payload)
    assert (first.event_id, first.event_type, first.path) == ("id-1", "lived", "")
    assert first.event_time == sent.time
    assert (second.reason, second.error) == (Outcome.REJECTED, "no")


def test_a_dead_letter_that_is_not_kept_in_time_is_an_error() -> None:
    class Stuck:
        def put_aside(self, _: object) -> None:
            pass

        def flush(self, _: float) -> bool:
            return False

    reject = rejecting_into(Stuck(), lambda: 1.0)  # type: ignore[arg-type]  # all that is used
    with pytest.raises(RingleaderError, match="not kept within"):
        reject(event(1), RingleaderError("no"))


def test_of_a_damaged_file_the_good_events_are_taken_in_and_the_file_is_kept(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    intake.bench.start()
    path = intake.spool(event(1), event(2))
    path.write_bytes(path.read_bytes()[:-3])
    assert intake.make().take_in() == 1
    assert intake.saw("id-1")
    assert (path.parent / "rejected" / path.name).exists()
    assert "is damaged: the frame at byte" in caplog.text
    assert intake.make().take_in() == 0


def test_what_is_refused_for_now_and_all_behind_it_is_left_for_later(intake: Intake) -> None:
    intake.bench.start()
    refuses = True

    def publish(sent: SentEvent) -> Publication:
        if sent.id == "id-2" and refuses:
            raise PublishRefused("later")
        return publish_sent(intake.bench.system.hub, sent)

    intake.spool(event(1))
    intake.spool(event(2), event(3))
    intake.spool(event(4))
    taking = intake.make(publish)
    assert taking.take_in() == 1
    assert len(intake.files) == 2
    refuses = False
    assert taking.take_in() == 3
    assert intake.saw("id-1", "id-2", "id-3", "id-4")


def test_what_can_t_be_kept_as_a_dead_letter_is_left(intake: Intake) -> None:
    def no(*_: object) -> None:
        raise RingleaderError("the disk is full")

    intake.bench.start()
    intake.spool(event(1, "lived"))
    taking = intake.make()
    taking._reject = no
    assert taking.take_in() == 0
    assert len(intake.files) == 1


def test_a_file_stays_until_it_is_known_what_became_of_its_events(intake: Intake) -> None:
    intake.bench.start()
    undecided: list[Publication] = []

    class Undecided:
        def when_decided(self, _: object) -> None:
            undecided.append(self)  # type: ignore[arg-type]

    intake.spool(event(1))
    taking = intake.make(lambda _: Undecided())  # type: ignore[arg-type,return-value]
    thread = threading.Thread(target=taking.take_in)
    thread.start()
    probe(lambda: undecided)
    assert taking.close()
    thread.join(PATIENCE)
    assert len(intake.files) == 1


def test_a_file_that_can_t_be_read_stops_nobody(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    intake.bench.start()
    intake.spool(event(1)).with_name("0.events").mkdir()
    assert intake.make().take_in() == 1
    assert "can't be read" in caplog.text


def test_it_looks_at_the_start_and_now_and_then(intake: Intake) -> None:
    intake.bench.start()
    intake.spool(event(1))
    taking = intake.make()
    taking.start()
    probe(lambda: not intake.files)
    intake.spool(event(2))
    probe(lambda: taking._timer)
    intake.clock.advance(30)
    probe(lambda: not intake.files)
    assert intake.saw("id-1", "id-2")
    assert taking.close()


def test_a_spool_that_can_t_be_read_is_told_and_tried_again(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    intake.bench.start()
    (intake.bench.path / "spool").touch()
    taking = intake.make()
    with caplog.at_level(logging.ERROR):
        taking.start()
        probe(lambda: "can't be taken in" in caplog.text)
    assert taking.close()


def test_a_newer_sender_may_have_more_fields_and_a_cause_goes_along(intake: Intake) -> None:
    intake.bench.start()
    sent = SentEvent(
        id="id",
        type="happened",
        payload=b"\x82\xa6number\x01\xa5newer\x01",
        source="s",
        time=2e9,
        cause=Cause(id="before", correlation="all", traceparent="00-a"),
        renamed=("old",),
    )
    publication = publish_sent(intake.bench.system.hub, sent)
    assert publication.event == Happened(number=1)
    envelope = publication.envelope
    assert (envelope.causationid, envelope.correlationid) == ("before", "all")
    assert envelope.traceparent == "00-a"
    assert intake.bench.system.hub.renamed["old"] == 1


def test_a_chain_that_looks_like_a_loop_ends_at_the_node(intake: Intake) -> None:
    intake.bench.start()
    sent = SentEvent(
        id="id",
        type="happened",
        payload=b"\x80",
        source="s",
        time=2e9,
        cause=Cause(id="before", depth=32),
    )
    with pytest.raises(PublishError, match="look like a loop"):
        publish_sent(intake.bench.system.hub, sent)
    assert intake.bench.system.hub.looped == 1
