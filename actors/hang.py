"""Which turns hang: where an actor is, and for how long it has been seen there.

A turn has a position that changes with each message that ends, read from counters that are kept
anyway: nothing is paid per message. Who is seen twice at the same position has not left it in
between, so a few looks in each deadline are enough.
"""

from __future__ import annotations

import sys
import traceback
from _thread import get_ident
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, runtime_checkable

from .dispatch import Looping
from .turns import ON_LOOP

if TYPE_CHECKING:
    from types import FrameType

    from .future import Reply
    from .incarnation import Incarnation
    from .turns import Turns

LOOKS: Final = 4
"""Looks in each deadline: a hang is found at most a fourth of the deadline late."""
DEEPEST: Final = 60
"""Frames of a stack that are kept, the innermost ones."""

_MACHINERY: Final = ("turns.py", "cell.py", "dispatch.py", "dispatch_async.py", "threading.py")


@runtime_checkable
class TellsStacks(Protocol):
    """What stands in for an actor that lives elsewhere, such as in a process of its own."""

    def stacks(self) -> Reply[str]:
        """Ask where the actor is; the answer may never come. Called from any thread."""
        ...


class Position(NamedTuple):
    """Where a turn is.

    Attributes:
        turn: the thread it runs in, or that it is a task of an event loop.
        read: messages ever read.
        ended: messages ever ended.
        probes: probes of its health that it has answered: they take turns without messages.
    """

    turn: int
    read: int
    ended: int
    probes: int


@dataclass(frozen=True, slots=True)
class Seen:
    """Where an actor was seen last, and since when.

    Attributes:
        position: None if it was in no turn.
        since: monotonic seconds at which it was first seen there.
        pulse: of its event loop at that time.
    """

    position: Position | None
    since: float
    pulse: int = 0

    def at(self, position: Position | None, now: float, pulse: int = 0) -> Seen:
        """Return what is known after another look."""
        same = position is not None and position == self.position
        return self if same else Seen(position, now, pulse)

    def hangs(self, deadline: float, now: float) -> bool:
        """Tell whether it has been in one place for `deadline` seconds."""
        return self.position is not None and now >= self.since + deadline  # as `next_look` adds

    def next_look(self, deadline: float, now: float) -> float:
        """Return when to look again, so that the deadline itself is met exactly."""
        soon = now + deadline / LOOKS
        if self.position is None or self.since + deadline <= now:
            return soon
        return min(soon, self.since + deadline)


def position_of(incarnation: Incarnation, probes: int) -> Position | None:
    """Return where it is now; None if it is in no turn: its messages, if any, wait for a worker."""
    cell = incarnation.cell
    turn = cell.in_turn
    if not turn:
        return None
    return Position(turn, cell.mailbox.read, sum(list(cell.outcomes.values())), probes)


def pulse_of(incarnation: Incarnation) -> int:
    """Return the pulse of its event loop, if it runs on one."""
    dispatcher = incarnation.cell.dispatcher
    return dispatcher.pulse() if isinstance(dispatcher, Looping) else 0


def is_excused(incarnation: Incarnation, seen: Seen) -> bool:
    """Tell whether it can't go on because another actor blocks their event loop."""
    dispatcher = incarnation.cell.dispatcher
    if not isinstance(dispatcher, Looping):
        return False
    return dispatcher.pulse() == seen.pulse and not dispatcher.thread_of(incarnation.task)


def stack_of(incarnation: Incarnation) -> str:
    """Return where it is as text, as far as that can be seen; empty if it is in no turn."""
    return turn_stack(incarnation.cell, incarnation.task)


def turn_stack(turns: Turns, task: Any) -> str:
    """Return where the turn under way is; empty if there is none, or if it is the caller's own."""
    thread, dispatcher = turns.in_turn, turns.dispatcher
    if thread == ON_LOOP:
        runs_in = dispatcher.thread_of(task) if isinstance(dispatcher, Looping) else 0
        if runs_in:
            return thread_stack(runs_in)
        return "" if task is None else coroutine_stack(task.get_coro())
    return thread_stack(thread) if thread and thread != get_ident() else ""


def thread_stack(thread: int) -> str:
    """Return where a thread is, without what only led to the actor; empty if it has ended."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001  # the documented way, for debuggers
    frames: list[tuple[FrameType, int]] = []
    while frame is not None and len(frames) < DEEPEST:
        frames.append((frame, frame.f_lineno))
        frame = frame.f_back
    return _text(frames[::-1])


def coroutine_stack(coroutine: Any) -> str:
    """Return where a coroutine waits, with the coroutines it waits for."""
    frames: list[tuple[FrameType, int]] = []
    while coroutine is not None and len(frames) < DEEPEST:
        frame = _first(coroutine, "cr_frame", "gi_frame", "ag_frame")
        if frame is not None:
            frames.append((frame, frame.f_lineno))
        coroutine = _first(coroutine, "cr_await", "gi_yieldfrom", "ag_await")
    return _text(frames)


def _first(value: Any, *names: str) -> Any:
    return next(
        (found for name in names if (found := getattr(value, name, None)) is not None), None
    )


def _text(frames: list[tuple[FrameType, int]]) -> str:
    start = 0
    while start < len(frames) and frames[start][0].f_code.co_filename.endswith(_MACHINERY):
        start += 1
    kept = frames[start:] or frames
    return "".join(traceback.StackSummary.extract(iter(kept)).format())
