"""What an actor in a process of its own gets back when it publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringleader.actors.publication import Publication, Receipt, Routing
from ringleader.actors.remote import RemoteReply

if TYPE_CHECKING:
    from ringleader.actors.events.base import Envelope, Event
    from ringleader.actors.future import Reply
    from ringleader.actors.remote import Link

    Told = tuple[str, int, int | None, str | None]


class PublishedInParent(Publication):
    """An event that the parent has published; what became of it is asked there."""

    __slots__ = ("_link",)

    def __init__(self, event: Event, envelope: Envelope, link: Link) -> None:
        super().__init__(event, b"", envelope)
        self._link = link

    def _reply(self) -> Reply[Receipt]:
        told: RemoteReply[Told] = RemoteReply(self._link)
        self._link.begin(told, "receipt", self.id)
        return told.map(self._receipt_of)

    def _receipt_of(self, told: Told) -> Receipt:
        routing, deliveries, sequence, about = told
        return Receipt(self.id, Routing(routing), deliveries, sequence, about)
