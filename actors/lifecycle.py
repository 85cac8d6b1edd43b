"""The words that actors, cells and supervisors exchange about starting and ending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from .incarnation import Incarnation
    from .ref import Ref

Reason: TypeAlias = Any
"""Why an incarnation ended: `"normal"`, `"shutdown"`, `("shutdown", detail)` and `"killed"` as in
Erlang; anything else, an exception above all, is a failure."""


class _Later:
    def __repr__(self) -> str:
        return "LATER"


LATER = _Later()
"""Returned by `on_start` or `on_stop`: not done yet, the cell will be told."""


class Exit(Exception):  # noqa: N818  # Erlang's word
    """Raise it in an actor to end this incarnation with a chosen reason."""

    def __init__(self, reason: Reason = "normal") -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Ignore(Exception):  # noqa: N818  # Erlang's word
    """Raise it while starting: this child is not wanted now, and that is no failure."""


@dataclass(frozen=True, slots=True)
class Up:
    """The start succeeded; `extra` is what `on_start` returned, if anything."""

    extra: Any = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """The start was declined."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The start failed."""

    reason: Reason


Outcome: TypeAlias = Up | Ignored | Failed


@dataclass(frozen=True, slots=True)
class Started:
    """Told to the supervisor when a start is over, whatever came of it."""

    incarnation: Incarnation
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Exited:
    """Told to the supervisor exactly once for each incarnation that was `Up`."""

    incarnation: Incarnation
    reason: Reason


@dataclass(frozen=True, slots=True)
class Ready:
    """Told to the supervisor once, after `Started`, when an actor says so (`Actor.ready`)."""

    incarnation: Incarnation


News: TypeAlias = Started | Exited | Ready
"""What a supervisor hears of a child."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """An order to end: through the control lane, except to supervisors."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Terminated:
    """Told to whoever watches: a ref that will not come back, or one incarnation that ended.

    Attributes:
        ref: the address that was watched, or whose incarnation was.
        reason: why the last incarnation ended; None if there never was one.
    """

    ref: Ref[Any]
    reason: Reason


def reason_of(error: BaseException) -> Reason:
    """Return the reason that an exception stands for."""
    return error.reason if isinstance(error, Exit) else error


def is_normal(reason: Reason) -> bool:
    """Tell whether a transient child that ended so is left down (OTP: `normal`, `shutdown`)."""
    match reason:
        case "normal" | "shutdown" | ("shutdown", _):
            return True
        case _:
            return False
