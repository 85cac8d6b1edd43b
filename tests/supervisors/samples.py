"""Actors and supervisors that write down what they do."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ringleader.actors.base import Actor
from ringleader.actors.lifecycle import LATER, Exit, Ignore
from ringleader.supervisors.ref import SupervisorRef
from ringleader.supervisors.spec import ChildSpec
from ringleader.supervisors.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ringleader.testing import TestSystem


class Log(list[str]):
    """What happened, and a script of what is to happen.

    `starts[name]`: how the next starts of a worker go: `"ok"`, `"ignore"`, `"later"`, or what is
    raised. `stops[name]`: `"hang"`, `"later"`, or what is raised.
    """

    def __init__(self) -> None:
        super().__init__()
        self.starts: defaultdict[str, list[object]] = defaultdict(list)
        self.stops: dict[str, object] = {}

    def take(self) -> list[str]:
        """Return what happened since the last time."""
        lines, self[:] = list(self), []
        return lines


class Worker(Actor):
    """Told `"boom"` it crashes, told a reason in a tuple it ends with that reason."""

    def __init__(self, name: str, log: Log) -> None:
        super().__init__()
        self.name, self.log = name, log

    def on_start(self) -> Any:
        script = self.log.starts[self.name]
        what = script.pop(0) if script else "ok"
        if what == "ignore":
            raise Ignore
        if what == "later":
            return LATER
        if what != "ok":
            raise what if isinstance(what, BaseException) else Exit(what)
        self.log.append(f"+{self.name}")
        return None

    def on_stop(self) -> Any:
        self.log.append(f"-{self.name}")
        what = self.log.stops.get(self.name)
        if what == "hang":
            return LATER
        if what is not None:
            raise Exit(what)
        return None

    def on_receive(self, message: Any) -> Any:
        match message:
            case "boom":
                raise ValueError("boom")
            case ("exit", reason):
                raise Exit(reason)
            case _:
                return (self.name, message)


def workers(log: Log, *names: str, **fields: Any) -> list[ChildSpec]:
    """Return specs of workers."""
    return [ChildSpec(name, Worker, (name, log), **fields) for name in names]


class Team(Supervisor):
    """Has the children and the flags that it is given; patient unless told otherwise."""

    intensity, period = 1000, 1
    announce = False

    def __init__(self, specs: Sequence[ChildSpec], flags: Mapping[str, Any]) -> None:
        super().__init__()
        self.specs = specs
        vars(self).update(flags)

    def init(self) -> list[ChildSpec]:
        return list(self.specs)


def team(name: str, *specs: ChildSpec, restart: Any = "temporary", **flags: Any) -> ChildSpec:
    """Return the spec of a team; a temporary one, so that its end is its own."""
    return ChildSpec(name, Team, (specs, flags), restart=restart)


def start(system: TestSystem, spec: ChildSpec) -> SupervisorRef[Any]:
    """Start a supervisor; return its ref."""
    ref = system.start_child(spec)
    assert isinstance(ref, SupervisorRef)
    return ref


def states(ref: SupervisorRef[Any]) -> dict[str | None, str]:
    """Return the state of each child, in start order."""
    return {info.id: info.state for info in reversed(ref.which_children())}


def tell(system: TestSystem, path: str, message: object = "boom") -> None:
    """Tell an actor something, and let everything come of it."""
    system.ref(path).tell(message)
    system.run()


def is_up(system: TestSystem, ref: SupervisorRef[Any]) -> bool:
    """Let everything happen; tell whether a supervisor lives."""
    system.run()
    return ref.cell.current is not None


def occupied(ref: SupervisorRef[Any]) -> dict[str, bool]:
    """Tell at which names somebody lives, without asking the supervisor."""
    return {name: cell.current is not None for name, cell in ref.cell.children.items()}
