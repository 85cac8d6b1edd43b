"""What a supervisor's refusals are in Python."""

# ruff: noqa: N818  # the names are OTP's answers, and read as such where they are caught

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors.errors import RingleaderError

from .decisions import describe
from .problems import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringleader.actors.lifecycle import Reason
    from ringleader.actors.ref import Ref

    from .spec import Term


class SupervisorError(RingleaderError):
    """A supervisor did not do what it was asked for. Every error below is one."""


class BadChildSpec(SupervisorError, ValueError):
    """A spec, or the combination with its supervisor's flags, makes no sense.

    Attributes:
        problem: OTP's term, `("invalid_restart_type", "always")`.
    """

    def __init__(self, child_id: object, problem: Term) -> None:
        super().__init__(f"child spec {child_id!r}: {explain(problem)}")
        self.child_id = child_id
        self.problem = problem


class AlreadyStarted(SupervisorError):
    """A child with this id runs.

    Attributes:
        ref: its address.
    """

    def __init__(self, child_id: object, ref: Ref[Any]) -> None:
        super().__init__(f"child {child_id!r} is running already, at {ref.path}")
        self.child_id = child_id
        self.ref = ref


class AlreadyPresent(SupervisorError):
    """A child with this id is known, and down or restarting."""

    def __init__(self, child_id: object) -> None:
        super().__init__(
            f"child {child_id!r} is known but not running; use restart_child, "
            "or delete_child to start another spec"
        )
        self.child_id = child_id


class ChildNotFound(SupervisorError, LookupError):
    """The supervisor has no such child."""

    def __init__(self, child_id: object, hint: str = "") -> None:
        super().__init__(f"there is no child {child_id!r}{hint}")
        self.child_id = child_id


class ChildRunning(SupervisorError):
    """The call wants a child that is down, and this one runs."""

    def __init__(self, child_id: object) -> None:
        super().__init__(f"child {child_id!r} is running; terminate_child stops it")
        self.child_id = child_id


class ChildRestarting(SupervisorError):
    """The call wants a child that is down, and this one waits for another try to start it."""

    def __init__(self, child_id: object) -> None:
        super().__init__(f"child {child_id!r} is being restarted; terminate_child cancels that")
        self.child_id = child_id


class StartFailed(SupervisorError):
    """The child did not start.

    Attributes:
        child_id: whose start failed; in a batch under a template, its place.
        reason: why: the exception, which is also the `__cause__`, or the reason of its `Exit`.
    """

    def __init__(self, child_id: object, reason: Reason) -> None:
        super().__init__(f"child {child_id!r} did not start: {describe(reason)}")
        self.child_id = child_id
        self.reason: Reason = reason
        if isinstance(reason, BaseException):
            self.__cause__ = reason


class StartChildrenFailed(StartFailed):
    """One of many children did not start: those after it were not tried.

    Attributes:
        started: the refs of those before it, which stay.
    """

    def __init__(self, child_id: object, reason: Reason, started: Sequence[Ref[Any]]) -> None:
        super().__init__(child_id, reason)
        self.started = tuple(started)
        self.add_note(f"{len(self.started)} children before it were started and stay")


class StartIgnored(SupervisorError):
    """The child declined to start (`Ignore`), which is no failure; there is no one to talk to.

    Its spec is kept, down, unless it is temporary or of a template.
    """

    def __init__(self, child_id: object) -> None:
        super().__init__(f"child {child_id!r} declined to start")
        self.child_id = child_id


class WrongStrategy(SupervisorError, TypeError):
    """The call does not go with the supervisor's strategy.

    A `simple_one_for_one` supervisor has one template, and children without ids.
    """
