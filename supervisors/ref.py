"""The address of a supervisor, with its calls as methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import pykka

from . import answers
from .calls import (
    DeleteChild,
    GetChildSpec,
    RestartChild,
    StartChild,
    StartChildren,
    TerminateChild,
)
from .family_ref import Answer, FamilyRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ringleader.actors.ref import Ref

    from .spec import ChildSpec

A = TypeVar("A", bound=pykka.Actor)

__all__ = ["Answer", "FamilyRef", "SupervisorRef"]


class SupervisorRef(FamilyRef[A]):
    """The address of a supervisor whose children have specs of their own."""

    @overload
    def start_child(
        self, spec: ChildSpec, *, block: Literal[True] = True, timeout: float | None = None
    ) -> Ref[Any]: ...
    @overload
    def start_child(
        self, spec: ChildSpec, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[Ref[Any]]: ...
    def start_child(
        self, spec: ChildSpec, *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Start one more child, last in start order; return its address when it is up.

        If it does not start, nothing of it is kept. The address of a supervisor is a
        `SupervisorRef`.

        Raises:
            BadChildSpec: the spec makes no sense here.
            AlreadyStarted: a child with this id runs.
            AlreadyPresent: a child with this id is known, and down.
            StartFailed: its constructor or `on_start` failed.
            StartIgnored: it declined to start.
            WrongStrategy: the supervisor is `simple_one_for_one`.
        """
        name = getattr(spec, "id", spec)
        return self._send(
            StartChild(spec), lambda x: answers.started(x, name), block=block, timeout=timeout
        )

    @overload
    def start_children(
        self,
        specs: Iterable[ChildSpec],
        *,
        block: Literal[True] = True,
        timeout: float | None = None,
    ) -> list[Ref[Any]]: ...
    @overload
    def start_children(
        self, specs: Iterable[ChildSpec], *, block: Literal[False], timeout: float | None = None
    ) -> Answer[list[Ref[Any]]]: ...
    def start_children(
        self, specs: Iterable[ChildSpec], *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Start many children, one after the other, in one call; return their addresses in order.

        A child that declines to start has no address in the list. All specs are checked before
        anything starts. The first child that does not start ends the call: no later one is
        tried, and those before it stay, as if each had been started by `start_child`.

        Raises:
            BadChildSpec: one of the specs makes no sense here; nothing was started.
            StartChildrenFailed: one did not start (or its id was taken); has what was started.
            WrongStrategy: the supervisor is `simple_one_for_one`.
        """
        call = StartChildren(tuple(specs))
        name = [getattr(spec, "id", spec) for spec in call.specs]
        return self._send(
            call, lambda x: answers.started_all(x, name), block=block, timeout=timeout
        )

    @overload
    def terminate_child(
        self, child_id: str, *, block: Literal[True] = True, timeout: float | None = None
    ) -> None: ...
    @overload
    def terminate_child(
        self, child_id: str, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[None]: ...
    def terminate_child(
        self, child_id: str, *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Stop a child and leave it down; if a restart waits, cancel it. No-op if it is down.

        Its spec stays, for `restart_child`, unless it is temporary. A restart of its group
        starts it, too, as in OTP.

        Raises:
            ChildNotFound: there is no such child.
            WrongStrategy: the supervisor is `simple_one_for_one`.
        """
        return self._send(
            TerminateChild(child_id),
            lambda x: answers.done(x, child_id, self._names()),
            block=block,
            timeout=timeout,
        )

    @overload
    def restart_child(
        self, child_id: str, *, block: Literal[True] = True, timeout: float | None = None
    ) -> Ref[Any]: ...
    @overload
    def restart_child(
        self, child_id: str, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[Ref[Any]]: ...
    def restart_child(
        self, child_id: str, *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Start a child that is down, at its old place; if that fails it is not tried again.

        Raises:
            ChildRunning: it is not down.
            ChildRestarting: it is not down.
            ChildNotFound: there is no such child.
            StartFailed: its constructor or `on_start` failed.
            StartIgnored: it declined to start.
            WrongStrategy: the supervisor is `simple_one_for_one`.
        """
        return self._send(
            RestartChild(child_id),
            lambda x: answers.restarted(x, child_id, self._names()),
            block=block,
            timeout=timeout,
        )

    @overload
    def delete_child(
        self, child_id: str, *, block: Literal[True] = True, timeout: float | None = None
    ) -> None: ...
    @overload
    def delete_child(
        self, child_id: str, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[None]: ...
    def delete_child(
        self, child_id: str, *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Forget a child that is down, with its mailbox.

        Raises:
            ChildRunning: it is not down.
            ChildRestarting: it is not down.
            ChildNotFound: there is no such child.
            WrongStrategy: the supervisor is `simple_one_for_one`.
        """
        return self._send(
            DeleteChild(child_id),
            lambda x: answers.done(x, child_id, self._names()),
            block=block,
            timeout=timeout,
        )

    @overload
    def get_childspec(
        self, child_id: str, *, block: Literal[True] = True, timeout: float | None = None
    ) -> ChildSpec: ...
    @overload
    def get_childspec(
        self, child_id: str, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[ChildSpec]: ...
    def get_childspec(
        self, child_id: str, *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Return a child's spec, with its defaults filled in.

        Raises:
            ChildNotFound: there is no such child.
        """
        return self._send(
            GetChildSpec(child_id),
            lambda x: answers.spec_of(x, child_id, self._names()),
            block=block,
            timeout=timeout,
        )
