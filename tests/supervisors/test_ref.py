"""The calls as methods: what they return, and which error stands for which refusal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pykka
import pytest

from ringleader.actors.errors import ActorDied
from ringleader.supervisors.answers import ChildCounts, ChildInfo
from ringleader.supervisors.errors import (
    AlreadyPresent,
    AlreadyStarted,
    BadChildSpec,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    StartChildrenFailed,
    StartFailed,
    StartIgnored,
    WrongStrategy,
)
from ringleader.supervisors.ref import Answer, SupervisorRef
from ringleader.supervisors.spec import ChildSpec
from tests.probe import once_around
from tests.supervisors.samples import Log, Team, Worker, start, states, team, workers

if TYPE_CHECKING:
    from ringleader.supervisors.child import Child
    from ringleader.testing import TestSystem


class Waiting(Team):
    """Never restarts before 60 s are over."""

    def backoff(self, child: Child) -> float:
        del child
        return 60.0


@pytest.fixture
def ref(system: TestSystem, log: Log) -> SupervisorRef[Any]:
    return start(system, ChildSpec("t", Waiting, (workers(log, "alpha", "beta"), {})))


def crash(system: TestSystem, name: str) -> None:
    system.ref(f"/t/{name}").tell("boom")
    system.run()


# --- start_child


def test_start_child_returns_the_address(ref: SupervisorRef[Any], log: Log) -> None:
    child = ref.start_child(*workers(log, "gamma"))

    assert child.path == "/t/gamma"
    assert child.ask("hi") == ("gamma", "hi")


def test_the_address_of_a_supervisor_has_its_calls(ref: SupervisorRef[Any]) -> None:
    child = ref.start_child(team("inner"))

    assert isinstance(child, SupervisorRef)
    assert child.which_children() == []


def test_an_id_that_runs_is_refused_with_its_address(ref: SupervisorRef[Any], log: Log) -> None:
    with pytest.raises(AlreadyStarted, match="'alpha' is running already, at /t/alpha") as refused:
        ref.start_child(*workers(log, "alpha"))

    assert refused.value.ref.ask("hi") == ("alpha", "hi")


def test_an_id_that_is_down_is_refused(ref: SupervisorRef[Any], log: Log) -> None:
    ref.terminate_child("alpha")

    with pytest.raises(AlreadyPresent, match="restart_child"):
        ref.start_child(*workers(log, "alpha"))


def test_a_bad_spec_is_refused_in_words(ref: SupervisorRef[Any], log: Log) -> None:
    (bad,) = workers(log, "gamma", restart="permanant")

    with pytest.raises(
        BadChildSpec, match=r"'gamma': restart must be .* mean 'permanent'\?"
    ) as wrong:
        ref.start_child(bad)

    assert wrong.value.problem == ("invalid_restart_type", "permanant")
    assert isinstance(wrong.value, ValueError)


def test_something_else_than_a_spec_is_refused(ref: SupervisorRef[Any]) -> None:
    not_a_spec: Any = Worker

    with pytest.raises(BadChildSpec, match="it must be a ChildSpec"):
        ref.start_child(not_a_spec)


def test_a_start_that_fails_is_raised_with_its_cause(ref: SupervisorRef[Any], log: Log) -> None:
    log.starts["gamma"] = [error := ValueError("no luck")]

    with pytest.raises(StartFailed, match="'gamma' did not start: ValueError: no luck") as failed:
        ref.start_child(*workers(log, "gamma"))

    assert failed.value.reason is error
    assert failed.value.__cause__ is error
    assert states(ref) == {"alpha": "running", "beta": "running"}


def test_a_start_that_is_declined_has_no_address(ref: SupervisorRef[Any], log: Log) -> None:
    log.starts["gamma"] = ["ignore"]

    with pytest.raises(StartIgnored, match="'gamma' declined"):
        ref.start_child(*workers(log, "gamma"))

    assert states(ref)["gamma"] == "down"


# --- start_children


def test_start_children_returns_the_addresses_in_order(ref: SupervisorRef[Any], log: Log) -> None:
    names = [f"w{number}" for number in range(1000)]

    refs = ref.start_children(workers(log, *names))

    assert [child.path for child in refs] == [f"/t/{name}" for name in names]
    assert ref.count_children() == ChildCounts(1002, 1002, 0, 1002)


def test_those_that_decline_are_not_among_the_addresses(ref: SupervisorRef[Any], log: Log) -> None:
    log.starts["y"] = ["ignore"]

    refs = ref.start_children(workers(log, "x", "y", "z"))

    assert [child.path for child in refs] == ["/t/x", "/t/z"]


def test_the_first_of_many_that_fails_is_named_and_those_before_it_stay(
    ref: SupervisorRef[Any], log: Log
) -> None:
    log.starts["y"] = [error := ValueError("no")]

    with pytest.raises(StartChildrenFailed, match="'y' did not start: ValueError: no") as failed:
        ref.start_children(workers(log, "x", "y", "z"))

    assert failed.value.reason is error
    assert [child.path for child in failed.value.started] == ["/t/x"]
    assert list(states(ref)) == ["alpha", "beta", "x"]


def test_an_id_that_is_taken_ends_a_batch(ref: SupervisorRef[Any], log: Log) -> None:
    with pytest.raises(StartChildrenFailed) as failed:
        ref.start_children(workers(log, "x", "alpha", "z"))

    assert isinstance(failed.value.__cause__, AlreadyStarted)
    assert list(states(ref)) == ["alpha", "beta", "x"]


def test_nothing_starts_if_one_of_many_specs_is_bad(ref: SupervisorRef[Any], log: Log) -> None:
    with pytest.raises(BadChildSpec, match="two children with the id 'x'"):
        ref.start_children(workers(log, "x", "x"))

    assert list(states(ref)) == ["alpha", "beta"]


# --- the others


def test_a_child_can_be_terminated_restarted_and_deleted(ref: SupervisorRef[Any], log: Log) -> None:
    old = ref.cell.children["alpha"].ref
    ref.terminate_child("alpha")
    assert states(ref)["alpha"] == "down"

    again = ref.restart_child("alpha")
    assert again == old
    assert again.ask("hi") == ("alpha", "hi")

    ref.terminate_child("alpha")
    ref.delete_child("alpha")
    assert list(states(ref)) == ["beta"]
    assert not old.is_alive()


def test_a_running_child_can_not_be_restarted_or_deleted(ref: SupervisorRef[Any]) -> None:
    for call in (ref.restart_child, ref.delete_child):
        with pytest.raises(ChildRunning, match="'alpha' is running"):
            call("alpha")


def test_a_restarting_child_can_only_be_terminated(
    system: TestSystem, ref: SupervisorRef[Any], log: Log
) -> None:
    crash(system, "alpha")
    assert states(ref)["alpha"] == "restarting"

    for call in (ref.restart_child, ref.delete_child):
        with pytest.raises(ChildRestarting, match="'alpha' is being restarted"):
            call("alpha")
    with pytest.raises(AlreadyPresent):
        ref.start_child(*workers(log, "alpha"))
    ref.terminate_child("alpha")

    assert states(ref)["alpha"] == "down"


def test_an_unknown_child_is_not_found_and_the_nearest_name_is_told(
    ref: SupervisorRef[Any],
) -> None:
    for call in (ref.terminate_child, ref.restart_child, ref.delete_child, ref.get_childspec):
        with pytest.raises(ChildNotFound, match=r"no child 'alpa'; did you mean 'alpha'\?"):
            call("alpa")


def test_a_restart_that_fails_or_is_declined_says_so(ref: SupervisorRef[Any], log: Log) -> None:
    ref.terminate_child("alpha")
    log.starts["alpha"] = [ValueError("no"), "ignore"]

    with pytest.raises(StartFailed, match="ValueError: no"):
        ref.restart_child("alpha")
    with pytest.raises(StartIgnored):
        ref.restart_child("alpha")
    assert states(ref)["alpha"] == "down"


def test_children_are_listed_latest_first(system: TestSystem, ref: SupervisorRef[Any]) -> None:
    crash(system, "beta")

    beta, alpha = ref.which_children()

    assert (beta.id, beta.state, beta.incarnation) == ("beta", "restarting", None)
    assert beta.ref == system.ref("/t/beta")
    assert isinstance(alpha, ChildInfo)
    assert (alpha.state, alpha.type) == ("running", "worker")
    assert alpha.incarnation is system.ref("/t/alpha").cell.current


def test_a_spec_comes_with_its_defaults(ref: SupervisorRef[Any]) -> None:
    spec = ref.get_childspec("alpha")

    assert (spec.actor_class, spec.shutdown, spec.type) == (Worker, 5.0, "worker")


def test_calls_for_children_with_ids_do_not_go_with_a_template(
    system: TestSystem, log: Log
) -> None:
    ref = start(system, team("s", *workers(log, "x"), strategy="simple_one_for_one"))

    for call in (ref.terminate_child, ref.restart_child, ref.delete_child):
        with pytest.raises(WrongStrategy, match="simple_one_for_one"):
            call("x")
    with pytest.raises(WrongStrategy):
        ref.start_child(*workers(log, "y"))
    with pytest.raises(WrongStrategy):
        ref.start_children(workers(log, "y"))


# --- waiting and not waiting


def test_a_call_that_does_not_block_returns_its_future(
    system: TestSystem, ref: SupervisorRef[Any], log: Log
) -> None:
    answers: list[Answer[Any]] = [
        ref.start_child(*workers(log, "x"), block=False),
        ref.start_children(workers(log, "y"), block=False),
        ref.terminate_child("x", block=False),
        ref.restart_child("x", block=False),
        ref.terminate_child("y", block=False),
        ref.delete_child("y", block=False),
        ref.get_childspec("x", block=False),
        ref.which_children(block=False),
        ref.count_children(block=False),
    ]
    assert not any(answer.done for answer in answers)

    system.run()

    assert all(answer.done for answer in answers)
    for answer in answers:
        answer.get(timeout=0)


def test_a_future_raises_the_error_each_time(ref: SupervisorRef[Any]) -> None:
    answer = ref.delete_child("alpha", block=False)

    for _ in range(2):
        with pytest.raises(ChildRunning):
            answer.get()


def test_a_future_can_be_awaited(system: TestSystem, ref: SupervisorRef[Any]) -> None:
    answer = ref.count_children(block=False)
    refused = ref.delete_child("alpha", block=False)

    async def wait() -> ChildCounts:
        with pytest.raises(ChildRunning):
            await refused
        return await answer

    async def both() -> ChildCounts:
        waiting = asyncio.create_task(wait())
        await once_around()
        system.run()
        return await waiting

    assert asyncio.run(both()).specs == 2


def test_a_call_that_takes_too_long_times_out_and_is_done_all_the_same(
    system: TestSystem, ref: SupervisorRef[Any], log: Log
) -> None:
    log.stops["beta"] = "hang"

    with pytest.raises(pykka.Timeout):
        ref.terminate_child("beta", timeout=1.0)
    system.advance(5.0)

    assert states(ref)["beta"] == "down"


def test_a_call_to_a_supervisor_that_has_ended_fails(
    system: TestSystem, ref: SupervisorRef[Any]
) -> None:
    stopped = ref.stop(block=False)
    late = ref.which_children(block=False)
    system.stop()

    assert stopped.get()
    with pytest.raises(ActorDied):
        late.get()
    with pytest.raises(pykka.ActorDeadError):
        ref.which_children()
