"""A supervisor whose children are all of one kind and come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar, overload

import pykka

from . import answers
from .calls import GetChildSpec, StartDynamic, StartDynamics, TerminateChild
from .ref import Answer, FamilyRef
from .spec import MISSING, ChildSpec
from .supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.ref import Ref

    from .spec import Arguments, Strategy

A = TypeVar("A", bound=pykka.Actor)


class DynamicSupervisorRef(FamilyRef[A]):
    """The address of a `DynamicSupervisor`."""

    @overload
    def start_child(
        self,
        *args: Any,
        name: str | None = None,
        kwargs: Mapping[str, Any] | None = None,
        block: Literal[True] = True,
        timeout: float | None = None,
    ) -> Ref[Any]: ...
    @overload
    def start_child(
        self,
        *args: Any,
        name: str | None = None,
        kwargs: Mapping[str, Any] | None = None,
        block: Literal[False],
        timeout: float | None = None,
    ) -> Answer[Ref[Any]]: ...
    def start_child(
        self,
        *args: Any,
        name: str | None = None,
        kwargs: Mapping[str, Any] | None = None,
        block: bool = True,
        timeout: float | None = None,
    ) -> Any:
        """Start one more child; return its address when it is up. Nothing is kept if it fails.

        Args:
            args: go behind the template's `args`; a restart has them again.
            name: the last part of its path; by default the template's id and a number.
            kwargs: go over the template's `kwargs`.
            block: whether to wait; else the future is returned.
            timeout: seconds to wait.

        Raises:
            AlreadyStarted: the name is in use.
            AlreadyPresent: the name is in use, by a child that is being restarted.
            StartFailed: the constructor or `on_start` failed.
            StartIgnored: it declined to start.
        """
        call = StartDynamic(args, name, {} if kwargs is None else kwargs)
        who = self.path if name is None else name
        return self._send(
            call, lambda x: answers.started_dynamic(x, who), block=block, timeout=timeout
        )

    @overload
    def start_children(
        self,
        each: Iterable[Arguments],
        *,
        block: Literal[True] = True,
        timeout: float | None = None,
    ) -> list[Ref[Any]]: ...
    @overload
    def start_children(
        self, each: Iterable[Arguments], *, block: Literal[False], timeout: float | None = None
    ) -> Answer[list[Ref[Any]]]: ...
    def start_children(
        self, each: Iterable[Arguments], *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Start a child for each tuple of arguments, one after the other, in one call.

        The first that does not start ends the call; those before it stay. A child that declines
        to start has no address in the list.

        Raises:
            StartChildrenFailed: one did not start; has what was started.
        """
        return self._send(
            StartDynamics(tuple(each)),
            lambda x: answers.started_dynamics(x, self.path),
            block=block,
            timeout=timeout,
        )

    @overload
    def terminate_child(
        self,
        child: Ref[Any] | Incarnation,
        *,
        block: Literal[True] = True,
        timeout: float | None = None,
    ) -> None: ...
    @overload
    def terminate_child(
        self,
        child: Ref[Any] | Incarnation,
        *,
        block: Literal[False],
        timeout: float | None = None,
    ) -> Answer[None]: ...
    def terminate_child(
        self, child: Ref[Any] | Incarnation, *, block: bool = True, timeout: float | None = None
    ) -> Any:
        """Stop a child; it is gone for good, whatever its restart type. No-op if it is gone.

        Raises:
            ChildNotFound: it is alive, and somebody else's.
        """
        return self._send(
            TerminateChild(child),
            lambda x: answers.done(x, child.path),
            block=block,
            timeout=timeout,
        )

    @overload
    def get_childspec(
        self, *, block: Literal[True] = True, timeout: float | None = None
    ) -> ChildSpec: ...
    @overload
    def get_childspec(
        self, *, block: Literal[False], timeout: float | None = None
    ) -> Answer[ChildSpec]: ...
    def get_childspec(self, *, block: bool = True, timeout: float | None = None) -> Any:
        """Return the template."""
        return self._send(
            GetChildSpec(None),
            lambda x: answers.spec_of(x, self.path),
            block=block,
            timeout=timeout,
        )


class DynamicSupervisor(Supervisor):
    """Starts children of one template on demand: OTP's `simple_one_for_one`.

    Set `template`, or override `init`. Each child is restarted for itself, with the arguments it
    was started with; at the end all are stopped at once. Intensity and period count for all
    children together. A restarted supervisor has no children.
    """

    ref_class: ClassVar[type[Ref[Any]]] = DynamicSupervisorRef
    strategy: Strategy = "simple_one_for_one"
    template: ChildSpec = MISSING

    def init(self) -> list[ChildSpec]:
        """Return the template."""
        return [] if self.template is MISSING else [self.template]
