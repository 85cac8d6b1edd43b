from __future__ import annotations

import re
import tracemalloc
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from ringleader.actors.errors import RingleaderError
from ringleader.transport.wire import (
    CONTROL_TOPIC,
    HEADER,
    LIMITS,
    MAGIC,
    VERSIONS,
    VersionMismatch,
    WireError,
    WireLimits,
    agree,
    decode,
    encode,
    events_topic,
    publication,
    published,
)
from ringleader.transport.wire_messages import (
    MOST_BODIES,
    MOST_NUMBER,
    Ack,
    Ahead,
    Answer,
    Batch,
    Busy,
    Bye,
    Cursor,
    Diverged,
    Evt,
    Gone,
    Hb,
    Head,
    Hello,
    HelloOk,
    Message,
    Next,
    Peer,
    Pull,
    Refused,
    Remote,
    Start,
    Unknown,
    Welcome,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = Path(__file__).parents[2] / "docs" / "wire.md"
HASH = b"8 bytes."
HEADS = [Head("pipeline", 5, 9, 2, HASH)]
MESSAGES: list[Message] = [
    Hello("node-b", 7, (1, 1), "tcp://h:1", "key", [Cursor("pipeline", 5, 3)]),
    HelloOk("node-a", 5, 1, HEADS, [Peer("node-c", "ipc:///c", "")]),
    Refused("taken: there is a node-b"),
    Welcome("node-a", 5, HEADS),
    Evt("pipeline", 5, 1, HASH, [b"one", b""]),
    Hb("node-a", 5, 1.5, HEADS),
    Pull(1, "pipeline", 5, 3, HASH, 9),
    Batch(1, "pipeline", 5, 3, HASH, [b"three"], 9, is_last=True),
    Next(1, "pipeline", 5, 9, 6, 10),
    Gone(1, "pipeline", 5, 8, HASH),
    Ahead(1, "pipeline", 5, 2, HASH, 6, 3),
    Diverged(1, "pipeline", 5, 6, 3, 1, 2),
    Unknown(1, "pipeline", [Start(6, 3)], 3),
    Busy(1, "pipeline", 0.5),
    Ack("pipeline", 5, 9),
    Bye("node-a", 5, HEADS),
    Remote(b"\x00\xff"),
]
FRAMES = [encode(message) for message in MESSAGES]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_comes_back_as_it_was_sent(message: Message) -> None:
    topic = events_topic("pipeline")

    assert decode(encode(message)) == message
    assert published(publication(topic, message)) == (topic, message)


def test_there_is_an_example_of_every_message() -> None:
    assert {type(message) for message in MESSAGES} == set(get_args(Message))
    assert set(get_args(Answer)) < set(get_args(Message))


def test_a_frame_is_what_another_implementation_of_messagepack_writes() -> None:
    msgpack: Any = import_module("msgpack")  # ships no types
    fields = [7, 1, "pipeline", 5, 3, HASH, 9]

    assert decode(HEADER + bytes(msgpack.packb(fields))) == Pull(1, "pipeline", 5, 3, HASH, 9)
    assert msgpack.unpackb(encode(Pull(1, "pipeline", 5, 3, HASH, 9))[4:]) == fields


def test_fields_of_a_newer_version_are_skipped() -> None:
    frame = MAGIC + bytes((1, 2)) + msgspec.msgpack.encode([15, "pipeline", 5, 9, {"new": [1]}])

    assert decode(frame) == Ack("pipeline", 5, 9)


def test_fields_that_an_older_version_has_not_are_their_defaults() -> None:
    frame = HEADER + msgspec.msgpack.encode([12, 1, "pipeline", 5, 6, 3])

    assert decode(frame) == Diverged(1, "pipeline", 5, 6, 3, 1, 0)


@pytest.mark.parametrize(
    ("theirs", "version"),
    [((1, 1), 1), ((1, 2), 1), ((0, 1), 1), ((2, 3), None), ((0, 0), None), ((9, 1), None)],
)
def test_two_nodes_speak_the_highest_version_that_both_know(
    theirs: tuple[int, int], version: int | None
) -> None:
    assert VERSIONS == (1, 1)
    assert agree(theirs) == version


def test_a_frame_without_a_common_version_says_which_ones_it_has() -> None:
    with pytest.raises(VersionMismatch, match="speaks versions 2 to 3 of the protocol") as caught:
        decode(MAGIC + bytes((2, 3)) + b"whatever they have")

    assert caught.value.theirs == (2, 3)


def body(*fields: Any) -> bytes:
    return HEADER + msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (b"", "not a frame of the bridge"),
        (b"RB\x01", "not a frame of the bridge"),
        (b"GET / HTTP/1.1\r\n", "begins with b'GET ', not b'RB'"),
        (HEADER, "truncated"),
        (body(99, 1), "Invalid value 99"),
        (body(), "at least length 1"),
        (body(15, "pipeline", 5), "at least length 4, got 3"),
        (body(15, 1, 5, 9), r"Expected `str`, got `int` - at `\$\[1\]`"),
        (body(15, "g", -1, 9), "Expected `int` >= 0"),
        (body(15, "g", 5, MOST_NUMBER + 1), "Expected `int` <= 4611686018427387904"),
        (body(15, "g" * 256, 5, 1), "length <= 255"),
        (body(5, "g", 5, 1, b"short", []), "length >= 8"),
        (body(5, "g", 5, 1, HASH, [b""] * (MOST_BODIES + 1)), "length <= 10000"),
        (body(14, "g", 5, 1.0), "Expected `int`, got `str`"),
        (HEADER + b"\x80", "Expected `array`, got `object`"),
        (encode(Remote(b"")) + b"more", "trailing characters"),
        (HEADER + b"\x92\x03\xa2\xff\xff", "utf-8"),
    ],
)
def test_a_frame_that_is_no_message_is_refused_with_the_reason(frame: bytes, words: str) -> None:
    with pytest.raises(WireError, match=words):
        decode(frame)


def test_a_frame_beyond_the_limit_is_not_looked_at() -> None:
    limits = WireLimits(frame_bytes=100)

    with pytest.raises(WireError, match="a frame of 101 bytes; at most 100 are read"):
        decode(bytes(101), limits)
    with pytest.raises(WireError, match="a frame of 101 bytes; at most 100 are read"):
        published(bytes(101), limits)


def test_what_is_published_without_a_topic_is_refused() -> None:
    with pytest.raises(WireError, match="no topic within 300 bytes"):
        published(b"x" * 1000)


@pytest.mark.parametrize(
    "rest",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\x96\x05\xa1g\x01\x05\xc4\x08" + HASH + b"\xdd\x7f\xff\xff\xff",
        b"\x97\x05\xa1g\x01\x05\xc4\x08" + HASH + b"\x90\xdd\xff\xff\xff\xff",
        b"\x92\x11\xc6\xff\xff\xff\xff",
        b"\x97\x05\xa1g\x01\x05\xc4\x08" + HASH + b"\x90" + b"\x91" * 100_000,
    ],
    ids=["array", "bodies", "unknown field", "bytes", "depth"],
)
def test_a_frame_can_not_make_its_receiver_take_more_memory_than_it_has_bytes(rest: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(WireError):
            decode(HEADER + rest)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100_000 + 2 * len(rest)


def refused_or_read(read: Callable[[bytes], object], frame: bytes) -> None:
    with suppress(WireError):
        read(frame)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", MAGIC, HEADER, CONTROL_TOPIC + HEADER]))
def test_garbage_is_a_wire_error_and_nothing_else(garbage: bytes, start: bytes) -> None:
    for read in (decode, published):
        refused_or_read(read, start + garbage)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(FRAMES),
    st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3), st.integers(0, 3)), max_size=6),
)
def test_a_mutated_frame_is_read_or_a_wire_error_and_nothing_else(
    frame: bytes, changes: list[tuple[int, bytes, int]]
) -> None:
    for at, new, removed in changes:
        at %= len(frame) + 1  # noqa: PLW2901  # into the frame
        frame = frame[:at] + new + frame[at + removed :]
    refused_or_read(decode, frame)
    refused_or_read(published, CONTROL_TOPIC + frame)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-(2**63), 2**64 - 1)
            | st.floats()
            | st.text(max_size=5)
            | st.binary(max_size=9),
            lambda inner: (
                st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=2)
            ),
            max_leaves=6,
        ),
        max_size=9,
    ),
    st.integers(0, 20),
)
def test_any_messagepack_is_read_or_a_wire_error(fields: list[Any], tag: int) -> None:
    refused_or_read(decode, HEADER + msgspec.msgpack.encode([tag, *fields]))


def test_fifty_thousand_mutated_frames_are_read_or_refused() -> None:
    rng = Random(5)  # noqa: S311  # a test
    read = 0
    for _ in range(50_000):
        frame = bytearray(FRAMES[int(rng.random() * len(FRAMES))])
        for _ in range(1 + int(rng.random() * 3)):
            # Behind the header, where there is something to understand.
            frame[4 + int(rng.random() * (len(frame) - 4))] = int(rng.random() * 256)
        with suppress(WireError):
            decode(bytes(frame))
            read += 1

    assert 5_000 < read < 45_000


def test_every_error_is_one_of_ringleader() -> None:
    assert issubclass(WireError, RingleaderError)
    assert LIMITS.frame_bytes == 8 * 1024 * 1024


# ---------------------------------------------------------------------- docs/wire.md


def examples() -> list[tuple[str, str]]:
    found = re.findall(r"^([0-9a-f ]+)\n= (.*)$", DOCUMENT.read_text(), re.MULTILINE)
    return [(frame, meaning) for frame, meaning in found]


@pytest.mark.parametrize(("frame", "meaning"), examples(), ids=lambda text: text[-12:])
def test_an_example_in_the_document_means_what_is_said_there(frame: str, meaning: str) -> None:
    raw = bytes.fromhex(frame)
    if raw.startswith(MAGIC):
        assert repr(decode(raw)) == meaning
        assert encode(decode(raw)) == raw
    else:
        topic, message = published(raw)
        assert f"{topic[:-1].decode()} {message!r}" == meaning
        assert publication(topic, message) == raw


def test_the_document_has_an_example_of_each_way() -> None:
    assert len(examples()) == 7


def rows(pattern: str) -> dict[str, list[str]]:
    """Return the fields of each row of the document's tables, by what the row is about."""
    found = re.findall(pattern, DOCUMENT.read_text(), re.MULTILINE)
    return {name: re.findall(r"(?:^|· )`(\w+)` ", fields) for name, fields in found}


def test_the_document_has_every_message_with_its_tag_and_its_fields_in_order() -> None:
    kinds = get_args(Message)

    documented = rows(r"^\| (\d+ \| `\w+`) \| (.*?) \|")

    assert documented == {
        f"{kind.__struct_config__.tag} | `{kind.__name__}`": list(kind.__struct_fields__)
        for kind in kinds
    }
    parts = rows(r"^\| (`[A-Z]\w+`) \| (.*?) \|$")
    assert parts == {
        f"`{p.__name__}`": list(p.__struct_fields__) for p in (Head, Peer, Cursor, Start)
    }


def test_the_document_gives_the_limits_that_hold() -> None:
    text = DOCUMENT.read_text()

    assert f"| {LIMITS.frame_bytes // 1024**2} MiB |" in text
    assert f"| {LIMITS.topic_bytes} bytes |" in text
    assert f"| {MOST_BODIES:,} |" in text
