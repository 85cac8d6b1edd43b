"""An entry of the declared tree, as a file writes it."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ringleader.supervisors.options import (
    BackoffOptions,
    QuarantineOptions,
    QuarantineWord,
    Seconds,
)
from ringleader.supervisors.spec import AutoShutdown, Isolation, OnLimit, Restart

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
Shutdown = Seconds | Literal["infinity", "brutal_kill"]
Dispatcher = Literal["pool", "thread", "async", "process"]
Size = (
    Annotated[int, Meta(ge=1)] | Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)? ?([kKMGT]i?)?B$")]
)
"""Bytes, or a text such as `512MB` (10⁶ bytes each) or `512MiB` (2²⁰)."""


class LimitEntry(Struct, frozen=True, kw_only=True):
    """How many restarts one child may have."""

    intensity: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="restarts allowed in a period; if not set, its supervisor's (restarts)"),
    ] = None
    period: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="window in which they are counted; if not set, its supervisor's (seconds)"
        ),
    ] = None


class HealthEntry(Struct, frozen=True, kw_only=True):
    """How one actor's `health()` is polled; what is not set is as `supervision.health` says."""

    interval: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="time between two polls (seconds)")
    ] = None
    timeout: Annotated[
        Annotated[float, Meta(gt=0)] | None, Meta(description="time an answer may take (seconds)")
    ] = None
    grace: Annotated[
        Seconds | None,
        Meta(description="time after its start in which bad answers mean nothing (seconds)"),
    ] = None
    failures: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="unhealthy answers in a row that end it; 0: none ever does (answers)"),
    ] = None


class ProcessEntry(Struct, frozen=True, kw_only=True):
    """What the process of an actor may use; nothing is limited that is not named."""

    memory: Annotated[
        Size | None,
        Meta(description='resident memory above which it is killed (bytes, or "512MB")'),
    ] = None
    address_space: Annotated[
        Size | None,
        Meta(description='address space, beyond which allocations fail (bytes, or "2GiB")'),
    ] = None
    cpu_time: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="processor time, after which it gets SIGXCPU (seconds)"),
    ] = None
    nice: Annotated[
        Annotated[int, Meta(ge=-20, le=19)] | None,
        Meta(description="priority: 19 gives way to all; below 0 needs root"),
    ] = None


class TreeEntry(Struct, frozen=True, kw_only=True):
    """One declared child: either a `supervisor` with `children`, or an `actor`."""

    supervisor: Annotated[
        Strategy | None, Meta(description="this entry is a supervisor with this strategy")
    ] = None
    actor: Annotated[
        str | None, Meta(description="this entry is an actor of the class `module:Class`")
    ] = None
    enabled: Annotated[bool, Meta(description="false leaves the entry and its children out")] = True
    after: Annotated[
        tuple[str, ...],
        Meta(description="siblings that start before it (and stop after it)"),
    ] = ()
    depends_on: Annotated[
        tuple[str, ...],
        Meta(description="siblings that must be ready before it starts; it waits for them"),
    ] = ()
    soft_depends_on: Annotated[
        tuple[str, ...],
        Meta(description="siblings that it waits for a little, and then starts anyway"),
    ] = ()
    restart: Annotated[
        Restart, Meta(description="after which ends it is started again: every, failures, none")
    ] = "permanent"
    shutdown: Annotated[
        Shutdown | None,
        Meta(
            description='time to stop (seconds), "infinity" or "brutal_kill"; if not set, '
            "supervision.shutdown for a worker and infinity for a supervisor"
        ),
    ] = None
    significant: Annotated[
        bool, Meta(description="its own end counts for its supervisor's auto_shutdown")
    ] = False
    dispatcher: Annotated[
        Dispatcher | None,
        Meta(description="what runs an actor's turns, instead of what its class says"),
    ] = None
    options: Annotated[
        dict[str, Any],  # typed by the actor's own struct, when its class is known
        Meta(description="an actor's options: they go over the section of its options struct"),
    ] = {}  # msgspec copies an empty default
    backoff: Annotated[
        Seconds | BackoffOptions | None,
        Meta(
            description="wait before a restart, or a table with the key `kind`; if not set, "
            "supervision.backoff (seconds)",
            extra={"whole": True},
        ),
    ] = None
    healthy_after: Annotated[
        Seconds | None,
        Meta(
            description="time without a crash after which backoff begins anew; if not set, "
            "supervision.healthy_after (seconds)"
        ),
    ] = None
    limit: Annotated[
        LimitEntry | None,
        Meta(
            description="how many restarts it may have itself (intensity, period), beside what its "
            "supervisor allows"
        ),
    ] = None
    on_limit: Annotated[
        OnLimit | None,
        Meta(
            description="what follows one restart too many, of an actor, or of each child of a "
            "supervisor; if not set, as its supervisor has it, or supervision.on_limit"
        ),
    ] = None
    quarantine: Annotated[
        QuarantineWord | QuarantineOptions | None,
        Meta(
            description="how long a supervisor's children are parked; if not set, "
            "supervision.quarantine"
        ),
    ] = None
    category: Annotated[
        str,
        Meta(description="whose restarts the cascade breaker counts together; none if not set"),
    ] = ""
    critical: Annotated[
        bool,
        Meta(
            description="all depend on it: the cascade breaker lets it through, its pauses and "
            "polls are shorter, and the node is ready with it only"
        ),
    ] = False
    start_timeout: Annotated[
        Seconds | None,
        Meta(
            description="time its start may take, 0: for ever; if not set, "
            "supervision.start_timeout for a worker and for ever for a supervisor (seconds)"
        ),
    ] = None
    signals_ready: Annotated[
        bool, Meta(description="an actor is ready when it says so, not when it is up")
    ] = False
    ready_timeout: Annotated[
        Seconds | None,
        Meta(
            description="time that siblings wait for that; if not set, supervision.ready_timeout "
            "(seconds)"
        ),
    ] = None
    progress_deadline: Annotated[
        Seconds | None,
        Meta(
            description="time an actor's handler may take, 0: for ever; if not set, "
            "supervision.progress_deadline (seconds)"
        ),
    ] = None
    health: Annotated[
        bool | HealthEntry | None,
        Meta(
            description="whether and how an actor's health() is polled (interval, timeout, grace, "
            "failures); if not set, as supervision.health says"
        ),
    ] = None
    isolation: Annotated[
        Isolation, Meta(description="`process`: an actor lives in a process of its own")
    ] = "none"
    limits: Annotated[
        ProcessEntry | None,
        Meta(description="what that process may use (memory, address_space, cpu_time, nice)"),
    ] = None
    spares: Annotated[
        int, Meta(ge=0, description="processes kept warm for its next start (processes)")
    ] = 0
    intensity: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="a supervisor's allowed restarts; if not set, supervision.intensity"),
    ] = None
    period: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(description="a supervisor's window (seconds); if not set, supervision.period"),
    ] = None
    auto_shutdown: Annotated[
        AutoShutdown | None,
        Meta(description="when a supervisor ends with its significant children; never if not set"),
    ] = None
    children: Annotated[
        dict[str, "TreeEntry"], Meta(description="a supervisor's children, by name")
    ] = {}  # msgspec copies an empty default
