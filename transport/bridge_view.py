"""What is seen of the bridge from outside: how its peers and streams fare, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import msgspec

from .introductions import Source  # for msgspec
from .presence_changes import PeerState  # for msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

Direction: TypeAlias = Literal["in", "out"]


class StreamStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """One stream between this node and a peer, in one direction.

    Attributes:
        group: which group of event types.
        direction: `in`: the peer's, which this node reads; `out`: this node's, which it reads.
        epoch: the one it is in.
        head: the newest entry that is known.
        place: the last entry that the reader has committed, as far as is known here.
        gaps: how often entries were missing.
        repairs: entries that had to be asked for.
        declared: entries that were declared lost.
        events: entries that came this way, or went.
        bytes: their size.
        duplicates: entries that came once more.
        is_repairing: whether entries are being asked for right now.
    """

    group: str
    direction: Direction
    epoch: int = 0
    head: int = 0
    place: int = 0
    gaps: int = 0
    repairs: int = 0
    declared: int = 0
    events: int = 0
    bytes: int = 0
    duplicates: int = 0
    is_repairing: bool = False

    @property
    def lag(self) -> int:
        """Entries that the reader has not committed yet, as far as is known."""
        return max(0, self.head - self.place)


class PeerStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """How a peer fares.

    Attributes:
        node: its id.
        state: as presence has it.
        endpoint: where it listens; empty if it does not.
        source: who says so.
        epoch: of its start; 0 if it was never heard.
        since: seconds for which it has been in this state.
        silence: seconds without a sign of it.
        rtt: seconds that it took to answer, lately; None if that is not known.
        version: of the protocol; 0 if nothing is agreed on.
        is_encrypted: whether what is said is.
        trouble: why it can't be talked to, in words; empty if it can.
        streams: by group, first those that come in.
    """

    node: str
    state: PeerState
    endpoint: str = ""
    source: Source = "settings"
    epoch: int = 0
    since: float = 0.0
    silence: float = 0.0
    rtt: float | None = None
    version: int = 0
    is_encrypted: bool = False
    trouble: str = ""
    streams: tuple[StreamStatistics, ...] = ()

    def sums(self, direction: Direction) -> StreamSums:
        """Return what its streams of one direction come to."""
        return sums_of(stream for stream in self.streams if stream.direction == direction)


class BridgeStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """How the bridge of a node fares.

    Attributes:
        node: its id.
        epoch: of its start.
        endpoint: where others reach it; empty if they can't.
        public_key: its key; empty without encryption.
        is_healthy: whether more than half of the nodes are there; None without peers.
        kept: entries that are kept for peers.
        kept_bytes: their size.
        refused: frames, keys and greetings that were refused, by reason.
        trouble: what keeps the bridge from working, in words; empty if nothing does.
        peers: by name.
    """

    node: str
    epoch: int = 0
    endpoint: str = ""
    public_key: str = ""
    is_healthy: bool | None = None
    kept: int = 0
    kept_bytes: int = 0
    refused: dict[str, int] = {}  # msgspec copies an empty default
    trouble: str = ""
    peers: tuple[PeerStatistics, ...] = ()


class StreamSums(msgspec.Struct, frozen=True, kw_only=True):
    """What several streams come to; the fields are those of `StreamStatistics`."""

    streams: int = 0
    lag: int = 0
    gaps: int = 0
    repairs: int = 0
    declared: int = 0
    events: int = 0
    bytes: int = 0
    duplicates: int = 0
    is_repairing: bool = False


def sums_of(streams: Iterable[StreamStatistics]) -> StreamSums:
    """Add up streams."""
    found = tuple(streams)
    return StreamSums(
        streams=len(found),
        lag=sum(stream.lag for stream in found),
        gaps=sum(stream.gaps for stream in found),
        repairs=sum(stream.repairs for stream in found),
        declared=sum(stream.declared for stream in found),
        events=sum(stream.events for stream in found),
        bytes=sum(stream.bytes for stream in found),
        duplicates=sum(stream.duplicates for stream in found),
        is_repairing=any(stream.is_repairing for stream in found),
    )


class BridgeView(Protocol):
    """What the control socket asks of a bridge, from a thread that may wait."""

    def statistics(self) -> BridgeStatistics:
        """Return how the bridge fares."""
        ...

    def resync(self, peer: str | None, group: str | None) -> int:
        """Ask the owners of imported streams what there is, now; return how many streams.

        Args:
            peer: only those of this peer, which exists.
            group: only those of this group.
        """
        ...
