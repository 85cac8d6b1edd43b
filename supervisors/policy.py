"""What a family goes by beyond OTP's flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .quarantine import COOL_DOWN, Quarantine

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.gate import RestartGate
    from ringleader.actors.holds import Hold

    from .child import Child
    from .spec import OnLimit


def no_wait(_: Child) -> float:
    """Restart at once, as OTP does."""
    return 0.0


def nobody(_: str) -> None:
    """Say that nobody is held."""


def never() -> float:
    """Give the time where nobody looks at it."""
    return 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What goes beyond OTP; the defaults add nothing.

    Attributes:
        path: the supervisor's.
        on_limit: what follows one restart too many, where the child's spec does not say.
        quarantine: how long a child is parked then.
        backoff: says how many seconds to wait before a child's restart.
        gate: delays restarts for reasons beyond this supervisor.
        held: finds the hold on a child, by its name.
        wall: gives seconds UTC.
    """

    path: str = ""
    on_limit: OnLimit = "escalate"
    quarantine: Quarantine = COOL_DOWN
    backoff: Callable[[Child], float] = no_wait
    gate: RestartGate | None = None
    held: Callable[[str], Hold | None] = nobody
    wall: Callable[[], float] = never
