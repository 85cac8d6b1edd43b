"""Frames: how a message looks on a socket, and what is refused before it is looked at.

A frame is four bytes and a body: the two letters `RB`, the lowest and the highest version of the
protocol that the sender speaks, and the message in MessagePack. What is published has a topic in
front, which ends with a zero byte, in the same part.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ringleader.actors.errors import RingleaderError

from .wire_messages import Message

MAGIC: Final = b"RB"
VERSIONS: Final = (1, 1)
"""The lowest and the highest version that is spoken here: this one and the one before it."""
HEADER: Final = MAGIC + bytes(VERSIONS)

CONTROL_TOPIC: Final = b"control\0"
"""Where `Hb`, `Bye` and `Welcome` are published. Everybody subscribes to it."""


class WireLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a frame may be. Lists and texts have limits of their own, beside their fields.

    Attributes:
        frame_bytes: of one frame, topic and all.
        topic_bytes: of a topic, its zero byte included.
    """

    frame_bytes: int = 8 * 1024 * 1024
    topic_bytes: int = 300


LIMITS: Final = WireLimits()


class WireError(RingleaderError):
    """A frame that can't be read; the words say why, and nothing of it was used."""


class VersionMismatch(WireError):  # noqa: N818  # a state of two nodes, no fault of either
    """The sender speaks no version that is spoken here.

    Attributes:
        theirs: the lowest and the highest version that it does speak.
    """

    def __init__(self, theirs: tuple[int, int]) -> None:
        ours = f"{VERSIONS[0]} to {VERSIONS[1]}"
        super().__init__(f"speaks versions {theirs[0]} to {theirs[1]} of the protocol, not {ours}")
        self.theirs = theirs


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final[msgspec.msgpack.Decoder[Message]] = msgspec.msgpack.Decoder(Message)


def agree(theirs: tuple[int, int]) -> int | None:
    """Return the highest version that both sides speak; None if there is none."""
    best = min(theirs[1], VERSIONS[1])
    return best if best >= max(theirs[0], VERSIONS[0]) else None


def encode(message: Message) -> bytes:
    """Return the frame of a message."""
    return HEADER + _encoder.encode(message)


def decode(frame: bytes, limits: WireLimits = LIMITS) -> Message:
    """Return what a frame says.

    Raises:
        VersionMismatch: no version in common; nothing behind the header was looked at.
        WireError: too long, not a frame of this protocol, or not a message as documented. Nothing
            else is ever raised, whatever the bytes are.
    """
    _measure(frame, limits)
    return _decoded(memoryview(frame))


def events_topic(group: str) -> bytes:
    """Return the topic that the entries of a stream are published on."""
    return b"events/%s\0" % group.encode()


def publication(topic: bytes, message: Message) -> bytes:
    """Return a frame to be published: the topic, then the message."""
    return topic + HEADER + _encoder.encode(message)


def published(frame: bytes, limits: WireLimits = LIMITS) -> tuple[bytes, Message]:
    """Return the topic and the message of what was published.

    Raises:
        WireError: as `decode`, or without a topic.
    """
    _measure(frame, limits)
    end = frame.find(b"\0", 0, limits.topic_bytes) + 1
    if not end:
        raise WireError(f"no topic within {limits.topic_bytes} bytes: begins with {frame[:8]!r}")
    return frame[:end], _decoded(memoryview(frame)[end:])


def _measure(frame: bytes, limits: WireLimits) -> None:
    if len(frame) > limits.frame_bytes:
        raise WireError(f"a frame of {len(frame)} bytes; at most {limits.frame_bytes} are read")


def _decoded(frame: memoryview) -> Message:
    header = bytes(frame[:4])
    if header != HEADER:
        _check(header)
    try:
        return _decoder.decode(frame[4:])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        # Not `from error`: a traceback would hold the stranger's bytes for as long as it lives.
        raise WireError(f"not a message: {error}") from None


def _check(header: bytes) -> None:
    if header[:2] != MAGIC or len(header) < len(HEADER):
        raise WireError(f"not a frame of the bridge: begins with {header!r}, not {MAGIC!r}")
    theirs = (header[2], header[3])
    if agree(theirs) is None:
        raise VersionMismatch(theirs)
