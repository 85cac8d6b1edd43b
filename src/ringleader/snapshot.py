"""The tree of a running node as frozen values: who lives where, and how they fare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from ringleader.actors.incarnation import Phase
from ringleader.supervisors.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ringleader.actors.cell import Cell
    from ringleader.supervisors.child import Child

    from .deaths import Death
    from .system import System

State: TypeAlias = Literal["starting", "running", "stopping", "restarting", "backoff", "down"]
"""`restarting`: ended, and its supervisor has yet to decide; `backoff`: it is tried again later;
`down`: nothing runs and nothing will by itself."""

_PHASES: Final[Mapping[Phase, State]] = {
    Phase.STARTING: "starting",
    Phase.RUNNING: "running",
    Phase.STOPPING: "stopping",
    Phase.ENDED: "restarting",
}


class CellSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One place in the tree.

    Attributes:
        path: its actor path.
        actor: its class as `module:Class`.
        state: what it is at.
        strategy: a supervisor's; None for a worker.
        restarts: how often somebody started here after the first.
        mailbox: messages that wait.
        uptime: seconds since the launch of whoever lives here; None if nobody does.
    """

    path: str
    actor: str
    state: State
    strategy: str | None = None
    restarts: int = 0
    mailbox: int = 0
    uptime: float | None = None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def depth(self) -> int:
        """How many supervisors are between it and the root."""
        return self.path.count("/") - 1


class TreeSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A node and its tree.

    Attributes:
        node_id: stable name of the node.
        pid: of the operating system's process.
        uptime: seconds since the start of its system.
        cells: all places below the root, parents before children, in start order.
    """

    node_id: str
    pid: int
    uptime: float
    cells: tuple[CellSnapshot, ...]


class DeathLine(msgspec.Struct, frozen=True, kw_only=True):
    """One end that nobody ordered.

    Attributes:
        path: where it lived.
        cause: why it ended, in a few words.
        decision: what its supervisor did about it; empty while it has not decided.
        time: seconds UTC.
    """

    path: str
    cause: str
    decision: str
    time: float


def take(system: System) -> TreeSnapshot:
    """Look at a system; waits for nobody, so that what it sees may be one step apart."""
    now = system.context.clock.now()
    root = system.root.current
    return TreeSnapshot(
        node_id=system.context.node_id,
        pid=system.context.pid,
        uptime=max(0.0, now - root.began) if root is not None else 0.0,
        cells=tuple(_below(system.root, now)),
    )


def death_lines(deaths: Iterable[Death]) -> list[DeathLine]:
    """Return deaths as lines for people."""
    return [
        DeathLine(path=d.path, cause=one_line(d.cause), decision=d.decision, time=d.time)
        for d in deaths
    ]


def one_line(text: str, longest: int = 1_000) -> str:
    """Return the first line of a text, or its beginning, marked if there is more."""
    first, *rest = text.strip().splitlines() or [""]
    if len(first) > longest:
        return f"{first[: longest - 2]} …"
    return f"{first} …" if rest else first


def _below(cell: Cell, now: float) -> Iterable[CellSnapshot]:
    supervisor = None if cell.current is None else cell.current.actor
    children = dict(supervisor.known_children) if isinstance(supervisor, Supervisor) else {}
    cells = dict(cell.children)
    for name in [*children, *(name for name in cells if name not in children)]:
        child, below = children.get(name), cells.get(name)
        if below is not None:
            yield _look(below, child, now)
            yield from _below(below, now)
        elif child is not None:  # known, and never started
            yield CellSnapshot(
                path=f"{cell.path}/{name}", actor=_class_name(child.spec.actor_class), state="down"
            )


def _look(cell: Cell, child: Child | None, now: float) -> CellSnapshot:
    current = cell.current
    actor = None if current is None else current.actor
    return CellSnapshot(
        path=cell.path,
        actor=_class_name(cell.ref.actor_class),
        state=_state(None if current is None else current.phase, child),
        strategy=actor.strategy if isinstance(actor, Supervisor) else None,
        restarts=max(0, cell.launched - 1),
        mailbox=len(cell.mailbox),
        uptime=max(0.0, now - current.began) if current is not None and current.began else None,
    )


def _state(phase: Phase | None, child: Child | None) -> State:
    if phase is not None:
        return _PHASES[phase]
    if child is None or child.down:
        return "down"
    return "backoff" if child.restarting else "restarting"


def _class_name(actor_class: type) -> str:
    return f"{actor_class.__module__}:{actor_class.__qualname__}"
