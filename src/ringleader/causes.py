"""The causal tree of an undertaking: which event led to which, and by whose hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from ringleader.actors.events.base import Envelope
from ringleader.actors.history import Handling

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Happening(Struct, frozen=True):
    """An event of an undertaking.

    Attributes:
        envelope: who said it, when and why.
        handlings: who handled it, and how that ended; None: that is not known.
    """

    envelope: Envelope
    handlings: tuple[Handling, ...] | None = None


class Step(NamedTuple):
    """One place in the tree, which is told from the top down, each cause before its effects.

    Attributes:
        level: how many causes are above it.
        cause: the index of the place above it; -1: none.
        id: of the event.
        happening: the event; None: it is named as a cause, and nothing else is known of it.
        handler: the subscriber that published it when it handled its cause; empty if that is not
            known.
    """

    level: int
    cause: int
    id: str
    happening: Happening | None
    handler: str = ""


def tree(happenings: Iterable[Happening]) -> list[Step]:
    """Arrange events by their causes; each comes once, effects of one cause in order of time.

    Ids can be chosen by clients: where events would cause each other in a circle, the earliest is
    taken to have no cause.
    """
    known = {each.envelope.id: each for each in happenings}
    effects: dict[str, list[str]] = {}
    for event_id, each in known.items():
        cause = each.envelope.causationid
        if cause is not None and cause != event_id:
            effects.setdefault(cause, []).append(event_id)

    def when(event_id: str) -> tuple[float, int, str]:
        found = known.get(event_id)
        if found is None:  # a cause that is not known comes where its first effect would
            return min(when(effect) for effect in effects[event_id])
        return found.envelope.time, found.envelope.sequence or 0, event_id

    for several in effects.values():
        several.sort(key=when)
    caused = {effect for several in effects.values() for effect in several}
    roots = sorted({*known, *effects} - caused, key=when)
    steps: list[Step] = []
    left = dict.fromkeys(sorted(known, key=when))
    for root in roots:
        _descend(root, known, effects, left, steps)
    while left:
        _descend(next(iter(left)), known, effects, left, steps)
    return steps


def _descend(
    root: str,
    known: dict[str, Happening],
    effects: dict[str, list[str]],
    left: dict[str, None],
    steps: list[Step],
) -> None:
    """Add an event and all that it led to, without those that have their place already."""
    waiting = [(root, 0, -1)]
    while waiting:
        event_id, level, cause = waiting.pop()
        found = known.get(event_id)
        if found is not None and event_id not in left:
            continue
        left.pop(event_id, None)
        above = steps[cause].happening if cause >= 0 else None
        steps.append(Step(level, cause, event_id, found, _handler(above, found)))
        place = len(steps) - 1
        below = reversed(effects.get(event_id, ()))
        waiting += [(effect, level + 1, place) for effect in below if effect in left]


def _handler(cause: Happening | None, effect: Happening | None) -> str:
    """Return who published an effect, if it is one of those that handled its cause."""
    if cause is None or effect is None:
        return ""
    source = effect.envelope.source
    return source if any(h.path == source for h in cause.handlings or ()) else ""


def lineage(steps: Sequence[Step], event_id: str) -> list[Step]:
    """Leave only an event, what led to it, and what it led to; the events beside it go."""
    asked = next((i for i, step in enumerate(steps) if step.id == event_id), None)
    if asked is None:
        return []
    kept = {asked}
    above = steps[asked].cause
    while above >= 0:
        kept.add(above)
        above = steps[above].cause
    for index in range(asked + 1, len(steps)):
        if steps[index].level <= steps[asked].level:
            break
        kept.add(index)
    places = {old: new for new, old in enumerate(sorted(kept))}
    return [steps[i]._replace(cause=places.get(steps[i].cause, -1)) for i in places]
