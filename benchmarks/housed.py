"""An actor for a process of its own; its module imports little, for each process pays for that."""

from __future__ import annotations

from typing import Any

from ringleader import Actor


class Housed(Actor):
    """Lives in a process of its own, and answers."""

    dispatcher = "process"

    def on_receive(self, message: Any) -> Any:
        """Answer."""
        return message
