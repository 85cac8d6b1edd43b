"""Which events go to other nodes, and who is told when they can."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.events.streams import group_of

from .bridge_events import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ringleader.actors.events.base import Event, EventType

    from .streams import Entry


class Exports:
    """Says for an event type whose stream its events go to, if they cross at all.

    Args:
        also: names of types that cross although the catalogue says no; only if they are kept in
            the event log, because what is not kept can't be repaired.
        never: names of types that do not cross although the catalogue says yes.
        groups: that have an outbox from the start, though there may be no event of theirs.

    Attributes:
        committed: told of entries of a group, in order, once they are committed. Called in the
            writer's thread; must return at once.
    """

    def __init__(
        self,
        *,
        also: Iterable[str] = (),
        never: Iterable[str] = (),
        groups: Iterable[str] = (),
    ) -> None:
        self._also, self._never = frozenset(also), frozenset(never)
        self.groups = tuple(groups)
        self.committed: Callable[[str, Sequence[Entry]], object] = _nobody
        self._known: dict[type[Event], str | None] = {}

    def crosses(self, kind: EventType) -> bool:
        """Tell whether events of a type go to other nodes."""
        return (kind.bridged or kind.name in self._also) and kind.name not in self._never

    def group_of(self, event: Event, source: str) -> str | None:
        """Return the group in whose stream an event goes; None: it stays here.

        How this node's peers fare, as the bridge sees it, stays: each node sees for itself.
        """
        return None if source == SOURCE else self.group(type(event))

    def group(self, event_class: type[Event]) -> str | None:
        """Return the group in whose stream events of a type go; None: they stay here."""
        try:
            return self._known[event_class]
        except KeyError:
            kind = event_class.EVENT
            group = group_of(kind) if self.crosses(kind) else None
            self._known[event_class] = group
            return group


def _nobody(_group: str, _entries: Sequence[Entry]) -> None:
    """Tell nobody."""
