from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ringleader.supervisors.answers import ChildCounts
from ringleader.supervisors.dynamic import DynamicSupervisor, DynamicSupervisorRef
from ringleader.supervisors.errors import (
    AlreadyPresent,
    AlreadyStarted,
    ChildNotFound,
    StartChildrenFailed,
    StartFailed,
    StartIgnored,
    WrongStrategy,
)
from ringleader.supervisors.spec import ChildSpec
from tests.supervisors.samples import Log, Team, Worker, start, team, workers

if TYPE_CHECKING:
    from ringleader.actors.ref import Ref
    from ringleader.supervisors.child import Child
    from ringleader.testing import TestSystem


class Job(Worker):
    """A worker whose log comes first, so that a template can have it."""

    def __init__(self, log: Log, name: str, *, loud: bool = False) -> None:
        super().__init__(name.upper() if loud else name, log)


class Pool(DynamicSupervisor):
    intensity = 100

    def __init__(self, log: Log, **fields: Any) -> None:
        super().__init__()
        self.template = ChildSpec("job", Job, (log,), **fields)


def pool(
    system: TestSystem, log: Log, kind: type[Pool] = Pool, **fields: Any
) -> DynamicSupervisorRef[Any]:
    ref = system.start_child(ChildSpec("pool", kind, (log,), fields, restart="temporary"))
    assert isinstance(ref, DynamicSupervisorRef)
    return ref


def test_nothing_starts_at_first(system: TestSystem, log: Log) -> None:
    ref = pool(system, log)

    assert ref.which_children() == []
    assert ref.count_children() == ChildCounts(1, 0, 0, 0)
    assert ref.get_childspec().id == "job"


def test_children_start_on_demand_with_arguments_of_their_own(system: TestSystem, log: Log) -> None:
    ref = pool(system, log)

    first = ref.start_child("a")
    second = ref.start_child("b", name="named", kwargs={"loud": True})

    assert (first.path, first.ask("hi")) == ("/pool/job-1", ("a", "hi"))
    assert (second.path, second.ask("hi")) == ("/pool/named", ("B", "hi"))
    assert ref.count_children() == ChildCounts(1, 2, 0, 2)


def test_a_child_is_restarted_with_its_arguments(system: TestSystem, log: Log) -> None:
    child = pool(system, log).start_child("a")

    child.tell("boom")

    assert child.ask("hi") == ("a", "hi")
    assert log.take() == ["+a", "+a"]


def test_children_stop_all_at_once(system: TestSystem, log: Log) -> None:
    ref = pool(system, log, shutdown=2.0)
    ref.start_children([("a",), ("b",), ("c",)])
    log.stops.update(a="hang", b="hang")

    stopped = ref.stop(block=False)
    system.advance(2.0)

    assert stopped.get()
    assert sorted(log.take()) == ["+a", "+b", "+c", "-a", "-b", "-c"]


def test_many_children_start_in_one_call(system: TestSystem, log: Log) -> None:
    ref = pool(system, log)

    refs = ref.start_children([(str(number),) for number in range(1000)])

    assert len(refs) == 1000
    assert refs[-1].ask("hi") == ("999", "hi")


def test_the_first_of_many_that_fails_ends_the_call(system: TestSystem, log: Log) -> None:
    ref = pool(system, log)
    log.starts["b"] = [error := ValueError("no")]

    with pytest.raises(StartChildrenFailed, match="number 1") as failed:
        ref.start_children([("a",), ("b",), ("c",)])

    assert failed.value.reason is error
    assert len(failed.value.started) == ref.count_children().active == 1


def test_a_start_that_fails_or_is_declined_says_so_and_keeps_nothing(
    system: TestSystem, log: Log
) -> None:
    ref = pool(system, log)
    log.starts["a"] = ["not_found", "ignore"]

    with pytest.raises(StartFailed, match="not_found"):
        ref.start_child("a", name="x")
    with pytest.raises(StartIgnored):
        ref.start_child("a", name="x")

    assert ref.which_children() == []


def test_a_name_in_use_is_refused(system: TestSystem, log: Log) -> None:
    ref = pool(system, log)
    first = ref.start_child("a", name="x")

    with pytest.raises(AlreadyStarted) as refused:
        ref.start_child("b", name="x")

    assert refused.value.ref == first


class Slow(Pool):
    def backoff(self, child: Child) -> float:
        del child
        return 60.0


def test_a_name_that_is_restarting_is_in_use(system: TestSystem, log: Log) -> None:
    ref = pool(system, log, Slow)
    child = ref.start_child("a", name="x")
    child.tell("boom")
    system.run()

    with pytest.raises(AlreadyPresent):
        ref.start_child("b", name="x")
    (info,) = ref.which_children()
    assert (info.id, info.state, info.ref) == (None, "restarting", None)


def test_a_child_is_terminated_by_its_ref_for_good(system: TestSystem, log: Log) -> None:
    ref = pool(system, log)
    child = ref.start_child("a")

    ref.terminate_child(child)

    assert not child.is_alive()
    assert ref.which_children() == []
    ref.terminate_child(child)


def test_a_child_that_is_restarting_is_terminated_by_its_ref(system: TestSystem, log: Log) -> None:
    ref = pool(system, log, Slow)
    child = ref.start_child("a")
    child.tell("boom")
    system.run()

    ref.terminate_child(child)
    system.advance(60.0)

    assert log.take() == ["+a"]
    assert ref.count_children().workers == 0


def test_a_child_is_terminated_by_its_incarnation(system: TestSystem, log: Log) -> None:
    ref = pool(system, log)
    child = ref.start_child("a")
    pid = ref.which_children()[0].incarnation
    assert pid is not None
    child.tell("boom")
    system.run()

    ref.terminate_child(pid)
    assert child.ask("the next one lives") == ("a", "the next one lives")


def test_somebody_elses_child_is_not_found(system: TestSystem, log: Log) -> None:
    ref = pool(system, log)
    start(system, team("t", *workers(log, "a")))

    with pytest.raises(ChildNotFound, match="/t/a"):
        ref.terminate_child(system.ref("/t/a"))


def test_a_supervisor_whose_children_have_specs_takes_a_ref_too(
    system: TestSystem, log: Log
) -> None:
    from ringleader.supervisors.calls import TerminateChild  # noqa: PLC0415  # only here

    ref = start(system, team("t", *workers(log, "a")))

    assert ref.ask(TerminateChild(system.ref("/t/a"))) == "ok"
    assert ref.ask(TerminateChild(system.ref("/t"))) == ("error", "not_found")


def test_a_restarted_supervisor_has_no_children(system: TestSystem, log: Log) -> None:
    ref = system.start_child(ChildSpec("pool", Pool, (log,)))
    assert isinstance(ref, DynamicSupervisorRef)
    child = ref.start_child("a")
    assert ref.cell.current is not None

    ref.cell.kill(ref.cell.current)
    system.run()

    assert ref.which_children() == []
    assert not child.is_alive()


def test_a_template_must_be_given(system: TestSystem) -> None:
    with pytest.raises(StartFailed, match="exactly one spec, not 0"):
        system.start_child(ChildSpec("pool", DynamicSupervisor))


def test_children_of_specs_are_not_started_by_arguments(system: TestSystem) -> None:
    class Odd(Team):
        ref_class: ClassVar[type[Ref[Any]]] = DynamicSupervisorRef

    ref = system.start_child(ChildSpec("odd", Odd, ((), {})))
    assert isinstance(ref, DynamicSupervisorRef)

    with pytest.raises(WrongStrategy, match="no template"):
        ref.start_child("a")
    with pytest.raises(WrongStrategy, match="no template"):
        ref.start_children([("a",)])
