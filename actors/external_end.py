"""The end of an external program that did not end as it should."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from .osprocess_errors import ProcessError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .osprocess_end import ProcessEnd


_SHOWN: Final = 5
"""Lines that the message has; tables show it in one line."""
_WIDTH: Final = 200


class ProgramEnded(ProcessError):  # noqa: N818  # a death, as `ActorDied`
    """An external program ended by itself with a failure, or before it was up.

    Attributes:
        command: program and arguments.
        end: how it ended.
        last: the last lines that it printed, the oldest first; the message has a few of them.
    """

    def __init__(
        self, command: Sequence[str], end: ProcessEnd, last: Sequence[str], what: str = ""
    ) -> None:
        self.command, self.end, self.last = tuple(command), end, tuple(last)
        told = what or (f"was {end}" if end.signal is not None else str(end))
        said = " | ".join(line[:_WIDTH] for line in self.last[-_SHOWN:])
        words = f"; it said last: {said}" if said else "; it said nothing"
        super().__init__(f"{PurePath(command[0]).name} {told}{words}")
