"""From an actor to another one by its path, without a global registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .incarnation import Incarnation

if TYPE_CHECKING:
    from .base import Actor
    from .ref import Ref


def find(actor: Actor, path: str) -> Ref[Any] | None:
    """Return the address of whoever has a place at `path` in the actor's tree, alive or not.

    None if nobody has: it was never started, is gone for good, or the actor has no supervisor.
    Call it from the actor's own turn. The ref stays valid over restarts, but not over the end of
    a supervisor above it for good: look it up again rather than keep it.
    """
    incarnation = actor.actor_ref.cell.current
    if incarnation is None:
        return None
    while isinstance(above := incarnation.supervisor, Incarnation):
        incarnation = above
    cell = incarnation.cell
    if cell.path:
        return None  # not the top of a tree
    for name in path.strip("/").split("/"):
        child = cell.children.get(name)
        if child is None:
            return None
        cell = child
    return cell.ref
