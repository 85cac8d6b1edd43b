"""Which children live in processes of their own, and how these are launched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ringleader.actors.cell import Cell
    from ringleader.actors.incarnation import Incarnation

    from .child import Child
    from .spec import ChildSpec


def lives_in_process(spec: ChildSpec) -> bool:
    """Tell whether a child lives in a process of its own: its spec says so, or its class."""
    if spec.isolation == "process" or spec.dispatcher == "process":
        return True
    return spec.dispatcher is None and getattr(spec.actor_class, "dispatcher", "") == "process"


def launch_process(supervisor: Incarnation, child: Child) -> Incarnation | None:
    """Begin an incarnation in a process; None if the supervisor has been ended meanwhile."""
    from ringleader.actors.process_cell import ProcessCell  # noqa: PLC0415  # who needs no process

    from .process_host import build_host  # noqa: PLC0415  # does not wait for it
    from .process_plan import ProcessPlan  # noqa: PLC0415  # as above

    spec, (args, kwargs) = child.spec, child.own_arguments
    plan = ProcessPlan(spec.actor_class, args, dict(kwargs), spec.limits, spec.spares)

    def make(below: Cell) -> object:
        if spec.type == "supervisor":
            raise TypeError(
                f"{spec.actor_class.__qualname__} is a supervisor: it keeps actors of this "
                "process, and can't live in another one; let its children do"
            )
        return build_host(below, plan)

    return supervisor.cell.launch_child(
        supervisor, child.name, spec.actor_class, make, cell_class=ProcessCell
    )
