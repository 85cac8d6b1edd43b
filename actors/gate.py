"""What may delay restarts beyond the rules of one supervisor."""

from __future__ import annotations

from typing import Protocol


class RestartGate(Protocol):
    """Asked before each restart in a system. Used from any thread."""

    def delay(self, category: str, *, critical: bool) -> float:
        """Return 0 if the restart may be now, and count it; else seconds until one may ask again.

        Args:
            category: whose restarts are counted together; empty: nobody's, and it may.
            critical: whether it may in any case.
        """
        ...
