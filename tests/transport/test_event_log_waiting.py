"""A fetch that waits is answered once: with events, by the commit that brings them, or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ringleader.actors.event_log import (
    ConsumerTaken,
    EventLogError,
    Fetched,
    NoSuchConsumer,
)
from ringleader.actors.letters import Outcome
from ringleader.actors.options import EventLogOptions
from ringleader.transport.event_handout import AT_ONCE
from tests.event_logs import PATIENCE, SqliteStand, Stand, publication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


DAY = 86_400.0


@pytest.fixture(params=["memory", "sqlite"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    options = EventLogOptions()
    is_memory = request.param == "memory"
    made = Stand(options) if is_memory else SqliteStand(tmp_path / "events.db", options)
    yield made
    made.close()


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

    def listen(_: object) -> Callable[[], object]:
        told.append("listener")
        return lambda: told.append("what it has left for now")

    stand.log.listener = listen
    stand.log.fetch("c", "o", 1, lambda _: told.append("consumer"), wait=True)
    assert stand.log.flush(PATIENCE)
    stand.append("a")
    assert told == ["listener", "consumer", "what it has left for now"]


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
