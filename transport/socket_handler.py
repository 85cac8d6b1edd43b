"""What is done with what comes in over the sockets between nodes."""

from __future__ import annotations

from typing import Protocol


class Handler(Protocol):
    """All is called in the thread of the sockets, and must return at once.

    What it raises is logged and counted; the thread goes on.
    """

    def asked(self, identity: bytes, user: str, frame: bytes) -> None:
        """Take what somebody asks.

        Args:
            identity: for `reply`; another one after each reconnection.
            user: the public key that was proved; empty where there are no keys.
            frame: what was sent.
        """
        ...

    def answered(self, peer: str, frame: bytes) -> None:
        """Take what a peer answers."""
        ...

    def heard(self, peer: str, frame: bytes) -> None:
        """Take what a peer has published, with its topic."""
        ...

    def linked(self, peer: str, is_up: bool) -> None:  # noqa: FBT001  # what happened, not how
        """Learn that both connections to a peer are made, or that one of them has ended."""
        ...

    def refused(self, peer: str, why: str) -> None:
        """Learn that a handshake failed, once a minute for each cause; the log has it already.

        Args:
            peer: to which a connection was to be made; empty for a stranger who came.
            why: in words.
        """
        ...

    def tick(self, now: float) -> None:
        """Do what time asks for: called about every `interval` seconds, of the clock."""
        ...
