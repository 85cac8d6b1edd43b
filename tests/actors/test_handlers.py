"""`@handles`, checked when the class is created."""

from __future__ import annotations

from typing import Any

import pytest

from ringleader import Actor, HandlerError, handles
from ringleader.actors.events import EventCategory, ModelPromoted, TrainingCompleted
from ringleader.actors.handlers import collect


class Base:
    """A message."""


class Derived(Base):
    """A message of a more special type."""


class Desk(Actor):
    """Answers with the name of the handler."""

    @handles(int, float)
    def number(self, message: float) -> str:
        return f"number {message}"

    @handles(Base)
    def base(self, message: Base) -> str:
        return f"base {type(message).__name__}"

    @handles("TRAINING_COMPLETED", idempotent=True)
    def trained(self, event: TrainingCompleted) -> str:
        return f"trained {event.config_key}"


def ask(actor_class: type[Actor], message: Any) -> Any:
    ref = actor_class.start()
    try:
        return ref.ask(message, timeout=5)
    finally:
        ref.stop()


def test_a_message_goes_to_the_method_that_handles_its_type() -> None:
    assert ask(Desk, 3) == "number 3"
    assert ask(Desk, 0.5) == "number 0.5"


def test_a_message_of_a_subclass_goes_to_the_handler_of_its_base() -> None:
    assert ask(Desk, Derived()) == "base Derived"


def test_the_most_special_handler_wins() -> None:
    class Special(Desk):
        """Handles the subclass, too."""

        @handles(Derived)
        def derived(self, message: Derived) -> str:
            return f"derived {type(message).__name__}"

    assert ask(Special, Derived()) == "derived Derived"
    assert ask(Special, Base()) == "base Base"


def test_an_event_may_be_named_by_its_name_in_the_catalogue() -> None:
    assert TrainingCompleted in Desk.handlers
    assert ask(Desk, TrainingCompleted(config_key="hex8_2p")) == "trained hex8_2p"


def test_a_message_that_nobody_handles_is_answered_with_none() -> None:
    assert ask(Desk, "text") is None


def test_a_subclass_that_overrides_a_handler_stays_its_handler() -> None:
    class Other(Desk):
        """Says it otherwise."""

        def number(self, message: float) -> str:
            return f"other {message}"

    assert ask(Other, 3) == "other 3"


def test_only_handlers_that_say_so_are_idempotent() -> None:
    assert Desk.is_idempotent(TrainingCompleted(config_key="hex8_2p"))
    assert not Desk.is_idempotent(3)
    assert not Desk.is_idempotent("nobody handles text")


def test_two_handlers_for_one_type_are_refused_and_both_named() -> None:
    with pytest.raises(HandlerError, match=r"Twice\.first and .*Twice\.second both handle int"):

        class Twice(Actor):  # pyright: ignore[reportUnusedClass]
            @handles(int)
            def first(self, message: int) -> None: ...

            @handles(int)
            def second(self, message: int) -> None: ...


def test_a_subclass_may_not_handle_a_type_with_another_method() -> None:
    with pytest.raises(HandlerError, match=r"number and .*Again\.numbers both handle int"):

        class Again(Desk):  # pyright: ignore[reportUnusedClass]
            @handles(int)
            def numbers(self, message: int) -> None: ...


def test_an_unknown_event_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(HandlerError, match=r"Typo\.done.*did you mean TRAINING_COMPLETED"):

        class Typo(Actor):  # pyright: ignore[reportUnusedClass]
            @handles("TRAINING_COMPLETD")
            def done(self, event: Any) -> None: ...


def test_something_that_is_no_type_is_refused() -> None:
    wrong: Any = 42
    with pytest.raises(HandlerError, match="42, which is neither a class nor the name of an event"):

        class Wrong(Actor):  # pyright: ignore[reportUnusedClass]
            @handles(wrong)
            def done(self, event: Any) -> None: ...


def test_a_handler_of_nothing_is_refused() -> None:
    with pytest.raises(HandlerError, match="names no type"):
        handles()(ask)


def no_message(self: Any) -> None:
    del self


def two_messages(self: Any, one: Any, two: Any) -> None:
    del self, one, two


def needs_a_keyword(self: Any, one: Any, *, two: Any) -> None:
    del self, one, two


@pytest.mark.parametrize("method", [no_message, two_messages, needs_a_keyword])
def test_a_handler_that_cannot_take_one_message_is_refused(method: Any) -> None:
    with pytest.raises(HandlerError, match="can't be called with one message"):
        type("Wrong", (Actor,), {"handler": handles(int)(method)})
    del method.__ringleader_handles__


def any_messages(self: Any, *messages: Any) -> Any:
    del self
    return messages


def more_by_default(self: Any, message: Any, more: int = 1, *, most: int = 2) -> Any:
    del self
    return message + more + most


@pytest.mark.parametrize(("method", "answer"), [(any_messages, (1,)), (more_by_default, 4)])
def test_a_handler_may_take_more_if_it_does_not_need_it(method: Any, answer: Any) -> None:
    assert ask(type("Right", (Actor,), {"handler": handles(int)(method)}), 1) == answer


def test_a_handler_annotated_with_another_type_is_refused() -> None:
    with pytest.raises(HandlerError, match="handles int, but its parameter is annotated str"):

        class Wrong(Actor):  # pyright: ignore[reportUnusedClass]
            @handles(int)
            def handler(self, message: str) -> None: ...


def test_annotations_that_fit_are_accepted() -> None:
    class Right(Actor):
        """Unions, bases, and names that only type checkers know."""

        @handles(int, str)
        def either(self, message: int | str) -> None: ...

        @handles(Derived)
        def base(self, message: Base) -> None: ...

        @handles(dict)
        def generic(self, message: dict[str, int]) -> None: ...

        @handles(bytes)
        def unknown(self, message: Elsewhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]

    assert set(Right.handlers) == {int, str, Derived, dict, bytes}


@pytest.mark.parametrize("kind", [staticmethod, classmethod])
def test_a_handler_is_a_plain_method(kind: Any) -> None:
    def handler(self: Any, message: int) -> None:
        del self, message

    with pytest.raises(HandlerError, match="must be a plain method"):
        type("Wrong", (Actor,), {"handler": kind(handles(int)(handler))})


def test_handlers_of_classes_that_are_no_actors_can_be_collected() -> None:
    class Plain:
        @handles(ModelPromoted)
        def promoted(self, event: ModelPromoted) -> None: ...

    handler = collect(Plain)[ModelPromoted]
    assert (handler.name, handler.is_async, handler.idempotent) == ("promoted", False, False)


def test_a_class_with_an_async_handler_runs_on_the_event_loop() -> None:
    class Waits(Actor):
        """Waits."""

        @handles(int)
        async def wait(self, message: int) -> int:
            await self.sleep(0)
            return message

    assert Waits.dispatcher == "async"
    assert Waits.handlers[int].is_async
    assert ask(Waits, 3) == 3


def test_an_async_handler_on_a_dispatcher_of_threads_is_refused() -> None:
    with pytest.raises(HandlerError, match=r"Wrong\.wait is async, but its dispatcher is 'pool'"):

        class Wrong(Actor):  # pyright: ignore[reportUnusedClass]
            dispatcher = "pool"

            @handles(int)
            async def wait(self, message: int) -> None: ...


def test_an_overflow_policy_that_does_not_exist_is_refused() -> None:
    wrong: Any = "explode"
    with pytest.raises(HandlerError, match="'explode'; it can be block, reject, drop_oldest"):
        type("Wrong", (Actor,), {"overflow": wrong})


def test_a_category_is_no_message_type() -> None:
    wrong: Any = EventCategory.MODEL
    with pytest.raises(HandlerError, match="is not an event type"):

        class Wrong(Actor):  # pyright: ignore[reportUnusedClass]
            @handles(wrong)
            def model(self, event: Any) -> None: ...
