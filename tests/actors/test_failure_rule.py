"""What becomes of an actor, its message in hand and its queue when something goes wrong."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings, strategies as st
from pykka import ActorDeadError

from ringleader import ChildSpec, Supervisor, System
from ringleader.actors.base import Actor
from ringleader.actors.errors import ActorDied, PublishError
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.handlers import handles
from ringleader.actors.letters import Outcome
from ringleader.actors.lifecycle import Exit
from ringleader.actors.options import ActorOptions
from ringleader.testing import TestSystem, unbalanced
from tests.actors.stage import outcomes
from tests.probe import probe

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from ringleader.actors.cell import Cell
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.ref import Ref

pytestmark = pytest.mark.usefixtures("quiet")

DONE = TrainingCompleted(config_key="hex5_2p", model_path="m.npz")
FATAL = [SystemExit(1), KeyboardInterrupt(), GeneratorExit()]


class Fragile(Actor):
    """Raises exceptions that it is sent; writes down all else in a list that outlives it."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__()
        self.seen = seen

    @handles(BaseException)
    def fail(self, error: BaseException) -> None:
        raise error

    @handles(TrainingCompleted)
    def on_event(self, event: TrainingCompleted) -> None:
        raise ValueError(event.config_key)

    @handles(object)
    def note(self, message: object) -> object:
        self.seen.append(message)
        return message


class Again(Fragile):
    """Takes its messages again after an interruption."""

    @handles(str, idempotent=True)
    def again(self, message: str) -> str:
        self.seen.append(message)
        if message == "bad" or self.seen.count(message) == 1:
            raise ValueError(message)
        return message


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100) as system:
        yield system


@pytest.fixture
def seen() -> list[Any]:
    return []


def start(system: System, seen: list[Any], of: type[Actor] = Fragile, **fields: Any) -> Ref[Any]:
    return system.start_child(ChildSpec("child", of, (seen,), **fields))


def current(cell: Cell) -> Incarnation:
    assert cell.current is not None
    return cell.current


# ---------------------------------------------------------------- who bears a failure


def test_an_exception_while_serving_an_ask_goes_to_the_caller_and_the_actor_lives(
    system: TestSystem, seen: list[Any]
) -> None:
    ref = start(system, seen)

    with pytest.raises(ValueError, match="no"):
        ref.ask(ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        ref.call(Fragile.fail, ValueError("no")).get()
    with pytest.raises(ValueError, match="no"):
        ref.proxy().fail(ValueError("no")).get()

    assert ref.cell.launched == 1
    assert outcomes(ref.cell) == {"failed": 3}
    assert len(system.dead_letters) == 0


def test_an_exception_while_serving_a_tell_an_event_or_a_timer_ends_the_incarnation(
    system: TestSystem, seen: list[Any]
) -> None:
    ref = start(system, seen)

    ref.tell(ValueError("told"))
    ref.proxy().fail.defer(ValueError("deferred"))
    system.run()
    system.publish(DONE)
    system.run()
    ref.cell.instance.timers.once(1, ValueError("timer"))
    system.advance(1)

    assert ref.cell.launched == 5
    causes = [death.cause for death in system.deaths.all()]
    assert causes == [
        "ValueError: told",
        "ValueError: deferred",
        "ValueError: hex5_2p",
        "ValueError: timer",
    ]
    assert outcomes(ref.cell) == {"failed": 4}


@pytest.mark.parametrize("error", FATAL, ids=lambda error: type(error).__name__)
def test_what_would_end_the_program_is_a_failure_of_that_actor_alone(
    error: BaseException,
) -> None:
    """On real threads: in a deterministic test a `KeyboardInterrupt` is the caller's."""
    with System(intensity=100) as system:
        seen: list[Any] = []
        ref = start(system, seen)
        ref.tell(error)

        assert ref.ask("alive", timeout=5) == "alive"
        assert ref.cell.launched == 2

        with pytest.raises(ActorDied) as died:
            ref.ask(error, timeout=5)
        assert died.value.reason is error
        assert ref.ask("alive", timeout=5) == "alive"
        assert ref.cell.launched == 3


@pytest.mark.parametrize("asked", [True, False])
def test_an_actor_may_choose_its_end(system: TestSystem, seen: list[Any], *, asked: bool) -> None:
    ref = start(system, seen, restart="temporary")
    incarnation = current(ref.cell)

    if asked:
        with pytest.raises(ActorDied, match="'enough'"):
            ref.ask(Exit("enough"))
    else:
        ref.tell(Exit("enough"))
        system.run()

    assert incarnation.reason == "enough"
    assert outcomes(ref.cell)["handled"] == 1
    assert len(system.dead_letters) == 0


# ---------------------------------------------------------------- the message in hand


def test_the_message_in_hand_becomes_a_dead_letter_with_the_report(
    system: TestSystem, seen: list[Any]
) -> None:
    ref = start(system, seen)
    error = ValueError("no")
    ref.tell("before")
    ref.tell(error)
    ref.tell("after")
    system.run()

    (letter,) = system.dead_letters.letters()
    assert (letter.path, letter.message, letter.reason) == ("/child", error, Outcome.FAILED)
    assert letter.report is not None
    assert (letter.report.number, letter.report.reason, letter.report.in_hand) == (1, error, error)
    assert letter.report.depth == 1
    assert letter.detail == "ValueError: no"


def test_the_queue_survives_in_order(system: TestSystem, seen: list[Any]) -> None:
    ref = start(system, seen)
    for number in range(100):
        ref.tell(number)
        if number % 10 == 0:
            ref.tell(ValueError(number))
    system.run()

    assert seen == list(range(100))
    assert ref.cell.launched == 11


def test_queued_asks_are_answered_by_the_next_life(system: TestSystem, seen: list[Any]) -> None:
    ref = start(system, seen)
    ref.tell(ValueError("no"))
    replies = [ref.ask(number, block=False) for number in range(3)]
    system.run()

    assert [reply.get() for reply in replies] == [0, 1, 2]


def test_an_idempotent_handler_gets_its_message_again_once(
    system: TestSystem, seen: list[Any]
) -> None:
    ref = start(system, seen, Again)
    ref.tell("good")
    ref.tell("next")
    ref.tell("bad")
    system.run()

    assert seen == ["good", "good", "next", "next", "bad", "bad"]  # before all that queued
    assert outcomes(ref.cell) == {"retried": 3, "handled": 2, "failed": 1}
    assert [letter.message for letter in system.dead_letters.letters()] == ["bad"]


def test_an_ask_is_never_tried_again(system: TestSystem, seen: list[Any]) -> None:
    ref = start(system, seen, Again)

    with pytest.raises(ValueError, match="good"):
        ref.ask("good")

    assert seen == ["good"]


def test_a_timers_message_is_tried_again_in_the_next_life(
    system: TestSystem, seen: list[Any]
) -> None:
    ref = start(system, seen, Again)
    ref.cell.instance.timers.periodic(1, "tick")
    system.advance(3)

    assert seen == ["tick", "tick"]  # and the timer is no more
    assert outcomes(ref.cell) == {"retried": 1, "handled": 1}


def test_who_is_not_supervised_gets_nothing_again() -> None:
    seen: list[Any] = []
    ref = Again.start(seen)
    ref.tell("good")

    probe(lambda: not ref.is_alive())
    probe(lambda: ref.cell.context.closed_outcomes == {Outcome.FAILED: 1})
    assert seen == ["good"]


# ---------------------------------------------------------------- the fate of the queue


def queued(system: TestSystem, ref: Ref[Any]) -> Any:
    """Let two messages wait; return the reply to one of them."""
    with system.stepper.hold(ref.cell):
        ref.tell("told")
        reply = ref.ask("asked", block=False)
        ref.cell.kill(current(ref.cell))
    return reply


def refused(system: TestSystem, reply: Any) -> bool:
    """Tell whether what was queued was refused and became a dead letter."""
    with pytest.raises(ActorDeadError, match="stopped before handling the message"):
        reply.get()
    letters = [(letter.message, letter.reason) for letter in system.dead_letters.letters()]
    return letters == [("told", Outcome.UNDELIVERABLE)]


def test_the_end_of_a_temporary_child_is_the_end_of_its_queue(
    system: TestSystem, seen: list[Any]
) -> None:
    ref = start(system, seen, restart="temporary")

    reply = queued(system, ref)
    system.run()

    assert refused(system, reply)
    assert seen == []
    assert not ref.is_alive()


def test_a_child_that_is_stopped_keeps_its_queue_until_it_is_deleted(
    system: TestSystem, seen: list[Any]
) -> None:
    ref = start(system, seen, restart="transient")
    top: Any = system.root.ref
    top.terminate_child("child")
    ref.tell("told")
    reply = ref.ask("asked", block=False)
    system.run()
    assert not reply.done
    assert len(system.dead_letters) == 0

    top.delete_child("child")
    system.run()

    assert refused(system, reply)


def test_a_child_that_is_started_again_finds_its_queue(system: TestSystem, seen: list[Any]) -> None:
    ref = start(system, seen, restart="transient")
    top: Any = system.root.ref
    top.terminate_child("child")
    ref.tell("told")
    top.restart_child("child")
    system.run()

    assert seen == ["told"]


class Group(Supervisor):
    """Has one child, and gives up when it is told to."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__()
        self.seen = seen

    def init(self) -> list[ChildSpec]:
        return [ChildSpec("child", Fragile, (self.seen,))]


def test_a_restart_of_its_supervisor_leaves_the_queue_alone(
    system: TestSystem, seen: list[Any]
) -> None:
    group = system.start_child(ChildSpec("group", Group, (seen,)))
    ref = system.ref("/group/child")
    with system.stepper.hold(ref.cell):
        ref.tell("kept")
        group.cell.kill(current(group.cell))
    system.run()

    assert seen == ["kept"]
    assert ref.cell.launched == 2
    assert system.ref("/group/child") is ref


def test_the_end_of_its_supervisor_for_good_is_the_end_of_the_queue(
    system: TestSystem, seen: list[Any]
) -> None:
    group = system.start_child(ChildSpec("group", Group, (seen,), restart="temporary"))
    ref = system.ref("/group/child")
    with system.stepper.hold(ref.cell):
        ref.tell("told")
        reply = ref.ask("asked", block=False)
        group.cell.kill(current(group.cell))
    system.run()

    assert refused(system, reply)
    assert not ref.is_alive()


# ---------------------------------------------------------------- hung


class Hanging(Actor):
    """Hangs until it is released, then tries to speak."""

    begun: threading.Event
    release: threading.Event
    said: list[str]

    def __init__(self, other: Ref[Any]) -> None:
        super().__init__()
        self.other = other

    @handles(str)
    def take(self, message: str) -> str:
        if message == "hang":
            self.begun.set()
            self.release.wait(5)
            self.speak()
        return message

    def speak(self) -> None:
        ways: dict[str, Callable[[], object]] = {
            "tell": lambda: self.other.tell("from the dead"),
            "ask": lambda: self.other.ask("from the dead", timeout=5),
            "call": lambda: self.other.call(Fragile.note, "from the dead").get(timeout=5),
            "proxy": lambda: self.other.proxy().note("from the dead").get(timeout=5),
            "publish": lambda: self.publish(DONE),
            "timer": lambda: self.timers.once(0, "from the dead"),
        }
        for name, way in ways.items():
            try:
                way()
            except (ActorDeadError, PublishError):
                continue
            self.said.append(name)


class HangingThread(Hanging):
    dispatcher = "thread"


@pytest.mark.parametrize("base", [Hanging, HangingThread])
@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("restart", ["permanent", "temporary"])
def test_a_hung_actor_is_given_up_its_thread_replaced_and_its_queue_kept(
    base: type[Hanging], workers: int, restart: Any
) -> None:
    class Hung(base):  # type: ignore[misc, valid-type]  # one with gates of its own
        begun, release = threading.Event(), threading.Event()
        said: list[str] = []  # noqa: RUF012  # the test looks at it

    seen: list[Any] = []
    with System(intensity=100, actors=ActorOptions(pool_workers=workers)) as system:
        other = system.start_child(ChildSpec("other", Fragile, (seen,)))
        ref = system.start_child(ChildSpec("hung", Hung, (other,), restart=restart))
        in_hand = ref.ask("hang", block=False)
        waiting = ref.ask("queued", block=False)
        assert Hung.begun.wait(5)

        ref.cell.kill(current(ref.cell))

        with pytest.raises(ActorDied, match="'killed'"):
            in_hand.get(timeout=5)
        if restart == "permanent":
            assert waiting.get(timeout=5) == "queued"
        else:
            with pytest.raises(ActorDeadError):
                waiting.get(timeout=5)
        assert other.ask("alive", timeout=5) == "alive"  # with one worker, and that hangs still
        assert not Hung.release.is_set()
        Hung.release.set()
        probe(lambda: not system.context.abandoned)

        assert Hung.said == []
        assert seen == ["alive"]
        assert other.ask("alive", timeout=5) == "alive"


# ---------------------------------------------------------------- the law


class Counted(Again):
    """Runs where the test says."""

    dispatcher = "pool"


class Scenario:
    """Three actors, what was sent to each, and the replies that are owed."""

    def __init__(self, system: TestSystem) -> None:
        self.system = system
        self.logs: list[list[Any]] = [[], [], []]
        self.sent: list[list[int]] = [[], [], []]
        self.asked: list[Any] = []
        specs = [ChildSpec(f"c{i}", Counted, (log,)) for i, log in enumerate(self.logs)]
        self.refs = [system.start_child(spec) for spec in specs]

    def do(self, step: str, number: int, who: int) -> None:
        """Take one step."""
        getattr(self, step)(self.refs[who], number, self.sent[who])

    def tell(self, ref: Ref[Any], number: int, sent: list[int]) -> None:
        ref.tell(number)
        sent.append(number)

    def ask(self, ref: Ref[Any], number: int, sent: list[int]) -> None:
        self.asked.append(ref.ask(number, block=False))
        sent.append(number)

    def fail_a_tell(self, ref: Ref[Any], number: int, _: list[int]) -> None:
        ref.tell(ValueError(number))

    def fail_an_ask(self, ref: Ref[Any], number: int, _: list[int]) -> None:
        self.asked.append(ref.ask(ValueError(number), block=False))

    def leave(self, ref: Ref[Any], _number: int, _: list[int]) -> None:
        ref.tell(Exit("done"))

    def leave_in_an_ask(self, ref: Ref[Any], _number: int, _: list[int]) -> None:
        self.asked.append(ref.ask(Exit("done"), block=False))

    def leave_the_program(self, ref: Ref[Any], number: int, _: list[int]) -> None:
        ref.tell(SystemExit(number))

    def try_again(self, ref: Ref[Any], number: int, _: list[int]) -> None:
        ref.tell(f"again {number}")

    def set_a_timer(self, ref: Ref[Any], number: int, _: list[int]) -> None:
        if ref.cell.instance is not None and current(ref.cell).alive:
            ref.cell.instance.timers.once(number % 3, f"tick {number}")

    def publish(self, _ref: Ref[Any], number: int, _: list[int]) -> None:
        self.system.publish(TrainingCompleted(config_key=f"hex{number}", model_path="m"))

    def kill(self, ref: Ref[Any], _number: int, _: list[int]) -> None:
        if ref.cell.current is not None:
            ref.cell.kill(ref.cell.current)

    def stop(self, ref: Ref[Any], _number: int, _: list[int]) -> None:
        ref.stop(block=False)

    def give_a_turn(self, _ref: Ref[Any], _number: int, _: list[int]) -> None:
        self.system.stepper.step()

    def run(self, _ref: Ref[Any], _number: int, _: list[int]) -> None:
        self.system.run()

    def let_pass(self, _ref: Ref[Any], _number: int, _: list[int]) -> None:
        self.system.advance(1)


STEPS = st.sampled_from(sorted({name for name in vars(Scenario) if name[0] != "_"} - {"do"}))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(STEPS, st.integers(0, 2)), max_size=40), st.randoms(use_true_random=False)
)
def test_every_message_has_one_outcome_and_what_is_kept_stays_in_order(
    steps: list[tuple[str, int]], shuffle: random.Random
) -> None:
    with TestSystem(intensity=10**6, shuffle=shuffle) as system:
        scenario = Scenario(system)
        for number, (step, who) in enumerate(steps):
            scenario.do(step, number, who)
        system.run()

        for log, sent in zip(scenario.logs, scenario.sent, strict=True):
            assert [entry for entry in log if isinstance(entry, int)] == sent
        assert unbalanced([ref.cell for ref in scenario.refs]) == []
        assert all(reply.done for reply in scenario.asked)
        statistics = system.statistics()
        assert statistics.events.deliveries == sum(statistics.events.outcomes.values())
