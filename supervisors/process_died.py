"""The error that stands for the end of a process actor's process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.errors import RingleaderError

if TYPE_CHECKING:
    from ringleader.actors.osprocess_end import ProcessEnd


class ProcessDied(RingleaderError):  # noqa: N818  # reads as the news it is
    """The process of a process actor has ended, and it was not told to.

    Attributes:
        path: whose process it was.
        end: how it ended: exit code, signal, cause.
        output: the last lines of its standard error; the stack, if the interpreter crashed.
    """

    def __init__(self, path: str, end: ProcessEnd, output: str = "") -> None:
        super().__init__(f"the process of {path} {end}")
        self.path, self.end, self.output = path, end, output
        self.remote_frames = (str(end),)  # what equal ends have in common
        if output:
            self.add_note(f"the last lines of its standard error:\n{output}")
