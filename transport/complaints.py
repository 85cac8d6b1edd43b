"""Warnings that others can cause as often as they like, and that are logged once a minute each."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ringleader.actors.clock import Clock

logger = logging.getLogger("ringleader.bridge")

EVERY: Final = 60.0
"""Seconds for which the same complaint is only counted."""
MOST: Final = 1_000
"""Causes that are remembered; of more, the oldest is forgotten."""


class Complaints:
    """Logs each cause at most once in `every` seconds, with the number that was left out.

    Args:
        clock: for the seconds.
        every: seconds for which the same cause is only counted.
    """

    def __init__(self, clock: Clock, *, every: float = EVERY) -> None:
        self._clock, self._every = clock, every
        self._last: dict[str, tuple[float, int]] = {}  # the longest ago first
        self._counts: dict[str, int] = {}

    def about(self, kind: str, who: str, message: str) -> bool:
        """Count a complaint and log it, if it is time; tell whether it was logged.

        Args:
            kind: of fault, one of few; counted for ever.
            who: caused it; together with `kind` it is the cause.
            message: for the log.
        """
        self._counts[kind] = self._counts.get(kind, 0) + 1
        cause, now = f"{kind} {who}", self._clock.now()
        when, silent = self._last.get(cause, (-self._every, 0))
        if cause in self._last and now - when < self._every:
            self._last[cause] = (when, silent + 1)
            return False
        self._last.pop(cause, None)
        self._last[cause] = (now, 0)
        if len(self._last) > MOST:
            del self._last[next(iter(self._last))]
        more = f" ({silent} more since the last time)" if silent else ""
        logger.warning("%s%s", message, more)
        return True

    @property
    def counts(self) -> dict[str, int]:
        """How often there was cause for a complaint, by kind."""
        return dict(self._counts)
