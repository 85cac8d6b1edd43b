"""Actors and supervisors that behave as their scenario says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors.base import Actor
from ringleader.actors.lifecycle import LATER, Exit, Ignore
from ringleader.supervisors.spec import MISSING, ChildSpec, Flags
from ringleader.supervisors.supervisor import Supervisor
from tests.otp.terms import reason_of
from tests.otp.writing import SOFO

if TYPE_CHECKING:
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason
    from tests.otp.players import Player
    from tests.otp.record import Record
    from tests.otp.writing import Child

SPEC_KEYS = ("restart", "type", "significant")
FLAG_KEYS = ("strategy", "intensity", "period", "auto_shutdown")
FAILURES: dict[str, Reason] = {
    "error": "init_failed",
    "crash": "init_crashed",
    "raise": ("EXIT", "raised"),
    "bad_return": "bad_return",
}


def spec_of(record: Record, player: Player, child: Child) -> ChildSpec:
    """Return the spec that a scenario describes, faults included."""
    actor_class: Any = Sup if child.get("type") == "supervisor" else Worker
    if "start" in child:
        actor_class = MISSING if child["start"] is None else child["start"]
    given: dict[str, Any] = {key: child[key] for key in SPEC_KEYS if key in child}
    shutdown = child.get("shutdown")
    if shutdown is not None:
        given["shutdown"] = shutdown / 1000 if isinstance(shutdown, int) else shutdown
    args = (record, child, player)
    return ChildSpec(child.get("id", MISSING), actor_class, args, **given)


def start_as_written(record: Record, pid: Incarnation, child: Child) -> tuple[str, Reason]:
    """Number a start; do what the scenario says of it, or return what is left to do."""
    nth = record.number(pid)
    starts: list[Any] = child.get("starts") or ["ok"]
    match starts[min(nth, len(starts)) - 1]:
        case "ok":
            return "ok", None
        case "ignore":
            raise Ignore
        case ["error" | "refuse", reason]:
            raise Exit(reason_of(reason))
        case [kind, value]:
            return str(kind), reason_of(value)
        case failure:
            raise Exit(FAILURES[failure])


class Worker(Actor):
    """Ends when it is told to; to an order to stop it does what the scenario says.

    Args:
        record: of the replay.
        child: the scenario's description.
        player: of the replay.
        over: under a template, what goes over the description.
    """

    def __init__(
        self, record: Record, child: Child, player: Player, over: Child | None = None
    ) -> None:
        super().__init__()
        self._child, self._player = child | (over or {}), player
        self._start = start_as_written(record, _me(self), self._child)

    def on_start(self) -> Any:
        kind, value = self._start
        if kind == "die":
            # Dead, with its exit queued at the supervisor, before that hears of the start: both
            # happen in this turn, and meanwhile the supervisor has none.
            above = _me(self).supervisor
            assert above is not None
            self._player.hold_for_this_turn(above.cell)  # type: ignore[attr-defined]  # only the root has another parent
            self.actor_ref.tell(("die", value))
            return None
        return value

    def on_receive(self, message: Any) -> Any:
        match message:
            case ("die", reason):
                raise Exit("killed" if reason == "kill" else reason)
            case ("signal", reason):
                self._hear(reason)
                return None
            case _:  # a call, where a worker took a supervisor's place; the oracle's answer so
                return "ok"

    def _hear(self, reason: Reason) -> None:
        traps = self._child.get("trap_exit", "on_shutdown" in self._child)
        if not traps and reason != "normal":
            raise Exit(reason)

    def on_stop(self) -> Any:
        match self._child.get("on_shutdown", "ok"):
            case "hang":
                return LATER
            case ["delay", ms]:
                me = _me(self)
                self.context.clock.call_later(ms / 1000, lambda: me.cell.finish(me, me.reason))
                return LATER
            case ["exit", reason]:
                raise Exit(reason_of(reason))
            case _:
                pass
        return None


class Sup(Supervisor):
    """The production supervisor, with the scenario's flags and children."""

    def __init__(
        self, record: Record, child: Child, player: Player, over: Child | None = None
    ) -> None:
        super().__init__()
        self._child, self._player, self._record = child | (over or {}), player, record
        start_as_written(record, _me(self), self._child)

    def flags(self) -> Flags:
        tree = self._child["sup"]
        return Flags(**{key: tree[key] for key in FLAG_KEYS if key in tree})

    def init(self) -> list[ChildSpec]:
        tree = self._child["sup"]
        if tree.get("strategy") == SOFO:
            self._record.templates.add(self._cell.path)
        return [spec_of(self._record, self._player, child) for child in tree.get("children", [])]


def _me(actor: Actor) -> Incarnation:
    me: Incarnation | None = actor._cell.current
    assert me is not None
    return me
