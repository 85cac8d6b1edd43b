"""A message that was written down where it was sent, for an actor in another process."""

from __future__ import annotations

from typing import Any


class Sealed:
    """A message and its bytes: who sends what can't cross hears of it, and later changes are void.

    In dead letters and reports it counts as the message itself.
    """

    __slots__ = ("data", "message")

    def __init__(self, message: Any, data: bytes) -> None:
        self.message = message
        self.data = data
