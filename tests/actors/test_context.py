from __future__ import annotations

import os
import re
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ringleader.actors.base import Actor, build
from ringleader.actors.cell import Cell
from ringleader.actors.clock import RealClock
from ringleader.actors.context import Context
from ringleader.actors.dispatch import Pool
from ringleader.actors.dispatch_async import LoopDispatcher
from ringleader.actors.dispatch_pinned import Pinned
from ringleader.actors.errors import PublishError
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.letters import Outcome
from ringleader.testing import ManualClock, Stepper
from tests.actors.stage import ManualStage
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.actors.stage import Stage

DONE = TrainingCompleted(config_key="hex5_2p", model_path="m.npz")


@pytest.fixture
def context() -> Iterator[Context]:
    context = Context()
    yield context
    assert context.close(5)


class Keeper(Actor):
    def on_receive(self, message: Any) -> Any:
        return message


# ---------------------------------------------------------------- what is shared


def test_a_context_knows_where_it_is(context: Context) -> None:
    assert (context.node_id, context.hostname, context.pid) == (
        "local",
        socket.gethostname(),
        os.getpid(),
    )
    assert Context(node_id="node-a").node_id == "node-a"


def test_a_context_has_a_real_clock_unless_it_is_given_another(context: Context) -> None:
    manual = ManualClock()

    assert isinstance(context.clock, RealClock)
    assert Context(clock=manual).clock is manual


def test_random_numbers_come_from_the_seed() -> None:
    drawn = [Context(seed=seed).random.random() for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1] != drawn[2]


def test_urns_are_version_4_uuids_and_never_the_same(context: Context) -> None:
    urns = {context.new_urn() for _ in range(1_000)} | {Context().new_urn()}

    assert len(urns) == 1_001
    pattern = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert all(re.fullmatch(pattern, urn) for urn in urns)


# ---------------------------------------------------------------- dispatchers


def test_pool_and_loop_are_shared_and_threads_are_not(context: Context) -> None:
    assert isinstance(context.dispatcher("pool", "/a"), Pool)
    assert context.dispatcher("pool", "/a") is context.dispatcher("pool", "/b")
    assert isinstance(context.dispatcher("async", "/a"), LoopDispatcher)
    assert context.dispatcher("async", "/a") is context.dispatcher("async", "/b")
    assert isinstance(context.dispatcher("thread", "/a"), Pinned)
    assert context.dispatcher("thread", "/a") is not context.dispatcher("thread", "/a")


def test_a_dispatcher_that_does_not_exist_is_refused_with_those_that_do() -> None:
    stepper = Stepper()
    context = Context(dispatchers={"process": lambda _: stepper})

    with pytest.raises(ValueError, match="no dispatcher 'proces'; there are") as caught:
        context.dispatcher("proces", "/a")

    assert str(caught.value) == (
        "there is no dispatcher 'proces'; there are async, pool, process, thread"
    )


def test_dispatchers_that_are_given_are_asked_for_each_path_and_closed(
    context: Context,
) -> None:
    paths: list[str] = []
    closed: list[float] = []

    class Noting(Stepper):
        def close(self, timeout: float) -> bool:
            closed.append(timeout)
            return super().close(timeout)

    stepper = Noting()

    def make(path: str) -> Noting:
        paths.append(path)
        return stepper

    context = Context(dispatchers={"pool": make})

    assert context.dispatcher("pool", "/a") is stepper
    assert context.dispatcher("pool", "/b") is stepper
    assert context.close(5)

    assert paths == ["/a", "/b"]
    assert closed == [5]


def test_the_dispatcher_of_a_spec_comes_before_that_of_the_class(real: Stage) -> None:
    class Where(Actor):
        def on_receive(self, message: Any) -> str:
            del message
            return threading.current_thread().name

    cells = [real.start(Where, path="/where"), real.start(Where, path="/own", dispatcher="thread")]

    assert [cell.ref.ask("?", timeout=5) for cell in cells] == [
        "ringleader-pool",
        "ringleader /own",
    ]


def test_the_number_of_workers_and_the_length_of_turns_can_be_set() -> None:
    context = Context(workers=3, turn=7)
    cell = Cell("/a", Keeper, context)
    cell.launch(lambda: None)
    pool = context.dispatcher("pool", "/a")
    assert isinstance(pool, Pool)

    probe(lambda: pool.threads == 3)
    assert (pool._workers, pool._turn) == (3, 7)
    assert context.close(5)


def test_threads_of_cells_that_are_gone_are_not_kept(context: Context) -> None:
    for number in range(3):
        cell = Cell(f"/{number}", Keeper, context, dispatcher="thread")
        cell.close()
    Cell("/last", Keeper, context, dispatcher="thread")

    assert len(context._pinned) == 1


# ---------------------------------------------------------------- mailboxes


def test_a_class_without_a_bound_has_that_of_the_system() -> None:
    class Small(Keeper):
        mailbox_capacity = 3
        overflow = "reject"

    context = Context(capacity=10, overflow="drop_oldest")
    cells = [Cell("/a", kind, context) for kind in (Keeper, Small)]

    assert [(c.mailbox.capacity, c.overflow) for c in cells] == [
        (10, "drop_oldest"),
        (3, "reject"),
    ]


# ---------------------------------------------------------------- counters


def counted(context: Context) -> dict[str, int]:
    return {outcome.value: number for outcome, number in context.closed_outcomes.items()}


def test_counters_of_cells_that_are_gone_are_summed_up() -> None:
    stage = ManualStage()
    stage.context.kept = None
    for _ in range(2):
        cell = stage.start(Keeper)
        for number in range(3):
            cell.ref.tell(number)
        stage.run()
        cell.ref.stop()
        with stage.stepper.hold(cell):
            cell.ref.tell("nobody reads it")
            cell.close()

    assert counted(stage.context) == {"handled": 8, "undeliverable": 2}


def test_who_is_not_supervised_is_counted_to_the_end() -> None:
    stage = ManualStage()
    stage.context.kept = None
    cell = Cell("/alone", Keeper, stage.context)
    cell.launch(partial(build, Keeper, cell, (), {}))
    stage.run()
    cell.ref.tell("handled")
    stopped = cell.ref.stop(block=False)
    late = cell.ref.ask("late", block=False)
    stage.run()

    assert stopped.get()
    assert late.done
    assert counted(stage.context) == {"handled": 2, "undeliverable": 1}


def test_rejected_messages_are_counted(context: Context) -> None:
    context.reject()
    context.reject()

    assert context.closed_outcomes == {Outcome.REJECTED: 2}


# ---------------------------------------------------------------- events


def test_without_a_registry_nothing_is_published(context: Context) -> None:
    with pytest.raises(PublishError, match="TrainingCompleted can't be published by /a"):
        context.publish(DONE, source="/a")


# ---------------------------------------------------------------- the end


def test_closing_ends_all_threads() -> None:
    context = Context()
    before = set(threading.enumerate())
    for name in ("pool", "thread", "async"):
        cell = Cell(f"/{name}", Keeper, context, dispatcher=name)
        cell.launch(partial(build, Keeper, cell, (), {}))
        assert cell.ref.ask("hello", timeout=5) == "hello"
    context.clock.call_later(60, lambda: None)
    assert len(set(threading.enumerate()) - before) >= 4

    assert context.close(5)

    assert set(threading.enumerate()) <= before


def test_closing_says_when_a_handler_does_not_return() -> None:
    context = Context()
    begun, release = threading.Event(), threading.Event()

    class Hanging(Actor):
        def on_receive(self, message: Any) -> None:
            del message
            begun.set()
            release.wait(5)

    cells = [Cell(f"/{n}", Hanging, context, dispatcher="thread") for n in range(3)]
    for cell in cells:
        cell.launch(partial(build, Hanging, cell, (), {}))
        cell.ref.tell("hang")
    assert begun.wait(5)

    assert not context.close(0.01)
    release.set()
    assert context.close(5)
