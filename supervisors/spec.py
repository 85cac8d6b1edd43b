"""What a supervisor is told: child specs, its own flags, and what is wrong with them.

A spec is a value and is not checked when it is written down: whoever receives it checks it, and
answers in OTP's terms, as OTP's supervisor does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, get_args

import pykka

from ringleader.actors.care import Care

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenacity.wait import wait_base

    from ringleader.actors.care import HealthCheck
    from ringleader.actors.osprocess_limits import ProcessLimits

Restart: TypeAlias = Literal["permanent", "transient", "temporary"]
ChildType: TypeAlias = Literal["worker", "supervisor"]
Grace: TypeAlias = float | Literal["infinity", "brutal_kill"]
"""How long a child may take to stop: seconds, for ever, or not at all."""
Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one", "simple_one_for_one"]
AutoShutdown: TypeAlias = Literal["never", "any_significant", "all_significant"]
ActorClass: TypeAlias = type[pykka.Actor]
Arguments: TypeAlias = tuple[Any, ...]
OnLimit: TypeAlias = Literal["escalate", "quarantine"]
"""What follows one restart too many: the supervisor ends, as in OTP, or the child is parked."""
Isolation: TypeAlias = Literal["none", "process"]
Term: TypeAlias = Any
"""An answer as OTP gives it: a word, or a tuple that starts with one."""

RESTARTS: Final[tuple[str, ...]] = get_args(Restart)
CHILD_TYPES: Final[tuple[str, ...]] = get_args(ChildType)
STRATEGIES: Final[tuple[str, ...]] = get_args(Strategy)
AUTO_SHUTDOWNS: Final[tuple[str, ...]] = get_args(AutoShutdown)
ON_LIMITS: Final[tuple[str, ...]] = get_args(OnLimit)
ISOLATIONS: Final[tuple[str, ...]] = get_args(Isolation)
GRACE_WORDS: Final = ("infinity", "brutal_kill")


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final[Any] = _Missing()
"""In place of a field that was not given, where specs come from data."""
_BY_TYPE: Final[Any] = None  # a default that depends on another field

WORKER_SHUTDOWN = 5.0
"""Seconds that a worker may take to stop by default, as in OTP."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many restarts one child may have, beside what its supervisor's intensity allows.

    Attributes:
        intensity: restarts allowed in a period; one more is one too many.
        period: whole seconds.
    """

    intensity: int
    period: int


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """Says how one child is started, restarted and stopped.

    From `backoff` on it is beyond OTP, and off by default.

    Attributes:
        id: its name among its siblings, and the last part of its path: not empty, without `/`.
        actor_class: ours or an unchanged Pykka class.
        args: for the constructor, at each start.
        kwargs: for the constructor, at each start.
        restart: `permanent`: after every end; `transient`: after an end that is not normal;
            `temporary`: never, and the spec is forgotten with the child.
        type: `worker` or `supervisor`; by default what the class is.
        shutdown: seconds it may take to stop before it is killed, `"infinity"` or
            `"brutal_kill"`; by default 5 s for a worker and `"infinity"` for a supervisor.
        significant: whether its end may end its supervisor (see `Flags.auto_shutdown`).
        dispatcher: what runs its turns, where that is not what its class says.
        backoff: how long to wait before a restart: any of tenacity's wait strategies, by the
            number of crashes in a row; jitter is drawn from the system's seeded generator.
        healthy_after: seconds without a crash after which `backoff` begins anew, and a crash
            loop is over.
        limit: how often it may be restarted, beside the supervisor's own intensity.
        on_limit: what follows one restart too many of this child; None: as its supervisor says.
        category: whose restarts the cascade breaker counts together; empty: nobody's.
        critical: whether the cascade breaker lets it through always.
        depends_on: ids of siblings that must be ready before it starts; it is refused without.
        soft_depends_on: ids of siblings that it waits for a little, and then starts anyway.
        signals_ready: whether it is ready when it says so (`Actor.ready`), not when it is up.
        ready_timeout: seconds that those who depend on it wait until it is ready.
        start_timeout: seconds that a start may take; then it has failed. None: for ever.
        progress_deadline: seconds that a turn may last without the end of a message; then it
            hangs, and is ended. None: for ever.
        health: how its `health()` is polled; None: not at all.
        isolation: `process`: it lives in a process of its own.
        limits: of that process: memory, CPU time, priority.
        spares: how many processes are kept warm for its next start.
    """

    id: str
    actor_class: ActorClass
    args: Arguments = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    restart: Restart = "permanent"
    type: ChildType = _BY_TYPE
    shutdown: Grace = _BY_TYPE
    significant: bool = False
    dispatcher: str | None = None
    backoff: wait_base | None = None
    healthy_after: float = 60.0
    limit: Limit | None = None
    on_limit: OnLimit | None = None
    category: str = ""
    critical: bool = False
    depends_on: tuple[str, ...] = ()
    soft_depends_on: tuple[str, ...] = ()
    signals_ready: bool = False
    ready_timeout: float = 30.0
    start_timeout: float | None = None
    progress_deadline: float | None = None
    health: HealthCheck | None = None
    isolation: Isolation = "none"
    limits: ProcessLimits | None = None
    spares: int = 0

    def __post_init__(self) -> None:
        """Fill in the defaults that depend on other fields."""
        if self.type is _BY_TYPE:
            object.__setattr__(self, "type", getattr(self.actor_class, "child_type", "worker"))
        if self.shutdown is _BY_TYPE:
            grace = WORKER_SHUTDOWN if self.type == "worker" else "infinity"
            object.__setattr__(self, "shutdown", grace)

    @property
    def care(self) -> Care | None:
        """What is looked after while it runs; None if nothing is."""
        if self.progress_deadline is None and self.health is None:
            return None
        return Care(self.progress_deadline, self.health)


@dataclass(frozen=True, slots=True)
class Flags:
    """A supervisor's own options, with OTP's defaults.

    Attributes:
        strategy: who is restarted along with a child.
        intensity: how many restarts are allowed in a period; the next one ends the supervisor.
        period: whole seconds.
        auto_shutdown: whether the end of `any_significant` or `all_significant` children that
            are not restarted ends the supervisor.
        keeps_ended: beyond OTP, whether a child that ended for good stays with its spec, so that
            it can be started again; else it is forgotten.
    """

    strategy: Strategy = "one_for_one"
    intensity: int = 1
    period: int = 5
    auto_shutdown: AutoShutdown = "never"
    keeps_ended: bool = True

    def problem(self) -> Term | None:
        """Say what is wrong, in OTP's terms."""
        if self.strategy not in STRATEGIES:
            return ("invalid_strategy", self.strategy)
        if not is_whole(self.intensity) or self.intensity < 0:
            return ("invalid_intensity", self.intensity)
        if not is_whole(self.period) or self.period <= 0:
            return ("invalid_period", self.period)
        if self.auto_shutdown not in AUTO_SHUTDOWNS:
            return ("invalid_auto_shutdown", self.auto_shutdown)
        return None


def is_whole(x: object) -> bool:
    """Tell whether it is a whole number."""
    return isinstance(x, int) and not isinstance(x, bool)
