"""What type checkers make of the API: they read this file, nothing runs it.

A `type: ignore` here is a test too: mypy reports one that is not needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_type

from ringleader import Actor, Ref, Reply, handles
from ringleader.actors.timers import ActorTimer


class Greeter(Actor):
    def __init__(self, greeting: str = "Hello") -> None:
        super().__init__()
        self.greeting = greeting

    def greet(self, name: str, *, loudly: bool = False) -> str:
        words = f"{self.greeting}, {name}"
        return words.upper() if loudly else words

    async def count(self, names: list[str]) -> int:
        return len(names)


def a_ref_knows_its_class() -> Ref[Greeter]:
    ref = Greeter.start("Hi")
    assert_type(ref, Ref[Greeter])
    return ref


def a_call_has_the_type_of_the_method(ref: Ref[Greeter]) -> None:
    assert_type(ref.call(Greeter.greet, "Ada"), Reply[str])
    assert_type(ref.call(Greeter.greet, "Ada", loudly=True).get(timeout=5), str)
    assert_type(ref.call(Greeter.count, ["Ada"]), Reply[int])


def the_arguments_of_a_call_are_checked(ref: Ref[Greeter]) -> None:
    ref.call(Greeter.greet, 7)  # type: ignore[call-overload]  # not a name
    ref.call(Greeter.greet)  # type: ignore[call-overload]  # no name
    ref.call(Greeter.greet, "Ada", softly=True)  # type: ignore[call-arg, arg-type]  # no such argument
    ref.call(str.upper, "Ada")  # type: ignore[call-overload]  # not a method of the actor


def an_ask_waits_or_gives_a_reply(ref: Ref[Greeter]) -> None:
    assert_type(ref.ask("status", block=True, timeout=5), Any)
    assert_type(ref.ask("status", block=False), Reply[Any])


def a_stop_says_whether_somebody_lived_or_gives_a_reply(ref: Ref[Greeter]) -> None:
    assert_type(ref.stop(), bool)
    assert_type(ref.stop(timeout=5), bool)
    assert_type(ref.stop(block=False), Reply[bool])


def what_is_made_of_a_reply_is_a_reply(ref: Ref[Greeter]) -> None:
    greeting = ref.call(Greeter.greet, "Ada")
    assert_type(greeting.map(len), Reply[int])
    assert_type(greeting.map(len).get(), int)
    assert_type(greeting.join(greeting), Reply[Iterable[Any]])


async def a_reply_is_awaited(ref: Ref[Greeter]) -> None:
    assert_type(await ref.call(Greeter.greet, "Ada"), str)
    assert_type(await ref.stop(block=False), bool)


class Clerk(Greeter):
    @handles(int, idempotent=True)
    def file(self, number: int) -> list[int]:
        assert_type(self.timers.once(1.0, number, key="later"), ActorTimer)
        return [number]


def a_handler_can_be_called_as_any_method(ref: Ref[Clerk]) -> None:
    assert_type(ref.call(Clerk.file, 7), Reply[list[int]])
    assert_type(ref.call(Greeter.greet, "Ada"), Reply[str])
    ref.call(Clerk.file, "7")  # type: ignore[call-overload]  # no number


def only_actors_of_the_class_have_its_methods(ref: Ref[Greeter]) -> None:
    ref.call(Clerk.file, 7)  # type: ignore[call-overload]  # not every greeter files


def the_actor_knows_its_own_ref(actor: Greeter) -> None:
    assert_type(actor.actor_ref, Ref[Greeter])
    assert_type(actor.path, str)
