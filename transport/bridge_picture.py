"""How a peer looks from outside: put together of what the parts of a bridge know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from .bridge_view import PeerStatistics

if TYPE_CHECKING:
    from .bridge_link import Link
    from .bridge_view import StreamStatistics
    from .introductions import KnownPeer
    from .presence_changes import Seen


def peer_statistics(
    known: KnownPeer,
    seen: Seen | None,
    link: Link | None,
    given: tuple[StreamStatistics, ...],
) -> PeerStatistics:
    """Return how a peer fares.

    Args:
        known: where it is, and who says so.
        seen: what presence knows of it.
        link: the way from it to this node.
        given: how far it is with the streams of this node.
    """
    found = PeerStatistics(
        node=known.node,
        state="expected" if seen is None else seen.state,
        endpoint=known.endpoint,
        source=known.source,
        streams=(() if link is None else link.statistics()) + given,
        rtt=None if link is None else link.rtt,
        version=0 if link is None else link.version,
        trouble="" if link is None else link.trouble,
    )
    if seen is None:
        return found
    return replace(found, epoch=seen.epoch, since=seen.since, silence=seen.silence)
