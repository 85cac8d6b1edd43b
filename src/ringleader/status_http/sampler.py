"""Values that may wait for the disk, for an event loop that may not."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from ringleader.actors.errors import RingleaderError

from ..errands import Errands

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE: Final = 1.0
"""Seconds to wait for a new value; then the last one has to do."""

logger = logging.getLogger("ringleader.status")


class Sampler(Generic[T]):
    """Looks in a thread of its own, once at a time, and remembers what it saw last.

    Args:
        look: returns the value; may block.
        spawn: starts threads.
    """

    def __init__(
        self,
        look: Callable[[], T],
        spawn: Callable[[str, Callable[[], None]], threading.Thread],
    ) -> None:
        self._look = look
        self._errands = Errands(spawn, most=1)
        self._last: T | None = None
        self._under_way: asyncio.Future[None] | None = None

    async def latest(self, patience: float = PATIENCE) -> T | None:
        """Return the value as it is now, or as it was last if looking takes too long."""
        loop = asyncio.get_running_loop()
        if self._under_way is None or self._under_way.done():
            self._under_way = under_way = loop.create_future()
            self._errands.run(lambda: self._find(loop, under_way))
        await asyncio.wait([self._under_way], timeout=patience)
        return self._last

    def close(self, timeout: float) -> bool:
        """Wait for a look that is under way; tell whether it ended in time."""
        return self._errands.close(timeout)

    def _find(self, loop: asyncio.AbstractEventLoop, under_way: asyncio.Future[None]) -> None:
        try:
            self._last = self._look()
        except RingleaderError as error:
            logger.warning("not seen for the status: %s", error)
        except Exception:
            logger.exception("not seen for the status")
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(_finish, under_way)


def _finish(under_way: asyncio.Future[None]) -> None:
    if not under_way.done():
        under_way.set_result(None)
