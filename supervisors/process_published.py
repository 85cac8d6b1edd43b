"""What an actor in a process of its own gets back when it publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors.publication import Publication, Receipt, Routing
from ringleader.actors.remote import RemoteReply

if TYPE_CHECKING:
    from ringleader.actors.future import Reply

    Told = tuple[str, int, int | None, str | None]


class PublishedInParent(Publication, eq=False, kw_only=True):
    """An event that the parent has published; what became of it is asked there."""

    link: Any  # a `Link`

    def _reply(self) -> Reply[Receipt]:
        told: RemoteReply[Told] = RemoteReply(self.link)
        self.link.begin(told, "receipt", self.id)
        return told.map(self._receipt_of)

    def _receipt_of(self, told: Told) -> Receipt:
        routing, deliveries, sequence, about = told
        return Receipt(self.id, Routing(routing), deliveries, sequence, about)
