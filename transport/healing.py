"""After a cut: which peers came back, and what their streams had to make up for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from ringleader.actors.events.health import PartitionHealingFailed
from ringleader.actors.events.p2p import PartitionHealed, PartitionHealingStarted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ringleader.actors.events.base import Event

    from .presence_changes import PeerChange

PATIENCE: Final = 300.0
"""Seconds that the peers of a cut may take to be caught up with; it has failed then."""


class Progress(NamedTuple):
    """How far this node is with all streams of a peer.

    Attributes:
        lag: entries that it knows of and has not committed.
        repaired: entries ever that it had to ask for.
        declared: entries ever that it declared lost.
    """

    lag: int = 0
    repaired: int = 0
    declared: int = 0


class Healed(NamedTuple):
    """Peers were cut off, lived on, came back, and nothing of theirs is missing but what is lost.

    Attributes:
        peers: who.
        repaired: entries that were fetched.
        declared: entries that were declared lost.
        cut: seconds for which the first of them was away.
        seconds: that it took, from when the first of them was back.
    """

    peers: tuple[str, ...]
    repaired: int
    declared: int
    cut: float
    seconds: float


class HealingFailed(NamedTuple):
    """Peers came back, and what they have could not be fetched in time; it is tried on.

    Attributes:
        peers: who.
        lag: entries that are missing yet.
        seconds: that were waited.
    """

    peers: tuple[str, ...]
    lag: int
    seconds: float


Outcome: TypeAlias = Healed | HealingFailed


class _Return(NamedTuple):
    at: float
    away: float
    before: Progress


class Healing:
    """Follows peers that are back after a cut until their streams are caught up with.

    One cut at a time: whoever comes back before it is healed belongs to it.

    Args:
        settle: seconds after a return before its streams' heads are known for sure.
        patience: seconds until it counts as failed.
    """

    def __init__(self, settle: float, patience: float = PATIENCE) -> None:
        self._settle, self._patience = settle, patience
        self._returns: dict[str, _Return] = {}

    def saw(self, change: PeerChange, progress: Progress, now: float) -> bool:
        """Take a change of a peer, and how far its streams are; say whether a healing begins."""
        if change.is_return:
            is_first = not self._returns
            self._returns[change.peer] = _Return(now, change.away, progress)
            return is_first
        if change.is_loss or change.is_anew:
            self._returns.pop(change.peer, None)  # cut off again, or it was no cut
        return False

    def tick(self, now: float, progress_of: Callable[[str], Progress]) -> Outcome | None:
        """Return what came of the healing if it has ended, which is told once."""
        if not self._returns:
            return None
        found = {peer: progress_of(peer) for peer in self._returns}
        began = min(back.at for back in self._returns.values())
        lag = sum(progress.lag for progress in found.values())
        is_settled = all(now - back.at >= self._settle for back in self._returns.values())
        if lag == 0 and is_settled:
            return self._end(found, now - began)
        if now - began < self._patience:
            return None
        late = tuple(sorted(peer for peer, progress in found.items() if progress.lag))
        self._returns.clear()
        return HealingFailed(late, lag, now - began)

    def _end(self, found: dict[str, Progress], seconds: float) -> Healed:
        returns, self._returns = self._returns, {}
        return Healed(
            peers=tuple(sorted(returns)),
            repaired=sum(
                found[peer].repaired - back.before.repaired for peer, back in returns.items()
            ),
            declared=sum(
                found[peer].declared - back.before.declared for peer, back in returns.items()
            ),
            cut=max(back.away for back in returns.values()),
            seconds=seconds,
        )


def started() -> Event:
    """Return the event that tells that a healing has begun."""
    return PartitionHealingStarted()


def event_of(outcome: Outcome) -> Event:
    """Return the event of the catalogue that tells an outcome."""
    if isinstance(outcome, Healed):
        return PartitionHealed(
            partitions_healed=1,
            partitions_found=1,
            nodes_reconnected=len(outcome.peers),
            duration_ms=outcome.seconds * 1000,
            node_ids=outcome.peers,
            cut_seconds=outcome.cut,
            events_repaired=outcome.repaired,
            events_lost=outcome.declared,
        )
    peers = ", ".join(outcome.peers)
    return PartitionHealingFailed(
        error=f"{outcome.lag} events of {peers} are not here yet after {outcome.seconds:.0f} s"
    )
