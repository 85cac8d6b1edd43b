"""Frames of remote refs: read back as written, or refused; copies and former lives."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st
from pykka.messages import ProxyCall

from ringleader.actors.errors import BadValue, RemoteError
from ringleader.actors.message import Ask as Asked, Call
from ringleader.actors.values import Codec
from ringleader.transport.remote_deadlines import Deadlines
from ringleader.transport.remote_exports import heard
from ringleader.transport.remote_failures import read, write
from ringleader.transport.remote_frames import SIZE, Peer, Window
from ringleader.transport.remote_messages import (
    Answer,
    Ask,
    Ended,
    Failure,
    Forget,
    Frame,
    Message,
    Parcel,
    Receipt,
    Tell,
    Unheard,
    Unwatch,
    Watch,
    Watching,
    decode,
    encode,
)
from tests.transport.remote_stage import Greeter, Point, net

EACH: list[Message] = [
    Tell("/x", "message", b"b"),
    Unheard("/x", "full"),
    Parcel(3, 2, "/x", "call", b"b"),
    Receipt(3, "unreadable", "why"),
    Ask(4, "/x", "get", b"b", 2.5),
    Answer(4, b"b"),
    Failure(4, b"b"),
    Forget(4),
    Watch(5, "/x"),
    Watching(5),
    Ended(5, b"b"),
    Unwatch(5),
]


@pytest.mark.parametrize("message", EACH, ids=lambda m: type(m).__name__)
def test_a_frame_is_read_as_it_was_written(message: Message) -> None:
    frame = Frame(7, 8, 9, message)
    assert decode(encode(frame), 1_000) == frame


@pytest.mark.parametrize("message", EACH, ids=lambda m: type(m).__name__)
def test_fields_that_a_newer_version_adds_are_ignored(message: Message) -> None:
    raw = msgspec.msgpack.decode(encode(Frame(7, 8, 9, message)))
    raw[3].append({"new": 1})
    raw.append("more")
    assert decode(msgspec.msgpack.encode(raw), 1_000) == Frame(7, 8, 9, message)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        [1, 2, 3],
        [1, 2, 3, [99]],
        [1, 2, 3, [8]],
        [-1, 0, 1, [8, 1]],
        [1, 0, 0, [8, 1]],
        [1, 0, 1, [8, 0]],
        [1, 0, 1, [8, 2**63]],
        [1, 0, 1, [9, 1, ""]],
        [1, 0, 1, [9, 1, "/" * 2_000]],
        [1, 0, 1, [1, "/x", "nonsense", b""]],
        [1, 0, 1, [5, 1, "/x", "message", b"", -1.0]],
        [1, 0, 1, [5, 1, "/x", "message", b"", float("nan")]],
        [1, 0, 1, [5, 1, "/x", "message", b"", float("inf")]],
        [1, 0, 1, [6, 1, b"x" * 4_000]],
    ],
)
def test_what_is_no_frame_is_refused(raw: Any) -> None:
    with pytest.raises(BadValue):
        decode(msgspec.msgpack.encode(raw), 1_000)


@given(st.lists(st.integers(1, 3 * SIZE), max_size=200))
def test_a_number_is_new_once_and_never_after_so_many_others(numbers: list[int]) -> None:
    window, seen = Window(), set[int]()
    for number in numbers:
        is_late = bool(seen) and number <= max(seen) - SIZE
        assert window.is_new(number) == (number not in seen and not is_late)
        seen.add(number)


def test_a_number_far_ahead_costs_nothing() -> None:
    window = Window()
    assert window.is_new(2**63 - 1)
    assert not window.is_new(2**63 - 1)
    assert not window.is_new(1)


def test_frames_of_a_former_life_are_known_as_such() -> None:
    peer = Peer()
    assert peer.begin(5) == 0
    assert peer.begin(6) == 5
    assert (peer.is_former(5), peer.is_former(6), peer.is_former(7)) == (True, False, False)


@given(st.lists(st.tuples(st.integers(0, 20), st.floats(0, 100), st.booleans()), max_size=60))
def test_deadlines_come_in_order_never_early_and_hardly_late(
    orders: list[tuple[int, float, bool]],
) -> None:
    deadlines: Deadlines[int] = Deadlines()
    when: dict[int, float] = {}
    for key, time, is_dropped in orders:
        if is_dropped:
            deadlines.drop(key)
            when.pop(key, None)
        else:
            deadlines.put(key, time)
            when[key] = time
    assert len(deadlines) == len(when)
    for tenth in range(1_002):
        now = tenth / 10
        for key in deadlines.due(now):
            assert now - 0.151 <= when.pop(key) <= now
    assert not when


# ---------------------------------------------------------------- failures


def broken(_: str) -> type[Any]:
    raise ValueError("unknown")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode(None),
        msgspec.msgpack.encode([True]),
        msgspec.msgpack.encode([True, [1, 2]]),
        msgspec.msgpack.encode([True, [1, 2, 3, 4, 5, 6]]),
        msgspec.msgpack.encode([1, 2, 3]),
    ],
)
def test_a_failure_that_cannot_be_read_is_a_failure_that_says_so(body: bytes) -> None:
    assert isinstance(read(body, Codec(find=broken)), RemoteError)


@pytest.mark.parametrize("name", ["__class__", "add_note", "args", "with_traceback", "__dict__"])
def test_an_error_of_the_wire_changes_nothing_of_what_errors_are(name: str) -> None:
    codec = Codec(find=lambda _: ValueError)
    args, five = codec.encode(("x",), "it"), codec.encode(5, "it")
    state = ["builtins:ValueError", args, "x", {name: five}, "trace", ["f:1"]]
    error = read(codec.encode([True, state], "it"), codec)
    assert type(error) is ValueError
    assert error.args == ("x",)
    assert error.remote_traceback == "trace"  # type: ignore[attr-defined]  # set by `read`


def test_an_error_that_holds_what_is_unknown_here_still_says_what_happened() -> None:
    error = KeyError(Point(1))
    error.point = Point(2)  # type: ignore[attr-defined]  # as programs do

    def find(name: str) -> type[Any]:
        return KeyError if name == "builtins:KeyError" else broken(name)

    came = read(write(error, Codec()), Codec(find=find))
    assert isinstance(came, RemoteError)
    assert came.kind == "KeyError"
    assert "Point(x=1" in str(came)
    error.args = ("x",)
    assert isinstance(read(write(error, Codec()), Codec(find=find)), KeyError)


def test_a_reason_that_cannot_cross_goes_as_text() -> None:
    class Local(Exception):  # noqa: N818  # a name only
        def __str__(self) -> str:
            raise RuntimeError

    codec = Codec(find=broken)
    assert "object object" in read(write(object(), codec), codec)
    assert isinstance(read(write(Local(), codec), codec), RemoteError)
    assert read(write(("shutdown", 3), codec), codec) == ("shutdown", 3)


# ---------------------------------------------------------------- strangers


@pytest.mark.parametrize("seed", range(4))
def test_mutated_frames_do_no_harm(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    rng = random.Random(seed)  # noqa: S311  # faults, no secrets
    with net(seed) as made:
        made.node("node-a")
        b = made.node("node-b", max_asks=50, max_watches=50, max_durable=50)
        b.start("greeter")
        ref = made.nodes["node-a"].far("node-b/greeter")
        ref.ask("x", block=False)
        ref.tell_durably(Point(1, (Point(2),)))
        ref.call(Greeter.fail, "odd")
        ref.call(Greeter.add, 1, other=2)
        ref.watch()
        made.settle()
        frames = [data for _, _, data in made.sent]
        for _ in range(2_000):
            data = bytearray(rng.choice(frames))
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            b.desk.received("node-a", bytes(data[: rng.randrange(len(data)) + 1]))
        made.settle()
        statistics = b.desk.statistics()
        assert statistics.serving <= 50
        assert statistics.watched <= 50
        b.start("other")
        reply = made.nodes["node-a"].far("node-b/other").ask("y", block=False)
        made.settle()
        assert reply.get(timeout=0) == "hello, y"


NO_REQUESTS: list[tuple[str, Any]] = [
    ("call", None),
    ("call", "add"),
    ("call", ["add", [1]]),
    ("call", ["add", "one", {}]),
    ("call", ["add", [], []]),
    ("call", ["add", [], {1: 2}]),
    ("call", [1, [], {}]),
    ("get", 1),
    ("get", ["greeting"]),
    ("message", Call("add", (1,), {})),
    ("message", Asked(1, None)),
    ("message", ProxyCall(("add",), (1,), {})),
]


@pytest.mark.parametrize(("verb", "value"), NO_REQUESTS)
def test_what_is_not_to_be_asked_of_an_actor_is_refused(verb: Any, value: Any) -> None:
    for is_ask in (True, False):
        with pytest.raises((BadValue, AttributeError)):
            heard(verb, value, Greeter, is_ask=is_ask)
