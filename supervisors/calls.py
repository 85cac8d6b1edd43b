"""The requests that a supervisor answers. `SupervisorRef` sends them and reads the answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ringleader.actors.holds import HoldKind
    from ringleader.actors.incarnation import Incarnation
    from ringleader.actors.ref import Ref

    from .spec import Arguments, ChildSpec


@dataclass(frozen=True, slots=True)
class StartChild:
    """Start one more child."""

    spec: ChildSpec


@dataclass(frozen=True, slots=True)
class StartChildren:
    """Start many, one after the other."""

    specs: tuple[ChildSpec, ...]


@dataclass(frozen=True, slots=True)
class StartDynamic:
    """Start one more child of the template; `args` go behind the template's."""

    args: Arguments = ()
    name: str | None = None
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class StartDynamics:
    """Start many children of the template, one for each tuple of arguments."""

    each: tuple[Arguments, ...]


@dataclass(frozen=True, slots=True)
class TerminateChild:
    """Stop a child: by its id; a child of a template by its incarnation or its ref."""

    which: str | Incarnation | Ref[Any]


@dataclass(frozen=True, slots=True)
class RestartChild:
    """Start a child that is down."""

    id: str


@dataclass(frozen=True, slots=True)
class DeleteChild:
    """Forget a child that is down."""

    id: str


@dataclass(frozen=True, slots=True)
class HoldChild:
    """Stop a child and keep it down, by its name."""

    name: str
    kind: HoldKind
    by: str
    why: str
    release_after: float | None = None


@dataclass(frozen=True, slots=True)
class ReleaseChild:
    """Start a child that is held, or just down; `only` says which kind of hold may be lifted."""

    name: str
    only: HoldKind | None = None


@dataclass(frozen=True, slots=True)
class RenewChild:
    """Stop a child and start it again."""

    name: str


@dataclass(frozen=True, slots=True)
class GetChildSpec:
    """Ask for a child's spec: by its id; for the template by its id, any incarnation, or None."""

    which: str | Incarnation | None


@dataclass(frozen=True, slots=True)
class WhichChildren:
    """Ask for a list of all children."""


@dataclass(frozen=True, slots=True)
class CountChildren:
    """Ask for the four counts."""


Call: TypeAlias = (
    StartChild
    | StartChildren
    | StartDynamic
    | StartDynamics
    | TerminateChild
    | RestartChild
    | DeleteChild
    | HoldChild
    | ReleaseChild
    | RenewChild
    | GetChildSpec
    | WhichChildren
    | CountChildren
)
