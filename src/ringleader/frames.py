"""What a node and its clients say over the control socket: frames of MessagePack.

A frame is four bytes of length, big-endian, and one MessagePack value. A client sends questions
(`questions`), the node answers each with a `Reply`, in order. Both sides refuse frames that are too
large before they read them; nesting is limited by the types, which hold nothing that nests.
"""

from __future__ import annotations

import struct
from typing import Any, Final

import msgspec

from ringleader.actors.errors import RingleaderError

from .questions import QUESTIONS, Question

_LENGTH = struct.Struct(">I")

SLACK: Final = 64 * 1024
"""Bytes of a question beside an event: some dozens, a few thousand if its texts are long."""

MAX_REQUEST: Final = 1_048_576 + SLACK
"""Bytes of a question, where events may have as many as they may by default."""

MAX_REPLY: Final = 64 * 1024 * 1024
"""Bytes of a reply; a tree of 100,000 actors has about 20 million."""


class FrameError(RingleaderError):
    """What came is no frame of this protocol."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The node's answer: a value, or why there is none.

    Attributes:
        error: why there is no value; empty if there is one.
        exit_code: that a command ends with which meets the error: 1 where to ask again is of no
            use, 75 where it may be.
        kind: the name of the error's class, if it is one of Ringleader's.
        value: the answer.
    """

    error: str = ""
    exit_code: int = 75
    kind: str = ""
    value: msgspec.Raw = msgspec.Raw(b"\xc0")  # nil


_questions: msgspec.msgpack.Decoder[Question] = msgspec.msgpack.Decoder(Question)
_replies = msgspec.msgpack.Decoder(Reply)


def frame(value: Any) -> bytes:
    """Encode a value as a frame."""
    body = msgspec.msgpack.encode(value)
    return _LENGTH.pack(len(body)) + body


def answer(value: Any) -> bytes:
    """Encode the frame that answers with a value."""
    return frame(Reply(value=msgspec.Raw(msgspec.msgpack.encode(value))))


def read_question(body: bytes) -> Question:
    """Decode a question.

    Raises:
        FrameError: it is none; the message says what is wrong with it.
    """
    try:
        return _questions.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise FrameError(f"not a question: {error}; known: {', '.join(QUESTIONS)}") from error


def read_reply(body: bytes) -> Reply:
    """Decode a reply.

    Raises:
        FrameError: it is none.
    """
    try:
        return _replies.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise FrameError(f"not a reply: {error}") from error


class FrameReader:
    """Cuts a stream of bytes into frames.

    Args:
        limit: bytes that a frame may have.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Take bytes in, as they came."""
        self._buffer += data

    def next(self) -> bytes | None:
        """Return the next frame's body, None while it is not complete.

        Raises:
            FrameError: it is announced as larger than allowed; nothing after it can be read.
        """
        if len(self._buffer) < _LENGTH.size:
            return None
        (size,) = _LENGTH.unpack_from(self._buffer)
        if size > self._limit:
            raise FrameError(f"a frame of {size} bytes; at most {self._limit} are allowed")
        end = _LENGTH.size + size
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return body
