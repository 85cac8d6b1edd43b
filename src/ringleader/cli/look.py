"""A look at a node: what the live view shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..joblines import job_lines
from ..live import View
from ..snapshot import death_lines, take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..node import Node
    from ..summary import IterationRow

_RATE_SECONDS: Final = 2.0
_DEATHS: Final = 5
_HINTS: Final = {"stopping": "Ctrl-C stops it now"}


class Onlooker:
    """Looks at a node again and again; knows the rate of its events from one look to the next."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._since, self._published, self._rate = node.clock.now(), 0, 0.0

    def look(self, phase: str, rows: Sequence[IterationRow]) -> View:
        """Return what is to be seen now."""
        system = self._node.system
        tree, statistics, deaths = take(system), system.statistics(), system.deaths.all()
        told = [death for death in deaths if death.decision]
        return View(
            node_id=tree.node_id,
            run=self._node.run.number,
            phase=phase,
            uptime=tree.uptime,
            rate=self._measure(statistics.events.published),
            published=statistics.events.published,
            restarts=statistics.restarts,
            wanted=self._node.settings.workload.iterations,
            rows=tuple(rows),
            jobs=tuple(job_lines(system.cells(), self._node.clock.now())),
            cells=tree.cells,
            deaths=len(deaths),
            last_deaths=tuple(death_lines(told[-_DEATHS:])),
            hint=_HINTS.get(phase, "Ctrl-C stops in order; ringleader up --resume goes on"),
        )

    def _measure(self, published: int) -> float:
        now = self._node.clock.now()
        passed = now - self._since
        if passed >= _RATE_SECONDS:
            self._rate = (published - self._published) / passed
            self._since, self._published = now, published
        return self._rate
