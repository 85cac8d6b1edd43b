"""What Pykka's documentation promises of actors, on Pykka's own and on ours."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pykka
import pytest
from pykka import ActorDeadError, ActorRegistry, Timeout

from tests.actors.pykkas import Behaviour, Echo, Gate, Hooks, gone
from tests.probe import probe

if TYPE_CHECKING:
    from tests.actors.pykkas import Runtime


# ---------------------------------------------------------------- start


def test_arguments_of_start_go_to_the_constructor(runtime: Runtime) -> None:
    ref = runtime.start(Echo, 1, two=2)

    assert ref.proxy().given.get(timeout=5) == ((1,), {"two": 2})


def test_the_constructor_runs_in_the_thread_that_starts(runtime: Runtime) -> None:
    class Where(Behaviour):
        def __init__(self) -> None:
            super().__init__()
            self.made_in = threading.get_ident()

    assert runtime.start(Where).proxy().made_in.get(timeout=5) == threading.get_ident()


def test_what_the_constructor_raises_is_raised_by_start(runtime: Runtime) -> None:
    class Broken(Behaviour):
        def __init__(self) -> None:
            super().__init__()
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        runtime.start(Broken)
    assert ActorRegistry.get_all() == []


def test_a_constructor_that_forgets_pykkas_is_told_so(runtime: Runtime) -> None:
    class Forgetful(Behaviour):
        def __init__(self) -> None:  # pyright: ignore[reportMissingSuperCall]  # the point
            pass

    with pytest.raises((AssertionError, AttributeError)):
        runtime.start(Forgetful)


def test_each_actor_has_a_urn_of_its_own(runtime: Runtime) -> None:
    urns = {runtime.start(Echo).actor_urn for _ in range(3)}

    assert len(urns) == 3
    assert all(urn.startswith("urn:uuid:") and len(urn) == 45 for urn in urns)


def test_the_actor_knows_its_urn_and_its_ref_in_its_constructor(runtime: Runtime) -> None:
    class Knowing(Behaviour):
        def __init__(self) -> None:
            super().__init__()
            self.urn = self.actor_urn
            self._me = self.actor_ref

        def me(self) -> Any:
            return self._me

    ref = runtime.start(Knowing)

    assert ref.proxy().urn.get(timeout=5) == ref.actor_urn
    assert ref.proxy().me().get(timeout=5).actor_urn == ref.actor_urn


def test_what_the_constructor_tells_its_actor_comes_first(runtime: Runtime) -> None:
    class Eager(Echo):
        def __init__(self) -> None:
            super().__init__()
            self.actor_ref.tell("from the constructor")

    ref = runtime.start(Eager)
    ref.ask("later", timeout=5)

    assert ref.proxy().seen.get(timeout=5) == ["from the constructor", "later"]


def test_on_start_comes_before_the_first_message_and_after_registration(
    runtime: Runtime,
) -> None:
    class Noting(Echo):
        def on_start(self) -> None:
            self.seen.append(self.actor_ref in ActorRegistry.get_all())

    ref = runtime.start(Noting)
    ref.ask("first", timeout=5)

    assert ref.proxy().seen.get(timeout=5) == [True, "first"]


def test_an_actor_can_stop_itself_before_its_first_message(runtime: Runtime) -> None:
    log: list[str] = []

    class Brief(Hooks):
        def on_start(self) -> None:
            super().on_start()
            self.stop()

    ref = runtime.start(Brief, log)

    probe(lambda: gone(ref) and log == ["on_start", "on_stop"])


def test_text_names_the_class_and_the_urn(runtime: Runtime) -> None:
    ref = runtime.start(Echo)
    expected = f"Echo ({ref.actor_urn})"

    assert str(ref) == expected
    assert repr(ref) == f"<ActorRef for {expected}>"
    assert str(runtime.actor_class(Echo)()).startswith("Echo (urn:uuid:")


# ---------------------------------------------------------------- tell and ask


def test_anything_can_be_told(runtime: Runtime) -> None:
    messages: list[Any] = [None, 1, "text", {"a": 1}, [1], (1, 2), object(), Echo]
    ref = runtime.start(Echo)

    for message in messages:
        ref.tell(message)

    assert ref.proxy().seen.get(timeout=5) == messages


def test_messages_come_in_the_order_in_which_they_were_sent(runtime: Runtime) -> None:
    ref = runtime.start(Echo)
    for number in range(300):
        ref.tell(number)
    ref.ask("last", timeout=5)

    assert ref.proxy().seen.get(timeout=5) == [*range(300), "last"]


def test_ask_returns_what_the_actor_answers(runtime: Runtime) -> None:
    assert runtime.start(Echo).ask("hello", timeout=5) == "hello"


def test_ask_without_blocking_returns_a_future(runtime: Runtime) -> None:
    future = runtime.start(Echo).ask("hello", block=False)

    assert isinstance(future, pykka.Future)
    assert future.get(timeout=5) == "hello"


def test_a_reply_that_does_not_come_in_time_is_a_timeout(runtime: Runtime) -> None:
    ref = runtime.start(Gate)

    with pytest.raises(Timeout):
        ref.ask("slow", timeout=0.001)
    ref._actor_weakref().open.set()  # type: ignore[union-attr]  # the actor lives
    assert ref.ask("alive", timeout=5) == "alive"


def test_an_exception_goes_to_who_asked_and_the_actor_lives(runtime: Runtime) -> None:
    ref = runtime.start(Echo)

    with pytest.raises(ValueError, match="no"):
        ref.ask(ValueError("no"), timeout=5)

    assert ref.is_alive()
    assert ref.ask("alive", timeout=5) == "alive"


def test_a_message_that_nobody_handles_is_answered_with_nothing_and_logged(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    class Plain(Behaviour):
        pass

    ref = runtime.start(Plain)

    assert ref.ask({"unhandled": "message"}, timeout=5) is None
    assert f"Unexpected message received by {ref}: {{'unhandled': 'message'}}" in caplog.text


# ---------------------------------------------------------------- stop


def test_stop_ends_the_actor_and_says_that_it_lived(runtime: Runtime) -> None:
    ref = runtime.start(Echo)
    assert ref.is_alive()

    assert ref.stop(timeout=5) is True

    assert gone(ref)
    assert ref.stop(timeout=5) is False


def test_stop_without_blocking_returns_a_future(runtime: Runtime) -> None:
    ref = runtime.start(Echo)

    assert ref.stop(block=False).get(timeout=5) is True
    assert ref.stop(block=False).get(timeout=5) is False


def test_stopping_can_time_out(runtime: Runtime) -> None:
    ref = runtime.start(Gate)
    actor = ref._actor_weakref()
    ref.tell("slow")

    with pytest.raises(Timeout):
        ref.stop(timeout=0.001)

    actor.open.set()  # type: ignore[union-attr]  # the actor lives
    probe(lambda: gone(ref))


def test_what_was_sent_before_the_stop_is_handled_and_what_comes_after_is_refused(
    runtime: Runtime,
) -> None:
    ref = runtime.start(Gate)
    actor: Any = ref._actor_weakref()
    before = [ref.ask(number, block=False) for number in range(3)]
    stopped = ref.stop(block=False)
    after = ref.ask("after", block=False)
    again = ref.stop(block=False)

    actor.open.set()

    assert [reply.get(timeout=5) for reply in before] == [0, 1, 2]
    assert stopped.get(timeout=5)
    assert again.get(timeout=5)
    with pytest.raises(ActorDeadError, match="stopped before handling the message"):
        after.get(timeout=5)
    assert actor.seen == [0, 1, 2]


def test_a_dead_actor_can_not_be_told_or_asked(runtime: Runtime) -> None:
    ref = runtime.start(Echo)
    ref.stop(timeout=5)

    with pytest.raises(ActorDeadError, match=f"{ref.actor_urn}.* not found"):
        ref.tell("message")
    with pytest.raises(ActorDeadError, match="not found"):
        ref.ask("message", timeout=5)
    with pytest.raises(ActorDeadError, match="not found"):
        ref.ask("message", block=False).get(timeout=5)
    with pytest.raises(ActorDeadError, match="not found"):
        ref.proxy()


def test_an_actor_stops_itself_behind_what_is_queued_however_often_it_does(
    runtime: Runtime,
) -> None:
    class Stopping(Gate):
        def on_receive(self, message: Any) -> Any:
            if message == "stop":
                self.stop()
                self.stop()
            return super().on_receive(message)

    ref = runtime.start(Stopping)
    actor: Any = ref._actor_weakref()
    ref.tell("stop")
    ref.tell("queued")

    actor.open.set()

    probe(lambda: gone(ref))
    assert actor.seen == ["stop", "queued"]


def test_the_stopped_flag_can_be_waited_for(runtime: Runtime) -> None:
    ref = runtime.start(Echo)
    waits: list[bool] = []
    waiting = threading.Thread(target=lambda: waits.append(ref.actor_stopped.wait(5)))
    waiting.start()
    assert not ref.actor_stopped.is_set()

    ref.stop(timeout=5)
    waiting.join(5)

    assert waits == [True]
    assert ref.actor_stopped.is_set()


# ---------------------------------------------------------------- hooks and failures


def test_on_stop_is_called_at_an_orderly_end_and_on_failure_is_not(runtime: Runtime) -> None:
    log: list[str] = []
    ref = runtime.start(Hooks, log)
    ref.ask("work", timeout=5)

    ref.stop(timeout=5)

    assert log == ["on_start", "work", "on_stop"]


def test_a_failure_in_a_tell_ends_the_actor_with_on_failure_instead_of_on_stop(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    ref = runtime.start(Hooks, log, "work")

    ref.tell("work")

    probe(lambda: gone(ref) and "on_failure" in log)
    assert log == ["on_start", "work", "on_failure"]
    assert f"Unhandled exception in {ref}:" in caplog.text
    assert "ValueError: work failed" in caplog.text


def test_a_failure_in_on_start_is_logged_and_ends_the_actor(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    ref = runtime.start(Hooks, [], "on_start")

    probe(lambda: gone(ref) and "ValueError: on_start failed" in caplog.text)
    assert f"Unhandled exception in {ref}:" in caplog.text


def test_a_failure_in_on_stop_is_logged_and_the_actor_ends(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    ref = runtime.start(Hooks, [], "on_stop")

    ref.stop(timeout=5)

    probe(lambda: gone(ref) and "ValueError: on_stop failed" in caplog.text)


def test_a_failure_in_on_failure_is_logged_and_the_actor_ends(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    ref = runtime.start(Hooks, [], "work on_failure")

    ref.tell("work")

    probe(lambda: gone(ref) and "ValueError: on_failure failed" in caplog.text)
    assert "ValueError: work failed" in caplog.text


def test_an_exception_that_goes_to_the_caller_is_logged_as_information(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="pykka")
    ref = runtime.start(Echo)

    with pytest.raises(ValueError, match="no"):
        ref.ask(ValueError("no"), timeout=5)

    record = next(r for r in caplog.records if "returned from" in r.getMessage())
    assert record.getMessage() == f"Exception returned from {ref} to caller:"
    assert (record.name, record.levelno) == ("pykka", logging.INFO)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)


def test_a_life_is_logged_for_who_debugs(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="pykka")
    ref = runtime.start(Echo)
    ref.stop(timeout=5)

    for line in ("Registered", "Starting", "Unregistered", "Stopped"):
        assert f"{line} {ref}" in caplog.text


def test_queued_asks_are_refused_when_the_actor_fails(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    started, fail = threading.Event(), threading.Event()

    class Failing(Behaviour):
        def on_receive(self, message: Any) -> Any:
            del message
            started.set()
            fail.wait(5)
            raise ValueError

    ref = runtime.start(Failing)
    ref.tell("fail")
    started.wait(5)
    queued, stop = ref.ask("queued", block=False), ref.stop(block=False)
    fail.set()

    with pytest.raises(ActorDeadError):
        queued.get(timeout=5)
    assert stop.get(timeout=5) is True
