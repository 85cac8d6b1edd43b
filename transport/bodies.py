"""What an entry of a stream holds: an event's envelope and its payload, as bytes.

Four bytes say how long the envelope is (big-endian); then come the envelope and the payload, each
MessagePack, up to the end. The envelope has no `sequence` and no `origin`: both are the reader's.
"""

from __future__ import annotations

from math import isfinite
from struct import Struct
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import force_setattr

from ringleader.actors.errors import RingleaderError
from ringleader.actors.events.base import Envelope

_LENGTH: Final = Struct(">I")

_decode = msgspec.msgpack.Decoder(Envelope).decode


class BodyError(RingleaderError):
    """An entry of a stream holds no event; says what is wrong with it."""


class Body(NamedTuple):
    """What an entry holds."""

    envelope: Envelope
    payload: bytes


def pack_body(envelope: bytes, payload: bytes) -> bytes:
    """Return an entry's bytes, of an envelope and a payload that are MessagePack already."""
    return b"%s%s%s" % (_LENGTH.pack(len(envelope)), envelope, payload)


def unpack_body(body: bytes, origin: str) -> Body:
    """Read an entry that came from another node; the payload is not looked at.

    Args:
        body: the bytes.
        origin: the node whose event it is; noted in the envelope.

    Raises:
        BodyError: there is no envelope in it, or one that can't be kept.
    """
    if len(body) < _LENGTH.size:
        raise BodyError(f"an entry of {len(body)} bytes is too short for an event")
    (length,) = _LENGTH.unpack_from(body)
    end = _LENGTH.size + length
    if end > len(body):
        raise BodyError(
            f"the entry says that its envelope has {length} bytes; only "
            f"{len(body) - _LENGTH.size} come"
        )
    try:
        envelope = _decode(body[_LENGTH.size : end])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(f"the entry's envelope can't be read: {error}") from error
    if not (envelope.id and envelope.type and isfinite(envelope.time)):
        raise BodyError(
            f"the entry's envelope has the id {envelope.id!r}, the type {envelope.type!r} and the "
            f"time {envelope.time}; an event has an id, a type, and a finite time"
        )
    # It was just made, and nobody else has it.
    force_setattr(envelope, "sequence", None)
    force_setattr(envelope, "origin", origin)
    return Body(envelope, body[end:])
