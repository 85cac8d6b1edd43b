"""What the registry is told beside events: commits, imports, looks, and that somebody waits."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .future import Reply
from .message import Chore
from .publication import Publication, Routing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .publishing import Publishing


class Committed(Chore):
    """What the event log has committed, or passed on, in order."""

    __slots__ = ("hub", "publications")

    def __init__(self, hub: Publishing, publications: Sequence[Publication]) -> None:
        self.hub, self.publications = hub, deque(publications)

    def refused(self) -> None:
        """Set aside what is not kept in the log: the registry has stopped."""
        for publication in self.publications:
            if not publication.is_logged or publication.sequence is None:
                self.hub.lose(publication)
            elif publication.sequence < 0:
                publication.sequence = -publication.sequence
                publication.decided(Routing.DUPLICATE, 0, publication.id)
            else:  # durable consumers get it at the next start
                publication.decided(Routing.UNROUTED)


class TakenIn(Chore):
    """Events of other nodes that the log has, in order; `is_again`: dead letters, however old."""

    __slots__ = ("is_again", "publications")

    def __init__(self, publications: Sequence[Publication], *, is_again: bool = False) -> None:
        self.publications, self.is_again = deque(publications), is_again

    def refused(self) -> None:
        """Leave them to durable consumers, which get them at the next start."""
        for publication in self.publications:
            publication.decided(Routing.UNROUTED)


class Look(Chore):
    """Look for handlers that take too long, and whether pressure is over."""

    __slots__ = ()


class CatchUp(Chore):
    """Say when all that was published before this is routed."""

    __slots__ = ("reply",)

    def __init__(self) -> None:
        self.reply: Reply[None] = Reply()

    def refused(self) -> None:
        """Say so: nothing will be routed any more."""
        self.reply.set()
