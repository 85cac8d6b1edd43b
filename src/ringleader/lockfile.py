"""The lock of a data directory: one node at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

import msgspec

from ringleader.actors.errors import RingleaderError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """What a lock file says of who holds it.

    Attributes:
        pid: of the operating system's process.
        started: seconds UTC.
    """

    pid: int
    started: float


class LockTaken(RingleaderError):  # noqa: N818  # a state of the lock
    """Another process holds the lock; it is free again when that process has ended.

    Attributes:
        holder: who, if the file says so.
        exit_code: of a command that meets it: try again.
    """

    exit_code: ClassVar[int] = 75

    def __init__(self, path: Path, holder: Holder | None) -> None:
        who = "another node" if holder is None else f"process {holder.pid}"
        super().__init__(
            f"{path.parent} is in use by {who}; stop it, or choose another directory: --data-dir"
        )
        self.holder = holder


class LockFile:
    """A lock that the operating system frees when its process ends, however that happens.

    What is locked is the open file (`flock`), so a file that a killed process left behind is no
    obstacle. Children started by `subprocess` do not inherit it.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path, holder: Holder) -> Self:
        """Take the lock or fail at once.

        Raises:
            LockTaken: somebody has it.
            OSError: the file can't be opened, or its file system has no locks.
        """
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Its last holder may have removed the file between our open and our lock.
                if not _is_file_at(path, descriptor):
                    os.close(descriptor)
                    continue
                os.ftruncate(descriptor, 0)
                os.write(descriptor, msgspec.json.encode(holder) + b"\n")
            except BlockingIOError:
                taken = LockTaken(path, _read(descriptor))
                os.close(descriptor)
                raise taken from None
            except BaseException:
                os.close(descriptor)
                raise
            return cls(path, descriptor)

    def release(self) -> None:
        """Remove the file and let go of the lock; may be repeated."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if _is_file_at(self._path, descriptor):
            with suppress(OSError):
                self._path.unlink()
        os.close(descriptor)


def holder_of(path: Path) -> Holder | None:
    """Return who holds the lock, None if nobody does (or nobody knows who)."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(descriptor)
    finally:
        os.close(descriptor)
    return None


def _is_file_at(path: Path, descriptor: int) -> bool:
    try:
        there = path.stat()
    except OSError:
        return False
    ours = os.fstat(descriptor)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)


def _read(descriptor: int) -> Holder | None:
    try:
        return msgspec.json.decode(os.pread(descriptor, 4096, 0), type=Holder)
    except (OSError, msgspec.DecodeError):
        return None  # it was taken this moment, or is not ours
