"""What came before its turn: kept for a moment, because what is missing is being asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .wire_messages import Evt


class Early:
    """Publications above the place of a reader. Beyond the limits they are let go: repair has them.

    Args:
        entries: how many are kept, at most.
        size: of their bodies, at most (bytes).
    """

    def __init__(self, entries: int, size: int) -> None:
        self._most_entries = entries
        self._most_bytes = size
        self._by_first: dict[int, Evt] = {}
        self._entries = 0
        self._bytes = 0

    def __len__(self) -> int:
        return self._entries

    def keep(self, evt: Evt) -> None:
        """Keep it if there is room; what begins at the same entry and is longer replaces it."""
        known = self._by_first.get(evt.first)
        if known is not None:
            if len(known.bodies) >= len(evt.bodies):
                return
            self._drop(known)
        size = sum(map(len, evt.bodies))
        if (
            self._entries + len(evt.bodies) <= self._most_entries
            and self._bytes + size <= self._most_bytes
        ):
            self._by_first[evt.first] = evt
            self._entries += len(evt.bodies)
            self._bytes += size

    def take(self, seq: int) -> Evt | None:
        """Return what has this entry, and forget it; if nothing has, forget all that lies below."""
        evt = self._by_first.get(seq)
        if evt is not None:
            # Nearly always; what lies below is looked for when there is no such entry.
            self._drop(evt)
            return evt
        found: Evt | None = None
        for evt in [evt for first, evt in self._by_first.items() if first < seq]:
            self._drop(evt)
            if evt.first + len(evt.bodies) > seq:
                found = evt
        return found

    def clear(self) -> None:
        """Forget all: the reader is in another epoch, or the owner's history is another."""
        self._by_first.clear()
        self._entries = self._bytes = 0

    def _drop(self, evt: Evt) -> None:
        del self._by_first[evt.first]
        self._entries -= len(evt.bodies)
        self._bytes -= sum(map(len, evt.bodies))
