"""What Pykka's documentation promises of futures and of its registry, on its own and on ours."""

from __future__ import annotations

import asyncio
import types
from typing import TYPE_CHECKING, Any

import pykka
import pytest
from pykka import ActorRegistry, Timeout

from tests.actors.pykkas import Behaviour, Echo, Radio, gone

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from tests.actors.pykkas import Runtime


def test_a_future_can_be_passed_in_a_future(runtime: Runtime) -> None:
    outer, inner = runtime.future(), runtime.future()
    outer.set(inner)
    inner.set("inside")

    assert outer.get(timeout=5).get(timeout=5) == "inside"


def test_all_replies_can_be_collected(runtime: Runtime) -> None:
    ref = runtime.start(Echo)
    futures = [ref.ask(number, block=False) for number in range(5)]

    assert pykka.get_all(futures, timeout=5) == [0, 1, 2, 3, 4]
    assert pykka.get_all(futures, timeout=5) == [0, 1, 2, 3, 4]


def test_collecting_fails_when_one_reply_is_missing(runtime: Runtime) -> None:
    futures = [runtime.future(), runtime.future()]
    futures[0].set(1)

    with pytest.raises(Timeout):
        pykka.get_all(futures, timeout=0.001)


def _upto(number: int) -> Iterable[int]:
    return range(number)


OPERATIONS: list[tuple[str, Callable[[pykka.Future[Any]], pykka.Future[Any]], Any, Any]] = [
    ("map", lambda f: f.map(lambda x: x + 1), 1, 2),
    ("map a mapping", lambda f: f.map(lambda x: x["a"]), {"a": 7}, 7),
    ("map a list as a whole", lambda f: f.map(len), [1, 2], 2),
    ("filter", lambda f: f.filter(lambda x: x > 1), [1, 2, 3], [2, 3]),
    ("reduce", lambda f: f.reduce(lambda x, y: x - y), [9, 2, 3], 4),
    ("reduce from a start", lambda f: f.reduce(lambda x, y: x - y, 10), [9], 1),
    ("reduce nothing", lambda f: f.reduce(lambda x, y: x - y, 5), [], 5),
    ("join", lambda f: f.join(f, f), 1, [1, 1, 1]),
    ("in a row", lambda f: f.map(_upto).filter(bool), 3, [1, 2]),
]


@pytest.mark.parametrize(
    ("derive", "value", "expected"),
    [case[1:] for case in OPERATIONS],
    ids=[c[0] for c in OPERATIONS],
)
def test_a_future_is_made_of_another(
    runtime: Runtime,
    derive: Callable[[pykka.Future[Any]], pykka.Future[Any]],
    value: Any,
    expected: Any,
) -> None:
    source = runtime.future()
    derived = derive(source)
    source.set(value)

    assert derived.get(timeout=5) == expected
    assert derived.get(timeout=5) == expected


@pytest.mark.parametrize(
    "derive", [case[1] for case in OPERATIONS], ids=[case[0] for case in OPERATIONS]
)
def test_what_is_made_of_a_future_has_its_timeout(
    runtime: Runtime, derive: Callable[[pykka.Future[Any]], pykka.Future[Any]]
) -> None:
    with pytest.raises(Timeout):
        derive(runtime.future()).get(timeout=0.001)


@pytest.mark.parametrize("value", [1, None])
@pytest.mark.parametrize("operation", ["filter", "reduce"])
def test_what_can_not_be_iterated_can_not_be_filtered_or_reduced(
    runtime: Runtime, value: Any, operation: str
) -> None:
    source = runtime.future()
    source.set(value)
    derived: pykka.Future[Any] = getattr(source, operation)(max)

    with pytest.raises(TypeError):
        derived.get(timeout=5)


def test_the_function_is_called_once_however_often_the_result_is_read(runtime: Runtime) -> None:
    calls: list[int] = []
    source = runtime.future()
    source.set(1)
    derived = source.map(calls.append)

    assert [derived.get(timeout=5), derived.get(timeout=5)] == [None, None]
    assert calls == [1]


def test_replies_can_be_awaited(runtime: Runtime) -> None:
    radio = runtime.start(Radio).proxy()

    async def scenario() -> Any:
        return await radio.station, await radio.hear("a"), await radio.hear("b").map(len)

    assert asyncio.run(scenario()) == ("one", ["a"], 2)


def test_replies_can_be_yielded_from(runtime: Runtime) -> None:
    future = runtime.future()
    future.set(7)

    @types.coroutine
    def read() -> Generator[Any, None, Any]:
        return (yield from future)

    async def scenario() -> Any:
        return await read()

    assert asyncio.run(scenario()) == 7


# ---------------------------------------------------------------- the registry


class Other(Echo):
    """Another class."""


def test_who_was_started_can_be_found_until_it_stops(runtime: Runtime) -> None:
    ref = runtime.start(Echo)

    assert ActorRegistry.get_all() == [ref]
    ref.stop(timeout=5)
    assert ActorRegistry.get_all() == []


def test_actors_are_found_by_class_by_name_and_by_urn(runtime: Runtime) -> None:
    echo, other = runtime.start(Echo), runtime.start(Other)

    assert ActorRegistry.get_by_class(runtime.actor_class(Echo)) == [echo]
    assert ActorRegistry.get_by_class(Echo) == [echo, other]
    assert ActorRegistry.get_by_class_name("Other") == [other]
    assert ActorRegistry.get_by_urn(other.actor_urn) is other
    assert ActorRegistry.get_by_urn("urn:uuid:unknown") is None


def test_a_message_can_be_sent_to_all_or_to_those_of_a_class(runtime: Runtime) -> None:
    refs = [runtime.start(Echo), runtime.start(Other)]

    ActorRegistry.broadcast("all")
    ActorRegistry.broadcast("others", runtime.actor_class(Other))
    ActorRegistry.broadcast("by name", "Other")

    assert [ref.proxy().seen.get(timeout=5) for ref in refs] == [
        ["all"],
        ["all", "others", "by name"],
    ]


def test_all_are_stopped_the_last_started_first(runtime: Runtime) -> None:
    order: list[str] = []

    class Last(Behaviour):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def on_stop(self) -> None:
            order.append(self.name)

    for name in "abc":
        runtime.start(Last, name)

    assert ActorRegistry.stop_all(timeout=5) == [True, True, True]
    assert order == ["c", "b", "a"]
    assert ActorRegistry.get_all() == []


def test_all_can_be_stopped_without_waiting(runtime: Runtime) -> None:
    refs = [runtime.start(Echo) for _ in range(3)]

    futures = ActorRegistry.stop_all(block=False)

    assert [future.get(timeout=5) for future in futures] == [True, True, True]
    assert all(gone(ref) for ref in refs)


def test_an_actor_that_was_taken_out_by_hand_lives_on(runtime: Runtime) -> None:
    ref = runtime.start(Echo)
    ActorRegistry.unregister(ref)
    ActorRegistry.unregister(ref)

    assert ref.ask("alive", timeout=5) == "alive"
    ref.stop(timeout=5)
    ActorRegistry.register(ref)
    assert ActorRegistry.get_all() == [ref]
    ActorRegistry.unregister(ref)
