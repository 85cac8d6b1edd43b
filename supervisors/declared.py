"""A supervisor made from data: what a configuration file declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .quarantine import COOL_DOWN, Quarantine
from .supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .spec import AutoShutdown, ChildSpec, OnLimit, Strategy


class DeclaredSupervisor(Supervisor):
    """Supervises the children that it is given, by the policy that it is given.

    Args:
        specs: the children, in start order.
        strategy: who is restarted along with a child.
        intensity: restarts allowed in a period.
        period: whole seconds.
        auto_shutdown: whether the end of significant children ends the supervisor.
        crash_loop_count: how many crashes of one child in the window are a crash loop.
        crash_loop_window: seconds.
        on_limit: what follows one restart too many: `escalate` or `quarantine`.
        quarantine: how long a child is parked.
        announce: whether `DAEMON_*` events tell of its children.
    """

    def __init__(
        self,
        specs: Iterable[ChildSpec] = (),
        *,
        strategy: Strategy = "one_for_one",
        intensity: int = 1,
        period: int = 5,
        auto_shutdown: AutoShutdown = "never",
        crash_loop_count: int = 3,
        crash_loop_window: float = 300.0,
        on_limit: OnLimit = "escalate",
        quarantine: Quarantine = COOL_DOWN,
        announce: bool = True,
    ) -> None:
        super().__init__()
        self.strategy = strategy
        self.intensity = intensity
        self.period = period
        self.auto_shutdown = auto_shutdown
        self.crash_loop_count = crash_loop_count
        self.crash_loop_window = crash_loop_window
        self.on_limit = on_limit
        self.quarantine = quarantine
        self.announce = announce
        self._specs = list(specs)

    def init(self) -> list[ChildSpec]:
        """Return the children."""
        return list(self._specs)
