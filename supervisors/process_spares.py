"""Processes that have imported what an actor needs, and wait for its next life."""

from __future__ import annotations

import logging
from _thread import allocate_lock
from typing import TYPE_CHECKING

from .process_frames import Word
from .process_link import ProcessLink, settings

if TYPE_CHECKING:
    from ringleader.actors.context import Context
    from ringleader.actors.osprocess_limits import ProcessLimits

logger = logging.getLogger("ringleader.process")


class Spares:
    """The warm processes of one cell. Used on the event loop's thread, but for `close`.

    Args:
        context: has the processes.
        path: of the actor.
        module: of its class; it is imported beforehand.
        limits: of each process.
        number: how many there are.
    """

    def __init__(
        self,
        context: Context,
        path: str,
        module: str,
        limits: ProcessLimits | None,
        number: int,
    ) -> None:
        self._context, self._path, self._module = context, path, module
        self._limits, self.number = limits, number
        self._waiting: list[ProcessLink] = []
        self._lock = allocate_lock()
        self._is_closed = False

    @property
    def warm(self) -> int:
        """How many have imported all they need, and live."""
        return sum(link.is_prepared and not link.process.is_over for link in self._waiting)

    def take(self) -> ProcessLink | None:
        """Return the warmest one, if there is one that lives; it is the caller's now."""
        with self._lock:
            alive = [link for link in self._waiting if not link.process.is_over]
            alive.sort(key=lambda link: not link.is_prepared)
            self._waiting = alive[1:]
        return alive[0] if alive else None

    def fill(self) -> None:
        """Start as many as are missing; one that can't be started is missed at the next start."""
        with self._lock:
            self._waiting = [link for link in self._waiting if not link.process.is_over]
            missing = 0 if self._is_closed else self.number - len(self._waiting)
        for _ in range(missing):
            try:
                link = ProcessLink(self._context, self._path, self._limits)
            except Exception as error:  # noqa: BLE001  # a spare one is no condition for anything
                logger.warning("no spare process for %s: %s", self._path, error)
                return
            link.send(Word.PREPARE, settings(), self._module)
            with self._lock:
                self._waiting.append(link)
                closed = self._is_closed
            if closed:
                link.kill()

    def close(self) -> None:
        """End them all."""
        with self._lock:
            self._is_closed = True
            waiting, self._waiting = self._waiting, []
        for link in waiting:
            link.kill()
