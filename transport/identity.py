"""Two nodes that go by one name: what is known of it, and when it is told again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

AGAIN: Final = 60.0
"""Seconds after which the same conflict is told again."""
_REMEMBERED: Final = 256


class Conflict(NamedTuple):
    """A node that says it is somebody who lives already.

    Attributes:
        peer: the name of both.
        epoch: of the second one, who is refused.
        endpoint: where the second one listens; empty if it does not.
        holder_epoch: of the first one.
        holder_endpoint: where the first one listens; empty if it does not, or if it is this node.
        is_own: whether it is this node's own name.
    """

    peer: str
    epoch: int
    endpoint: str
    holder_epoch: int
    holder_endpoint: str
    is_own: bool = False

    @property
    def is_itself(self) -> bool:
        """Whether the second one is this node: it has been told to talk to itself."""
        return self.is_own and self.epoch == self.holder_epoch

    @property
    def words(self) -> str:
        """What is wrong, and what would be right; goes to the second one and into the alarm."""
        if self.is_itself:
            return f"{self.peer} talks to itself at {self.endpoint or 'its own endpoint'}"
        holder = self.holder_endpoint or ("this node" if self.is_own else "a node without endpoint")
        second = self.endpoint or "a node without endpoint"
        return (
            f"two nodes call themselves {self.peer}: {holder} (epoch {self.holder_epoch:x}) and "
            f"{second} (epoch {self.epoch:x}), which is refused; give one of them another node.id"
        )


class Conflicts:
    """Which conflicts have been told of late, so that each greeting does not raise an alarm."""

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[str, int], float] = OrderedDict()

    def is_new(self, conflict: Conflict, now: float) -> bool:
        """Say whether a conflict is to be told now; then it counts as told."""
        key = conflict.peer, conflict.epoch
        told = self._told.get(key)
        if conflict.is_itself or (told is not None and now - told < AGAIN):
            return False
        self._told[key] = now
        self._told.move_to_end(key)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return True
