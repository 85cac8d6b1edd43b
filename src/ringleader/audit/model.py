"""What an audit knows, as values: facts first, findings afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Default: TypeAlias = Literal["required", "nothing", "meaning"]
"""What a field says that nobody sets: it can't be, nothing (None, empty), or something (0, no)."""

Kind: TypeAlias = Literal[
    "unused",
    "unpublished",
    "unhandled",
    "unset-field",
    "unknown-field",
    "missing-field",
    "cycle",
    "alias",
    "unregistered",
    "idle",
    "stale",
    "unreadable",
]
"""What can be found.

`unused`: a type that nobody publishes or handles. `unpublished`: handled, but published by nobody.
`unhandled`: published, but handled by nobody. `unset-field`: read by a handler, set by no
publisher. `unknown-field`: read or set, but the type does not have it. `missing-field`: the type
demands it, and a publisher does not set it. `cycle`: an event that leads to itself. `alias`: an old
spelling. `unregistered`: a name that the catalogue does not know. `idle`: a subscription of a
running node that never got anything. `stale`: an exception that excuses nothing. `unreadable`: a
file that is no Python.
"""

NEVER_BY_GROUP: Final[frozenset[Kind]] = frozenset(
    {"unpublished", "unset-field", "unknown-field", "missing-field", "alias", "unregistered"}
)
"""What is excused by name only: each is a fault until somebody has said why it is none."""


@dataclass(frozen=True, slots=True, order=True)
class Site:
    """A place in the code. Paths are relative to the current directory where they can be."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class EventInfo:
    """What is known of an event type.

    Attributes:
        name: `TRAINING_COMPLETED`.
        class_name: `TrainingCompleted`.
        fields: by name, what each says when nobody sets it.
        attributes: all that can be read of an event: fields, properties, methods.
        category: `training`; empty for a type of somebody's own that does not say.
        module: that holds its struct: `training`.
        site: of its class; None if that was not scanned.
    """

    name: str
    class_name: str
    fields: Mapping[str, Default]
    attributes: frozenset[str]
    category: str = ""
    module: str = ""
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Emission:
    """A place where an event is made.

    Attributes:
        event: its type's name.
        fields: that are set there; a literal `None` sets nothing.
        open: whether more may be set, as with `**values`.
        where: the function: `Evaluator._tell`.
        site: of the call.
    """

    event: str
    fields: frozenset[str]
    open: bool
    where: str
    site: Site


@dataclass(frozen=True, slots=True)
class Handling:
    """A place where events of a type are taken.

    Attributes:
        event: the type's name.
        where: the method or function.
        site: of its definition, or of the subscription.
    """

    event: str
    where: str
    site: Site


@dataclass(frozen=True, slots=True)
class Read:
    """A handler reads a field.

    Attributes:
        event: the type's name.
        field: what is read.
        where: the function that reads.
        site: of the reading.
        any_of: the types of which one must have it: all that come to a handler of a category.
    """

    event: str
    field: str
    where: str
    site: Site
    any_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name or a field in a spelling that is not the catalogue's.

    Attributes:
        kind: `alias` if it is understood.
        name: as written.
        event: the type that is meant; empty if none is.
        advice: what to write.
        site: where.
    """

    kind: Literal["alias", "unregistered"]
    name: str
    event: str
    advice: str
    site: Site


@dataclass(frozen=True, slots=True)
class Step:
    """A handler that makes something which another one handles.

    Attributes:
        source: the handler: an actor class or function, and what it takes.
        target: the handler that takes what is made.
        carries: the event type's name, or the dotted name of a message's class.
        is_event: whether it is an event.
        site: where it is made.
    """

    source: Node
    target: Node
    carries: str
    is_event: bool
    site: Site

    @property
    def short(self) -> str:
        """What is carried, without the module of a message's class."""
        return self.carries.rpartition(".")[2]


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """One handler: whose, and for what."""

    owner: str
    takes: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was read.

    Attributes:
        events: every known type, by name.
        emissions, handlings, reads, spellings: what the code does.
        steps: what leads to what.
        subject: the paths that the audit is about; others are only looked at.
        files: how many were read.
        opaque: where something is published under a name that only running it would tell.
        unreadable: files that are no Python, with the reason.
        observers: where somebody subscribes to all events.
        is_about_all: whether everything that was read is what the audit is about.
    """

    events: Mapping[str, EventInfo]
    emissions: tuple[Emission, ...] = ()
    handlings: tuple[Handling, ...] = ()
    reads: tuple[Read, ...] = ()
    spellings: tuple[Spelling, ...] = ()
    steps: tuple[Step, ...] = ()
    subject: frozenset[str] = frozenset()
    files: int = 0
    opaque: tuple[Site, ...] = ()
    observers: tuple[Site, ...] = ()
    unreadable: Mapping[Site, str] = field(default_factory=dict[Site, str])
    is_about_all: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit.

    Attributes:
        kind: what sort of thing.
        event: the type's name, or the name that is none.
        what: in words.
        sites: where; the first one is the place to look at.
        field: of the event, if it is about one.
        owners: actor classes and functions that it is about.
        excused: why it is no fault; empty if nobody has said so.
    """

    kind: Kind
    event: str
    what: str
    sites: tuple[Site, ...] = ()
    field: str = ""
    owners: tuple[str, ...] = ()
    excused: str = ""
