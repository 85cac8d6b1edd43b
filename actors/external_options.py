"""What an external program is and how it is run: the settings of `ExternalProgram`."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypedDict

from msgspec import Meta, Struct

from .options import LogLevel
from .osprocess_end import signal_number
from .osprocess_errors import ProcessSettingsError
from .osprocess_limits import ProcessLimits


class ProgramOptions(Struct, frozen=True, kw_only=True):
    """A command, when it counts as up, and how it is stopped.

    With neither `ready` nor `ready_after` it is up as soon as it runs.
    """

    command: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="the program, looked for on PATH, and arguments"),
    ]
    env: Annotated[
        dict[str, str], Meta(description="environment variables, laid over the node's own")
    ] = {}  # msgspec copies an empty default
    cwd: Annotated[
        str | None, Meta(description="where it begins; if not set, where the node did")
    ] = None
    user: Annotated[
        str | None,
        Meta(description="who it runs as, with this user's groups; only root can choose"),
    ] = None
    group: Annotated[str | None, Meta(description="its group; if not set, the user's own")] = None
    limits: Annotated[ProcessLimits, Meta(description="what it may use")] = ProcessLimits()
    ready: Annotated[
        str | None,
        Meta(description="a regular expression; the first line in which it is found says it is up"),
    ] = None
    ready_after: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="how long it has to run to count as up (seconds)"),
    ] = None
    ready_timeout: Annotated[
        float, Meta(gt=0, description="after which a program that is not up is killed (seconds)")
    ] = 30.0
    stop_signal: Annotated[str, Meta(description="what asks it to end: TERM, INT, QUIT …")] = "TERM"
    stop_timeout: Annotated[
        float,
        Meta(
            gt=0,
            description="after which it is killed with all its group (seconds); keep it below the "
            "child's `shutdown`, at which the supervisor kills",
        ),
    ] = 4.0
    log_level: Annotated[
        LogLevel | None, Meta(description="of the lines it prints; they are not logged if not set")
    ] = "INFO"
    max_line: Annotated[int, Meta(ge=80, description="length at which a line is cut (bytes)")] = (
        8192
    )
    keep_lines: Annotated[
        int, Meta(ge=0, le=10_000, description="last lines that are kept for errors (lines)")
    ] = 20

    def __post_init__(self) -> None:
        """Check what would fail later, or not at all.

        Raises:
            ProcessSettingsError: something is wrong; the message says what would be right.
        """
        if isinstance(self.command, str):
            raise ProcessSettingsError(
                f"the command {self.command!r} is a string; give a list of program and arguments, "
                f"{self.command.split()!r}"
            )
        if not self.command or not self.command[0]:
            raise ProcessSettingsError("the command is empty; give a program and its arguments")
        signal_number(self.stop_signal)
        if self.ready is not None and self.ready_after is not None:
            raise ProcessSettingsError("ready and ready_after are both set; leave one of them out")
        if self.ready is not None:
            try:
                re.compile(self.ready)
            except re.error as error:
                raise ProcessSettingsError(
                    f"ready = {self.ready!r} is no regular expression: {error}"
                ) from error
        self._check_numbers()

    def _check_numbers(self) -> None:
        for name in ("ready_after", "ready_timeout", "stop_timeout"):
            seconds: float | None = getattr(self, name)
            if seconds is not None and not seconds > 0:
                raise ProcessSettingsError(f"{name} is {seconds} s; it must be above 0")
        for name, least in (("max_line", 80), ("keep_lines", 0)):
            number: int = getattr(self, name)
            if number < least:
                raise ProcessSettingsError(f"{name} is {number}; it must be at least {least}")


class ProgramSettings(TypedDict, total=False):
    """What `ExternalProgram` takes beside the command: the fields of `ProgramOptions`."""

    env: dict[str, str]
    cwd: str | None
    user: str | None
    group: str | None
    limits: ProcessLimits
    ready: str | None
    ready_after: float | None
    ready_timeout: float
    stop_signal: str
    stop_timeout: float
    log_level: LogLevel | None
    max_line: int
    keep_lines: int


def program_options(command: Any, settings: ProgramSettings) -> ProgramOptions:
    """Return the options that a command and settings by name make.

    Raises:
        ProcessSettingsError: something is wrong with them.
    """
    is_listed = isinstance(command, (list, tuple))
    parts: Any = tuple(map(str, command)) if is_listed else command  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]  # checked by the options
    return ProgramOptions(command=parts, **settings)
