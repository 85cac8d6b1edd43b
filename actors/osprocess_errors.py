"""What can be wrong with a process that an actor wants to own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import RingleaderError

if TYPE_CHECKING:
    from collections.abc import Sequence


class ProcessError(RingleaderError):
    """An operating-system process can't be had, or was described wrongly."""


class ProcessSettingsError(ProcessError, ValueError):
    """A process is described in a way that can't work; the message says what would."""


class ProcessStartError(ProcessError):
    """This command can't be started, and trying again would not help.

    What may pass, such as too many open files, stays the `OSError` that it is.

    Attributes:
        command: program and arguments.
        wrong: what is wrong with it.
    """

    def __init__(self, command: Sequence[str], wrong: str) -> None:
        self.command = tuple(command)
        self.wrong = wrong
        name = repr(command[0]) if command else "no command"
        super().__init__(f"{name} can't be started: {wrong}")
