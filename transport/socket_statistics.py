"""What has passed through the sockets between nodes, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SocketStatistics:
    """Counters since the start.

    Attributes:
        endpoint: where this node listens; empty if it does not.
        peers: links to peers.
        up: those of them with both connections made.
        topics: different topics that readers here subscribe to.
        published: frames that were published.
        missed: how often a reader was found to be full, and missed at least one frame.
        published_bytes: of what was published, whatever the number of readers.
        asked: frames of others that ask this node.
        replied: answers to them.
        unanswered: answers that could not be sent: who asked is gone, or does not read.
        sent: frames to peers.
        unsent: frames to peers that could not be sent: not connected, or it does not read.
        answered: frames that peers have answered.
        heard: frames that peers have published.
        received_bytes: of all frames of others.
        strange: messages with more or fewer parts than they should have.
        faults: calls and handlers that have raised.
        refused: how often somebody was refused, or refused this node, by reason.
        rebuilt: how often sockets were made anew.
    """

    endpoint: str = ""
    peers: int = 0
    up: int = 0
    topics: int = 0
    published: int = 0
    missed: int = 0
    published_bytes: int = 0
    asked: int = 0
    replied: int = 0
    unanswered: int = 0
    sent: int = 0
    unsent: int = 0
    answered: int = 0
    heard: int = 0
    received_bytes: int = 0
    strange: int = 0
    faults: int = 0
    refused: dict[str, int] = field(default_factory=dict[str, int])
    rebuilt: int = 0


@dataclass(slots=True)
class Counts:
    """The counters themselves, which one thread changes and any may read."""

    published: int = 0
    missed: int = 0
    published_bytes: int = 0
    asked: int = 0
    replied: int = 0
    unanswered: int = 0
    sent: int = 0
    unsent: int = 0
    answered: int = 0
    heard: int = 0
    received_bytes: int = 0
    strange: int = 0
    faults: int = 0
    rebuilt: int = 0
