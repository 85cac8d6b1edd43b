"""What a plan asks for.

Each of OTP's rules is a plan: a generator that yields what is to be done and is resumed with the
outcome. Whoever runs it may take as long as it needs for each effect: no plan blocks, reads a
clock or sends a message.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from ringleader.actors.holds import Hold
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason

    from .child import Child
    from .intensity import Window


@dataclass(frozen=True, slots=True)
class Start:
    """Start it. Resumed with `(Incarnation, Outcome)`."""

    child: Child


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop all of them at once, with one timer for all. Resumed with `{Incarnation: Reason}`."""

    children: tuple[Child, ...]


@dataclass(frozen=True, slots=True)
class AwaitReady:
    """Wait until it says that it is ready. Resumed with whether it did.

    Attributes:
        child: for whom; it runs.
        timeout: seconds.
    """

    child: Child
    timeout: float


@dataclass(frozen=True, slots=True)
class Waits:
    """It is not started: a sibling that it depends on is not ready.

    Attributes:
        child: who waits.
        sibling: for whom.
    """

    child: Child
    sibling: str


@dataclass(frozen=True, slots=True)
class Wake:
    """Look, behind what is queued, at those who wait for siblings: one has come up."""


@dataclass(frozen=True, slots=True)
class Park:
    """Keep the hold that was put on it."""

    child: Child
    hold: Hold


@dataclass(frozen=True, slots=True)
class Unpark:
    """Forget the hold that was on it."""

    child: Child
    hold: Hold


@dataclass(frozen=True, slots=True)
class Release:
    """The time has come to release a child, unless its hold is another one by now."""

    child: Child
    hold: Hold


@dataclass(frozen=True, slots=True)
class Retry:
    """Come back to this child's restart: behind what is queued, or after a wait.

    Attributes:
        child: whose restart is due again.
        number: which of its retries this is; one that waited and is not the latest is void.
        after: seconds to wait.
        counted: whether this restart is in the window already and only had to wait.
    """

    child: Child
    number: int
    after: float
    counted: bool


@dataclass(frozen=True, slots=True)
class Regroup:
    """Start, behind what is queued, those who were down until this child's restart.

    Its restart, which waited, will not be: somebody has started, stopped or parked it alone.
    """

    child: Child


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Its retry, which waited, is void."""

    child: Child


@dataclass(frozen=True, slots=True)
class Forget:
    """Its spec is gone: nothing will run at this name unless it is started anew."""

    child: Child


@dataclass(frozen=True, slots=True)
class Report:
    """Write one of OTP's reports.

    Attributes:
        context: `progress`, `start_error`, `child_terminated`, `shutdown` or `shutdown_error`.
        child: whom it is about.
        reason: as OTP has it.
    """

    context: str
    child: Child
    reason: Reason


class Verdict(Enum):
    """What was decided about a child that ended by itself or did not start."""

    RESTARTED = "restarted"
    RETRYING = "retrying"
    GAVE_UP = "gave up"
    QUARANTINED = "quarantined"
    LEFT_DOWN = "left down"
    REMOVED = "removed"
    START_ENDED = "ended the start of its supervisor"
    CALLER_TOLD = "told to whoever asked for the start"
    WAS_STOPPING = "was being stopped"


@dataclass(frozen=True, slots=True)
class Decided:
    """Tell what was decided about the end of one incarnation, before it is done.

    There is one for each incarnation that ended by itself or did not start; a second one for the
    same incarnation takes the place of the first (a retry that was one too many).

    Attributes:
        child: whose end it was.
        pid: which incarnation ended.
        reason: why it ended.
        verdict: what is done about it.
        siblings: how many others are restarted along with it.
        after: seconds before the restart.
        restarts: how many restarts the window holds, this one included, where it counts.
        ends_supervisor: whether the supervisor shuts down because of it (*auto_shutdown*).
        window: the restarts that it was counted among, if it was.
        cause: what else than the rules of OTP had a part in it, in words.
        hold: with which it was parked.
    """

    child: Child
    pid: Incarnation
    reason: Reason
    verdict: Verdict
    siblings: int = 0
    after: float = 0.0
    restarts: int = 0
    ends_supervisor: bool = False
    window: Window | None = None
    cause: str = ""
    hold: Hold | None = None


Effect: TypeAlias = (
    Start
    | Stop
    | AwaitReady
    | Waits
    | Wake
    | Park
    | Unpark
    | Retry
    | Regroup
    | Cancelled
    | Forget
    | Report
    | Decided
)
R = TypeVar("R")
Plan: TypeAlias = Generator[Effect, Any, R]
