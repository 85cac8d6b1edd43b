"""What nodes say to each other about actors: the data of the bridge's `Remote` message.

A frame is MessagePack: an array of the sender's epoch, the epoch that it is for (0: any), its
number among the sender's frames to that node, and the message: an array of its tag and its fields.
Fields that a newer version has added at the end are ignored. See `docs/wire.md`.
"""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from ringleader.actors.errors import BadValue
from ringleader.actors.remote_ref import LONGEST

HEAD: Final = 2_048
"""Bytes that a frame may have beside the body of its message."""

Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Epoch = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Path = Annotated[str, Meta(min_length=1, max_length=LONGEST)]
Words = Annotated[str, Meta(max_length=LONGEST)]
Verb = Literal["message", "call", "get", "alive", "names"]
"""What is wanted of an actor: to handle a message, call a method, say an attribute; of its node:
whether it lives, which names it has."""
Problem = Literal["", "not exported", "full", "unreadable"]
"""Why a message was not taken; empty if it was."""


class Tell(Struct, frozen=True, array_like=True, tag=1):
    """A message that nobody waits for; at most once."""

    to: Path
    verb: Verb
    body: bytes


class Unheard(Struct, frozen=True, array_like=True, tag=2):
    """A `Tell` was not taken; for the log only."""

    to: Path
    problem: Problem


class Parcel(Struct, frozen=True, array_like=True, tag=3):
    """A message that is sent again until a `Receipt` comes.

    Attributes:
        id: counts the sender's durable messages to this node.
        low: the lowest id for which the sender still waits; what is below is settled.
        to: for whom.
        verb: what is wanted.
        body: the message.
    """

    id: Number
    low: Number
    to: Path
    verb: Verb
    body: bytes


class Receipt(Struct, frozen=True, array_like=True, tag=4):
    """A `Parcel` is in the mailbox, or has not been taken. `unreadable` is final."""

    id: Number
    problem: Problem
    words: Words = ""


class Ask(Struct, frozen=True, array_like=True, tag=5):
    """A question; the asker gives up after `seconds`, and so may who is asked."""

    id: Number
    to: Path
    verb: Verb
    body: bytes
    seconds: float


class Answer(Struct, frozen=True, array_like=True, tag=6):
    """The answer: a value."""

    id: Number
    body: bytes


class Failure(Struct, frozen=True, array_like=True, tag=7):
    """The answer: an error, see `remote_failures`."""

    id: Number
    body: bytes


class Forget(Struct, frozen=True, array_like=True, tag=8):
    """Nobody waits for the answer any more."""

    id: Number


class Watch(Struct, frozen=True, array_like=True, tag=9):
    """Say `Watching`, and `Ended` once nobody will live there any more; repeated from time to time.

    Where nobody may be watched, `Ended` comes at once.
    """

    id: Number
    to: Path


class Watching(Struct, frozen=True, array_like=True, tag=10):
    """The watch holds."""

    id: Number


class Ended(Struct, frozen=True, array_like=True, tag=11):
    """Nobody will live there any more; repeated until `Unwatch` comes. The body is the reason."""

    id: Number
    body: bytes


class Unwatch(Struct, frozen=True, array_like=True, tag=12):
    """The watch is not wanted any more; also the answer to `Ended`."""

    id: Number


Message = (
    Tell
    | Unheard
    | Parcel
    | Receipt
    | Ask
    | Answer
    | Failure
    | Forget
    | Watch
    | Watching
    | Ended
    | Unwatch
)


class Frame(Struct, frozen=True, array_like=True):
    """A message, and in which lives of two nodes it is said.

    Attributes:
        epoch: the sender's.
        life: the receiver's that it is meant for; 0: any. Answers, and what must not be handled
            twice, are for one life only.
        number: counts the sender's frames to this node, so that a copy is known as one.
        message: what is said.
    """

    epoch: Epoch
    life: Epoch
    number: Number
    message: Message


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    """Write a frame."""
    return _encoder.encode(frame)


def decode(data: bytes, max_bytes: int) -> Frame:
    """Read a frame; its body is not looked at.

    Args:
        data: as received.
        max_bytes: of the body of a message.

    Raises:
        BadValue: it is none, or too large.
    """
    if len(data) > max_bytes + HEAD:
        raise BadValue(f"a message of {len(data)} bytes; at most {max_bytes} are allowed")
    try:
        frame = _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadValue(f"no message between actors: {error}") from error
    message = frame.message
    if isinstance(message, Ask) and not (math.isfinite(message.seconds) and message.seconds >= 0):
        raise BadValue(f"an ask with {message.seconds} seconds")
    return frame
