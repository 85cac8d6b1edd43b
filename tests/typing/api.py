"""What type checkers make of the API: they read this file, nothing runs it.

A `type: ignore` here is a test too: mypy reports one that is not needed.
"""

from __future__ import annotations

from typing import Any, assert_type

from ringleader import Actor, Ref, Reply


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


def the_actor_knows_its_own_ref(actor: Greeter) -> None:
    assert_type(actor.actor_ref, Ref[Greeter])
    assert_type(actor.path, str)
