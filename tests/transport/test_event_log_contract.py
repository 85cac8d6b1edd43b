"""What every event log does: one suite, run on memory and on SQLite."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.event_log import (
    ConsumerTaken,
    EventLogError,
    LogQuery,
    NoSuchConsumer,
)
from ringleader.actors.letters import Outcome
from ringleader.actors.options import EventLogOptions
from tests.event_logs import Letter, SqliteStand, Stand, answer, publication

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ringleader.actors.publication import Publication

DAY = 86_400.0


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Stand]]:
    made: list[Stand] = []

    def stand(**options: Any) -> Stand:
        chosen = EventLogOptions(**options)
        path = tmp_path / f"events{len(made)}.db"
        made.append(Stand(chosen) if request.param == "memory" else SqliteStand(path, chosen))
        return made[-1]

    yield stand
    for each in made:
        each.close()


@pytest.fixture
def stand(make: Callable[..., Stand]) -> Stand:
    return make()


# ---------------------------------------------------------------- events


def test_events_get_growing_sequences_and_the_listener_hears_of_them_in_order(
    stand: Stand,
) -> None:
    assert stand.append("a", "b", "c") == [1, 2, 3]
    assert stand.append("d") == [4]
    assert stand.all_heard() == ["a", "b", "c", "d"]


def test_an_event_comes_back_as_it_was_with_its_sequence_and_epoch(stand: Stand) -> None:
    event = publication("a", source="/x/y", correlation="z", payload=b"\x81\xa1a\x01", epoch=99)
    stand.append("0", event)
    record = stand.log.read(LogQuery(event_id="a"))[0]
    assert (record.sequence, record.payload) == (2, event.payload)
    assert (record.envelope.sequence, record.envelope.epoch) == (2, 99)
    assert (record.envelope.source, record.envelope.correlationid) == ("/x/y", "z")
    assert event.envelope.sequence is None


def test_an_event_that_is_not_logged_is_passed_on_in_its_turn(stand: Stand) -> None:
    events: list[Publication | str] = ["a", publication("b", logged=False), "c"]
    assert stand.append(*events) == [1, None, 2]
    assert stand.all_heard() == ["a", "b", "c"]
    assert stand.read() == ["a", "c"]


def test_an_id_that_is_known_is_not_written_again(stand: Stand) -> None:
    stand.append("a", "b")
    assert stand.append("b") == [-2]
    first, second, known, _, third = stand.append("c", "c", "a", "d", "c")
    assert first is not None
    assert (second, known, third) == (-first, -1, -first)
    assert stand.read() == ["a", "b", "c", "d"]
    assert stand.log.statistics().events == 4


def test_an_event_with_a_sequence_of_another_log_gets_its_own(stand: Stand) -> None:
    first = publication("a")
    stand.append(first)
    record = stand.log.read(LogQuery())[0]
    again = publication("b")
    again.envelope = record.envelope.__class__(
        id="b", source="/a", type="fact", time=1.0, sequence=9
    )
    assert stand.append(again) == [2]
    assert stand.log.read(LogQuery(event_id="b"))[0].envelope.sequence == 2


def test_an_envelope_with_a_lone_surrogate_is_refused(stand: Stand) -> None:
    with pytest.raises(EventLogError, match="lone surrogate"):
        stand.log.append(publication("a", source="/\ud800"))
    assert stand.append("b") == [1]


def test_a_listener_that_raises_stops_nothing(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> None:
        raise ValueError("no")

    stand.log.listener = fail
    stand.append("a")
    assert "the log goes on" in caplog.text
    assert stand.append("b") == [2]


def test_events_are_found_by_what_is_known_of_them(stand: Stand) -> None:
    stand.append(
        publication("a", "x", time=10.0, source="/p"),
        publication("b", "y", time=20.0, source="/p/q", correlation="a"),
        publication("c", "x", time=30.0, source="/pq", correlation="a"),
        publication("d", "z", time=40.0, source="/p/q/r", correlation="b"),
    )
    assert stand.read() == ["a", "b", "c", "d"]
    assert stand.read(after=2) == ["c", "d"]
    assert stand.read(types=("x", "z")) == ["a", "c", "d"]
    assert stand.read(source="/p") == ["a", "b", "d"]
    assert stand.read(source="/p/") == ["a", "b", "d"]
    assert stand.read(source="/") == ["a", "b", "c", "d"]
    assert stand.read(since=20.0, until=40.0) == ["b", "c"]
    assert stand.read(event_id="c") == ["c"]
    assert stand.read(event_id="nobody") == []
    assert stand.read(correlation="a") == ["a", "b", "c"]
    assert stand.read(limit=2) == ["a", "b"]
    assert stand.read(limit=2, newest=True) == ["c", "d"]
    assert stand.read(types=("x",), limit=1, newest=True) == ["c"]
    assert stand.read(types=()) == []


# ---------------------------------------------------------------- consumers


def test_a_new_consumer_gets_what_comes_from_now_on(stand: Stand) -> None:
    stand.append("a")
    assert stand.attach().cursor == 1
    stand.append("b")
    assert stand.ids() == ["b"]
    assert stand.ids() == []


def test_a_new_consumer_can_begin_with_the_first_or_behind_a_sequence(stand: Stand) -> None:
    stand.append("a", "b", "c")
    assert stand.attach("first", start="first").lag == 3
    stand.attach("second", start=1)
    stand.attach("far", start=1_000)
    assert stand.ids(name="first") == ["a", "b", "c"]
    assert stand.ids(name="second") == ["b", "c"]
    stand.append("d")
    assert stand.ids(name="far") == ["d"]


def test_it_is_handed_its_types_in_order_so_many_at_once(stand: Stand) -> None:
    stand.attach(types=("x", "y"))
    stand.append(*(publication(f"{n}{t}", t) for n in range(3) for t in "zxy"))
    first = stand.fetch(2)
    assert [r.envelope.id for r in first.records] == ["0x", "0y"]
    assert first.more
    assert stand.consumer().lag == 4
    second = stand.fetch(4)
    assert [r.envelope.id for r in second.records] == ["1x", "1y", "2x", "2y"]
    assert not second.more
    assert [r.envelope.sequence for r in second.records] == [5, 6, 8, 9]


def test_a_look_that_finds_nothing_moves_the_cursor_to_the_head(stand: Stand) -> None:
    stand.attach(types=("x",))
    stand.append("a", "b")
    assert stand.fetch().records == ()
    assert stand.consumer().cursor == 2


def test_many_events_of_other_types_are_skipped(stand: Stand) -> None:
    stand.attach(types=("x", "nothing"), start="first")
    stand.append(*(publication(f"{n}", "y") for n in range(300)), publication("it", "x"))
    stand.append(*(publication(f"z{n}", "y") for n in range(300)))
    assert stand.ids(1) == ["it"]
    assert stand.consumer().cursor == 601


def test_an_event_is_in_hand_until_it_has_an_outcome(stand: Stand) -> None:
    stand.attach()
    stand.append("a", "b", "c")
    stand.fetch(2)
    info = stand.consumer()
    assert (info.in_hand, info.lag, info.cursor) == (2, 1, 2)
    assert stand.settle([1]) == 1
    assert stand.settle([1, 2, 3, 77]) == 1
    assert stand.consumer().in_hand == 0
    assert stand.ids() == ["c"]


def test_outcomes_of_who_does_not_hold_it_count_for_nothing(stand: Stand) -> None:
    stand.attach()
    stand.append("a")
    stand.fetch()
    assert stand.settle([1], owner="another") == 0
    assert stand.settle([1], name="nobody") == 0
    stand.hand_back([1], owner="another")
    stand.hand_back([1], name="nobody")
    assert stand.consumer().in_hand == 1


def test_an_outcome_makes_a_dead_letter_only_if_that_is_asked_for(stand: Stand) -> None:
    stand.attach()
    stand.append("a", "b", "c")
    stand.fetch()
    stand.settle([1], Outcome.FAILED)
    stand.settle([2, 2], Outcome.FAILED, letter=True)
    stand.settle([3], Outcome.HANDLED, letter=True)
    stand.settle([2], Outcome.FAILED, letter=True)
    assert set(stand.letters) == {Letter("b", "c", "failed")}


def test_an_event_that_is_handed_back_leaves_no_dead_letter(stand: Stand) -> None:
    stand.attach()
    stand.append("a")
    stand.fetch()
    assert stand.settle([1], Outcome.HANDED_OVER, letter=True) == 1
    assert not stand.letters
    assert stand.ids() == ["a"]


def test_what_is_handed_over_goes_back(stand: Stand) -> None:
    stand.attach()
    stand.append("a", "b")
    stand.fetch()
    assert stand.settle([1, 2], Outcome.HANDED_OVER) == 2
    assert stand.settle([1]) == 0
    assert (stand.consumer().in_hand, stand.consumer().lag) == (0, 2)
    assert stand.ids() == ["a", "b"]


def test_what_was_not_begun_is_handed_out_again_first(stand: Stand) -> None:
    stand.attach()
    stand.append("a", "b", "c", "d")
    stand.fetch(3)
    stand.hand_back([3, 2])
    first = stand.fetch(1)
    assert [r.envelope.id for r in first.records] == ["b"]
    assert first.more
    assert stand.ids() == ["c", "d"]
    assert stand.settle([1, 2, 3, 4]) == 4


def test_more_is_told_where_only_new_events_are_left(stand: Stand) -> None:
    stand.attach()
    stand.append("a", "b", "c")
    stand.fetch(1)
    stand.hand_back([1])
    again = stand.fetch(1)
    assert ([r.envelope.id for r in again.records], again.more) == (["a"], True)
    rest = stand.fetch(2)
    assert ([r.envelope.id for r in rest.records], rest.more) == (["b", "c"], False)


# ---------------------------------------------------------------- holders


def test_only_one_owner_holds_a_consumer(stand: Stand) -> None:
    assert stand.attach().owner == "o"
    with pytest.raises(ConsumerTaken, match="'c' is held by 'o'"):
        stand.attach(owner="p")
    with pytest.raises(ConsumerTaken, match="not held by 'p', 'o' does"):
        stand.fetch(owner="p")
    assert not stand.detach(owner="p")
    assert stand.detach()
    with pytest.raises(ConsumerTaken, match="nobody does at the moment"):
        stand.fetch()
    stand.attach(owner="p")


def test_who_holds_it_keeps_what_is_in_hand_when_it_attaches_again(stand: Stand) -> None:
    stand.attach()
    stand.append("a", publication("b", "x"), publication("d", "x"))
    stand.fetch(1)
    info = stand.attach(types=("x",), start="first")
    assert (info.in_hand, info.cursor, info.types) == (1, 1, ("x",))
    assert stand.ids() == ["b", "d"]
    assert stand.settle([1]) == 1
    assert stand.letters == []


def test_what_a_vanished_holder_had_in_hand_becomes_a_dead_letter(stand: Stand) -> None:
    stand.attach()
    stand.append("a", "b", "c")
    stand.fetch(2)
    stand.settle([1])
    assert stand.detach()
    assert stand.letters == [Letter("b", "c", "interrupted")]
    info = stand.consumer()
    assert (info.owner, info.active, info.in_hand, info.lag) == ("", False, 0, 1)
    stand.attach(owner="p")
    assert stand.ids(owner="p") == ["c"]


def test_an_idempotent_consumer_gets_it_again_once_and_then_it_is_poison(stand: Stand) -> None:
    stand.attach(idempotent=True)
    stand.append("a", "b")
    stand.fetch()
    stand.settle([2])
    stand.detach()
    assert stand.consumer().lag == 1
    stand.attach(idempotent=True, owner="p")
    assert stand.ids(owner="p") == ["a"]
    assert stand.letters == []
    stand.detach(owner="p")
    assert stand.letters == [Letter("a", "c", "poison")]
    stand.attach(idempotent=True, owner="q")
    assert stand.ids(owner="q") == []


def test_what_was_handed_back_survives_its_holder_and_is_no_attempt(stand: Stand) -> None:
    stand.attach(idempotent=True)
    stand.append("a", "b")
    for owner in ("o", "p", "q"):
        stand.attach(idempotent=True, owner=owner)
        assert stand.ids(owner=owner) == ["a", "b"]
        stand.hand_back([1, 2], owner=owner)
        stand.detach(owner=owner)
    assert stand.letters == []
    stand.attach(owner="r")
    stand.hand_back([1, 2], owner="r")
    assert stand.ids(owner="r") == ["a", "b"]


def test_the_end_of_the_node_is_the_end_of_holders_without_a_lease(stand: Stand) -> None:
    stand.attach("dies")
    stand.attach("again", idempotent=True)
    stand.attach("lives", owner="elsewhere", lease=60.0)
    stand.append("a", "b")
    for name, owner in (("dies", "o"), ("again", "o"), ("lives", "elsewhere")):
        stand.fetch(1, name, owner)
    stand.kill_the_node()
    assert stand.letters == [Letter("a", "dies", "interrupted")]
    assert stand.settle([1], name="lives", owner="elsewhere") == 1
    stand.attach("dies", "p")
    stand.attach("again", "p", idempotent=True)
    assert stand.ids(name="dies", owner="p") == ["b"]
    assert stand.ids(name="again", owner="p") == ["a", "b"]
    assert stand.ids(name="lives", owner="elsewhere") == ["b"]
    assert stand.append("c") == [3]


def test_a_lease_runs_out_unless_its_holder_is_heard_of(stand: Stand) -> None:
    stand.attach(lease=10.0)
    stand.append("a", "b", "c")
    uses: list[Callable[[], object]] = [
        lambda: stand.fetch(3),
        lambda: stand.settle([1]),
        lambda: stand.hand_back([2]),
    ]
    for use in uses:
        stand.clock.advance(9.0)
        use()
        stand.reclaim()
        assert stand.consumer().active
    assert stand.consumer().lease_until == stand.clock.time() + 10.0
    stand.clock.advance(10.0)
    stand.reclaim()
    info = stand.consumer()
    assert (info.active, info.owner, info.lease_until) == (False, "", None)
    assert stand.letters == [Letter("c", "c", "interrupted")]
    assert stand.settle([3]) == 0


def test_another_takes_over_when_the_lease_has_run_out(stand: Stand) -> None:
    stand.attach(lease=10.0)
    stand.append("a", "b")
    stand.fetch(1)
    stand.clock.advance(4.0)
    with pytest.raises(ConsumerTaken, match="its lease runs out in 6 s"):
        stand.attach(owner="p")
    stand.clock.advance(6.0)
    stand.attach(owner="p", idempotent=True)
    assert stand.letters == [Letter("a", "c", "interrupted")]
    assert stand.ids(owner="p") == ["b"]


def test_a_holder_whose_lease_ran_out_goes_on_if_nobody_has_noticed(stand: Stand) -> None:
    stand.attach(lease=10.0)
    stand.append("a", "b")
    stand.fetch(1)
    stand.clock.advance(11.0)
    assert stand.settle([1]) == 1
    assert stand.ids() == ["b"]
    stand.reclaim()
    assert stand.consumer().active


def test_what_is_unknown_or_makes_no_sense_is_named(stand: Stand) -> None:
    stand.attach()
    with pytest.raises(NoSuchConsumer, match="no consumer 'nobody'"):
        stand.fetch(name="nobody")
    with pytest.raises(NoSuchConsumer, match="no consumer 'nobody'"):
        stand.rewind(0, name="nobody")
    with pytest.raises(EventLogError, match="ask for 1 at least"):
        stand.fetch(0)
    with pytest.raises(EventLogError, match="a consumer needs a name"):
        stand.attach("")
    with pytest.raises(EventLogError, match="'d' needs an owner"):
        stand.attach("d", "")
    with pytest.raises(EventLogError, match="a lease of 0 s"):
        stand.attach("d", lease=0.0)
    with pytest.raises(EventLogError, match="wants no type at all"):
        stand.attach("d", types=())
    assert [info.name for info in stand.consumers()] == ["c"]
    assert not stand.detach("nobody")


# ---------------------------------------------------------------- rewinding


def test_a_rewound_consumer_is_handed_everything_again(stand: Stand) -> None:
    stand.attach()
    stand.append("a", "b", "c")
    stand.settle([r.sequence for r in stand.fetch().records])
    assert stand.rewind(1).lag == 2
    assert stand.ids() == ["b", "c"]
    assert stand.rewind(-5).cursor == 0
    assert stand.ids() == ["a", "b", "c"]


def test_what_is_in_hand_behind_the_new_place_is_handed_out_as_if_for_the_first_time(
    stand: Stand,
) -> None:
    stand.attach(idempotent=True)
    stand.append("a", "b")
    stand.fetch()
    info = stand.rewind(1)
    assert (info.in_hand, info.lag) == (1, 1)
    assert stand.settle([2]) == 0
    assert stand.ids() == ["b"]
    assert stand.settle([1, 2]) == 2


def test_a_consumer_can_be_wound_forward_but_not_behind_the_head(stand: Stand) -> None:
    stand.attach()
    stand.append("a", "b", "c")
    stand.fetch(1)
    assert stand.rewind(2).in_hand == 1
    assert stand.ids() == ["c"]
    assert stand.rewind(100).cursor == 3
    stand.append("d")
    assert stand.ids() == ["d"]


def test_a_forgotten_consumer_begins_anew(stand: Stand) -> None:
    stand.attach()
    stand.append("a")
    stand.fetch()
    assert stand.forget()
    assert not stand.forget()
    with pytest.raises(NoSuchConsumer):
        stand.fetch()
    info = stand.attach()
    assert (info.in_hand, info.cursor) == (0, 1)
    assert stand.letters == []


# ---------------------------------------------------------------- retention


def test_old_events_go_when_every_consumer_is_done_with_them(
    make: Callable[..., Stand],
) -> None:
    stand = make(retention=DAY)
    now = stand.clock.time()
    stand.attach(types=("x",))
    stand.attach("slow")
    stand.append(*(publication(f"{n}", "x", time=now + n) for n in range(4)))
    stand.settle([r.sequence for r in stand.fetch().records])
    stand.fetch(3, "slow")
    stand.settle([1, 3], name="slow")
    stand.prune(DAY + 3.0)
    assert stand.read() == ["1", "2", "3"]  # 1 is in hand
    stand.settle([2], name="slow")
    stand.prune()
    assert stand.read() == ["3"]
    assert stand.ids(name="slow") == ["3"]
    stand.settle([4], name="slow")
    stand.prune()
    assert stand.read() == ["3"]  # not a day old
    stand.prune(1.0)
    assert stand.read() == []
    statistics = stand.log.statistics()
    assert (statistics.pruned, statistics.lost_to_cap, statistics.events) == (4, 0, 0)
    assert (statistics.head, statistics.first) == (4, 0)
    assert stand.append("again") == [5]


def test_a_sequence_is_not_used_again_when_the_log_is_empty(stand: Stand) -> None:
    stand.append("a", "b")
    stand.prune(2 * DAY)
    assert stand.read() == []
    stand.kill_the_node()
    assert stand.append("a") in ([3], [1])  # memory has no second life


def test_the_oldest_go_when_there_are_too_many(make: Callable[..., Stand]) -> None:
    stand = make(retention_events=3)
    stand.attach()
    stand.append(*"abcdef")
    stand.prune()
    assert len(stand.read()) == 6
    stand.settle([r.sequence for r in stand.fetch(2).records])
    stand.prune()
    assert stand.read() == ["c", "d", "e", "f"]
    stand.fetch()
    stand.settle([3, 4, 5, 6])
    stand.prune()
    assert stand.read() == ["d", "e", "f"]


def test_the_oldest_go_when_they_take_too_much_room(make: Callable[..., Stand]) -> None:
    stand = make(retention_bytes=30_000)
    stand.append(*(publication(f"{n}", payload=bytes(10_000)) for n in range(5)))
    stand.prune()
    assert stand.read() == ["3", "4"]


def test_at_the_cap_the_oldest_go_whoever_has_not_had_them(
    make: Callable[..., Stand], caplog: pytest.LogCaptureFixture
) -> None:
    stand = make(cap_events=3)
    stand.attach("fast")
    stand.attach("some", types=("x",))
    stand.attach("slow")
    stand.append("a", publication("b", "x"), "c")
    stand.settle([r.sequence for r in stand.fetch(name="fast").records], name="fast")
    stand.append("d", publication("e", "x"))
    stand.prune()
    assert stand.read() == ["c", "d", "e"]
    assert stand.log.statistics().lost_to_cap == 2
    assert {names for names, _, _ in stand.losses} <= {("slow",), ("slow", "some")}
    assert "slow" in stand.losses[0][0]
    errors = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "is at its cap" in caplog.text
    stand.append("f")
    stand.prune()
    assert stand.log.statistics().lost_to_cap == 3
    assert stand.losses[-1] == (("slow",), 3, 3)
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) <= len(errors) + 1
    assert stand.ids(name="slow") == ["d", "e", "f"]
    assert stand.ids(name="some") == ["e"]


def test_what_waits_to_be_handed_out_again_can_be_lost_and_what_is_in_hand_is_not(
    make: Callable[..., Stand],
) -> None:
    stand = make(cap_events=2)
    stand.attach()
    stand.append("a", "b")
    stand.fetch()
    stand.hand_back([2])
    stand.append("c", "d")
    stand.prune()
    assert stand.read() == ["c", "d"]
    assert stand.losses == [(("c",), 2, 2)]
    assert stand.settle([1]) == 1
    assert stand.ids() == ["c", "d"]


def test_a_holder_that_vanishes_with_an_event_that_is_no_more_leaves_no_letter(
    make: Callable[..., Stand],
) -> None:
    stand = make(cap_events=1)
    stand.attach()
    stand.append("a")
    stand.fetch()
    stand.append("b", "c")
    stand.prune()
    stand.detach()
    assert stand.letters == []
    assert stand.consumer().in_hand == 0


def test_nothing_is_kept_for_a_consumer_that_was_not_seen_for_long(
    make: Callable[..., Stand], caplog: pytest.LogCaptureFixture
) -> None:
    stand = make(abandoned_after=7 * DAY)
    stand.attach("gone")
    stand.attach("here")
    stand.append("a")
    stand.fetch(name="here")
    stand.settle([1], name="here")
    stand.detach("gone")
    stand.prune(7 * DAY)
    assert stand.read() == ["a"]
    stand.prune(1.0)
    assert stand.read() == []
    assert caplog.text.count("the consumer gone was not attached for more than 604800 s") == 1
    stand.prune(1.0)
    assert caplog.text.count("the consumer gone was not attached") == 1
    assert stand.log.statistics().lost_to_cap == 0


def test_news_of_a_loss_that_is_not_taken_stops_nothing(
    make: Callable[..., Stand], caplog: pytest.LogCaptureFixture
) -> None:
    stand = make(cap_events=1)
    stand.losses = None  # type: ignore[assignment]  # so that the news can't be taken
    stand.attach()
    stand.append("a", "b", "c")
    stand.prune()
    assert "was not taken" in caplog.text
    assert stand.read() == ["c"]


# ---------------------------------------------------------------- all of it


def test_what_is_in_the_log_can_be_asked(stand: Stand) -> None:
    empty = stand.log.statistics()
    assert (empty.head, empty.first, empty.events, empty.waiting) == (0, 0, 0, 0)
    stand.append("a", "b", publication("c", logged=False))
    statistics = stand.log.statistics()
    assert (statistics.head, statistics.first, statistics.events) == (2, 1, 2)
    assert (statistics.waiting, statistics.trouble) == (0, "")
    assert statistics.commits >= 1
    assert stand.log.trouble == ""


def test_after_the_end_everything_is_refused(stand: Stand) -> None:
    stand.append("a")
    assert stand.log.close()
    assert stand.log.close()
    with pytest.raises(EventLogError, match="closed"):
        stand.log.append(publication("b"))
    with pytest.raises(EventLogError, match="closed"):
        answer(partial(stand.log.forget, "c"))
    stand.log.settle("c", "o", [])
    stand.log.reclaim(0.0)
    stand.log.prune(0.0)
    assert stand.all_heard() == ["a"]
