from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any, cast

import pykka
import pytest
from pykka import ActorDeadError, ActorRegistry

from ringleader import ChildSpec, Supervisor
from ringleader.actors.base import Actor, build, default_context
from ringleader.actors.cell import Cell
from ringleader.actors.errors import HandlerError, PublishError
from ringleader.actors.events.training import TrainingCompleted
from ringleader.actors.handlers import handles
from ringleader.actors.lifecycle import Exit, Terminated
from ringleader.testing import TestSystem
from tests.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.actors.stage import ManualStage, Stage

pytestmark = pytest.mark.usefixtures("quiet")

DONE = TrainingCompleted(config_key="hex5_2p", model_path="m.npz")


class Watcher(Actor):
    """Keeps what it is told of those it watches."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Terminated] = []

    @handles(Terminated)
    def mourn(self, news: Terminated) -> None:
        self.seen.append(news)


# ---------------------------------------------------------------- the class is checked


def test_an_overflow_policy_that_does_not_exist_is_refused() -> None:
    with pytest.raises(HandlerError) as caught:
        type("Wrong", (Actor,), {"overflow": "wait"})

    assert str(caught.value) == ("Wrong.overflow is 'wait'; it can be block, reject, drop_oldest")


@pytest.mark.parametrize("name", ["on_start", "on_stop", "on_receive"])
@pytest.mark.parametrize("dispatcher", ["pool", "thread"])
def test_a_hook_that_is_async_does_not_go_with_threads(name: str, dispatcher: str) -> None:
    async def hook(*_: object) -> None:
        pass

    with pytest.raises(HandlerError) as caught:
        type("Mixed", (Actor,), {"dispatcher": dispatcher, name: hook})

    assert str(caught.value) == (
        f"Mixed.{name} is async, but its dispatcher is {dispatcher!r}; "
        "leave the dispatcher out, or make it 'async'"
    )


def test_a_subclass_with_an_async_handler_does_not_go_with_its_bases_threads() -> None:
    class Base(Actor):
        dispatcher = "thread"

    with pytest.raises(HandlerError, match=r"Derived\.handle is async, but its dispatcher"):

        class Derived(Base):  # pyright: ignore[reportUnusedClass]  # it can't be made
            @handles(str)
            async def handle(self, message: str) -> None: ...


def test_a_class_with_an_async_method_runs_on_the_event_loop() -> None:
    class Plain(Actor):
        def method(self) -> None: ...

    class Handling(Actor):
        @handles(str)
        async def handle(self, message: str) -> None: ...

    class Called(Actor):
        async def method(self) -> None: ...

    class Derived(Called):
        pass

    class Private(Actor):
        async def _helper(self) -> None: ...

    class Chosen(Actor):
        dispatcher = "thread"

        async def helper(self) -> None: ...

    assert [c.dispatcher for c in (Plain, Handling, Called, Derived, Private, Chosen)] == [
        "pool",
        "async",
        "async",
        "async",
        "pool",
        "thread",
    ]


# ---------------------------------------------------------------- without a system


def test_actors_started_pykkas_way_share_a_context_that_is_made_when_it_is_needed() -> None:
    class Plain(Actor):
        pass

    assert default_context.cache_info().currsize == 0

    refs = [Plain.start(), Plain.start()]

    assert {ref.cell.context for ref in refs} == {default_context()}


def test_they_have_paths_and_go_by_their_urns() -> None:
    class Plain(Actor):
        pass

    first, second = Plain.start(), Plain.start()

    assert first.path.startswith("/Plain-")
    assert first.path != second.path
    assert str(first) == f"Plain ({first.actor_urn})"


def test_they_can_not_publish() -> None:
    class Publishing(Actor):
        @handles(str)
        def publish_it(self, message: str) -> str:
            del message
            return self.publish(DONE).id

    ref = Publishing.start()

    with pytest.raises(PublishError) as caught:
        ref.ask("publish", timeout=5)
    assert str(caught.value) == (
        f"TrainingCompleted can't be published by {ref.path}: it runs without a registry; "
        "start it in a System"
    )


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
def test_what_would_stop_all_of_pykkas_actors_ends_one_alone(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    failures: list[Any] = []

    class Failing(Actor):
        def on_receive(self, message: Any) -> Any:
            if isinstance(message, BaseException):
                raise message
            return message

        def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
            del exception_type, traceback
            failures.append(exception_value)

    bad, good = Failing.start(), Failing.start()

    bad.tell(error)

    probe(lambda: ActorRegistry.get_all() == [good])
    assert good.ask("alive", timeout=5) == "alive"
    assert failures == [error]
    assert f"Unhandled exception in {bad}:" in caplog.text


def test_failures_in_on_start_and_on_stop_reach_on_failure_too() -> None:
    failures: list[str] = []

    class Failing(Actor):
        def __init__(self, where: str) -> None:
            super().__init__()
            self.where = where

        def fail(self, where: str) -> None:
            if where == self.where:
                raise ValueError(where)

        def on_start(self) -> None:
            self.fail("on_start")

        def on_stop(self) -> None:
            self.fail("on_stop")

        def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
            del exception_type, traceback
            failures.append(str(exception_value))

    starting, stopping = Failing.start("on_start"), Failing.start("on_stop")
    probe(lambda: not starting.is_alive())
    stopping.stop(timeout=5)

    assert failures == ["on_start", "on_stop"]


def test_the_seams_of_pykka_that_are_ours() -> None:
    class Plain(Actor):
        pass

    ref = Plain.start()
    ref.ask("up?", timeout=5)
    actor = ref.cell.instance

    assert actor.actor_inbox is ref.actor_inbox is ref.cell.mailbox
    assert actor.actor_stopped is ref.actor_stopped
    assert isinstance(actor._create_future(), pykka.Future)
    with pytest.raises(NotImplementedError, match="the cell has the mailbox"):
        actor._create_actor_inbox()
    actor._stop()
    assert not ref.is_alive()
    actor._stop()


# ---------------------------------------------------------------- on a cell


def test_the_constructor_may_use_the_ref_the_path_and_the_context(stage: ManualStage) -> None:
    class Knowing(Actor):
        def __init__(self, number: int, *, name: str) -> None:
            super().__init__()
            self.actor_ref.tell((number, name, self.path, self.context.node_id))
            self.seen: list[Any] = []

        def on_receive(self, message: Any) -> None:
            self.seen.append(message)

    cell = stage.start(Knowing, 7, name="seven", path="/knowing")

    assert cell.instance.seen == [(7, "seven", "/knowing", "local")]


def test_a_constructor_that_does_not_call_ours_is_forgiven_on_a_cell(stage: ManualStage) -> None:
    class Forgetful(Actor):
        def __init__(self) -> None:  # pyright: ignore[reportMissingSuperCall]  # the point
            self.answer = 42

        @handles(str)
        def reply(self, message: str) -> int:
            del message
            return self.answer

    assert stage.start(Forgetful).ref.ask("what?") == 42


def test_an_actor_is_built_with_its_cell_in_place(stage: ManualStage) -> None:
    class Plain(Actor):
        def __init__(self, *args: int, **kwargs: int) -> None:
            super().__init__()
            self.given = (args, kwargs)

    cell = Cell("/plain", Plain, stage.context)

    actor = build(Plain, cell, (1,), {"two": 2})

    assert actor.given == ((1,), {"two": 2})
    assert actor.actor_ref is cell.ref
    assert actor.actor_urn == cell.urn == cell.ref.actor_urn
    assert cell.instance is actor


# ---------------------------------------------------------------- watching refs


def told(watcher: Cell) -> list[Terminated]:
    return cast("list[Terminated]", watcher.instance.seen)


class Child(Actor):
    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        return message


def test_who_watches_a_ref_hears_when_nobody_will_live_there_any_more(
    stage: ManualStage,
) -> None:
    watched, watcher = stage.start(Child), stage.start(Watcher)
    watcher.instance.watch(watched.ref)

    watched.ref.tell(Exit("first life"))
    stage.run()
    stage.restart(watched)
    stage.run()
    assert told(watcher) == []
    watched.ref.tell(Exit("second life"))
    stage.run()
    watched.close()
    stage.run()

    assert told(watcher) == [Terminated(watched.ref, "second life")]


def test_who_watches_a_ref_that_is_dead_hears_at_once(stage: ManualStage) -> None:
    watched, watcher = stage.start(Child), stage.start(Watcher)
    watched.kill(watched.current)  # type: ignore[arg-type]  # it has one
    watched.close()

    watcher.instance.watch(watched.ref)
    stage.run()

    assert told(watcher) == [Terminated(watched.ref, "killed")]


def test_somebody_who_never_lived_had_no_reason_to_end(stage: ManualStage) -> None:
    watcher, never = stage.start(Watcher), Cell("/never", Child, stage.context)
    watcher.instance.watch(never.ref)

    never.close()
    stage.run()

    assert told(watcher) == [Terminated(never.ref, None)]


def test_watching_again_after_a_restart_does_not_tell_twice(stage: ManualStage) -> None:
    class Loyal(Watcher):
        def __init__(self, other: Any) -> None:
            super().__init__()
            self.other = other

        def on_start(self) -> None:
            self.watch(self.other)

    watched = stage.start(Child)
    watcher = stage.start(Loyal, watched.ref)
    for _ in range(3):
        watcher.kill(watcher.current)  # type: ignore[arg-type]  # it has one
        stage.restart(watcher, watched.ref)
        stage.run()

    watched.kill(watched.current)  # type: ignore[arg-type]  # it has one
    watched.close()
    stage.run()

    assert told(watcher) == [Terminated(watched.ref, "killed")]


def test_who_does_not_watch_any_more_hears_nothing(stage: ManualStage) -> None:
    watched, watcher, other = stage.start(Child), stage.start(Watcher), stage.start(Watcher)
    watcher.instance.watch(watched.ref)
    other.instance.watch(watched.ref)
    watcher.instance.unwatch(watched.ref)
    other.instance.unwatch(watcher.ref)  # it never watched this one

    watched.kill(watched.current)  # type: ignore[arg-type]  # it has one
    watched.close()
    stage.run()

    assert told(watcher) == []
    assert len(told(other)) == 1


def test_the_news_reaches_a_full_mailbox_and_is_not_dropped_from_it(stage: ManualStage) -> None:
    class Small(Watcher):
        mailbox_capacity = 1
        overflow = "drop_oldest"

        @handles(str)
        def read(self, message: str) -> None: ...

    watched, watcher = stage.start(Child), stage.start(Small)
    watcher.instance.watch(watched.ref)
    with stage.stepper.hold(watcher):
        watcher.ref.tell("fills it")
        watched.kill(watched.current)  # type: ignore[arg-type]  # it has one
        watched.close()
        watcher.ref.tell("drops the oldest")
        watcher.ref.tell("drops the next")
    stage.run()

    assert told(watcher) == [Terminated(watched.ref, "killed")]
    assert stage.buried_messages() == ["fills it", "drops the oldest"]


def test_a_dead_watcher_is_told_nothing(stage: ManualStage) -> None:
    watched, watcher = stage.start(Child), stage.start(Watcher)
    watcher.instance.watch(watched.ref)
    watcher.kill(watcher.current)  # type: ignore[arg-type]  # it has one
    watcher.close()

    watched.kill(watched.current)  # type: ignore[arg-type]  # it has one
    watched.close()
    stage.run()

    assert stage.buried == []


def test_an_actor_of_a_system_is_watched_over_its_restarts() -> None:
    with TestSystem(intensity=10) as system:
        watched = system.start_child(ChildSpec("watched", Child))
        watcher = system.start_child(ChildSpec("watcher", Watcher))
        watcher.cell.instance.watch(watched)

        watched.tell(ValueError("no"))
        system.run()
        assert watched.ask("alive") == "alive"
        assert told(watcher.cell) == []

        system.root.ref.terminate_child("watched")  # type: ignore[attr-defined]  # a supervisor's
        system.root.ref.delete_child("watched")  # type: ignore[attr-defined]  # a supervisor's
        system.run()
        assert told(watcher.cell) == [Terminated(watched, "shutdown")]


# ---------------------------------------------------------------- defer


class Deferring(Child):
    """Defers what it is given."""

    def __init__(self, *closers: Callable[[], object]) -> None:
        super().__init__()
        for close in closers:
            self.defer(close)


ENDS: list[tuple[str, Callable[[Cell], object]]] = [
    ("stopped", lambda cell: cell.ref.stop(block=False)),
    ("crashed", lambda cell: cell.ref.tell(ValueError())),
    ("left", lambda cell: cell.ref.tell(Exit("normal"))),
    ("ordered", lambda cell: cell.shutdown(cell.current, "shutdown")),  # type: ignore[arg-type]
    ("killed", lambda cell: cell.kill(cell.current)),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("end", [end for _, end in ENDS], ids=[name for name, _ in ENDS])
def test_what_was_deferred_is_done_once_at_any_end_last_first(
    stage: ManualStage, end: Callable[[Cell], object]
) -> None:
    log: list[int] = []
    cell = stage.start(Deferring, lambda: log.append(1), lambda: log.append(2))
    assert log == []

    end(cell)
    stage.run()

    assert log == [2, 1]


def test_what_was_deferred_is_done_also_when_the_start_fails(stage: ManualStage) -> None:
    log: list[str] = []

    class Unlucky(Actor):
        def on_start(self) -> None:
            self.defer(lambda: log.append("closed"))
            raise ValueError

    stage.start(Unlucky)

    assert log == ["closed"]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)])
def test_a_closer_that_fails_keeps_no_other_from_closing(
    stage: ManualStage, error: BaseException
) -> None:
    log: list[str] = []

    def fail() -> None:
        raise error

    cell = stage.start(Deferring, lambda: log.append("closed"), fail)
    cell.ref.tell(Exit("done"))
    stage.run()

    assert log == ["closed"]
    assert stage.parent.reasons == ["done"]


# ---------------------------------------------------------------- after its end


def test_an_instance_that_has_ended_has_no_timers_and_defers_nothing(stage: ManualStage) -> None:
    cell = stage.start(Child)
    old = cell.instance
    cell.ref.stop()
    stage.restart(cell)
    stage.run()

    with pytest.raises(ActorDeadError, match="has ended"):
        old.timers.once(1, "never")
    with pytest.raises(ActorDeadError, match="has ended"):
        old.defer(print)


def test_an_instance_that_was_given_up_can_not_publish() -> None:
    with TestSystem() as system:
        ref = system.start_child(ChildSpec("child", Child))
        old = ref.cell.instance
        ref.stop()
        system.run()

        with pytest.raises(ActorDeadError, match="was given up and may not publish any more"):
            old.publish(DONE)


def test_a_supervisor_given_as_a_class_is_a_child_like_any_other(real: Stage) -> None:
    """Its ref is of a class of its own, and it takes orders behind other messages."""

    class Empty(Supervisor):
        pass

    cell = real.start(Empty)
    probe(lambda: cell.current is not None and cell.current.in_order)

    assert type(cell.ref) is Empty.ref_class
    assert cell.ref.stop(timeout=5)
    assert threading.active_count() >= 1
