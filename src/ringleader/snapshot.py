"""The tree of a running node as frozen values: who lives where, and how they fare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from ringleader.actors.holds import HoldKind
from ringleader.actors.incarnation import Phase
from ringleader.supervisors.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ringleader.actors.cell import Cell
    from ringleader.actors.clock import Clock
    from ringleader.actors.holds import Hold
    from ringleader.actors.incarnation import Incarnation
    from ringleader.supervisors.child import Child

    from .deaths import Death
    from .system import System

State: TypeAlias = Literal[
    "starting",
    "running",
    "stopping",
    "restarting",
    "backoff",
    "waiting",
    "held",
    "quarantined",
    "down",
]
"""`restarting`: ended, and its supervisor has yet to decide or to start it; `backoff`: it is tried
again later; `waiting`: for a sibling; `held`: an operator stopped it; `quarantined`: it failed too
often; `down`: nothing runs and nothing will by itself."""

_PHASES: Final[Mapping[Phase, State]] = {
    Phase.STARTING: "starting",
    Phase.RUNNING: "running",
    Phase.STOPPING: "stopping",
    Phase.ENDED: "restarting",
}


class HoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps somebody down; as `Hold` has it."""

    kind: HoldKind
    by: str
    why: str
    since: float
    until: float | None = None
    times: int = 0


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
        left: seconds until its restart or its release; None if nothing is due.
        hold: what keeps it down, if an operator or its own failures do.
        waits_for: the sibling that it waits for.
        os_pid: of its own process of the operating system, if it has one.
    """

    path: str
    actor: str
    state: State
    strategy: str | None = None
    restarts: int = 0
    mailbox: int = 0
    uptime: float | None = None
    left: float | None = None
    hold: HoldLine | None = None
    waits_for: str | None = None
    os_pid: int | None = None

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
    clock, root = system.context.clock, system.root.current
    return TreeSnapshot(
        node_id=system.context.node_id,
        pid=system.context.pid,
        uptime=max(0.0, clock.now() - root.began) if root is not None else 0.0,
        cells=tuple(_below(system.root, clock)),
    )


def cell_at(system: System, path: str) -> CellSnapshot | None:
    """Look at one place; None if there is no such place."""
    cells = _below(system.root, system.context.clock)
    return next((cell for cell in cells if cell.path == path), None)


def paths(system: System) -> list[str]:
    """Return the paths of all places, but those of the system itself."""
    cells = _below(system.root, system.context.clock)
    return [cell.path for cell in cells if not f"{cell.path}/".startswith("/system/")]


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


def hold_line(hold: Hold) -> HoldLine:
    """Return a hold as it is told to clients."""
    return HoldLine(
        kind=hold.kind,
        by=hold.by,
        why=hold.why,
        since=hold.since,
        until=hold.until,
        times=hold.times,
    )


def children_of(cell: Cell) -> Mapping[str, Child]:
    """Return the children that a supervisor knows, by name; nothing if none lives there."""
    actor = None if cell.current is None else cell.current.actor
    return actor.known_children if isinstance(actor, Supervisor) else {}


def _below(cell: Cell, clock: Clock) -> Iterable[CellSnapshot]:
    children, cells = children_of(cell), dict(cell.children)
    for name in [*children, *(name for name in cells if name not in children)]:
        child, below = children.get(name), cells.get(name)
        if below is not None:
            yield _look(below, child, clock)
            yield from _below(below, clock)
        elif child is not None:  # known, and never started
            yield CellSnapshot(
                path=f"{cell.path}/{name}",
                actor=_class_name(child.spec.actor_class),
                **_standing(None, child, clock),
            )


def _look(cell: Cell, child: Child | None, clock: Clock) -> CellSnapshot:
    current = cell.current
    actor = None if current is None else current.actor
    began = None if current is None else current.began
    return CellSnapshot(
        path=cell.path,
        actor=_class_name(cell.ref.actor_class),
        strategy=actor.strategy if isinstance(actor, Supervisor) else None,
        restarts=max(0, cell.launched - 1),
        mailbox=len(cell.mailbox),
        uptime=max(0.0, clock.now() - began) if began else None,
        os_pid=_os_pid(actor),
        **_standing(current, child, clock),
    )


def _standing(current: Incarnation | None, child: Child | None, clock: Clock) -> dict[str, Any]:
    """Return the state, and what is to be known of it."""
    if current is not None:
        return {"state": _PHASES[current.phase]}
    if child is None:
        return {"state": "down"}
    state, hold, due = child.state, child.hold, child.due
    if state == "running":
        return {"state": "restarting"}
    if hold is not None:
        left = None if hold.until is None else max(0.0, hold.until - clock.time())
        return {"state": state, "hold": hold_line(hold), "left": left}
    left = None if due is None or state != "backoff" else max(0.0, due - clock.now())
    return {"state": state, "left": left, "waits_for": child.waits_for}


def _os_pid(actor: object) -> int | None:
    pid: object = getattr(actor, "os_pid", None)
    return pid if isinstance(pid, int) else None


def _class_name(actor_class: type) -> str:
    return f"{actor_class.__module__}:{actor_class.__qualname__}"
