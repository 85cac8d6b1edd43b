"""The spool: files in which clients leave events while no node takes them.

A file is written under another name, synced, and renamed, so what has its name is whole. It has a
mark and frames: four bytes of length, four of CRC-32, both big-endian, and one event as
MessagePack. Its name begins with the time of its first event: names in order are events in order.
"""

from __future__ import annotations

import os
import secrets
import struct
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

import msgspec

from ringleader.actors.errors import RingleaderError

from .event_questions import SentEvent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SUFFIX: Final = ".events"
REJECTED: Final = "rejected"
"""Where damaged files are kept."""

_UNFINISHED: Final = ".unfinished"
_MARK: Final = b"rl-spool-1\n"
_HEAD: Final = struct.Struct(">II")
_COUNT_AGAIN: Final = 64
"""Files of one's own after which those of others are counted again."""

_events = msgspec.msgpack.Decoder(SentEvent)


class SpoolLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How much may wait for a node."""

    files: Annotated[int, msgspec.Meta(ge=1, description="most files in the spool (files)")] = (
        10_000
    )
    bytes: Annotated[int, msgspec.Meta(ge=1, description="most that they hold (bytes)")] = (
        268_435_456
    )


class SpoolError(RingleaderError):
    """An event could not be left in the spool, so it is nowhere.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: ClassVar[int] = 75


class SpoolFull(SpoolError):  # noqa: N818  # a state of the spool
    """There is no room in the spool: no node has taken it in for too long."""


class Spooled(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an event that no node took: it waits in a file for the next one.

    Attributes:
        id: of the event.
        path: of the file.
    """

    id: str
    path: str


class Contents(NamedTuple):
    """What is in a file of the spool.

    Attributes:
        events: in order, up to the first damage.
        damage: what is wrong; empty if nothing is.
    """

    events: tuple[SentEvent, ...]
    damage: str


class Spool:
    """The spool of a data directory, for who writes into it.

    Args:
        directory: `<data_dir>/spool`; made if it is missing.
        limits: how much may be in it.
    """

    def __init__(self, directory: Path, limits: SpoolLimits | None = None) -> None:
        self.directory = directory
        self._limits = limits or SpoolLimits()
        self._files = self._bytes = 0
        self._own = _COUNT_AGAIN

    def put(self, events: Sequence[SentEvent]) -> Path:
        """Keep events, one at least, durably, in a file of their own; return its path.

        Raises:
            SpoolFull: there is no room.
            SpoolError: it can't be written.
        """
        data = _MARK + b"".join(map(_frame, events))
        try:
            self.directory.mkdir(mode=0o700, exist_ok=True)
            self._check_room(len(data))
            path = self.directory / _name(events[0].time)
            _write(path, data)
        except OSError as error:
            raise SpoolError(
                f"{len(events)} events could not be kept in {self.directory}: "
                f"{error.strerror or error}; start the node, or make room"
            ) from error
        self._files += 1
        self._bytes += len(data)
        self._own += 1
        return path

    def _check_room(self, more: int) -> None:
        limits = self._limits
        near = self._files >= limits.files or self._bytes + more > limits.bytes
        if near or self._own >= _COUNT_AGAIN:
            self._files, self._bytes, self._own = (*_count(self.directory), 0)
        if self._files >= limits.files or self._bytes + more > limits.bytes:
            raise SpoolFull(
                f"the spool {self.directory} is full ({self._files} files, {self._bytes} bytes; "
                f"at most {limits.files} and {limits.bytes}): start the node, which takes it in"
            )


def waiting(directory: Path) -> list[Path]:
    """Return the files of a spool in order of time; none if there is no spool.

    Raises:
        OSError: it can't be read.
    """
    try:
        names = os.listdir(directory)  # noqa: PTH208  # up to 10,000 names, and no paths yet
    except FileNotFoundError:
        return []
    return [directory / name for name in sorted(names) if name.endswith(SUFFIX)]


def clear_away(directory: Path, before: float) -> None:
    """Remove what clients began to write before some time (seconds UTC), and never finished."""
    for path in directory.glob(f"*{_UNFINISHED}"):
        with suppress(FileNotFoundError):  # it is finished by now
            if path.stat().st_mtime < before:
                path.unlink()


def read(path: Path, largest: int = SpoolLimits().bytes) -> Contents:
    """Read a file of the spool, as far as it is good.

    Raises:
        OSError: it can't be read.
    """
    size = path.stat().st_size
    if size > largest:
        return Contents((), f"it has {size} bytes, and at most {largest} are read")
    data = path.read_bytes()
    if not data.startswith(_MARK):
        return Contents((), "it does not begin as a file of the spool does")
    found: list[SentEvent] = []
    at = len(_MARK)
    while at < len(data):
        event = _event_at(data, at)
        if isinstance(event, str):
            return Contents(tuple(found), f"the frame at byte {at} {event}")
        found.append(event)
        at += _HEAD.size + _HEAD.unpack_from(data, at)[0]
    return Contents(tuple(found), "")


def _event_at(data: bytes, at: int) -> SentEvent | str:
    """Return the event in the frame that begins there, or what is wrong with the frame."""
    if at + _HEAD.size > len(data):
        return "is cut off"
    length, check = _HEAD.unpack_from(data, at)
    body = memoryview(data)[at + _HEAD.size : at + _HEAD.size + length]
    if len(body) < length:
        return "is cut off"
    if zlib.crc32(body) != check:
        return "is not as it was written"
    try:
        return _events.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        return f"holds no event: {error}"


def set_aside(path: Path) -> Path:
    """Keep a damaged file where it is not taken in again; return its new path.

    Raises:
        OSError: it can't be moved.
    """
    place = path.parent / REJECTED
    place.mkdir(mode=0o700, exist_ok=True)
    return path.rename(place / path.name)


def _name(time: float) -> str:
    return f"{int(time * 1e6):018d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"


def _frame(event: SentEvent) -> bytes:
    body = msgspec.msgpack.encode(event)
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def _write(path: Path, data: bytes) -> None:
    """Write a file that is either whole or not there."""
    unfinished = path.with_suffix(_UNFINISHED)
    descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _count(directory: Path) -> tuple[int, int]:
    """Return how many files there are, and their bytes."""
    files = size = 0
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(SUFFIX):
                with suppress(FileNotFoundError):  # taken in meanwhile
                    size += entry.stat().st_size
                    files += 1
    return files, size
