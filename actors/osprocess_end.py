"""How an operating-system process ended, and why."""

from __future__ import annotations

import difflib
import signal
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .osprocess_errors import ProcessSettingsError


class EndCause(StrEnum):
    """Why a process ended. The first that fits, in this order, is the cause."""

    UNKNOWN = "unknown"
    """Somebody else in this process has reaped it: `os.wait()` takes any child's status."""
    MEMORY_LIMIT = "memory_limit"
    """It was killed for holding more memory than its limits allow."""
    CPU_LIMIT = "cpu_limit"
    """The kernel ended it for using more processor time than its limits allow."""
    STOPPED = "stopped"
    """Its owner had asked it to end, or killed it."""
    PARENT_GONE = "parent_gone"
    """It saw its parent gone and said so with its exit code."""
    EXITED = "exited"
    """It ended by itself, with an exit code."""
    OUT_OF_MEMORY = "out_of_memory"
    """The kernel killed it, to free memory."""
    SIGNALLED = "signalled"
    """A signal ended it: a fault of its own, or somebody else's `kill`."""


_WORDS: Final = {
    EndCause.UNKNOWN: "ended, but its status was taken by another waiter in this process",
    EndCause.MEMORY_LIMIT: "it held more memory than allowed",
    EndCause.CPU_LIMIT: "it used more processor time than allowed",
    EndCause.STOPPED: "as it was told",
    EndCause.PARENT_GONE: "its parent was gone",
    EndCause.OUT_OF_MEMORY: "the kernel was out of memory",
}


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """The end of a process.

    Attributes:
        pid: of the process; another one may have it by now.
        exit_code: 0 to 255; None if a signal ended it, or nothing is known.
        signal: the signal's number; None if it ended by itself.
        cause: why, for rules.
        seconds: from its start to its end.
        cpu: seconds of processor time that it and those it waited for have used.
        detail: what more is known, in words: `512 MiB of 256 MiB`.
    """

    pid: int
    exit_code: int | None
    signal: int | None
    cause: EndCause
    seconds: float
    cpu: float = 0.0
    detail: str = ""

    @property
    def returncode(self) -> int:
        """The status as `subprocess` has it: negative is a signal; 255 if nothing is known."""
        if self.signal is not None:
            return -self.signal
        return 255 if self.exit_code is None else self.exit_code

    def __str__(self) -> str:
        """Say it in words: `killed by SIGKILL (the kernel was out of memory)`."""
        why = _WORDS.get(self.cause, "")
        if self.cause is EndCause.UNKNOWN:
            return why
        how = (
            f"killed by {signal_name(self.signal)}"
            if self.signal is not None
            else f"ended with exit code {self.exit_code}"
        )
        said = ": ".join(text for text in (why, self.detail) if text)
        return f"{how} ({said})" if said else how


def signal_name(number: int) -> str:
    """Return a signal's name; a real-time signal has none but its number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def signal_number(name: str | int) -> int:
    """Return the number of a signal: `TERM`, `SIGTERM` and 15 are the same.

    Raises:
        ProcessSettingsError: there is none of this name or number.
    """
    if isinstance(name, int):
        if name in signal.valid_signals() and name > 0:
            return name
        raise ProcessSettingsError(
            f"there is no signal {name}; the usual one to end a program is TERM (15)"
        )
    bare = name.strip().upper().removeprefix("SIG")
    numbers = {member.name.removeprefix("SIG"): member.value for member in signal.Signals}
    if bare in numbers:
        return numbers[bare]
    near = difflib.get_close_matches(bare, numbers, n=3, cutoff=0.5)
    known = ", ".join(near or ("TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL"))
    raise ProcessSettingsError(f"there is no signal {name!r}; there are {known}")
