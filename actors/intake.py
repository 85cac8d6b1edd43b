"""The way to the registry for what the event log has committed, of this node and of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .chores import TakenIn
from .errors import PublishError
from .publication import Publication
from .publishing import Publishing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .events.base import Envelope, Event
    from .message import Chore


class Intake(Publishing):
    """Gives the registry what is committed; used by any thread.

    Attributes:
        taken_in: events of other nodes that the registry has delivered, or set aside.
    """

    taken_in: int = 0

    def take_in(self, publications: Sequence[Publication]) -> Callable[[], object] | None:
        """Give the registry events of other nodes that are committed; return what has it begin.

        They are logged, have their sequences, and are known by id only: their content may repeat
        what was said here. Called in any thread, in the order of commits; returns at once.
        """
        kinds: set[type[Event]] = {type(publication.event) for publication in publications}
        for kind in kinds:
            self.kind(kind)
        return self.give(TakenIn(publications))

    def deliver_again(self, event: Event, envelope: Envelope) -> None:
        """Deliver an event of another node that could not be read when it came.

        Durable consumers do not get it: they have dead letters of their own.

        Raises:
            PublishError: the registry is not running.
        """
        payload = self.catalogue.encode(event)
        publication = Publication(event, payload, envelope, is_logged=True, is_own=False)
        publication.sequence = envelope.sequence or 0
        self.kind(type(event))
        begin = self.give(TakenIn([publication], is_again=True))
        if begin is None:
            raise PublishError(f"{envelope.type} can't be delivered: the registry is not running")
        begin()

    def give(self, news: Chore) -> Callable[[], object] | None:
        """Put something into the registry's mailbox; return what has it begin.

        None: there is no registry, and the news know it.
        """
        ref = self.ref
        if ref is None or ref.cell.mailbox.closed:
            news.refused()
            return None
        cell, mailbox = ref.cell, ref.cell.mailbox
        mailbox.q.append(news)

        def begin() -> None:
            if not mailbox.busy:
                mailbox.wake()
            if mailbox.closed:  # since it was looked
                cell.refuse_late()

        return begin
