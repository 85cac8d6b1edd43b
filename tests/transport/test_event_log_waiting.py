"""A fetch that waits is answered once: with events, by the commit that brings them, or without."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from ringleader.actors.event_log import (
    ConsumerSpec,
    ConsumerTaken,
    EventLogError,
    Fetched,
    NoSuchConsumer,
)
from ringleader.actors.letters import Outcome
from ringleader.actors.options import EventLogOptions
from ringleader.transport import event_consumers, event_queries
from ringleader.transport.event_handout import AT_ONCE
from ringleader.transport.event_store import read_events
from ringleader.transport.group_writer import FIRST_RETRY
from tests.event_logs import PATIENCE, SqliteStand, Stand, Waiting, publication
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from ringleader.actors.publication import Publication
    from ringleader.transport.event_store import EventStore
    from ringleader.transport.sqlite import Tables

DAY = 86_400.0


@pytest.fixture(params=["memory", "sqlite"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    options = EventLogOptions()
    is_memory = request.param == "memory"
    made = Stand(options) if is_memory else SqliteStand(tmp_path / "events.db", options)
    yield made
    made.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteStand]:
    made = SqliteStand(tmp_path / "events.db")
    yield made
    made.close()


def hold(store: EventStore) -> threading.Event:
    """Keep the writer busy until the event is set; what is asked for meanwhile is one group."""
    gate, reached = threading.Event(), threading.Event()

    def wait(_: Tables) -> None:
        reached.set()
        assert gate.wait(PATIENCE)

    store.writer.submit(wait)
    assert reached.wait(PATIENCE)
    return gate


def ignore(_: object) -> None:
    """Take no notice."""


# ---------------------------------------------------------------- it is answered with events


def test_it_is_answered_when_there_is_something(stand: Stand) -> None:
    stand.attach()
    waiting = stand.wait()
    assert waiting.waits
    stand.append("a")
    assert waiting.ids == ["a"]
    assert stand.consumer().in_hand == 1
    assert stand.settle([1]) == 1
    stand.append("b")
    assert stand.ids() == ["b"]


def test_it_is_answered_at_once_if_there_is_something(stand: Stand) -> None:
    stand.attach()
    stand.append("a", "b")
    assert stand.wait(1).ids == ["a"]
    assert stand.wait(1).ids == ["b"]
    assert stand.wait(1).waits


def test_only_what_its_consumer_wants_ends_it(stand: Stand) -> None:
    stand.attach(types=("x",))
    waiting = stand.wait()
    stand.append(publication("a", "y"), publication("b", "x", logged=False))
    assert waiting.waits
    stand.append(publication("c", "x"))
    assert waiting.ids == ["c"]


def test_an_event_that_is_known_does_not_end_it(stand: Stand) -> None:
    stand.append("a")
    stand.attach()
    waiting = stand.wait()
    assert stand.append("a") == [-1]
    assert waiting.waits


def test_each_consumer_that_waits_gets_it(stand: Stand) -> None:
    names = [f"c{number}" for number in range(2 * AT_ONCE + 3)]
    for name in names:
        stand.attach(name)
    waiting = [stand.wait(name=name) for name in names]
    stand.append("a")
    assert [each.ids for each in waiting] == [["a"]] * len(names)


def test_the_listener_hears_of_an_event_before_it_is_handed_out(stand: Stand) -> None:
    told: list[str] = []
    stand.attach()
    stand.log.listener = lambda _: told.append("listener")
    stand.log.fetch("c", "o", 1, lambda _: told.append("consumer"), wait=True)
    assert stand.log.flush(PATIENCE)
    stand.append("a")
    assert told == ["listener", "consumer"]


def test_who_fails_at_the_answer_stops_nothing(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise ValueError("no")

    for name in ("c", "d"):
        stand.attach(name)
    stand.log.fetch("c", "o", 1, fail, wait=True)
    waiting = stand.wait(name="d")
    stand.append("a")
    assert waiting.ids == ["a"]
    assert stand.detach()
    assert "the log goes on" in caplog.text


# ---------------------------------------------------------------- or with none


ENDS: list[Callable[[Stand], object]] = [
    lambda stand: stand.fetch(),
    lambda stand: stand.wait(),
    lambda stand: stand.attach(),
    lambda stand: stand.attach(types=("x",)),
    lambda stand: stand.detach(),
    lambda stand: stand.rewind(0),
    lambda stand: stand.hand_back([1]),
    lambda stand: stand.hand_back([]),
    lambda stand: stand.settle([1], Outcome.HANDED_OVER),
]
"""What ends a fetch that waits."""


@pytest.mark.parametrize("end", ENDS)
def test_it_comes_back_with_none_when_its_owner_does_something_else(
    stand: Stand, end: Callable[[Stand], object]
) -> None:
    stand.attach()
    stand.append("a")
    assert stand.ids() == ["a"]
    waiting = stand.wait()
    end(stand)
    assert waiting.settled() == [Fetched((), more=False)]
    stand.append("b")
    assert waiting.settled() == [Fetched((), more=False)]


def test_what_is_put_back_comes_with_the_next_one(stand: Stand) -> None:
    stand.attach()
    stand.append("a")
    stand.fetch()
    waiting = stand.wait()
    stand.hand_back([1])
    assert waiting.ids == []
    assert stand.wait().ids == ["a"]


def test_others_do_not_end_it(stand: Stand) -> None:
    stand.attach()
    stand.attach("d", "p")
    waiting = stand.wait()
    for ask in (
        lambda: stand.fetch(owner="p"),
        lambda: stand.fetch(0),
        lambda: stand.attach(owner="p"),
        lambda: stand.attach(lease=-1.0),
    ):
        with pytest.raises(EventLogError):
            ask()
    stand.hand_back([], owner="p")
    stand.hand_back([], "d", "p")
    assert not stand.detach(owner="p")
    assert not stand.forget("nobody")
    stand.settle([1])
    stand.settle([1], Outcome.HANDED_OVER, owner="p")
    stand.reclaim()
    assert waiting.waits
    stand.append("a")
    assert waiting.ids == ["a"]


def test_an_error_comes_at_once(stand: Stand) -> None:
    assert isinstance(stand.wait().error, NoSuchConsumer)
    stand.attach(owner="p")
    assert isinstance(stand.wait().error, ConsumerTaken)
    assert "ask for 1 at least" in str(stand.wait(0, owner="p").error)


# ---------------------------------------------------------------- who waits loses the consumer


def test_to_wait_renews_no_lease(stand: Stand) -> None:
    stand.attach(lease=10.0)
    waiting = stand.wait()
    stand.clock.advance(6.0)
    stand.append(publication("a", "y"))
    assert waiting.ids == ["a"]  # this does: it is handed out now
    assert stand.consumer().lease_until == stand.clock.time() + 10.0
    waiting = stand.wait()
    stand.clock.advance(6.0)
    stand.settle([])  # so does this
    stand.prune()
    stand.clock.advance(6.0)
    stand.reclaim()
    assert waiting.waits
    stand.clock.advance(6.0)
    stand.reclaim()
    assert isinstance(waiting.error, ConsumerTaken)
    assert "its lease ran out while it waited" in str(waiting.error)


def test_who_takes_the_consumer_over_gets_what_comes(stand: Stand) -> None:
    stand.attach(lease=10.0)
    waiting = stand.wait()
    stand.clock.advance(11.0)
    stand.append("a")  # nobody has noticed, but it is not handed to who may be dead
    assert waiting.waits
    stand.attach(owner="p")
    assert isinstance(waiting.error, ConsumerTaken)
    assert stand.ids(owner="p") == ["a"]
    assert stand.letters == []


def test_a_consumer_that_is_forgotten_waits_no_more(stand: Stand) -> None:
    stand.attach()
    waiting = stand.wait()
    assert stand.forget()
    assert isinstance(waiting.error, NoSuchConsumer)
    stand.attach()
    stand.append("a")
    assert stand.ids() == ["a"]


def test_at_the_end_of_the_log_it_is_told_so(stand: Stand) -> None:
    stand.attach()
    waiting = stand.wait()
    stand.close()
    (error,) = waiting.answers
    assert isinstance(error, EventLogError)
    assert "is closed" in str(error)


# ---------------------------------------------------------------- retention


def test_what_it_does_not_want_is_not_kept_for_it(stand: Stand) -> None:
    stand.attach(types=("x",))
    waiting = stand.wait()
    stand.append(*(publication(f"{n}", "y") for n in range(5)))
    stand.prune(2 * DAY)
    assert stand.read() == []
    assert stand.consumer().cursor == 5
    assert waiting.waits
    stand.append(publication("a", "x"))
    assert waiting.ids == ["a"]
    assert stand.losses == []


# ---------------------------------------------------------------- on a file: groups


def test_the_commit_that_brings_an_event_hands_it_out(file: SqliteStand) -> None:
    file.attach()
    waiting = file.wait()
    assert waiting.waits
    before = file.store.writer.commits
    file.log.append(publication("a"))
    probe(lambda: waiting.answers)
    assert file.store.writer.commits == before + 1
    with read_events(file.path) as other:
        assert other.rows("SELECT consumer, sequence FROM in_hand") == [("c", 1)]


def test_what_is_asked_for_together_with_an_event_comes_to_the_right_one(
    file: SqliteStand,
) -> None:
    def together(*asked: Callable[[], object]) -> None:
        gate = hold(file.store)
        for ask in asked:
            ask()
        gate.set()

    log = file.log
    append = [partial(log.append, publication(event_id)) for event_id in "abcde"]
    second: list[Waiting] = []
    file.attach()
    first = file.wait()
    together(lambda: second.append(file.ask_and_wait()), append[0])  # it waits in the same group
    assert (first.ids, second[0].ids) == ([], ["a"])
    first = file.wait()
    together(lambda: log.hand_back("c", "o", ()), append[1])
    assert first.ids == []
    assert file.ids() == ["b"]
    first = file.wait()
    together(
        lambda: log.detach("c", "o"),
        lambda: log.attach(ConsumerSpec(name="c"), "o", ignore),
        append[2],
        lambda: second.append(file.ask_and_wait()),
    )
    assert (first.ids, second[1].ids) == ([], ["c"])
    first = file.wait()
    together(append[3], lambda: log.rewind("c", 2, ignore))
    assert first.ids == []
    assert file.ids() == ["c", "d"]
    first = file.wait()
    together(lambda: log.fetch("c", "p", 1, ignore), append[4])  # a stranger's, which fails
    assert first.ids == ["e"]


def test_what_is_served_behind_its_commit_is_not_served_twice_in_one(file: SqliteStand) -> None:
    def listen(publications: Sequence[Publication]) -> None:
        if publications[0].id == "a":
            file.log.append(publication("b"))  # in one group with what serves the fetch that waits

    file.attach()
    file.log.listener = listen
    gate = hold(file.store)
    waiting = file.ask_and_wait(1)
    file.log.append(publication("a"))
    gate.set()
    assert waiting.ids == ["a"]
    assert file.consumer().in_hand == 1
    assert file.wait(1).ids == ["b"]


def test_of_an_operation_that_fails_in_its_group_it_hears_nothing(file: SqliteStand) -> None:
    def spoil(tables: Tables) -> None:
        tables.write("DELETE FROM events")
        raise EventLogError("no")

    file.attach()
    file.attach("d")
    waiting, other = file.wait(), file.wait(name="d")
    gate = hold(file.store)
    file.log.append(publication("a"))
    file.store.writer.submit(spoil)
    file.log.append(publication("b"))
    file.log.detach("d", "o")
    gate.set()
    assert (waiting.ids, other.ids) == (["a", "b"], [])
    assert [record.in_hand for record in file.consumers()] == [2, 0]


def test_it_waits_for_a_disk_that_refuses_and_is_answered_once(
    file: SqliteStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise apsw.FullError("full")

    file.attach()
    waiting = file.wait()
    with monkeypatch.context() as patched:
        patched.setattr(event_consumers.Consumers, "_save", refuse)
        file.log.append(publication("a"))
        probe(lambda: file.log.trouble)
    assert (waiting.answers, file.heard, file.read()) == ([], [], [])
    file.clock.advance(FIRST_RETRY)
    assert waiting.ids == ["a"]
    assert file.all_heard() == ["a"]
    assert file.consumer().in_hand == 1


def test_an_event_that_can_t_be_handed_out_is_kept_and_told_all_the_same(
    file: SqliteStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = event_consumers.Consumers.hand_out

    def fail(consumers: Any, name: str, owner: str, limit: int) -> Fetched | None:
        if name == "c":
            raise ValueError("a bug")
        return real(consumers, name, owner, limit)

    monkeypatch.setattr(event_consumers.Consumers, "hand_out", fail)
    for name in ("c", "d"):
        file.attach(name)
    failed, other = file.wait(), file.wait(name="d")
    file.append("a")
    assert "a bug" in str(failed.error)
    assert other.ids == ["a"]
    assert file.all_heard() == ["a"]


def test_a_record_that_can_t_be_read_does_harm_to_nobody_else(file: SqliteStand) -> None:
    file.append("a", "b")
    file.attach(start="first")
    with file.store.database.transaction() as tables:
        tables.write("UPDATE events SET envelope = x'00' WHERE sequence = 1")
    assert "failed" in str(file.wait(1).error)
    assert file.append("c") == [3]
    info = file.consumer()
    assert (info.in_hand, info.cursor) == (0, 0)


def test_what_is_written_but_could_not_be_read_back_is_new_at_the_next_try(
    file: SqliteStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise apsw.IOError("disk I/O error")

    file.append("old")
    gate = hold(file.store)
    events = [publication(event_id) for event_id in ("a", "old", "b", "a")]
    with monkeypatch.context() as patched:
        patched.setattr(event_queries, "_with_duplicates", fail)
        for event in events:
            file.log.append(event)
        gate.set()
        probe(lambda: file.log.trouble)
    later = publication("b")
    file.log.append(publication("bulk", logged=False))
    file.log.append(later)
    file.clock.advance(FIRST_RETRY)
    file.append("c")
    first, known, second, again = (event.sequence or 0 for event in events)
    assert 1 < first < second
    assert (known, again, later.sequence) == (-1, -first, -second)
    assert file.read() == ["old", "a", "b", "c"]
    assert file.log.statistics().events == 4
