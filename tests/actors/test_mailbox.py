from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given, strategies as st
from pykka.messages import _ActorStop

from ringleader.actors.mailbox import CAPACITY, Mailbox
from tests.probe import probe

if TYPE_CHECKING:
    from ringleader.actors.dispatch import Dispatcher
    from ringleader.actors.turns import Turns


class Turnstile:
    """Counts the turns that are asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def put(self, _owner: object, /) -> None:
        self.asked += 1


def mailbox(capacity: int = CAPACITY) -> tuple[Mailbox, Turnstile]:
    turnstile = Turnstile()
    owner, dispatcher = cast("Turns", object()), cast("Dispatcher", turnstile)
    return Mailbox(owner, dispatcher, capacity), turnstile


def cut(box: Mailbox, read: int) -> list[Any]:
    """Begin a batch as a turn does, and read some of it."""
    box.last_cut = batch = box.q[:]
    box.batch = iter(batch)
    del box.q[:]
    box.cut_off += len(batch)
    return [next(box.batch) for _ in range(read)]


def release(box: Mailbox) -> None:
    """End a turn as `Turns` does."""
    box.busy = False
    box.sched.release()


# ---------------------------------------------------------------- asking for turns


def test_one_turn_is_asked_for_however_much_comes() -> None:
    box, turnstile = mailbox()

    for number in range(5):
        box.put(number)

    assert turnstile.asked == 1
    assert len(box) == 5


def test_after_a_turn_the_next_message_asks_for_another() -> None:
    box, turnstile = mailbox()
    box.put("first")
    release(box)

    box.put("second")

    assert turnstile.asked == 2


def test_the_control_lane_asks_for_a_turn_too_and_is_kept_apart() -> None:
    box, turnstile = mailbox()

    box.put_control("order")
    box.put_control("another")

    assert turnstile.asked == 1
    assert list(box.control or ()) == ["order", "another"]
    assert box.empty()


def test_a_turn_that_is_given_up_makes_room_for_another() -> None:
    box, turnstile = mailbox()
    box.put("hang")
    hung = box.sched

    box.abandon_turn()
    box.wake()

    assert box.sched is not hung
    assert turnstile.asked == 2


# ---------------------------------------------------------------- reading and putting back


@given(st.lists(st.integers(), max_size=20), st.data())
def test_what_was_not_read_is_put_back_before_what_came_since(
    messages: list[int], data: st.DataObject
) -> None:
    box, _ = mailbox()
    read = data.draw(st.integers(0, len(messages)))
    for message in messages:
        box.put(message)

    seen = cut(box, read)
    box.put("later")
    in_hand = box.unread()

    assert in_hand == seen[-1:]
    assert box.q == [*messages[read:], "later"]
    assert list(box.batch) == []
    assert box.read == read


def test_what_was_read_is_counted_once_also_after_it_was_put_back() -> None:
    box, _ = mailbox()
    for number in range(4):
        box.put(number)
    cut(box, 1)
    box.unread()

    assert cut(box, 2) == [1, 2]
    assert box.read == 3
    assert len(box) == 1


def test_draining_takes_everything_in_order_and_counts_it_as_read() -> None:
    box, _ = mailbox()
    for number in range(4):
        box.put(number)
    cut(box, 1)
    box.put(4)

    assert box.drain() == [1, 2, 3, 4]
    assert box.read == 5
    assert box.empty()
    assert box.drain() == []


# ---------------------------------------------------------------- the bound


def test_the_oldest_message_goes_first() -> None:
    box, _ = mailbox()
    box.put("old")
    box.put("new")

    assert box.drop_oldest() == ["old"]
    assert box.drop_oldest() == ["new"]
    assert box.drop_oldest() == []
    assert box.read == 2


def test_an_order_to_stop_is_not_dropped() -> None:
    box, _ = mailbox()
    box.put(_ActorStop())
    box.put("message")

    assert box.drop_oldest() == ["message"]
    assert box.drop_oldest() == []
    assert box.q == [_ActorStop()]


def waiting(box: Mailbox, timeout: float | None = None) -> tuple[threading.Thread, list[bool]]:
    """Let a thread wait for room; return it and what it is told."""
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(box.wait_for_room(timeout)))
    thread.start()
    return thread, results


def test_who_waits_for_room_goes_on_when_messages_are_taken() -> None:
    box, _ = mailbox(capacity=1)
    box.put("fills it")
    thread, results = waiting(box)
    probe(lambda: box.waiters)

    box.drain()
    thread.join(5)

    assert results == [True]


def test_who_waits_for_room_goes_on_when_the_mailbox_is_closed() -> None:
    box, _ = mailbox(capacity=1)
    box.put("fills it")
    thread, results = waiting(box)
    probe(lambda: box.waiters)

    box.close()
    thread.join(5)

    assert results == [True]


def test_nobody_waits_where_there_is_room_or_nobody_reads() -> None:
    box, _ = mailbox(capacity=1)
    assert box.wait_for_room()

    box.put("fills it")
    box.close()

    assert box.wait_for_room()


def test_waiting_for_room_ends_with_its_time() -> None:
    box, _ = mailbox(capacity=1)
    box.put("fills it")

    assert not box.wait_for_room(0.001)
    assert not box.wait_for_room(-1)
