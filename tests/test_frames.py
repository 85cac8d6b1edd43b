"""What comes over the control socket is checked before it is believed."""

from __future__ import annotations

import struct

import msgspec
import pytest
from hypothesis import given, strategies as st

from ringleader.frames import (
    MAX_REQUEST,
    FrameError,
    FrameReader,
    Reply,
    answer,
    frame,
    read_question,
    read_reply,
)
from ringleader.questions import QUESTIONS, Deaths, Operate, Question, Why, name_of


def only(data: bytes, limit: int = MAX_REQUEST) -> bytes:
    reader = FrameReader(limit)
    reader.feed(data)
    body = reader.next()
    assert body is not None
    assert reader.next() is None
    return body


@given(st.lists(st.binary(max_size=300), max_size=8), st.lists(st.integers(1, 50), min_size=1))
def test_frames_come_out_as_they_went_in_however_the_stream_is_cut(
    bodies: list[bytes], sizes: list[int]
) -> None:
    stream = b"".join(frame(body) for body in bodies)
    reader, found, at, turn = FrameReader(MAX_REQUEST), list[bytes](), 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        reader.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
        while (body := reader.next()) is not None:
            found.append(msgspec.msgpack.decode(body, type=bytes))
    assert found == bodies


def test_a_frame_that_is_too_large_is_refused_before_it_is_read() -> None:
    reader = FrameReader(MAX_REQUEST)
    reader.feed(struct.pack(">I", MAX_REQUEST + 1))
    with pytest.raises(FrameError, match=f"{MAX_REQUEST + 1} bytes; at most {MAX_REQUEST}"):
        reader.next()


ARGUMENTS: dict[str, dict[str, object]] = {
    "why": {"path": "/a"},
    "operate": {"verb": "quarantine", "path": "/a", "by": "ada", "release_after": 60.0},
    "deaths": {"path": "/a", "limit": 7, "within": 3600.0},
    "publish": {"event": {"id": "1", "type": "t", "payload": b"\x80", "source": "s", "time": 1.0}},
    "consume": {"consumer": "c", "owner": "o"},
    "fetch": {"session": "s", "outcomes": [[7, "failed", "why", True]]},
    "wake": {"session": "s"},
    "settle": {"session": "s", "hand_back": [7, 8]},
    "find_letters": {"query": {"types": ["t"], "statuses": ["pending"], "limit": 7}},
    "count_letters": {"query": {"reason": "timed_out"}},
    "retry_letters": {"numbers": [1, 2], "wait": 5.0},
    "drop_letters": {"numbers": [1, 2]},
    "purge_letters": {"age": 60.0},
    "find_events": {"query": {"types": ["t"], "since": 1.0, "newest": True}},
    "find_past": {"query": {"types": ["t"]}},
    "forget_consumer": {"consumer": "c"},
    "plan_replay": {"order": {"to": "/a"}},
    "rewind_consumer": {"consumer": "c", "after": 7},
    "begin_replay": {"order": {"to": "/a"}},
    "go_on_replaying": {"replay": "r", "wait": 1.0},
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_is_read_as_it_was_asked(name: str) -> None:
    fields = {"question": name, **ARGUMENTS.get(name, {})}
    asked: Question = msgspec.convert(fields, Question)
    assert read_question(only(frame(asked))) == asked
    assert name_of(asked) == name


def test_a_question_without_arguments_is_as_short_as_ever() -> None:
    assert read_question(msgspec.msgpack.encode({"question": "deaths"})) == Deaths()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"GET / HTTP/1.1\r\n\r\n",
        msgspec.msgpack.encode({"question": "tee"}),
        msgspec.msgpack.encode({"question": "tree", "more": 1}),
        msgspec.msgpack.encode({}),
        msgspec.msgpack.encode({"question": "\udce9".encode("utf-8", "surrogatepass")}),
    ],
)
def test_what_is_no_question_is_refused_with_what_is_known(body: bytes) -> None:
    with pytest.raises(FrameError, match=r"not a question: .*known: tree, statistics, .*, stop"):
        read_question(body)


@pytest.mark.parametrize(
    "question",
    [
        Why(path=""),
        Why(path="/" + "x" * 1_000),
        Deaths(limit=0),
        Deaths(limit=1_000_000),
        Deaths(within=-1.0),
        Operate(verb="stop", path="/a", by=""),
        Operate(verb="stop", path="/a", by="ada", why="x" * 2_000),
        Operate(verb="quarantine", path="/a", by="ada", release_after=float("inf")),
        Operate(verb="kill", path="/a", by="ada"),  # type: ignore[arg-type]  # what is refused
    ],
)
def test_arguments_have_limits(question: Question) -> None:
    with pytest.raises(FrameError, match="not a question"):
        read_question(only(frame(question)))


@pytest.mark.parametrize("key", ["question", "other"])
def test_deep_nesting_is_refused(key: str) -> None:
    deep = b"\x81" + msgspec.msgpack.encode(key) + b"\x91" * 60_000 + b"\xc0"
    with pytest.raises(FrameError):
        read_question(deep)


def test_a_reply_carries_any_value() -> None:
    reply = read_reply(only(answer({"a": [1, None]})))
    assert reply.error == ""
    assert msgspec.msgpack.decode(reply.value) == {"a": [1, None]}


def test_a_reply_carries_an_error_instead() -> None:
    assert read_reply(only(frame(Reply(error="no")))).error == "no"


def test_what_is_no_reply_is_refused() -> None:
    for body in (b"\x01", b"\x81\xa5value" + b"\x91" * 100_000 + b"\xc0"):
        with pytest.raises(FrameError, match="not a reply"):
            read_reply(body)
