"""What a bridge joins: storage on one side, remote refs on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .streams import Inbox, Outbox, Stream


class RemoteEnd(Protocol):
    """Takes what the bridge carries for remote refs."""

    def received(self, node: str, data: bytes) -> None:
        """Take a word of another node."""
        ...

    def met(self, node: str, epoch: int) -> None:
        """Take note that a node is there, in which life."""
        ...

    def back(self, node: str) -> None:
        """Take note that there is a link to a node again."""
        ...

    def lost(self, node: str, why: str) -> None:
        """Take note that a node is down, or has ended."""
        ...

    def tick(self, now: float) -> None:
        """Do what time asks for."""
        ...


class Store(Protocol):
    """What a bridge needs of the event log's file."""

    on_reset: Callable[[Stream], object]

    def outbox(self, group: str) -> Outbox:
        """Return what this node exports of a group."""
        ...

    @property
    def inbox(self) -> Inbox:
        """How far this node is in the streams of others."""
        ...

    def consumers(self) -> list[tuple[str, ...] | None]:
        """Return for each durable consumer the wire values of its types; None: all."""
        ...

    def prune(self, acked: Mapping[str, int | None]) -> None:
        """Remove what is not kept any longer, given up to where all readers have each group."""
        ...

    def kept(self) -> tuple[int, int]:
        """Return how many entries are kept for peers, and their bytes."""
        ...
