"""Leadership: epochs, split brains, voters."""

from .base import Dedup, Event, EventType
from .scales import Priority

__all__ = [
    "EpochAdvanced",
    "SplitBrainDetected",
    "SplitBrainResolved",
    "VoterDemoted",
    "VoterOffline",
    "VoterOnline",
    "VoterPromoted",
]


class _Voter(Event, frozen=True, kw_only=True):
    voter_id: str


class EpochAdvanced(Event, frozen=True, kw_only=True):
    """The cluster entered a new epoch."""

    EVENT = EventType.control(
        "EPOCH_ADVANCED", durable=True, dedup=Dedup.key("new_epoch"), priority=Priority.CRITICAL
    )

    new_epoch: str
    old_epoch: str | None = None


class SplitBrainDetected(Event, frozen=True, kw_only=True):
    """More than one node believes that it leads."""

    EVENT = EventType.control(
        "SPLIT_BRAIN_DETECTED", bridged=True, durable=True, priority=Priority.CRITICAL
    )

    leaders_seen: tuple[str, ...]
    leader_count: int | None = None
    voter_count: int | None = None
    severity: str | None = None
    our_leader: str | None = None
    resolution_action: str | None = None


class SplitBrainResolved(Event, frozen=True, kw_only=True):
    """The cluster agrees on one leader again."""

    EVENT = EventType.control(
        "SPLIT_BRAIN_RESOLVED", bridged=True, durable=True, priority=Priority.CRITICAL
    )

    canonical_leader: str
    leader_id: str | None = None
    demoted_node: str | None = None
    canonical_votes: int | None = None
    resolution: str | None = None


class VoterDemoted(_Voter, frozen=True, kw_only=True):
    """A node lost its vote."""

    EVENT = EventType.control("VOTER_DEMOTED", priority=Priority.CRITICAL)

    reason: str | None = None
    active_voters: int | None = None


class VoterOffline(_Voter, frozen=True, kw_only=True):
    """A voter can't be reached."""

    EVENT = EventType.control("VOTER_OFFLINE", priority=Priority.CRITICAL)

    reason: str | None = None
    last_seen: float | None = None
    consecutive_failures: int | None = None


class VoterOnline(_Voter, frozen=True, kw_only=True):
    """A voter can be reached again."""

    EVENT = EventType.control("VOTER_ONLINE", priority=Priority.CRITICAL)

    reason: str | None = None
    transport: str | None = None
    downtime_seconds: float | None = None


class VoterPromoted(_Voter, frozen=True, kw_only=True):
    """A node was given a vote."""

    EVENT = EventType.control("VOTER_PROMOTED", priority=Priority.CRITICAL)

    active_voters: int | None = None
