from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast

import pytest

from ringleader import ChildSpec
from ringleader.actors.base import Actor
from ringleader.actors.dispatch import TURN
from ringleader.actors.events.training import TrainingCompleted, TrainingStarted
from ringleader.actors.handlers import handles
from ringleader.actors.history import Handling
from ringleader.actors.letters import Outcome
from ringleader.actors.lifecycle import LATER, Exit
from ringleader.actors.message import Ask, Call
from ringleader.testing import TestSystem
from tests.actors.stage import ManualStage, outcomes
from tests.probe import probe

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell
    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.future import Reply
    from ringleader.actors.incarnation import Incarnation
    from ringleader.testing import ManualClock
    from tests.actors.stage import Stage

pytestmark = pytest.mark.usefixtures("quiet")


class Worker(Actor):
    """Notes what it handles; raises exceptions that it is sent, calls functions."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        if callable(message):
            return message()
        self.seen.append(message)
        return message


def current(cell: Cell) -> Incarnation:
    assert cell.current is not None
    return cell.current


# ---------------------------------------------------------------- batches


def test_a_turn_has_a_bound_and_the_rest_comes_in_the_next(stage: ManualStage) -> None:
    cell, other = stage.start(Worker), stage.start(Worker)
    for number in range(TURN + 3):
        cell.ref.tell(number)
    other.ref.tell("other")

    stage.stepper.step()
    assert cell.instance.seen == list(range(TURN))
    assert len(cell.mailbox) == 3
    stage.stepper.step()
    assert other.instance.seen == ["other"]  # somebody else in between
    cell.ref.tell("later")
    stage.run()

    assert cell.instance.seen == [*range(TURN + 3), "later"]
    assert outcomes(cell) == {"handled": TURN + 4}


def test_what_comes_during_a_turn_waits_for_the_next(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    cell.ref.tell(lambda: cell.ref.tell("from the turn"))
    cell.ref.tell("queued")

    stage.stepper.step()
    assert cell.instance.seen == ["queued"]
    stage.run()

    assert cell.instance.seen == ["queued", "from the turn"]


def test_an_order_overtakes_all_but_the_rest_of_a_turn(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    instance = cell.instance
    cell.ref.tell(lambda: cell.shutdown(current(cell), "shutdown"))
    for number in range(TURN + 10):
        cell.ref.tell(number)
    stage.run()

    assert instance.seen == list(range(TURN - 1))
    assert stage.parent.reasons == ["shutdown"]
    assert len(cell.mailbox) == 11
    stage.restart(cell)
    stage.run()
    assert cell.instance.seen == list(range(TURN - 1, TURN + 10))


@pytest.mark.parametrize("ends", [ValueError("no"), Exit("done")])
def test_an_end_in_the_middle_of_a_later_turn_of_a_batch_loses_nothing(
    stage: ManualStage, ends: Exception
) -> None:
    cell = stage.start(Worker)
    messages: list[Any] = [*range(TURN + 5), ends, *range(TURN + 5, TURN + 9)]
    for message in messages:
        cell.ref.tell(message)
    seen: list[Any] = cell.instance.seen
    stage.run()
    stage.restart(cell)
    stage.run()

    assert seen + cell.instance.seen == list(range(TURN + 9))


def test_a_kill_at_the_very_beginning_of_a_turn_takes_nobody_along(stage: ManualStage) -> None:
    """Between the turns of a batch the last message of the first one is not in hand any more."""
    cell = stage.start(Worker)
    for number in range(TURN + 5):
        cell.ref.tell(number)
    stage.stepper.step()

    cell._serving = True  # the next turn has begun, and has read nothing yet
    cell._place = cell.mailbox.read
    cell.kill(current(cell))

    assert outcomes(cell) == {"handled": TURN}
    assert stage.buried == []
    assert len(cell.mailbox) == 5


def test_handlers_may_take_a_message_after_they_were_stopped_in_their_turn(
    stage: ManualStage,
) -> None:
    cell = stage.start(Worker)
    instance = cell.instance
    cell.ref.tell("before")
    cell.ref.tell(instance.stop)
    cell.ref.tell("after")
    stage.run()

    assert instance.seen == ["before", "after"]  # the order queued behind it
    assert outcomes(cell) == {"handled": 4}


# ---------------------------------------------------------------- interrupts


def test_an_interrupt_in_a_turn_run_by_the_caller_is_the_callers(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    cell.ref.tell("before")
    cell.ref.tell(KeyboardInterrupt())
    cell.ref.tell("after")

    with pytest.raises(KeyboardInterrupt):
        stage.run()
    assert current(cell).alive
    stage.run()

    assert cell.instance.seen == ["before", "after"]
    assert outcomes(cell) == {"interrupted": 1, "handled": 2}


# ---------------------------------------------------------------- answers


class Slow(Actor):
    """Answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[Any, Reply[Any]]] = []

    @handles(str)
    def ask(self, message: str) -> Any:
        self.waiting.append((message, self._cell.reply_to))
        return LATER

    @handles(int)
    def answer(self, number: int) -> None:
        for message, reply in self.waiting[:number]:
            reply.set(message.upper())
        del self.waiting[:number]


def test_an_actor_may_answer_later(stage: ManualStage) -> None:
    cell = stage.start(Slow)
    replies = [cell.ref.ask(text, block=False) for text in "abc"]
    stage.run()
    assert not any(reply.done for reply in replies)

    cell.ref.tell(2)
    stage.run()

    assert [reply.done for reply in replies] == [True, True, False]
    assert [reply.get() for reply in replies[:2]] == ["A", "B"]


def test_only_who_is_asked_has_somebody_to_answer(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    seen: list[Any] = []
    cell.ref.ask(lambda: seen.append(cell.reply_to))
    cell.ref.tell(lambda: seen.append(cell.reply_to))
    stage.run()

    assert seen[1] is None


@pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), Exit("closing")])
def test_who_asked_hears_of_an_end_in_the_answer(stage: ManualStage, error: BaseException) -> None:
    cell = stage.start(Worker)
    reply = cell.ref.ask(error, block=False)
    stage.run()

    with pytest.raises(Exception, match="ended before it answered") as caught:
        reply.get()
    reason = error.reason if isinstance(error, Exit) else error
    assert cast("Any", caught.value).reason == reason
    assert outcomes(cell) == {"handled" if isinstance(error, Exit) else "failed": 1}


def test_calls_may_be_told_as_well(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    cell.ref.tell(Call("on_receive", ("called",), {}))
    stage.run()

    assert cell.instance.seen == ["called"]


# ---------------------------------------------------------------- events


class Chained(Actor):
    """Publishes one event because of another."""

    @handles(TrainingStarted)
    def on_started(self, event: TrainingStarted) -> None:
        self.publish(TrainingCompleted(config_key=event.config_key, model_path="m"))

    @handles(str)
    def on_text(self, message: str) -> None:
        self.publish(TrainingCompleted(config_key=message, model_path="m"))


class ChainedLater(Chained):
    """The same, after a nap."""

    @handles(TrainingStarted)
    async def on_started(self, event: TrainingStarted) -> None:  # type: ignore[override]  # async
        await self.sleep(1)
        super().on_started(event)


@pytest.mark.parametrize("kind", [Chained, ChainedLater])
def test_what_is_published_while_an_event_is_in_hand_was_caused_by_it(kind: type[Chained]) -> None:
    seen: list[tuple[Event, Envelope]] = []
    with TestSystem() as system:
        system.hub.taps.append(lambda event, envelope: seen.append((event, envelope)))
        ref = system.start_child(ChildSpec("chained", kind))
        system.run()
        seen.clear()

        cause = system.publish(TrainingStarted(config_key="hex5_2p"))
        system.advance(2)
        ref.tell("unrelated")
        system.run()

    causes = [
        envelope.causationid for event, envelope in seen if isinstance(event, TrainingCompleted)
    ]
    assert causes == [cause.id, None]
    statistics = system.statistics()
    assert statistics.events.outcomes == {Outcome.HANDLED: 1}


class Listener(Actor):
    """Takes two types of events, each of which takes it some seconds, and text."""

    def __init__(self, clock: ManualClock, seconds: float) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds
        self.seen: list[Any] = []

    @handles(TrainingStarted, TrainingCompleted)
    def on_event(self, event: Event) -> None:
        self.clock.advance(self.seconds)
        self.seen.append(type(event))

    @handles(str)
    def on_text(self, message: str) -> None:
        self.seen.append(message)


class Catching(Listener):
    """The same, with an `on_receive` of its own."""

    def on_receive(self, message: Any) -> Any:
        return super().on_receive(message)


@pytest.mark.parametrize("kind", [Listener, Catching])
@pytest.mark.parametrize("seconds", [0.0, 2.0])
@pytest.mark.parametrize(
    "mixture",
    [
        [TrainingCompleted, TrainingCompleted],
        ["text", TrainingCompleted],
        [TrainingCompleted, "text"],
        [TrainingCompleted, "text", TrainingCompleted],
        [TrainingStarted, TrainingCompleted, TrainingStarted],
    ],
)
def test_each_event_of_a_turn_is_counted_and_noted_once_whatever_is_between_them(
    kind: type[Listener], seconds: float, mixture: list[Any]
) -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("listener", kind, (system.manual, seconds)))
        system.run()
        cell, instance = ref.cell, ref.cell.instance
        handled = outcomes(cell).get("handled", 0)
        for turn in range(3):  # after the first one it is known how long they take
            cell.mailbox.busy = cell.mailbox.sched.acquire(blocking=False)  # until all are there
            for place, item in enumerate(mixture):
                if item == "text":
                    ref.tell(item)
                else:
                    system.publish(item(config_key=f"{turn} {place}", model_path="m"), source="me")
                    system.run()
            cell.dispatcher.put(cell)
            system.run()

        assert instance.seen == mixture * 3
        assert outcomes(cell) == {"handled": handled + len(mixture) * 3}
        events = 3 * sum(item != "text" for item in mixture)
        assert system.statistics().events.outcomes == {Outcome.HANDLED: events}
        assert [past.handlings for past in system.hub.history.find(source="me")] == [
            (Handling("/listener", "handled", seconds),)
        ] * events


# ---------------------------------------------------------------- a turn that was given up


class Hanging(Worker):
    """Hangs where it is told to, until it is released."""

    begun: threading.Event
    release: threading.Event

    @classmethod
    def fresh(cls) -> type[Hanging]:
        """Return a class of its own, with gates of its own."""
        return type("Fresh", (cls,), {"begun": threading.Event(), "release": threading.Event()})

    def hang(self) -> str:
        self.begun.set()
        self.release.wait(5)
        return "too late"


def given_up(real: Stage) -> None:
    """Wait until the threads that were given up have ended."""
    probe(lambda: not real.context.abandoned)


@pytest.mark.parametrize("dispatcher", ["pool", "thread"])
def test_a_kill_counts_what_the_turn_has_handled_and_sets_aside_what_is_in_hand(
    real: Stage, dispatcher: str
) -> None:
    kind = Hanging.fresh()
    cell = real.start(kind, dispatcher=dispatcher)
    hang = cell.ref.proxy().hang
    gate = threading.Event()
    cell.ref.tell(lambda: gate.wait(5))  # so that all come in one batch
    for message in ("a", "b", ValueError("no")):
        cell.ref.ask(message, block=False)
    hang.defer()
    cell.ref.tell("c")
    gate.set()
    kind.begun.wait(5)

    cell.kill(current(cell))
    assert outcomes(cell) == {"handled": 3, "failed": 1, "interrupted": 1}
    assert len(cell.mailbox) == 1
    real.restart(cell)

    probe(lambda: cell.instance is not None and cell.instance.seen == ["c"])
    kind.release.set()
    given_up(real)
    probe(lambda: outcomes(cell) == {"handled": 4, "failed": 1, "interrupted": 1})


@pytest.mark.parametrize("dispatcher", ["pool", "thread"])
@pytest.mark.parametrize("hook", ["on_start", "on_stop"])
def test_a_hook_that_hangs_counts_nothing_twice(real: Stage, dispatcher: str, hook: str) -> None:
    fresh = Hanging.fresh()
    lives: list[Any] = []

    class Hooked(fresh):  # type: ignore[misc, valid-type]  # made at run time
        def on_start(self) -> None:
            lives.append(self)
            if hook == "on_start" and len(lives) == 2:
                self.hang()

        def on_stop(self) -> None:
            if hook == "on_stop":
                self.hang()

    cell = real.start(Hooked, dispatcher=dispatcher)
    for number in range(5):
        assert cell.ref.ask(number, timeout=5) == number
    if hook == "on_start":
        cell.ref.tell(Exit("again"))
        probe(lambda: cell.current is None)
        real.restart(cell)
    else:
        cell.ref.tell("last")
        cell.ref.stop(block=False)
    assert fresh.begun.wait(5)
    before = dict(cell.outcomes)

    cell.kill(current(cell))
    fresh.release.set()
    given_up(real)

    assert cell.outcomes == before
    assert before == {Outcome.HANDLED: 6 if hook == "on_start" else 7}


def test_a_turn_that_was_given_up_takes_no_orders_of_the_next_life(real: Stage) -> None:
    """It comes back from `on_start` when the next incarnation waits to be started."""
    started: list[int] = []
    begun, release = threading.Event(), threading.Event()

    class Starting(Actor):
        def on_start(self) -> None:
            started.append(threading.get_ident())
            if len(started) == 1:
                begun.set()
                release.wait(5)

    cell = real.start(Starting)
    begun.wait(5)
    hung = started[0]
    with real.context.dispatcher("pool", "/a")._lock:  # type: ignore[attr-defined]  # a pool
        killing = threading.Thread(target=lambda: cell.kill(current(cell)))
        killing.start()  # waits for the pool, with the turn still under way
        probe(cell._lock.locked)
    killing.join(5)
    real.restart(cell)
    release.set()

    probe(lambda: len(started) == 2)
    given_up(real)
    assert started[1] != hung
    assert cell.ref.is_alive()


def test_a_turn_that_was_given_up_serves_no_other_life(stage: ManualStage) -> None:
    """Its reading is refused, whoever lives there now."""
    cell, stale = stage.start(Worker), threading.Lock()
    cell.ref.tell("for the turn that counts")
    cell.mailbox.put_control("an order")

    assert list(cell._begin(current(cell), stale)) == []
    cell._obey_all(stale)
    cell._end_turn(stale, 1)

    assert list(cell.mailbox.control or ()) == ["an order"]
    assert outcomes(cell) == {}
    cell.mailbox.control = None
    stage.run()
    assert outcomes(cell) == {"handled": 1}


def test_a_kill_between_two_messages_counts_the_first_one_once(stage: ManualStage) -> None:
    """Its ask has failed and is counted so; the turn has not come to the next message yet."""
    cell = stage.start(Worker)

    class Killing:
        def set_exception(self, _: object) -> None:
            cell.kill(current(cell))

    cell.ref.tell("before")
    cell.mailbox.put(Ask(ValueError("no"), Killing()))
    cell.ref.tell("after")
    stage.run()

    assert outcomes(cell) == {"handled": 1, "failed": 1}
    assert stage.buried == []
    assert len(cell.mailbox) == 1


def test_after_a_kill_the_turn_counts_nothing_any_more(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    ended = current(cell)
    cell.kill(ended)

    cell.settle_in_turn(ended, Outcome.FAILED)

    assert outcomes(cell) == {}


def test_what_was_dropped_in_a_turn_was_not_handled_by_it(stage: ManualStage) -> None:
    class Small(Worker):
        mailbox_capacity = 2
        overflow = "drop_oldest"

    cell = stage.start(Small)

    def flood_and_die() -> None:
        for number in range(5):
            cell.ref.tell(number)
        cell.kill(current(cell))

    cell.ref.tell("before")
    cell.ref.tell(flood_and_die)
    stage.run()

    assert outcomes(cell) == {"handled": 1, "undeliverable": 3, "interrupted": 1}
    assert cell.mailbox.q == [3, 4]


def test_killing_oneself_in_a_turn_sets_the_message_aside(stage: ManualStage) -> None:
    cell = stage.start(Worker)
    cell.ref.tell("before")
    cell.ref.tell(lambda: cell.kill(current(cell)))
    cell.ref.tell("after")
    stage.run()

    assert outcomes(cell) == {"handled": 1, "interrupted": 1}
    stage.restart(cell)
    stage.run()
    assert cell.instance.seen == ["after"]


def test_what_fails_after_the_end_of_its_life_disturbs_nobody(real: Stage) -> None:
    kind = Hanging.fresh()

    class Failing(kind):  # type: ignore[misc, valid-type]  # made at run time
        def hang(self) -> str:
            super().hang()
            raise ValueError("too late")

    for ask in (True, False):
        kind.begun.clear()
        kind.release.clear()
        cell = real.start(Failing)
        if ask:
            cell.ref.proxy().hang()
        else:
            cell.ref.proxy().hang.defer()
        kind.begun.wait(5)
        cell.kill(current(cell))
        real.restart(cell)
        kind.release.set()
        given_up(real)

        assert cell.ref.ask("alive", timeout=5) == "alive"
        probe(lambda c=cell: outcomes(c) == {"interrupted": 1, "handled": 1})  # type: ignore[misc]


class Odd:
    """A message that is not to be compared."""

    def __eq__(self, other: object) -> bool:
        raise TypeError(other)

    __hash__ = None  # type: ignore[assignment]  # as for any class with an __eq__


@pytest.mark.parametrize("message", [None, Odd()])
def test_whatever_message_is_in_hand_at_a_death_it_is_set_aside(message: Any) -> None:
    with TestSystem(intensity=10) as system:
        ref = system.start_child(ChildSpec("chained", Chained))
        current = ref.cell.current
        assert current is not None

        def end_itself(_: object) -> None:
            ref.cell.kill(current, "shot")

        ref.cell.instance.on_receive = end_itself
        ref.tell(message)
        system.run()

        (letter,) = system.dead_letters.letters()
        assert letter.message is message
