"""What can go wrong, and whose fault it was. Every error of this package is a `RingleaderError`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pykka import ActorDeadError

if TYPE_CHECKING:
    from .health import Health
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


class PublishRefused(PublishError):  # noqa: N818  # a state of the registry
    """An event was not taken for now: the registry or the event log is behind; try again later.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: int = 75


class Stuck(RingleaderError):  # noqa: N818  # a reason, not a fault of ours
    """An incarnation was ended because it did not go on; the kinds below say how that was seen.

    Attributes:
        stack: where it was, as text, the innermost call last; empty if it was nowhere.
    """

    def __init__(self, message: str, stack: str = "") -> None:
        super().__init__(message)
        self.stack = stack


class Hung(Stuck):
    """No message has ended in a turn for too long (`ChildSpec.progress_deadline`).

    Attributes:
        seconds: how long it was seen at one place.
    """

    def __init__(self, seconds: float, stack: str = "") -> None:
        super().__init__(f"hung: it was at one message for {seconds:.6g} s", stack)
        self.seconds = seconds


class Unhealthy(Stuck):
    """Its `health()` was bad, or did not answer, as often in a row as its spec allows.

    Attributes:
        health: the last answer.
    """

    def __init__(self, health: Health, stack: str = "") -> None:
        super().__init__(health.message or health.status, stack)
        self.health = health


class TooManyStuckThreads(RingleaderError):  # noqa: N818  # a state of the system
    """Why a system gave up: Python can't end a thread, and too many hang.

    Attributes:
        count: threads that were given up and are still alive.
        limit: `actors.max_stuck_threads`.
    """

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(
            f"{count} threads hang in handlers that were given up, and {limit} are allowed "
            "(actors.max_stuck_threads); only a new process gets rid of them"
        )
        self.count, self.limit = count, limit


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


class CannotCross(RingleaderError, TypeError):  # noqa: N818  # reads as the answer it is
    """A value can't go to another process; raised where it was to be sent."""


class BadValue(RingleaderError, ValueError):  # noqa: N818  # reads as the answer it is
    """What came from another process can't be read."""


class RemoteError(RingleaderError):
    """An exception of another process whose class can't be rebuilt here.

    Attributes:
        type_name: `module:qualname` of its class.
        remote_traceback: as text; empty if it came from a process of this node, whose errors have
            it in a note.
    """

    remote_traceback: str = ""

    def __init__(self, type_name: str, text: str) -> None:
        super().__init__(f"{type_name}: {text}" if text else type_name)
        self.type_name = type_name

    @property
    def kind(self) -> str:
        """The name of its class alone."""
        return self.type_name.rpartition(":")[2]
