"""What a process actor and its parent say to each other: frames of MessagePack.

A frame is four bytes of length, big-endian, and one array: a word, then what the word needs.
Whatever the actor's messages hold is bytes here, written and read by the codec of values.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any, Final

from ringleader.actors.errors import BadValue
from ringleader.actors.packing import UnpackError, pack as write, unpack as read
from ringleader.actors.values import MAX_BYTES

_LENGTH = struct.Struct(">I")
LIMIT: Final = MAX_BYTES + 64 * 1024
"""Bytes of a frame: a value, and what is said about it."""
CHUNK: Final = 256 * 1024
"""Bytes read at once."""
PARENT_GONE: Final = 98
"""The exit code of a process that saw its parent gone."""


class Word(IntEnum):
    """What a frame says."""

    # to the process
    PREPARE = 1
    """settings, module: import what will be needed."""
    START = 2
    """settings, actor: begin the one incarnation of this process."""
    TURN = 3
    """number, whether it is an ask, message, timers that are over."""
    ANSWER = 4
    """number of a request, whether it succeeded, result or error."""
    STOP = 5
    """(nothing): end in order."""
    STACK = 6
    """Say where your threads are."""

    # to the parent
    PREPARED = 10
    """(nothing): what will be needed is imported."""
    UP = 11
    """what on_start returned, names of attributes."""
    NOT_UP = 12
    """error: the start failed or was declined."""
    DONE = 13
    """number of a turn, status, answer or error, names of attributes if they have changed."""
    LATE = 14
    """number of a turn, whether it succeeded, answer or error: what LATER has promised."""
    OVER = 15
    """error, or nothing if it was told to: the incarnation has ended, and the process will."""
    REQUEST = 16
    """number, what, arguments: do it and answer."""
    ORDER = 17
    """what, arguments: do it."""
    LOG = 18
    """a log record."""
    STACKS = 19
    """where the threads are, see `process_stacks`."""


class Status(IntEnum):
    """How a turn ended."""

    TOLD = 0
    VALUE = 1
    ERROR = 2
    LATER = 3


def pack(*parts: Any) -> bytes:
    """Write a frame."""
    body = write(parts, buf_size=1024)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a stream of bytes into frames.

    Args:
        limit: bytes that a frame may have.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[list[Any]]:
        """Take bytes in, as they came; return the frames that are complete.

        Raises:
            BadValue: what came is no frame; nothing after it can be read.
        """
        buffer = self._buffer
        buffer += data
        frames: list[list[Any]] = []
        start = 0
        while len(buffer) - start >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(buffer, start)
            if size > self._limit:
                raise BadValue(f"a frame of {size} bytes; at most {self._limit} are allowed")
            end = start + _LENGTH.size + size
            if len(buffer) < end:
                break
            frames.append(_read(bytes(buffer[start + _LENGTH.size : end])))
            start = end
        if start:
            del buffer[:start]
        return frames


def _read(body: bytes) -> list[Any]:
    try:
        frame = read(body, strict_map_key=False)
    except (ValueError, UnpackError) as error:
        raise BadValue(f"not a frame: {error!r}") from error
    if not isinstance(frame, list) or not frame:
        raise BadValue(f"not a frame: {frame!r}")
    return frame  # pyright: ignore[reportUnknownVariableType]  # off the wire
