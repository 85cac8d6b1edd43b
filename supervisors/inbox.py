"""The queue of a supervisor that has a plan under way."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias

from ringleader.actors.lifecycle import Exited

if TYPE_CHECKING:
    from ringleader.actors.future import Reply
    from ringleader.actors.incarnation import Incarnation

Entry: TypeAlias = "tuple[Any, Reply[Any] | None]"


class Inbox:
    """Messages and the replies they wait for, in order; an exit can be taken out of turn.

    Only the supervisor's turn puts and takes; `replies` may be called by whoever ends it.
    """

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._exits: dict[Incarnation, Exited] = {}

    def put(self, message: Any, reply: Reply[Any] | None) -> None:
        """Append a message."""
        if isinstance(message, Exited):
            self._exits[message.incarnation] = message
        self._entries.append((message, reply))

    def get(self) -> Entry | None:
        """Take out the first message; None if there is none."""
        while self._entries:
            entry = self._entries.popleft()
            message = entry[0]
            if not isinstance(message, Exited) or self.take_exit(message.incarnation) is not None:
                return entry
        return None

    def take_exit(self, pid: Incarnation) -> Exited | None:
        """Take out a queued exit: a stop that finds its child dead has used it up."""
        return self._exits.pop(pid, None)

    def replies(self) -> list[Reply[Any]]:
        """Empty the queue; return the replies that somebody waits for."""
        waiting: list[Reply[Any]] = []
        while self._entries:
            try:
                _, reply = self._entries.popleft()
            except IndexError:  # the supervisor's own turn was faster
                break
            if reply is not None:
                waiting.append(reply)
        return waiting
