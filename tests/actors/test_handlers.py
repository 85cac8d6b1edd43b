from __future__ import annotations

import functools
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, TypeVar

import pytest

from ringleader.actors.base import Actor
from ringleader.actors.errors import HandlerError
from ringleader.actors.events.training import TrainingCompleted, TrainingStarted
from ringleader.actors.handlers import collect, handles
from ringleader.actors.lifecycle import Terminated

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from tests.actors.stage import ManualStage

M = TypeVar("M")


@dataclass(frozen=True)
class Order:
    number: int


@dataclass(frozen=True)
class Rush(Order):
    """An order that is in a hurry."""


@dataclass(frozen=True)
class Cancel:
    number: int


class Speaks(Protocol):
    """Not checkable at run time."""

    def speak(self) -> str: ...


def refused(define: Callable[[], object]) -> str:
    """Return why a class is refused."""
    with pytest.raises(HandlerError) as caught:
        define()
    return str(caught.value).replace("test_", "").split("<locals>.")[-1]


def handling(kind: type[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a copy of a function as a handler; the function itself is for other tests, too."""
    copied = FunctionType(function.__code__, globals(), function.__name__, function.__defaults__)
    copied.__kwdefaults__, copied.__annotations__ = (
        function.__kwdefaults__,
        function.__annotations__,
    )
    return handles(kind)(copied)


# ---------------------------------------------------------------- which message goes where


class Desk(Actor):
    """Takes orders."""

    @handles(Order)
    def order(self, message: Order) -> str:
        return f"order {message.number}"

    @handles(Cancel, int)
    def undo(self, message: Cancel | int) -> str:
        return f"undo {message}"


def test_each_type_goes_to_its_handler_and_the_result_answers_an_ask(stage: ManualStage) -> None:
    ref = stage.start(Desk).ref

    assert ref.ask(Order(1)) == "order 1"
    assert ref.ask(Cancel(1)) == "undo Cancel(number=1)"
    assert ref.ask(7) == "undo 7"


def test_instances_of_subclasses_go_to_the_handler_of_the_nearest_base(
    stage: ManualStage,
) -> None:
    class Quick(Desk):
        @handles(Rush)
        def rush(self, message: Rush) -> str:
            return f"rush {message.number}"

    desk, quick = stage.start(Desk).ref, stage.start(Quick).ref

    assert desk.ask(Rush(1)) == "order 1"
    assert quick.ask(Rush(1)) == "rush 1"
    assert quick.ask(Order(1)) == "order 1"
    assert desk.ask(True) == "undo True"  # noqa: FBT003  # a bool is an int


def test_other_messages_are_logged_and_answered_with_nothing(
    stage: ManualStage, caplog: pytest.LogCaptureFixture
) -> None:
    assert stage.start(Desk).ref.ask("what?") is None
    assert "Unexpected message received by Desk" in caplog.text


def test_on_receive_can_take_the_rest(stage: ManualStage) -> None:
    class Chatty(Desk):
        def on_receive(self, message: Any) -> Any:
            return "text" if isinstance(message, str) else super().on_receive(message)

    ref = stage.start(Chatty).ref

    assert [ref.ask("hello"), ref.ask(Order(1))] == ["text", "order 1"]


def test_a_handler_for_everything(stage: ManualStage) -> None:
    class Catching(Desk):
        @handles(object)
        def other(self, message: object) -> str:
            return f"something: {message}"

    ref = stage.start(Catching).ref

    assert [ref.ask("x"), ref.ask(Order(1))] == ["something: x", "order 1"]


# ---------------------------------------------------------------- inheritance


def test_handlers_are_inherited_and_can_be_overridden_without_saying_so_again(
    stage: ManualStage,
) -> None:
    class Polite(Desk):
        def order(self, message: Order) -> str:
            return f"dear {super().order(message)}"

    assert stage.start(Polite).ref.ask(Order(1)) == "dear order 1"
    assert set(Polite.handlers) == {Order, Cancel, int}


def test_an_override_may_take_other_types(stage: ManualStage) -> None:
    class Other(Desk):
        @handles(str)
        def order(self, message: str) -> str:  # type: ignore[override]  # that is the point
            return message.upper()

    assert set(Other.handlers) == {str, Cancel, int}
    assert stage.start(Other).ref.ask("x") == "X"


def test_handlers_come_from_mixins_too(stage: ManualStage) -> None:
    class Mixin:
        @handles(str)
        def text(self, message: str) -> str:
            return message.upper()

    class Both(Mixin, Desk):
        pass

    assert list(Both.handlers) == [Order, Cancel, int, str]  # bases first, as they are written
    assert stage.start(Both).ref.ask("x") == "X"


def test_a_decorator_below_keeps_the_handler(stage: ManualStage) -> None:
    def doubled(function: Callable[[Any, str], str]) -> Callable[[Any, str], str]:
        @functools.wraps(function)
        def twice(self: Any, message: str) -> str:
            return function(self, message) * 2

        return twice

    class Echoing(Actor):
        @doubled
        @handles(str)
        def text(self, message: str) -> str:
            return message

    assert stage.start(Echoing).ref.ask("ab") == "abab"


def test_something_that_hides_a_handler_must_be_a_method() -> None:
    def define() -> None:
        class Broken(Desk):  # pyright: ignore[reportUnusedClass]  # it can't be made
            order = None  # type: ignore[assignment]  # that is the point

    assert refused(define) == "Broken.order handles messages, so it must be a plain method"


# ---------------------------------------------------------------- what is refused


def test_two_handlers_for_one_type_are_both_named() -> None:
    def define() -> None:
        class Twice(Actor):  # pyright: ignore[reportUnusedClass]  # it can't be made
            @handles(Order)
            def first(self, message: Order) -> None: ...

            @handles(Order)
            def second(self, message: Order) -> None: ...

    with pytest.raises(HandlerError) as caught:
        define()
    text = str(caught.value)
    assert "Twice.first and " in text
    assert text.endswith("Twice.second both handle Order; one type has one handler")


def test_a_subclass_can_not_add_a_second_handler_for_a_type_either() -> None:
    def define() -> None:
        class Twice(Desk):  # pyright: ignore[reportUnusedClass]  # it can't be made
            @handles(int)
            def number(self, message: int) -> None: ...

    assert refused(define).endswith("Twice.number both handle int; one type has one handler")


def test_a_handler_names_its_types() -> None:
    def define() -> None:
        class Empty(Actor):  # pyright: ignore[reportUnusedClass]  # it can't be made
            @handles()
            def method(self, message: object) -> None: ...

    with pytest.raises(HandlerError) as caught:
        define()
    assert "@handles() of " in str(caught.value)
    assert str(caught.value).endswith("Empty.method names no type; write @handles(SomeMessage)")


def test_one_decorator_names_them_all() -> None:
    def define() -> None:
        class Double(Actor):  # pyright: ignore[reportUnusedClass]  # it can't be made
            @handles(str)
            @handles(int)
            def method(self, message: str | int) -> None: ...

    assert refused(define) == (
        "Double.method has two @handles; name all its types in one, @handles(A, B)"
    )


@pytest.mark.parametrize("entry", [7, None, list[int], int | str, "x".upper])
def test_what_is_no_type_is_refused(entry: Any) -> None:
    def define() -> None:
        class Odd(Actor):  # pyright: ignore[reportUnusedClass]  # it can't be made
            @handles(entry)
            def method(self, message: object) -> None: ...

    assert refused(define) == (
        f"Odd.method handles {entry!r}, which is neither a class nor the name of an event"
    )


def test_the_name_of_no_event_is_refused_with_the_nearest_ones() -> None:
    def define() -> None:
        class Misspelt(Actor):  # pyright: ignore[reportUnusedClass]  # it can't be made
            @handles("TRAINING_COMPLETD")
            def method(self, event: object) -> None: ...

    text = refused(define)
    assert text.startswith("Misspelt.method handles 'TRAINING_COMPLETD': ")
    assert "TRAINING_COMPLETED" in text


@pytest.mark.parametrize("wrap", [staticmethod, classmethod])
@pytest.mark.parametrize("outside", [True, False])
def test_a_static_or_class_method_is_refused(wrap: Any, *, outside: bool) -> None:
    def function(message: object) -> None: ...

    method = handles(str)(wrap(function)) if outside else wrap(handles(str)(function))

    assert refused(lambda: type("Static", (Actor,), {"method": method})) == (
        "Static.method handles messages, so it must be a plain method"
    )


def nothing(self: Any) -> None: ...
def two(self: Any, message: Any, other: Any) -> None: ...
def keyword(self: Any, message: Any, *, needed: Any) -> None: ...
def keywords(self: Any, *, message: Any) -> None: ...


@pytest.mark.parametrize("function", [nothing, two, keyword, keywords])
def test_a_signature_that_does_not_fit_is_refused(function: Callable[..., Any]) -> None:
    name = function.__name__
    method = handling(str, function)

    text = refused(lambda: type("Unfit", (Actor,), {name: method}))

    assert text.startswith(f"Unfit.{name}(self: ")
    assert text.endswith(f"can't be called with one message; it should be {name}(self, message)")


def optional(self: Any, message: Any, other: int = 0) -> None: ...
def anything(self: Any, *messages: Any) -> None: ...
def options(self: Any, message: Any, *, option: int = 0) -> None: ...
def positional(self: Any, message: Any, /) -> None: ...


@pytest.mark.parametrize("function", [optional, anything, options, positional])
def test_a_signature_fits_that_takes_one_message(function: Callable[..., Any]) -> None:
    made = type("Fit", (Actor,), {"method": handling(str, function)})

    assert set(collect(made)) == {str}


# ---------------------------------------------------------------- annotations


def test_an_annotation_that_says_another_type_is_refused() -> None:
    def define() -> None:
        class Liar(Actor):  # pyright: ignore[reportUnusedClass]  # it can't be made
            @handles(str)
            def method(self, message: int) -> None: ...

    assert refused(define) == "Liar.method handles str, but its parameter is annotated int"


def test_each_type_must_be_in_the_union() -> None:
    def define() -> None:
        class Liar(Actor):  # pyright: ignore[reportUnusedClass]  # it can't be made
            @handles(Order, str)
            def method(self, message: Order | Cancel) -> None: ...

    assert "handles str, but its parameter is annotated " in refused(define)


def one_of(self: Any, message: Order | Cancel) -> None: ...
def base(self: Any, message: object) -> None: ...
def any_type(self: Any, message: Any) -> None: ...
def generic(self: Any, message: M, also: M | None = None) -> None: ...
def unknown(self: Any, message: Decimal) -> None: ...
def annotated(self: Any, message: Annotated[Order, "first"]) -> None: ...
def literal(self: Any, message: Literal["a"]) -> None: ...
def protocol(self: Any, message: Speaks) -> None: ...


@pytest.mark.parametrize(
    "function",
    [one_of, base, any_type, generic, unknown, annotated, literal, protocol],
)
def test_annotations_that_fit_or_that_nobody_can_check_are_taken(
    function: Callable[..., Any],
) -> None:
    made = type("Fine", (Actor,), {"method": handling(Rush, function)})

    assert set(collect(made)) == {Rush}


def test_a_handler_needs_no_annotation() -> None:
    bare = handling(Rush, any_type)
    bare.__annotations__ = {}

    assert set(collect(type("Bare", (Actor,), {"method": bare}))) == {Rush}


def test_a_generic_annotation_is_taken_by_its_class() -> None:
    class Lists(Actor):
        @handles(list)
        def numbers(self, message: list[int]) -> None: ...

        @handles(dict)
        def words(self, message: dict[str, int] | None) -> None: ...

    assert set(Lists.handlers) == {list, dict}


# ---------------------------------------------------------------- events


def test_an_event_can_be_named_by_its_class_or_its_name() -> None:
    class Listening(Actor):
        @handles(TrainingStarted)
        def started(self, event: TrainingStarted) -> None: ...

        @handles("TRAINING_COMPLETED")
        def completed(self, event: TrainingCompleted) -> None: ...

    assert set(Listening.handlers) == {TrainingStarted, TrainingCompleted}


def test_what_is_known_of_a_handler() -> None:
    class Known(Actor):
        @handles(str, idempotent=True)
        async def text(self, message: str) -> None: ...

        @handles(Terminated)
        def gone(self, message: Terminated) -> None: ...

    text, gone = Known.handlers[str], Known.handlers[Terminated]

    assert (text.type, text.name, text.idempotent, text.is_async) == (str, "text", True, True)
    assert (gone.name, gone.idempotent, gone.is_async) == ("gone", False, False)
    assert text.function is Known.text
    assert Known.is_idempotent("x")
    assert not Known.is_idempotent(7)
