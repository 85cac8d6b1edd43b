"""What is looked after in an actor that runs: its progress and its health."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .incarnation import Incarnation


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How an actor's `health()` is polled.

    Attributes:
        interval: seconds between two polls.
        timeout: seconds that an answer may take; a late one is an unhealthy one.
        grace: seconds after the start in which bad answers mean nothing.
        failures: how many unhealthy answers in a row end the incarnation; 0: none ever does.

    The question overtakes messages, but not those of a turn under way: a handler that takes
    longer than `timeout` looks unhealthy. Choose `timeout` and `failures` so that
    `timeout + interval * (failures - 1)` is more than the longest handler takes.
    """

    interval: float = 60.0
    timeout: float = 5.0
    grace: float = 60.0
    failures: int = 1


@dataclass(frozen=True, slots=True)
class Care:
    """What a child spec asks for.

    Attributes:
        progress_deadline: seconds that a turn may last without the end of a message; None: for
            ever.
        health: how its health is polled; None: not at all.
    """

    progress_deadline: float | None = None
    health: HealthCheck | None = None


class Vigil(Protocol):
    """Looks after incarnations until they end."""

    def add(self, incarnation: Incarnation, care: Care) -> None:
        """Look after one that has just come up; called in its supervisor's turn."""
        ...

    def check_threads(self) -> None:
        """Look whether too many threads hang; called from any thread."""
        ...
