from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from hypothesis import given, strategies as st

from ringleader.actors.future import Reply
from ringleader.actors.incarnation import Incarnation
from ringleader.actors.lifecycle import Exited
from ringleader.supervisors.inbox import Inbox

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell


def incarnation(number: int) -> Incarnation:
    cell = SimpleNamespace(path="/a", launched=number)
    return Incarnation(cast("Cell", cell), lambda: None, None)


def drained(inbox: Inbox) -> list[Any]:
    messages: list[Any] = []
    while (entry := inbox.get()) is not None:
        messages.append(entry[0])
    return messages


def test_messages_come_out_in_order() -> None:
    inbox = Inbox()
    for message in ("a", "b", "c"):
        inbox.put(message, None)

    assert drained(inbox) == ["a", "b", "c"]
    assert inbox.get() is None


def test_an_exit_that_was_taken_out_of_turn_does_not_come_again() -> None:
    inbox, pid = Inbox(), incarnation(1)
    inbox.put("a", None)
    inbox.put(Exited(pid, "boom"), None)
    inbox.put("b", None)

    assert inbox.take_exit(pid) == Exited(pid, "boom")
    assert inbox.take_exit(pid) is None
    assert drained(inbox) == ["a", "b"]


def test_an_exit_in_its_turn_can_not_be_taken_out_again() -> None:
    inbox, pid = Inbox(), incarnation(1)
    inbox.put(Exited(pid, "boom"), None)

    assert drained(inbox) == [Exited(pid, "boom")]
    assert inbox.take_exit(pid) is None


def test_the_end_gets_every_reply_that_somebody_waits_for() -> None:
    inbox = Inbox()
    replies: list[Reply[Any]] = [Reply(), Reply()]
    inbox.put("a", replies[0])
    inbox.put("b", None)
    inbox.put("c", replies[1])

    assert inbox.replies() == replies
    assert inbox.get() is None


@given(st.lists(st.booleans(), max_size=20))
def test_taking_exits_out_of_turn_leaves_the_rest_in_order(taken: list[bool]) -> None:
    inbox = Inbox()
    exits = [Exited(incarnation(i), i) for i in range(len(taken))]
    for exited in exits:
        inbox.put(exited, None)
    for exited, out in zip(exits, taken, strict=True):
        if out:
            inbox.take_exit(exited.incarnation)

    assert drained(inbox) == [e for e, out in zip(exits, taken, strict=True) if not out]
