"""Where the coordinators live that others send commands to, in the tree of `tree.toml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pykka import ActorDeadError

from ..errors import MailboxFull
from ..paths import find

if TYPE_CHECKING:
    from ..base import Actor
    from ..ref import Ref

ADMISSION: Final = "/coordination/layer1/global_task_coordinator"
TRAINING: Final = "/coordination/layer3/training_coordinator"


def send(actor: Actor, path: str, message: Any) -> bool:
    """Tell whoever lives at a path; return whether there was somebody to take it.

    A command that is lost is sent again by its sender's next recheck.
    """
    ref = find(actor, path)
    return ref is not None and answer(ref, message)


def answer(ref: Ref[Any], message: Any) -> bool:
    """Tell whoever asked; return whether there was somebody to take it."""
    try:
        ref.tell(message)
    except (ActorDeadError, MailboxFull):
        return False
    return True
