"""What a supervisor's refusals are in Python."""

# ruff: noqa: N818  # the names are OTP's answers, and read as such where they are caught

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringleader.actors.errors import RingleaderError

from .decisions import describe
from .problems import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringleader.actors.holds import Hold
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.lifecycle import Reason
    from ringleader.actors.ref import Ref

    from .spec import ChildSpec, Term


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
        incarnation: what runs now, OTP's pid.
    """

    def __init__(self, child_id: object, incarnation: Incarnation) -> None:
        super().__init__(f"child {child_id!r} is running already, at {incarnation.path}")
        self.child_id = child_id
        self.ref: Ref[Any] = incarnation.ref
        self.incarnation = incarnation


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
        spec: by which it was to be started, where the supervisor says so.
    """

    def __init__(self, child_id: object, reason: Reason, spec: ChildSpec | None = None) -> None:
        super().__init__(f"child {child_id!r} did not start: {describe(reason)}")
        self.child_id = child_id
        self.reason: Reason = reason
        self.spec = spec
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


class StartTimedOut(SupervisorError):
    """The start of a child took longer than its spec allows, and was given up.

    Attributes:
        path: whose.
        timeout: seconds.
    """

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__(f"{path} did not come up within {timeout:g} s (start_timeout)")
        self.path = path
        self.timeout = timeout


class ChildHeld(SupervisorError):
    """The child is kept down, by an operator or in quarantine; `release_child` starts it.

    Attributes:
        hold: by whom, why and until when.
    """

    def __init__(self, child_id: object, hold: Hold) -> None:
        what = "held" if hold.kind == "hold" else "in quarantine"
        why = f": {hold.why}" if hold.why else ""
        super().__init__(
            f"child {child_id!r} is {what} by {hold.by}{why}; release_child, or "
            f"`ringleader start {hold.path}`, starts it"
        )
        self.child_id = child_id
        self.hold = hold


class ChildWaits(SupervisorError):
    """The child is known, and will start when a sibling that it depends on is there.

    Attributes:
        sibling: the id of the one that it waits for.
    """

    def __init__(self, child_id: object, sibling: str) -> None:
        super().__init__(f"child {child_id!r} is not started yet: it waits for {sibling!r}")
        self.child_id = child_id
        self.sibling = sibling


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
