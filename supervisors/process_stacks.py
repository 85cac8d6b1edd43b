"""Where the threads of a process actor's process are: looked at there, written out here."""

from __future__ import annotations

import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType

DEEPEST: Final = 60
"""Frames of a thread that are kept, the innermost ones."""
_MACHINERY: Final = (
    "/turns.py",
    "/cell.py",
    "/dispatch.py",
    "/dispatch_async.py",
    "/process_child_main.py",
    "/process_child_cell.py",
    "/process_child_link.py",
    "/threading.py",
    "/asyncio/base_events.py",
    "/asyncio/events.py",
    "<frozen runpy>",
)


def stacks_here() -> list[Any]:
    """Return name and frames (file, line, function) of each other thread, the main thread first.

    No source is read: a thread that loops gives up the interpreter for each file operation only
    after 5 ms.
    """
    own, main = threading.get_ident(), threading.main_thread().ident
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    frames = sys._current_frames()  # noqa: SLF001  # the documented way, for debuggers
    order = sorted((ident for ident in frames if ident != own), key=lambda ident: ident != main)
    return [[names.get(ident, str(ident)), _frames(frames[ident])] for ident in order]


def _frames(frame: FrameType | None) -> list[Any]:
    found: list[Any] = []
    while frame is not None and len(found) < DEEPEST:
        found.append([frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name])
        frame = frame.f_back
    return found[::-1]


def stacks_text(stacks: list[Any]) -> str:
    """Write out what `stacks_here` returned, without what only led to the actor."""
    parts: list[str] = []
    for name, frames in stacks:
        start = 0
        while start < len(frames) and frames[start][0].endswith(_MACHINERY):
            start += 1
        if frames[start:]:
            summary = traceback.StackSummary.from_list(
                [(file, line, function, None) for file, line, function in frames[start:]]
            )
            parts.append(f"{name}:\n{''.join(summary.format())}")
    return "\n".join(parts)
