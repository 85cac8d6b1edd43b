"""Where a turn is, and how long it may be there."""

from __future__ import annotations

from threading import Event as ThreadEvent
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from ringleader import Actor, handles
from ringleader.actors.hang import LOOKS, Position, Seen, position_of, stack_of, thread_stack
from tests.probe import probe

if TYPE_CHECKING:
    from tests.actors.stage import Stage

HERE = Position(turn=7, read=3, ended=2, probes=0)


def test_who_stays_in_one_place_hangs_after_the_deadline() -> None:
    seen = Seen(None, 0.0).at(HERE, 5.0)

    assert not seen.at(HERE, 14.9).hangs(10.0, 14.9)
    assert seen.at(HERE, 15.0).hangs(10.0, 15.0)


@pytest.mark.parametrize(
    "there",
    [
        HERE._replace(read=4),
        HERE._replace(ended=3),
        HERE._replace(probes=1),
        HERE._replace(turn=8),
        None,
    ],
)
def test_who_has_moved_begins_anew(there: Position | None) -> None:
    seen = Seen(None, 0.0).at(HERE, 0.0).at(there, 9.0).at(HERE, 9.5)

    assert not seen.hangs(10.0, 19.0)


def test_who_is_in_no_turn_never_hangs() -> None:
    assert not Seen(None, 0.0).at(None, 1e9).hangs(1.0, 1e9)


@given(
    st.lists(st.tuples(st.floats(0.01, 20.0), st.integers(0, 2)), max_size=50),
    st.floats(0.1, 10.0),
)
def test_a_hang_is_found_in_time_and_never_too_early(
    moves: list[tuple[float, int]], deadline: float
) -> None:
    """The actor moves at times of its own; the vigil looks only when it said it would."""
    now, seen = 0.0, Seen(None, 0.0)
    look_at = seen.next_look(deadline, now)
    for place, (stay, moved) in enumerate(moves):
        arrived, until = now, now + stay
        position = HERE._replace(read=place) if moved else None
        found = False
        while look_at <= until:
            seen = seen.at(position, look_at)
            if seen.hangs(deadline, look_at):
                found = True
                assert look_at - arrived >= deadline - 1e-6
                seen = Seen(None, look_at)
            look_at = seen.next_look(deadline, look_at)
        late = deadline * (1 + 1 / LOOKS) + 1e-6
        assert found or position is None or stay < late
        now = until


class Stuck(Actor):
    """Waits for an event of the test."""

    @handles(ThreadEvent)
    def wait(self, event: ThreadEvent) -> None:
        event.wait(30)


def test_an_actor_s_place_is_known_while_it_is_in_a_turn(real: Stage) -> None:
    release = ThreadEvent()
    cell = real.start(Stuck)
    incarnation = cell.current
    assert incarnation is not None
    cell.ref.tell(release)
    probe(lambda: "event.wait" in stack_of(incarnation))

    place = position_of(incarnation, 0)
    assert place is not None
    assert (place.read, place.ended) == (1, 0)
    assert "turns.py" not in stack_of(incarnation)

    release.set()
    probe(lambda: position_of(incarnation, 0) is None)
    assert stack_of(incarnation) == ""


def test_a_thread_that_has_ended_has_no_stack() -> None:
    assert thread_stack(-1) == ""


def test_a_killed_actor_s_report_says_what_it_was_at(real: Stage) -> None:
    release = ThreadEvent()
    cell = real.start(Stuck)
    incarnation: Any = cell.current
    cell.ref.tell(release)
    probe(lambda: "event.wait" in stack_of(incarnation))

    cell.kill(incarnation)
    release.set()

    assert "event.wait(30)" in real.sink.reports[-1].stack
