"""What a client needs that does no I/O, or hardly any: the same with and without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from ringleader.actors.events.catalogue import Catalogue

from . import consumer_choice
from .datadir import DataDir
from .event_maker import EventMaker, data_dir_from, strict_from
from .node_errors import NoNode
from .spool import Spool, Spooled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from ringleader.actors.events.base import Event
    from ringleader.actors.events.codec import PayloadLimits

    from .consumer_choice import Choice, Wanted
    from .event_questions import SentEvent
    from .node_errors import NodeAway
    from .spool import SpoolLimits

Start: TypeAlias = Literal["new", "first"] | int
"""Where a durable consumer begins that the log does not know yet; see `ConsumerSpec`."""


class Parts:
    """Where the node is, which types there are, who publishes, and where events wait.

    The arguments are those of `Client`.

    Attributes:
        data: the node's data directory.
        catalogue: the types that are known here.
        maker: makes events ready to be sent.
    """

    def __init__(
        self,
        data_dir: str | Path | None,
        *,
        source: str,
        spool: bool,
        event_types: Iterable[type[Event]],
        strict: bool | None,
        limits: PayloadLimits | None,
        spool_limits: SpoolLimits | None,
        time: Callable[[], float],
    ) -> None:
        self.data = DataDir(data_dir_from(data_dir))
        self.catalogue = Catalogue(limits)
        for kind in event_types:
            self.catalogue.register(kind)
        is_strict = strict_from() if strict is None else strict
        self.maker = EventMaker(self.catalogue, source, time, strict=is_strict)
        self._spool: Spool | None = None
        if spool:
            self._spool = Spool(self.data.spool, spool_limits)

    def keep(self, sent: SentEvent, error: NodeAway) -> Spooled:
        """Keep an event in the spool, since no node takes it; or say so.

        Raises:
            NodeAway: there is no spool.
            SpoolError: it can't be kept there.
        """
        if self._spool is None:
            raise error
        if not self.data.path.is_dir():
            raise NoNode(
                f"{error}, and there is no such directory to keep the event in; is it the right "
                "one? (data_dir, --data-dir)"
            ) from error
        return Spooled(id=sent.id, path=str(self._spool.put([sent])))

    def listener(self, types: Wanted | Iterable[Wanted] | None) -> Choice:
        """Choose what comes from now on."""
        return consumer_choice.listener(self.catalogue, types)

    def durable(
        self,
        name: str,
        types: Wanted | Iterable[Wanted] | None,
        *,
        idempotent: bool,
        start: Start,
        lease: float,
        batch: int | None,
    ) -> Choice:
        """Choose a durable consumer."""
        return consumer_choice.durable(
            self.catalogue,
            name,
            types,
            source=self.maker.source,
            idempotent=idempotent,
            start=start,
            lease=lease,
            batch=batch,
        )
