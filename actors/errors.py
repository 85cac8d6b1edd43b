"""What can go wrong, and whose fault it was. Every error of this package is a `RingleaderError`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

if TYPE_CHECKING:
    from .lifecycle import Reason


class RingleaderError(Exception):
    """The root of all errors that Ringleader raises itself."""


class ActorDied(ActorDeadError, RingleaderError):  # noqa: N818  # Pykka's name has no suffix either
    """The incarnation that had the call ended before it answered.

    Attributes:
        reason: why it ended, as its supervisor was told.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"ended before it answered: {reason!r}")
        self.reason = reason


class MailboxFull(RingleaderError):  # noqa: N818  # a state of the mailbox, as `queue.Full`
    """The mailbox took no more; the sender still has the message.

    Attributes:
        path: whose mailbox it is.
        message: what was not sent.
        capacity: how many messages it holds.
    """

    def __init__(self, path: str, message: Any, capacity: int, hint: str = "") -> None:
        super().__init__(f"the mailbox of {path} is full ({capacity} messages){hint}")
        self.path = path
        self.message = message
        self.capacity = capacity


class DeadlockError(RingleaderError):
    """Waiting for this reply would never end, so it was not begun."""


class HandlerError(RingleaderError, TypeError):
    """A class declares message handlers that can't work; raised when the class is created."""


class BlockingCallError(DeadlockError):
    """A blocking wait on an event loop's thread would stop every actor of that loop."""


class PublishError(RingleaderError):
    """An event could not be published: the actor or the system has no registry."""


class StoppedError(RingleaderError):
    """The system was stopped; it starts and publishes nothing any more."""


class NoSuchActor(RingleaderError, LookupError):  # noqa: N818  # reads as the answer it is
    """Nobody lives at this path.

    Attributes:
        path: what was asked for.
    """

    def __init__(self, path: str, hint: str = "") -> None:
        super().__init__(f"there is no actor at {path!r}{hint}")
        self.path = path
