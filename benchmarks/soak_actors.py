"""The actors of the soak test: they note each event that they handle, and come to grief."""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from ringleader import Actor, Dedup, Event, EventType

LANES = 40
"""Types of events; each actor hears one of them, so that each event goes to five of 200 actors."""

BALLOON = 64 * 1024 * 1024  # bytes a breath


class SoakTick(Event, frozen=True, kw_only=True):
    """Something happened; each lane has a type of its own."""

    EVENT = EventType.custom("SOAK_TICK", dedup=Dedup.id())

    number: int


def _lane(number: int) -> type[SoakTick]:
    body = {
        "__module__": __name__,
        "__qualname__": f"SoakTick{number}",
        "EVENT": EventType.custom(f"SOAK_TICK_{number}", dedup=Dedup.id()),
    }
    make: Any = type(Event)  # msgspec's metaclass takes options that `type` does not
    kind: type[SoakTick] = make(f"SoakTick{number}", (SoakTick,), body, frozen=True, kw_only=True)
    return kind


TICKS = tuple(_lane(number) for number in range(LANES))
globals().update({kind.__name__: kind for kind in TICKS})  # where processes look for them


class Notes:
    """Which events an actor has handled, and how often, over all its lives.

    A byte for each number, in memory that all lives share; on disk for lives in processes.
    """

    def __init__(self, size: int) -> None:
        self.counts = bytearray(size)
        self.release = threading.Event()

    def note(self, number: int) -> None:
        """Count an event."""
        self.counts[number] += 1


class FileNotes:
    """The same in a file: what a process has noted is there however it ends."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, number: int) -> None:
        """Append the number."""
        os.write(self._file, number.to_bytes(4, "little"))

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Soaked(Actor):
    """Notes events, and does to itself what it is told."""

    notes: Any

    def on_receive(self, message: Any) -> Any:
        """Take an event, or an order to come to grief."""
        if isinstance(message, SoakTick):
            self.notes.note(message.number)
        elif isinstance(message, str):
            TROUBLES[message](self)


class InThreads(Soaked):
    """Lives in this process.

    Args:
        notes: where it notes what it handled.
    """

    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self.notes = notes


class Pinned(InThreads):
    """Has a thread of its own."""

    dispatcher = "thread"


class Looping(InThreads):
    """Runs on the event loop."""

    async def on_receive(self, message: Any) -> Any:
        """Take an event, or an order."""
        if message == "hang":
            await self.sleep(3600)
        return super().on_receive(message)


class InProcess(Soaked):
    """Lives in a process of its own.

    Args:
        path: of the file of its notes.
    """

    dispatcher: ClassVar[str] = "process"

    def __init__(self, path: str) -> None:
        super().__init__()
        self.notes = FileNotes(Path(path))
        self.defer(self.notes.close)


# --- what may happen to an actor


def _raise(_: Soaked) -> NoReturn:
    raise RuntimeError("told to")


def _system_exit(_: Soaked) -> NoReturn:
    raise SystemExit(1)


def _hang(actor: Soaked) -> None:
    actor.notes.release.wait()


def _exit(_: Soaked) -> NoReturn:
    os._exit(3)


def _segfault(_: Soaked) -> None:
    ctypes.string_at(0)


def _loop(_: Soaked) -> None:
    while True:
        pass


def _balloon(_: Soaked) -> None:
    air: list[bytes] = []
    while True:
        air.append(b"\1" * BALLOON)


TROUBLES = {
    "raise": _raise,
    "system exit": _system_exit,
    "hang": _hang,
    "os._exit": _exit,
    "segfault": _segfault,
    "loop": _loop,
    "balloon": _balloon,
}
