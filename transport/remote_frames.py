"""Which life of another node is speaking, and which of its frames were here already."""

from __future__ import annotations

from collections import deque
from typing import Final

SIZE: Final = 4_096
"""Frames by which one may be overtaken by others; who comes later is dropped."""
_ALL: Final = (1 << SIZE) - 1
LIVES: Final = 16
"""Earlier lives of a node whose belated frames are known as such."""


class Window:
    """Tells a frame that is here for the first time from a copy, in constant space."""

    def __init__(self) -> None:
        self._highest, self._seen = 0, 0

    def is_new(self, number: int) -> bool:
        """Take note of a number; tell whether it is new. One that is too old counts as seen."""
        ahead = number - self._highest
        if ahead > 0:
            self._seen = ((self._seen << ahead) | 1) & _ALL if ahead < SIZE else 1
            self._highest = number
            return True
        bit = 1 << -ahead if -ahead < SIZE else 0
        if not bit or self._seen & bit:
            return False
        self._seen |= bit
        return True


class Peer:
    """What is known of another node, as far as frames go.

    Attributes:
        epoch: of its present life; 0 while nothing is known.
        sent: frames that were sent to it.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.sent = 0
        self._window = Window()
        self._former: deque[int] = deque(maxlen=LIVES)

    def is_former(self, epoch: int) -> bool:
        """Tell whether it is the epoch of an earlier life."""
        return epoch in self._former

    def begin(self, epoch: int) -> int:
        """Begin another life; return the epoch of the one before, 0 if there was none."""
        before, self.epoch, self._window = self.epoch, epoch, Window()
        if before:
            self._former.append(before)
        return before

    def is_new(self, number: int) -> bool:
        """Tell whether a frame of the present life is here for the first time."""
        return self._window.is_new(number)
