"""What the log lets go of is decided by age, number and size, and by who waits."""

from __future__ import annotations

from hypothesis import given, strategies as st

from ringleader.actors.consumer_rules import Consumer
from ringleader.actors.options import EventLogOptions
from ringleader.actors.retention import Kept, Loss, Waiting, bound, lost, surplus, waited_for


def waiting(
    name: str = "c",
    cursor: int = 0,
    types: tuple[str, ...] | None = None,
    *,
    owner: str = "o",
    seen_at: float = 0.0,
    in_hand: int = 0,
    put_back: frozenset[int] = frozenset(),
) -> Waiting:
    consumer = Consumer(
        name=name, types=types, idempotent=False, cursor=cursor, owner=owner, seen_at=seen_at
    )
    return Waiting(consumer, in_hand, put_back)


def test_the_slowest_counts_with_what_it_has_in_hand() -> None:
    assert bound([], 9) == 9
    assert bound([waiting(cursor=7), waiting(cursor=5)], 9) == 5
    assert bound([waiting(cursor=7, in_hand=3), waiting(cursor=5)], 9) == 2


def test_who_is_not_attached_for_long_does_not_count() -> None:
    options = EventLogOptions(abandoned_after=100.0)
    here, away = waiting("here"), waiting("away", owner="", seen_at=50.0)
    assert waited_for([here, away], 150.0, options) == ([here, away], [])
    assert waited_for([here, away], 151.0, options) == ([here], [away])


def test_what_is_lost_is_told_by_consumer() -> None:
    everybody = [
        waiting("a", 2),
        waiting("b", 0, ("x",)),
        waiting("c", 9, in_hand=1, put_back=frozenset({1})),
    ]
    gone = [Kept(1, "y", 1), Kept(2, "y", 1), Kept(3, "y", 1), Kept(4, "x", 1)]
    assert lost(everybody, gone) == Loss(("a", "b", "c"), 1, 4, 3)
    assert lost(everybody, gone[1:2]) is None


def test_losses_add_up() -> None:
    one, two = Loss(("a",), 3, 4, 2), Loss(("b",), 1, 2, 2)
    assert one.plus(two) == Loss(("a", "b"), 1, 4, 4)
    assert one.plus(None) == one


@given(
    sizes=st.lists(st.integers(1, 50), max_size=30),
    done=st.integers(0, 30),
    soft=st.integers(1, 30),
    hard=st.integers(1, 30),
    room=st.integers(1, 800),
    most=st.integers(1, 800),
)
def test_no_more_goes_than_must(
    sizes: list[int], *, done: int, soft: int, hard: int, room: int, most: int
) -> None:
    options = EventLogOptions(
        retention_events=soft, cap_events=hard, retention_bytes=room, cap_bytes=most
    )
    oldest = [Kept(number, "x", size) for number, size in enumerate(sizes, 1)]
    number = surplus(oldest, len(oldest), sum(sizes), done, options)
    left, size = len(oldest) - number, sum(sizes[number:])
    assert left <= hard
    assert size <= most
    if number < done:
        assert left <= soft
        assert size <= room
    if number:  # the last one had to go
        left, size = left + 1, size + sizes[number - 1]
        is_too_much = left > hard or size > most
        assert is_too_much or (number <= done and (left > soft or size > room))
