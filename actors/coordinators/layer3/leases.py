"""Locks that one owner at a time holds."""

from __future__ import annotations

from typing import Protocol


class Leases(Protocol):
    """Gives out locks by name; over several nodes an implementation asks all of them."""

    def acquire(self, name: str, owner: str, timeout: float) -> bool:
        """Take a lock, or keep one that is one's own; must not wait.

        Args:
            name: of the lock.
            owner: who wants it.
            timeout: how long it may take where nodes have to be asked (seconds).
        """
        ...

    def release(self, name: str, owner: str) -> None:
        """Give a lock back; nothing happens if it is another's."""
        ...


class LocalLeases:
    """The locks of one node: nobody else asks for them."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def acquire(self, name: str, owner: str, timeout: float) -> bool:
        """Take a lock, or keep one's own."""
        del timeout  # nobody has to be asked
        return self._owners.setdefault(name, owner) == owner

    def release(self, name: str, owner: str) -> None:
        """Give a lock back."""
        if self._owners.get(name) == owner:
            del self._owners[name]
