"""Which streams a node wants: those with a type that somebody here is subscribed to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.topics import wants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ringleader.actors.events.base import Event
    from ringleader.actors.events.catalogue import Catalogue
    from ringleader.actors.topics import Topic

    from .exports import Exports


class Interest:
    """Works out groups of types; what a topic comes to is worked out once.

    What another node exports is its own decision: here it counts what this node would export.

    Args:
        catalogue: all types.
        exports: says which of them cross, and in whose stream.
    """

    def __init__(self, catalogue: Catalogue, exports: Exports) -> None:
        self._catalogue, self._exports = catalogue, exports
        self._known: dict[Topic, frozenset[str]] = {}
        self._size = 0

    def groups(
        self, topics: Iterable[Topic], consumers: Iterable[tuple[str, ...] | None]
    ) -> frozenset[str]:
        """Return the groups that are wanted.

        Args:
            topics: of the subscriptions.
            consumers: for each durable consumer, the wire values of its types; None: all.
        """
        if len(self._catalogue) != self._size:  # a type was registered since
            self._size = len(self._catalogue)
            self._known.clear()
        found: set[str] = set()
        for topic in set(topics):
            found |= self._of(topic)
        for types in consumers:
            found |= self._all() if types is None else self._named(types)
        return frozenset(found)

    def _of(self, topic: Topic) -> frozenset[str]:
        groups = self._known.get(topic)
        if groups is None:
            mine = (kind for kind in self._catalogue if wants(topic, kind))
            groups = self._known[topic] = self._groups_of(mine)
        return groups

    def _all(self) -> frozenset[str]:
        return self._groups_of(self._catalogue)

    def _named(self, types: tuple[str, ...]) -> frozenset[str]:
        return self._groups_of(
            self._catalogue.find(name) for name in types if name in self._catalogue
        )

    def _groups_of(self, kinds: Iterable[type[Event]]) -> frozenset[str]:
        found = (self._exports.group(kind) for kind in kinds)
        return frozenset(group for group in found if group is not None)
