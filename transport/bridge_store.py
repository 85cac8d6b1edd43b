"""What a bridge keeps in the file of the event log: its outboxes, its inbox, and who wants what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bridge_events import declare, declare_untold
from .inbox import SqliteInbox
from .outbox import SqliteOutbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ringleader.actors.hub import EventHub

    from .event_store import EventStore
    from .streams import Loss, Stream


class BridgeStore:
    """Outboxes and inbox in one file. The file is closed by whoever opened it.

    Args:
        store: the file, opened with `exports`.
        hub: gets what comes in.
        groups: that this node exports.

    Attributes:
        inbox: how far this node is in the streams of others.
        on_reset: told of a stream whose reader must begin anew; in any thread.
    """

    def __init__(self, store: EventStore, hub: EventHub, groups: tuple[str, ...]) -> None:
        self._store, self._hub = store, hub
        self.on_reset: Callable[[Stream], object] = _nobody
        self.inbox = SqliteInbox(
            store,
            decode=hub.catalogue.decode,
            take_in=hub.take_in,
            declare=self._declare,
            on_reset=self._reset,
        )
        self._outboxes = {group: SqliteOutbox(store, group) for group in groups}

    def outbox(self, group: str) -> SqliteOutbox:
        """Return what this node exports of a group."""
        found = self._outboxes.get(group)
        if found is None:
            found = self._outboxes[group] = SqliteOutbox(self._store, group)
        return found

    def consumers(self) -> list[tuple[str, ...] | None]:
        """Return for each durable consumer the wire values of its types; None: all."""
        return [info.types for info in self._store.log.consumers()]

    def prune(self, acked: Mapping[str, int | None]) -> None:
        """Remove what is not kept any longer, given up to where all readers have each group."""
        for group, seq in acked.items():
            self.outbox(group).prune(seq)

    def kept(self) -> tuple[int, int]:
        """Return how many entries are kept for peers, and their bytes."""
        boxes = self._outboxes.values()
        return sum(b.head - b.low + 1 for b in boxes), sum(b.size for b in boxes)

    def declare_untold(self) -> None:
        """Publish the losses whose events a kill of the node has prevented."""
        declare_untold(self._hub, self.inbox)

    def _reset(self, stream: Stream) -> None:
        self.on_reset(stream)

    def _declare(self, loss: Loss) -> None:
        declare(self._hub, self.inbox, loss)


def _nobody(_: Stream) -> None:
    """Tell nobody."""
