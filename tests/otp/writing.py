"""The words that scenarios are written in; what they mean is in README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Scenario: TypeAlias = dict[str, Any]
"""What is to be done: a tree and steps."""
Trace: TypeAlias = dict[str, Any]
"""What happened."""
Tree: TypeAlias = dict[str, Any]
"""A supervisor: flags and children."""
Child: TypeAlias = dict[str, Any]
"""A child spec, and how the child behaves."""
Step: TypeAlias = dict[str, Any]
"""One thing that is done."""

SOFO = "simple_one_for_one"
EVERY_END: list[Any] = ["normal", "shutdown", ["shutdown", "why"], "boom", "kill"]


class Add(Protocol):
    """Takes one more scenario."""

    def __call__(self, name: str, rules: str, tree: Tree, *steps: Step, **more: Any) -> None:
        """Append it; `rules` are the numbers in README.md that it shows."""
        ...


def sup(
    strategy: str = "one_for_one",
    children: Sequence[Child] = (),
    intensity: int = 3,
    period: int = 5,
    **more: Any,
) -> Tree:
    """Return a supervisor."""
    return {
        "strategy": strategy,
        "intensity": intensity,
        "period": period,
        "children": list(children),
        **more,
    }


def w(name: str, restart: str = "permanent", **more: Any) -> Child:
    """Return a worker's spec."""
    return {"id": name, "type": "worker", "restart": restart, **more}


def s(name: str, tree: Tree, restart: str = "permanent", **more: Any) -> Child:
    """Return a supervisor's spec."""
    return {"id": name, "type": "supervisor", "restart": restart, "sup": tree, **more}


def crash(path: str, reason: Any = "boom") -> Step:
    """End a child; the path is below the root."""
    return {"op": "crash", "path": "root/" + path if path else "root", "reason": reason}


def api(op: str, child_id: str | None = None, sup: str = "root") -> Step:
    """Call a supervisor."""
    step = {"op": op, "sup": sup}
    if child_id is not None:
        step["id"] = child_id
    return step


def start(spec: Child, sup: str = "root") -> Step:
    """Call start_child."""
    return {"op": "start_child", "sup": sup, "spec": spec}


def dyn(name: str, sup: str = "root", **more: Any) -> Step:
    """Call start_child of a template."""
    return {"op": "start_child", "sup": sup, "name": name, **more}


def on_dyn(op: str, name: str, sup: str = "root") -> Step:
    """Call something for the pid that a child of a template has."""
    return {"op": op, "sup": sup, "child": name}


def batch(*ops: Step, sup: str = "root") -> Step:
    """Let all this reach a supervisor, in this order, before it goes on."""
    return {"op": "batch", "sup": sup, "ops": list(ops)}


def advance(ms: int) -> Step:
    """Let time pass."""
    return {"op": "advance", "ms": ms}


WHICH, COUNT = api("which_children"), api("count_children")
