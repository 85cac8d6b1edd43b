"""One child of a supervisor: its spec, and what runs of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .backoff import Streak

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringleader.actors.holds import Hold
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason

    from .intensity import Window
    from .spec import Arguments, ChildSpec

State: TypeAlias = Literal[
    "running", "restarting", "backoff", "held", "quarantined", "waiting", "down"
]


@dataclass(eq=False, slots=True)
class Child:
    """A spec and its present state. Changed by plans only; others may read it.

    Attributes:
        spec: what it was started by.
        name: the last part of its path: the spec's id, but for children of a template.
        dynamic: whether it is a child of a template (`simple_one_for_one`).
        arguments: for its constructor in place of the spec's: one of a template has its own.
        pid: what runs; while `restarting`, what ended last.
        restarting: whether a restart failed or waits, and will be tried again.
        tries: how many retries were ever set for it: the number of the latest.
        restarts: how often it was to be restarted, retries included.
        ended: which incarnation ended by itself last, and why; None while it runs.
        due: when its restart is due, monotonic seconds, while it waits for that.
        hold: what keeps it down, if an operator or its own failures do.
        waits_for: the sibling without which it is not started, while it waits for that.
        up_since: since when it runs, monotonic seconds; None if the last start failed.
        streak: its crashes in a row.
        window: its own restarts, where it has a limit of its own.
        quarantines: how often in a row it was parked.
    """

    spec: ChildSpec
    name: str
    dynamic: bool = False
    arguments: tuple[Arguments, Mapping[str, Any]] | None = None
    pid: Incarnation | None = None
    restarting: bool = False
    tries: int = 0
    restarts: int = 0
    ended: tuple[Incarnation, Reason] | None = None
    due: float | None = None
    hold: Hold | None = None
    waits_for: str | None = None
    up_since: float | None = None
    streak: Streak = field(default_factory=Streak)
    window: Window | None = None
    quarantines: int = 0

    @property
    def own_arguments(self) -> tuple[Arguments, Mapping[str, Any]]:
        """What its constructor gets, by position and by name."""
        spec = self.spec
        return (spec.args, spec.kwargs) if self.arguments is None else self.arguments

    @property
    def state(self) -> State:
        """What it is at.

        `running`; `restarting`: its restart failed, or is under way; `backoff`: its restart is
        due later; `held`, `quarantined`: nothing but an operator starts it, or the time;
        `waiting`: for a sibling that it depends on; `down`.
        """
        if self.hold is not None:
            return "held" if self.hold.kind == "hold" else "quarantined"
        if self.restarting:
            return "restarting" if self.due is None else "backoff"
        if self.waits_for is not None:
            return "waiting"
        return "down" if self.pid is None else "running"

    @property
    def running(self) -> bool:
        """Whether it has an incarnation whose end has not been dealt with."""
        return self.pid is not None and not self.restarting

    @property
    def ready(self) -> bool:
        """Whether it runs, and has said that it is ready if it is one that does."""
        pid = self.pid
        if pid is None or self.restarting:
            return False
        return pid.alive and (pid.is_ready or not self.spec.signals_ready)

    @property
    def down(self) -> bool:
        """Whether nothing runs and nothing will by itself."""
        return self.pid is None and not self.restarting

    def clear(self) -> None:
        """Note that nothing runs; a retry that waits is void."""
        self.pid, self.restarting, self.due, self.waits_for = None, False, None, None
