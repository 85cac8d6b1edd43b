"""Breaks something every few seconds, so that it can be seen that nothing is lost by it."""

from __future__ import annotations

import logging
import random
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from ringleader.actors.base import Actor
from ringleader.actors.daemons.job import Job
from ringleader.actors.errors import RingleaderError
from ringleader.actors.handlers import handles
from ringleader.actors.incarnation import Phase
from ringleader.supervisors.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ringleader.actors.cell import Cell
    from ringleader.actors.incarnation import Incarnation

TargetKind: TypeAlias = Literal["actor", "process", "supervisor"]

logger = logging.getLogger("ringleader.chaos")


class ChaosError(RingleaderError):
    """What an actor fails with when it was drawn."""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """What may be struck: an actor, a supervisor with all below it, or the process of a job."""

    path: str
    kind: TargetKind


@dataclass(frozen=True, slots=True)
class Strike:
    """What was struck, and when (seconds UTC)."""

    path: str
    kind: TargetKind
    time: float


class _Tick:
    pass


class Chaos(Actor):
    """Strikes one target every `every` seconds, each with the same chance.

    An actor fails at the start of its next turn as if its handler had raised `ChaosError`; a
    supervisor is killed, and its subtree with it; a job's process and its group get SIGKILL.
    Spared are the root, `/system`, this actor and what is above it, and whatever is temporary,
    because nobody would restart that. Start it as a child of the root.

    Args:
        root: the cell at the top of the tree.
        every: seconds.
        seed: of the draws: the same tree is struck in the same order.
        strikes: takes what was struck, oldest first.
        spare: paths that are spared, too, with all below them.
    """

    def __init__(
        self,
        root: Cell,
        *,
        every: float,
        seed: int,
        strikes: list[Strike],
        spare: Collection[str] = (),
    ) -> None:
        super().__init__()
        self._root, self._every, self._strikes = root, every, strikes
        self._random = random.Random(f"{seed}/chaos")  # noqa: S311  # no secret
        self._spare = frozenset({"/system", *spare})

    def on_start(self) -> None:
        """Begin."""
        self.timers.periodic(self._every, _Tick())

    @handles(_Tick)
    def strike(self, _tick: _Tick) -> None:
        """Strike something, if there is anything."""
        blows = dict(targets(self._root, self._spare, self.path))
        while blows:
            target = draw(sorted(blows), self._random)
            if blows.pop(target)():
                strike = Strike(target.path, target.kind, self.context.clock.time())
                self._strikes.append(strike)
                logger.info("chaos struck the %s %s", target.kind, target.path)
                return


def draw(among: Sequence[Target], rng: random.Random) -> Target:
    """Draw one target, each with the same chance."""
    return among[rng.randrange(len(among))]


def targets(
    root: Cell, spare: Collection[str], striker: str
) -> Iterator[tuple[Target, Callable[[], bool]]]:
    """Find what may be struck, each with what strikes it and tells whether it was still there.

    Args:
        root: the cell at the top, itself spared.
        spare: paths that are spared with all below them.
        striker: the path of who strikes; what is above it is spared, too.
    """
    for cell in list(root.children.values()):
        current = cell.current
        if cell.path in spare or cell.path == striker or current is None or _is_temporary(current):
            continue
        if current.phase is Phase.RUNNING and not striker.startswith(f"{cell.path}/"):
            yield from _targets_at(cell, current)
        yield from targets(cell, spare, striker)


def _targets_at(cell: Cell, current: Incarnation) -> Iterator[tuple[Target, Callable[[], bool]]]:
    if isinstance(current.actor, Supervisor):
        yield Target(cell.path, "supervisor"), lambda: _kill(cell, current)
        return
    yield Target(cell.path, "actor"), lambda: _inject(cell, current)
    process = current.actor.process if isinstance(current.actor, Job) else None
    if process is not None and not process.is_over:
        yield Target(cell.path, "process"), lambda: process.signal(signal.SIGKILL)


def _kill(cell: Cell, incarnation: Incarnation) -> bool:
    cell.kill(incarnation)
    return True


def _inject(cell: Cell, incarnation: Incarnation) -> bool:
    cell.inject(incarnation, ChaosError("chaos struck"))
    return True


def _is_temporary(incarnation: Incarnation) -> bool:
    """Tell whether its supervisor would not restart it."""
    above = incarnation.supervisor
    supervisor = getattr(above, "actor", None)
    if not isinstance(supervisor, Supervisor):
        return False
    name = incarnation.path.rpartition("/")[2]
    family = getattr(supervisor, "_family", None)  # not there before its `on_start`
    child = None if family is None else family.children.get(name)
    return child is not None and child.spec.restart == "temporary"
