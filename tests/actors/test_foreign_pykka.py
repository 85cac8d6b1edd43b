"""An unchanged `pykka.ThreadingActor`, as a child of our supervisors."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pykka
import pytest
from pykka import ActorDeadError, ActorRegistry

from ringleader import ChildSpec, Supervisor, System
from ringleader.actors.errors import ActorDied, MailboxFull
from ringleader.actors.letters import Outcome
from ringleader.actors.ref import Ref
from ringleader.testing import TestSystem
from tests.actors.stage import outcomes
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.actors.stage import ManualStage

pytestmark = pytest.mark.usefixtures("quiet")


class Counter(pykka.ThreadingActor):
    """Written for Pykka: nothing here knows of us."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log
        self.count = 0

    def on_start(self) -> None:
        self.log.append("start")

    def on_stop(self) -> None:
        self.log.append("stop")

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        del exception_type, traceback
        self.log.append(f"failure: {exception_value!r}")

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        self.count += 1
        return message

    def double(self, number: int) -> int:
        return 2 * number

    def finish(self) -> None:
        self.stop()


class Eager(Counter):
    """Gives its ref away in its constructor, and uses it."""

    def __init__(self, log: list[str], given: list[Any]) -> None:
        super().__init__(log)
        self._myself = self.actor_ref.proxy()
        given.append(self.actor_ref)
        self.actor_ref.tell("from the constructor")

    def later(self) -> Any:
        return self._myself.double(4)


@pytest.fixture
def system() -> Iterator[TestSystem]:
    with TestSystem(intensity=100) as system:
        yield system


def start(system: TestSystem, *args: Any, of: type[Any] = Counter, **fields: Any) -> Ref[Any]:
    return system.start_child(ChildSpec("child", of, args, **fields))


def test_it_is_hosted_by_our_loop_at_a_path_of_our_tree(system: TestSystem) -> None:
    log: list[str] = []
    ref = start(system, log)

    assert isinstance(ref, Ref)
    assert ref.path == "/child"
    assert ref.ask("hello") == "hello"
    assert ref.proxy().double(4).get() == 8
    assert ref.proxy().count.get() == 1
    assert ActorRegistry.get_all() == []
    assert log == ["start"]


def test_refs_given_away_in_the_constructor_work(system: TestSystem) -> None:
    given: list[Any] = []
    ref = start(system, [], given, of=Eager)
    (pykkas,) = given
    system.run()

    pykkas.tell("one")
    later = pykkas.ask("two", block=False)
    system.run()

    assert later.get(timeout=5) == "two"
    assert ref.proxy().count.get() == 3  # with what the constructor told itself
    assert ref.proxy().later().get().get() == 8
    assert pykkas.actor_urn == ref.actor_urn
    assert pykkas.is_alive()


def test_such_a_ref_stays_valid_over_restarts(system: TestSystem) -> None:
    given: list[Any] = []
    ref = start(system, [], given, of=Eager)
    ref.tell(ValueError("no"))
    system.run()
    assert len(given) == 2

    replies = [pykkas.ask("alive", block=False) for pykkas in given]
    system.run()

    assert [reply.get(timeout=5) for reply in replies] == ["alive", "alive"]
    assert {pykkas.actor_urn for pykkas in given} == {ref.actor_urn}


def test_such_a_ref_is_dead_with_its_cell(system: TestSystem) -> None:
    given: list[Any] = []
    ref = start(system, [], given, of=Eager, restart="temporary")
    (pykkas,) = given

    assert pykkas.stop(block=False) is not None
    system.run()

    assert not pykkas.is_alive()
    assert not ref.is_alive()
    with pytest.raises(ActorDeadError):
        pykkas.tell("too late")


def test_a_failure_reaches_our_supervisor_which_restarts_it(system: TestSystem) -> None:
    log: list[str] = []
    ref = start(system, log)
    ref.ask("work")

    ref.tell(ValueError("no"))
    ref.tell("queued")
    system.run()

    assert log == ["start", "failure: ValueError('no')", "start"]
    assert ref.proxy().count.get() == 1  # a new instance, and the queue was kept
    assert [death.cause for death in system.deaths.all()] == ["ValueError: no"]


def test_a_failure_in_a_deferred_call_reaches_it_too(system: TestSystem) -> None:
    log: list[str] = []
    ref = start(system, log)

    ref.proxy().double.defer("not a number", "too many")
    system.run()

    assert len(log) == 3
    assert log[1].startswith("failure: TypeError")
    assert ref.ask("alive") == "alive"


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
def test_what_would_stop_all_actors_of_pykka_ends_this_one_alone(error: BaseException) -> None:
    log: list[str] = []
    with System(intensity=100) as system:
        ref = system.start_child(ChildSpec("child", Counter, (log,)))
        other = system.start_child(ChildSpec("other", Counter, ([],)))

        ref.tell(error)

        assert ref.ask("alive", timeout=5) == "alive"
        assert other.ask("alive", timeout=5) == "alive"
        assert log == ["start", f"failure: {error!r}", "start"]
        assert other.cell.launched == 1


def test_a_start_that_fails_is_a_failed_start(system: TestSystem) -> None:
    class Broken(pykka.ThreadingActor):
        def on_start(self) -> None:
            raise ValueError("no")

    with pytest.raises(Exception, match="no"):
        start(system, of=Broken)


def test_it_stops_when_its_supervisor_wants_it_to(system: TestSystem) -> None:
    log: list[str] = []
    ref = start(system, log)

    system.stop()

    assert log == ["start", "stop"]
    assert not ref.is_alive()


def test_it_may_stop_itself_and_a_permanent_child_comes_back(system: TestSystem) -> None:
    log: list[str] = []
    ref = start(system, log)

    ref.proxy().finish().get()
    system.run()

    assert log == ["start", "stop", "start"]


def test_asks_through_pykkas_ref_are_answered_when_it_dies(stage: ManualStage) -> None:
    given: list[Any] = []
    cell = stage.start(Eager, [], given)
    (pykkas,) = given
    in_hand = pykkas.ask(SystemExit(1), block=False)
    queued = pykkas.ask("queued", block=False)
    stage.run()

    with pytest.raises(ActorDied):
        in_hand.get(timeout=0)
    cell.close()
    with pytest.raises(ActorDeadError, match="stopped before handling the message"):
        queued.get(timeout=0)
    assert outcomes(cell) == {"handled": 1, "failed": 1, "undeliverable": 1}


def test_tells_through_pykkas_ref_become_dead_letters(stage: ManualStage) -> None:
    given: list[Any] = []
    cell = stage.start(Eager, [], given)
    given[0].tell(ValueError("no"))
    given[0].tell("queued")
    stage.run()
    cell.close()

    assert [repr(m) for m in stage.buried_messages(Outcome.FAILED)] == ["ValueError('no')"]
    assert stage.buried_messages(Outcome.UNDELIVERABLE) == ["queued"]


def test_the_bound_of_the_mailbox_holds_for_pykkas_refs(stage: ManualStage) -> None:
    class Small(Eager):
        mailbox_capacity = 2
        overflow = "reject"

    given: list[Any] = []
    cell = stage.start(Small, [], given)
    with stage.stepper.hold(cell):
        given[0].tell(1)
        given[0].tell(2)
        assert not cell.ref.actor_inbox.empty()
        assert not cell.instance.actor_inbox.empty()
        with pytest.raises(MailboxFull) as full:
            given[0].ask("no room", block=False)

    assert full.value.message == "no room"


def test_it_can_be_supervised_with_others_under_a_strategy(system: TestSystem) -> None:
    log: list[str] = []

    class Group(Supervisor):
        strategy = "one_for_all"
        intensity = 10

        def init(self) -> list[ChildSpec]:
            return [ChildSpec(name, Counter, (log,)) for name in "ab"]

    system.start_child(ChildSpec("group", Group))
    system.ref("/group/a").tell(ValueError("no"))
    system.run()

    assert log == ["start", "start", "failure: ValueError('no')", "stop", "start", "start"]


def test_on_real_threads_it_has_a_thread_of_its_own() -> None:
    class Where(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> str:
            del message
            return threading.current_thread().name

    with System() as system:
        ref = system.start_child(ChildSpec("where", Where))

        assert ref.ask("where", timeout=5) == "ringleader /where"
        probe(lambda: ref.cell.outcomes)
