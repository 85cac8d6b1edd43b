"""The pipeline's stages as views of events: which events a stage is seen in.

A stage is a name for events that are published anyway; nothing is published twice for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .aliases import STAGES
from .catalogue import load
from .errors import UnknownStageError, nearest
from .names import DataEventType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .base import Event

ITERATION_ENDS: Final = ("MODEL_PROMOTED", "PROMOTION_REJECTED", "PROMOTION_FAILED")
"""What the end of an iteration is seen in: the decision on its candidate, whichever it is.

The reference system has an event of the orchestrator's beside them, which says nothing more: their
field `iteration` tells which one ended.
"""

STAGE_EVENTS: Final[Mapping[str, tuple[str, ...]]] = {
    stage: ITERATION_ENDS if event is None else (event,) for stage, event in STAGES.items()
}
"""Stage -> the names of the events it is seen in."""


def stage_events(stage: str) -> tuple[type[Event], ...]:
    """Return the event types that a stage is seen in; its name may be in either case.

    Raises:
        UnknownStageError: there is no such stage; it names the nearest.
    """
    name = stage.lower()
    if name not in STAGE_EVENTS:
        raise UnknownStageError(stage, nearest(name, STAGE_EVENTS), STAGE_EVENTS)
    return tuple(load(DataEventType[event]) for event in STAGE_EVENTS[name])


def stages_of(kind: type[Event] | str) -> tuple[str, ...]:
    """Return the stages that are seen in events of a type, given by class or name; most have none.

    One event may be the view of several stages: `SELFPLAY_COMPLETE` is that of three.
    """
    name = kind if isinstance(kind, str) else kind.EVENT.name
    return tuple(stage for stage, events in STAGE_EVENTS.items() if name in events)
