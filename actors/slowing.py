"""Publishers that wait because the registry is behind."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pykka

from .dispatch import here
from .future import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST: Final = 30.0
"""Seconds that a publisher is made to wait at most; then its event is taken all the same."""


def _is_in_loop() -> bool:
    """Tell whether the calling thread runs an event loop of its user's."""
    asyncio = sys.modules.get("asyncio")  # who has not imported it has no loop
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Slowing:
    """Makes threads wait until the registry has caught up. Actors never wait, nor event loops."""

    def __init__(self) -> None:
        self.waiting: list[Reply[None]] = []

    def wait(self, is_behind: Callable[[], bool]) -> bool:
        """Wait, if the calling thread may; tell whether it did.

        Args:
            is_behind: whether the registry still is; else there is nobody to wait for.
        """
        if here.seat.cell is not None or here.is_loop or _is_in_loop():
            return False
        reply: Reply[None] = Reply()
        self.waiting.append(reply)
        with suppress(pykka.Timeout):  # long enough: its event is taken all the same
            if is_behind():  # asked after the append: whoever comes second sees the other
                reply.get(timeout=LONGEST)
        with suppress(ValueError):  # it was let go, and taken out
            self.waiting.remove(reply)
        return True

    def release(self) -> None:
        """Let everybody go on who waits; by the registry, when it has caught up."""
        while self.waiting:
            self.waiting.pop().set(None)
