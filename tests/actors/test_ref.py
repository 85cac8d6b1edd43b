from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st
from pykka import ActorDeadError, Timeout

from ringleader import ChildSpec
from ringleader.actors.base import Actor
from ringleader.actors.errors import DeadlockError, MailboxFull
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.handlers import handles
from ringleader.actors.letters import Outcome
from ringleader.actors.lifecycle import Exit
from ringleader.testing import TestSystem
from tests.actors.stage import ManualStage, outcomes
from tests.probe import holds, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringleader.actors.cell import Cell
    from ringleader.actors.ref import Ref
    from tests.actors.stage import Stage

pytestmark = pytest.mark.usefixtures("quiet")


class Keeper(Actor):
    """Keeps what it is sent, in a list that the test can see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        self.seen.append(message)
        return message

    def describe(self, name: str, *, loudly: bool = False) -> str:
        return f"{name}{'!' if loudly else '.'}"


class Blocking(Keeper):
    mailbox_capacity = 3


class Rejecting(Keeper):
    mailbox_capacity = 3
    overflow = "reject"


class Dropping(Keeper):
    mailbox_capacity = 3
    overflow = "drop_oldest"


class Sender(Actor):
    """Sends what it is told to somebody, from inside its turn."""

    def __init__(self, other: Ref[Any]) -> None:
        super().__init__()
        self.other = other

    @handles(tuple)
    def send(self, messages: tuple[Any, ...]) -> None:
        for message in messages:
            self.other.tell(message)


# ---------------------------------------------------------------- the address


def test_an_address_is_a_path(stage: ManualStage) -> None:
    ref = stage.start(Keeper, path="/pipeline/keeper").ref

    assert ref.path == "/pipeline/keeper"
    assert str(ref) == "Keeper (/pipeline/keeper)"
    assert repr(ref) == "<ActorRef for Keeper (/pipeline/keeper)>"


def test_urns_are_unique_and_kept_over_restarts(stage: ManualStage) -> None:
    first, second = stage.start(Keeper), stage.start(Keeper)
    urn = first.ref.actor_urn
    first.ref.tell(Exit())
    stage.run()
    stage.restart(first)
    stage.run()

    assert first.ref.actor_urn == urn != second.ref.actor_urn


def test_an_address_lives_until_its_cell_is_closed(stage: ManualStage) -> None:
    cell = stage.start(Keeper)
    cell.ref.tell(Exit())
    stage.run()
    assert cell.ref.is_alive()  # somebody may live there again

    cell.close()

    assert not cell.ref.is_alive()


def test_a_proxy_can_be_made_while_nobody_lives_there(stage: ManualStage) -> None:
    cell = stage.start(Keeper)
    cell.ref.tell(Exit())
    stage.run()

    reply = cell.ref.proxy().describe("later")
    stage.restart(cell)

    assert reply.get() == "later."


# ---------------------------------------------------------------- call


def test_a_method_is_called_by_name(stage: ManualStage) -> None:
    ref = stage.start(Keeper).ref

    assert ref.call(Keeper.describe, "Ada", loudly=True).get() == "Ada!"


def test_a_subclass_answers_with_its_own_version(stage: ManualStage) -> None:
    class Polite(Keeper):
        def describe(self, name: str, *, loudly: bool = False) -> str:
            return f"dear {super().describe(name, loudly=loudly)}"

    ref: Ref[Keeper] = stage.start(Polite).ref

    assert ref.call(Keeper.describe, "Ada").get() == "dear Ada."


def test_what_the_class_does_not_have_can_not_be_called(stage: ManualStage) -> None:
    ref: Ref[Any] = stage.start(Keeper).ref

    with pytest.raises(TypeError, match="Keeper has no method 'send'"):
        ref.call(Sender.send, ())


def test_a_call_to_the_dead_fails_where_it_is_read(stage: ManualStage) -> None:
    cell = stage.start(Keeper)
    cell.ref.stop()
    cell.close()

    reply = cell.ref.call(Keeper.describe, "Ada")

    with pytest.raises(ActorDeadError, match="not found"):
        reply.get()


# ---------------------------------------------------------------- a full mailbox: reject


def test_a_full_mailbox_gives_a_message_back_to_its_sender(stage: ManualStage) -> None:
    cell = stage.start(Rejecting, path="/small")
    with stage.stepper.hold(cell):
        for number in range(3):
            cell.ref.tell(number)
        with pytest.raises(MailboxFull) as full:
            cell.ref.tell("no room")
        with pytest.raises(MailboxFull, match=r"the mailbox of /small is full \(3 messages\)$"):
            cell.ref.ask("no room", block=False)
    stage.run()

    assert (full.value.path, full.value.message, full.value.capacity) == ("/small", "no room", 3)
    assert cell.instance.seen == [0, 1, 2]
    assert stage.context.closed_outcomes == {Outcome.REJECTED: 2}
    assert stage.buried == []


# ---------------------------------------------------------------- a full mailbox: drop_oldest


@given(st.integers(1, 12), st.integers(1, 5))
def test_the_newest_messages_are_kept_exactly(sent: int, capacity: int) -> None:
    class Small(Keeper):
        mailbox_capacity = capacity
        overflow = "drop_oldest"

    stage = ManualStage()
    cell = stage.start(Small)
    with stage.stepper.hold(cell):
        for number in range(sent):
            cell.ref.tell(number)
        assert len(cell.mailbox) == min(sent, capacity)
    stage.run()

    kept = list(range(sent))[-capacity:]
    assert cell.instance.seen == kept
    assert stage.buried_messages(Outcome.UNDELIVERABLE) == list(range(sent - len(kept)))
    stage.close()


def test_an_ask_that_is_dropped_raises(stage: ManualStage) -> None:
    cell = stage.start(Dropping)
    with stage.stepper.hold(cell):
        reply = cell.ref.ask("first", block=False)
        for number in range(3):
            cell.ref.tell(number)

    with pytest.raises(MailboxFull) as full:
        reply.get()
    assert full.value.message == "first"
    assert stage.buried == []


def test_an_order_to_stop_gets_in_and_is_not_dropped(stage: ManualStage) -> None:
    for kind in (Rejecting, Dropping, Blocking):
        cell = stage.start(kind)
        with stage.stepper.hold(cell):
            for number in range(3):
                cell.ref.tell(number)
            stopped = cell.ref.stop(block=False)
            if kind is Dropping:
                for number in range(10):
                    cell.ref.tell(number)
        stage.run()

        assert stopped.get() is True
        assert cell.current is None


# ---------------------------------------------------------------- a full mailbox: block


@pytest.fixture
def gate(real: Stage) -> Iterator[tuple[Cell, threading.Event]]:
    """A small mailbox whose actor is busy until the gate opens, and which is full."""
    gate = threading.Event()
    begun = threading.Event()

    class Busy(Blocking):
        def on_receive(self, message: Any) -> Any:
            begun.set()
            gate.wait(5)
            return super().on_receive(message)

    cell = real.start(Busy)
    cell.ref.tell("in hand")
    assert begun.wait(5)
    for number in range(3):
        cell.ref.tell(number)
    yield cell, gate
    gate.set()


def sending(ref: Ref[Any], message: Any, errors: list[Exception]) -> threading.Thread:
    def send() -> None:
        try:
            ref.tell(message)
        except ActorDeadError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_a_sender_waits_for_room(gate: tuple[Cell, threading.Event]) -> None:
    cell, event = gate
    thread = sending(cell.ref, "waited", [])
    probe(lambda: cell.mailbox.waiters)
    assert not holds(lambda: len(cell.mailbox) > 3, 0.01)
    instance = cell.instance

    event.set()
    thread.join(5)

    probe(lambda: instance.seen == ["in hand", 0, 1, 2, "waited"])


def test_senders_who_wait_are_released_when_the_cell_is_closed(
    gate: tuple[Cell, threading.Event],
) -> None:
    cell, event = gate
    errors: list[Exception] = []
    threads = [sending(cell.ref, number, errors) for number in range(3)]
    probe(lambda: len(cell.mailbox.waiters or ()) == 3)

    cell.kill(cell.current)  # type: ignore[arg-type]  # it has one
    cell.close()
    for thread in threads:
        thread.join(5)
    event.set()

    assert [type(error) for error in errors] == [ActorDeadError] * 3


def test_an_ask_with_a_timeout_does_not_wait_for_room_for_ever(
    gate: tuple[Cell, threading.Event],
) -> None:
    with pytest.raises(Timeout, match=r"0\.01 seconds"):
        gate[0].ref.ask("no room", timeout=0.01)


def test_in_a_turn_nobody_waits_for_room(real: Stage, gate: tuple[Cell, threading.Event]) -> None:
    sender = real.start(Sender, gate[0].ref)

    with pytest.raises(MailboxFull) as full:
        sender.ref.ask(("from a turn",), timeout=5)

    assert str(full.value).endswith("is full (3 messages); an actor's turn does not block")
    assert full.value.message == "from a turn"


def test_a_deterministic_test_makes_room_itself(stage: ManualStage) -> None:
    cell = stage.start(Blocking)

    for number in range(10):
        cell.ref.tell(number)
    stage.run()

    assert cell.instance.seen == list(range(10))


def test_a_deterministic_test_does_not_wait_for_room_that_never_comes(
    stage: ManualStage,
) -> None:
    cell = stage.start(Blocking)
    with stage.stepper.hold(cell):
        for number in range(3):
            cell.ref.tell(number)
        with pytest.raises(DeadlockError, match="is full, and there is nothing left to do"):
            cell.ref.tell("no room")


def test_the_control_lane_overtakes_a_full_mailbox(stage: ManualStage) -> None:
    cell = stage.start(Blocking)
    with stage.stepper.hold(cell):
        for number in range(3):
            cell.ref.tell(number)
        cell.shutdown(cell.current, "shutdown")  # type: ignore[arg-type]  # it has one
    instance = cell.instance
    stage.run()

    assert instance.seen == []
    assert stage.parent.reasons == ["shutdown"]
    assert len(cell.mailbox) == 3


# ---------------------------------------------------------------- publishing


def test_publishing_never_waits_for_a_full_subscriber() -> None:
    class Slow(Keeper):
        mailbox_capacity = 1

        @handles(TrainingCompleted)
        def take(self, event: TrainingCompleted) -> None:
            self.seen.append(event)

    with TestSystem() as system:
        ref = system.start_child(ChildSpec("slow", Slow))
        quick = system.start_child(ChildSpec("quick", Slow))
        instance = ref.cell.instance
        with system.stepper.hold(ref.cell):
            for number in range(3):
                system.publish(TrainingCompleted(config_key=f"hex{number}", model_path="m"))
                system.run()

            assert len(quick.cell.instance.seen) == 3
            letters = [letter.reason for letter in system.dead_letters.letters()]
            assert letters == [Outcome.REJECTED, Outcome.REJECTED]
        system.run()

        assert [event.config_key for event in instance.seen] == ["hex0"]
        statistics = system.statistics().events
        assert statistics.deliveries == sum(statistics.outcomes.values()) == 6


# ---------------------------------------------------------------- the stopped flag


def test_each_of_many_threads_that_wait_for_the_end_hears_of_it(real: Stage) -> None:
    cell = real.start(Keeper)
    waits: list[bool] = []
    threads = [
        threading.Thread(target=lambda: waits.append(cell.ref.actor_stopped.wait(5)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    assert not cell.ref.actor_stopped.wait(0.001)

    cell.close()
    for thread in threads:
        thread.join(5)

    assert waits == [True] * 3
    assert cell.ref.actor_stopped.wait()


def test_messages_to_the_closed_have_an_outcome_all_the_same(stage: ManualStage) -> None:
    cell = stage.start(Keeper)
    with stage.stepper.hold(cell):
        cell.ref.tell("told")
        reply = cell.ref.ask("asked", block=False)
        cell.kill(cell.current)  # type: ignore[arg-type]  # it has one
        cell.close()

    with pytest.raises(ActorDeadError, match="stopped before handling the message"):
        reply.get()
    assert outcomes(cell) == {"undeliverable": 2}
    assert stage.buried_messages() == ["told"]
