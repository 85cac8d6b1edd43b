"""Settings of supervision, beside the code that they tune."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from .cascade import CATEGORIES
from .quarantine import COOL_DOWN, DAY, DEGRADED, HOUR
from .spec import OnLimit

BackoffKind = Literal[
    "fixed",
    "exponential",
    "exponential_jitter",
    "random",
    "random_exponential",
    "incrementing",
    "chain",
    "sum",
]
QuarantineWord = Literal["by_hand", "cool_down", "degraded"]
Seconds = Annotated[float, Meta(ge=0)]
Factor = Annotated[float, Meta(gt=0)]


class BackoffOptions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How long to wait before a restart: one of tenacity's wait strategies, as data.

    Each kind takes its own keys. It is one value: a later layer replaces all of it.
    """

    kind: Annotated[BackoffKind, Meta(description="how the wait grows with crashes in a row")]
    seconds: Annotated[
        Seconds | None, Meta(description="of fixed: the wait before every restart (seconds)")
    ] = None
    multiplier: Annotated[
        Factor | None,
        Meta(description="of exponential kinds: the first wait; 1 if not set (seconds)"),
    ] = None
    exp_base: Annotated[
        Annotated[float, Meta(ge=1)] | None,
        Meta(description="of exponential kinds: each wait is so many times the one before; or 2"),
    ] = None
    start: Annotated[
        Seconds | None,
        Meta(description="of incrementing: the first wait; 0 if not set (seconds)"),
    ] = None
    increment: Annotated[
        Seconds | None,
        Meta(description="of incrementing: what each wait is longer by (seconds)"),
    ] = None
    min: Annotated[Seconds | None, Meta(description="shortest wait; 0 if not set (seconds)")] = None
    max: Annotated[Seconds | None, Meta(description="longest wait; 300 if not set (seconds)")] = (
        None
    )
    jitter: Annotated[
        Seconds | None, Meta(description="most that is added to it at random (seconds)")
    ] = None
    of: Annotated[
        tuple["Seconds | BackoffOptions", ...],
        Meta(
            description="of chain: one for each crash, the last one for all after it; "
            "of sum: those that are added up"
        ),
    ] = ()


class QuarantineOptions(Struct, frozen=True, kw_only=True):
    """How long a child is parked that was restarted too often."""

    release_after: Annotated[
        float, Meta(gt=0, description="the first pause, after which it is tried again (seconds)")
    ] = DAY
    critical_after: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="the same for a critical child; as for others if not set (seconds)"),
    ] = None
    growth: Annotated[
        float, Meta(ge=1, description="by how much each further pause in a row is longer")
    ] = COOL_DOWN.growth
    longest: Annotated[float, Meta(gt=0, description="what pauses grow to at most (seconds)")] = (
        COOL_DOWN.longest
    )


class PauseOptions(Struct, frozen=True, kw_only=True):
    """What the words for a quarantine stand for."""

    cool_down: Annotated[
        float, Meta(gt=0, description='"cool_down": every pause is as long (seconds)')
    ] = DAY
    degraded: Annotated[
        float,
        Meta(
            gt=0,
            description='"degraded": the first pause, after which it is tried again (seconds)',
            extra={"env": "RINGRIFT_DEGRADED_NONCRITICAL_RETRY_INTERVAL"},
        ),
    ] = 4 * HOUR
    degraded_critical: Annotated[
        float,
        Meta(
            gt=0,
            description='"degraded": the same for a critical child (seconds)',
            extra={"env": "RINGRIFT_DEGRADED_CRITICAL_RETRY_INTERVAL"},
        ),
    ] = HOUR / 2
    growth: Annotated[
        float,
        Meta(ge=1, description='"degraded": by how much each further pause in a row is longer'),
    ] = DEGRADED.growth
    longest: Annotated[
        float, Meta(gt=0, description='"degraded": what pauses grow to at most (seconds)')
    ] = DEGRADED.longest


class HealthOptions(Struct, frozen=True, kw_only=True):
    """How `health()` of a declared actor is polled."""

    enabled: Annotated[
        bool, Meta(description="whether it is, of actors that say nothing about it")
    ] = True
    interval: Annotated[
        float,
        Meta(
            gt=0,
            description="time between two polls (seconds)",
            extra={"env": "RINGRIFT_DAEMON_HEALTH_INTERVAL"},
        ),
    ] = 60
    critical_interval: Annotated[
        float,
        Meta(
            gt=0,
            description="the same for a critical actor (seconds)",
            extra={"env": "RINGRIFT_DAEMON_CRITICAL_CHECK_INTERVAL"},
        ),
    ] = 30
    timeout: Annotated[
        float,
        Meta(
            gt=0,
            description="time an answer may take; a late one is an unhealthy one (seconds)",
            extra={"env": "RINGRIFT_DAEMON_HEALTH_TIMEOUT"},
        ),
    ] = 5
    grace: Annotated[
        float,
        Meta(ge=0, description="time after its start in which bad answers mean nothing (seconds)"),
    ] = 60
    failures: Annotated[
        int,
        Meta(
            ge=0,
            description="unhealthy answers in a row that end it; 0: none ever does (answers)",
            extra={"env": "RINGRIFT_DAEMON_MAX_FAILURES"},
        ),
    ] = 3


class ThresholdOptions(Struct, frozen=True, kw_only=True):
    """When the cascade breaker of one category opens."""

    restarts: Annotated[
        int, Meta(ge=1, description="restarts in the window that open it (restarts)")
    ] = 4
    window: Annotated[float, Meta(gt=0, description="time in which they are counted (seconds)")] = (
        300
    )
    cooldown: Annotated[
        float, Meta(gt=0, description="time without restarts once it is open (seconds)")
    ] = 120
    ignores_all: Annotated[
        bool, Meta(description="whether the breaker for all together leaves this category alone")
    ] = False


def _categories() -> dict[str, ThresholdOptions]:
    return {
        name: ThresholdOptions(
            restarts=threshold.restarts,
            window=threshold.window,
            cooldown=threshold.cooldown,
            ignores_all=threshold.ignores_all,
        )
        for name, threshold in CATEGORIES.items()
    }


class CascadeOptions(Struct, frozen=True, kw_only=True):
    """The cascade breaker: too many restarts of a kind, and there are none for a while."""

    enabled: Annotated[bool, Meta(description="whether there is one")] = True
    restarts: Annotated[
        int,
        Meta(
            ge=1,
            description="restarts of all categories in the window that open it for all (restarts)",
            extra={"env": "RINGRIFT_CASCADE_GLOBAL_THRESHOLD"},
        ),
    ] = 25
    window: Annotated[float, Meta(gt=0, description="time in which they are counted (seconds)")] = (
        300
    )
    cooldown: Annotated[
        float,
        Meta(
            gt=0,
            description="time without restarts once it is open for all (seconds)",
            extra={"env": "RINGRIFT_CASCADE_GLOBAL_COOLDOWN"},
        ),
    ] = 120
    grace: Annotated[
        float,
        Meta(
            ge=0,
            description="time after the node's start in which grace_restarts count (seconds)",
            extra={"env": "RINGRIFT_CASCADE_STARTUP_GRACE"},
        ),
    ] = 300
    grace_restarts: Annotated[
        int,
        Meta(
            ge=1,
            description="restarts of all categories that open it for all meanwhile (restarts)",
            extra={"env": "RINGRIFT_CASCADE_STARTUP_THRESHOLD"},
        ),
    ] = 100
    categories: Annotated[
        dict[str, ThresholdOptions],
        Meta(description="when it opens for a category, by name; yours may be added"),
    ] = field(default_factory=_categories)


class SupervisionOptions(Struct, frozen=True, kw_only=True):
    """What holds for supervisors and children declared in the configuration.

    A `Supervisor` written in code doesn't read this: it has OTP's own defaults, one restart in five
    seconds, until its class says otherwise. A declared tree is for daemons, where one bad handler
    must not take the node down, and so is more patient.
    """

    intensity: Annotated[
        int,
        Meta(ge=0, description="restarts a supervisor allows within `period` (restarts)"),
    ] = 10
    period: Annotated[
        int, Meta(ge=1, description="window in which restarts are counted (seconds)")
    ] = 60
    on_limit: Annotated[
        OnLimit,
        Meta(
            description="what follows one restart too many of a supervisor's child: the "
            "supervisor ends, or only the child is parked; at the top of the tree it is escalate, "
            "unless the entry says otherwise"
        ),
    ] = "quarantine"
    quarantine: Annotated[
        QuarantineWord | QuarantineOptions,
        Meta(
            description="how long it is parked: until it is released by hand, for a time, or for "
            "growing pauses; a table says how long",
            extra={
                "env": {
                    "RINGRIFT_DEGRADED_MODE_ENABLED": {
                        "true": "degraded",
                        "1": "degraded",
                        "yes": "degraded",
                        "false": "cool_down",
                        "0": "cool_down",
                        "no": "cool_down",
                    }
                }
            },
        ),
    ] = "degraded"
    backoff: Annotated[
        Seconds | BackoffOptions,
        Meta(
            description="wait before a restart; a table with the key `kind` says how it grows with "
            "crashes in a row (seconds)",
            extra={"whole": True},
        ),
    ] = BackoffOptions(kind="exponential", multiplier=0.05, max=5)
    healthy_after: Annotated[
        float,
        Meta(
            ge=0,
            description="time without a crash after which backoff begins anew, and a crash loop "
            "and a series of quarantines are over (seconds)",
        ),
    ] = 300
    shutdown: Annotated[
        float,
        Meta(
            ge=0,
            description="time a worker gets to stop before it is killed (seconds)",
            extra={"env": "RINGRIFT_DAEMON_SHUTDOWN_GRACE"},
        ),
    ] = 5
    start_timeout: Annotated[
        float,
        Meta(
            ge=0,
            description="time a worker's start may take; then it has failed; 0: for ever (seconds)",
            extra={"env": "RINGRIFT_DAEMON_STARTUP_TIMEOUT"},
        ),
    ] = 30
    ready_timeout: Annotated[
        float,
        Meta(
            ge=0,
            description="time that siblings wait for an actor that signals readiness (seconds)",
        ),
    ] = 30
    progress_deadline: Annotated[
        float,
        Meta(
            ge=0,
            description="time a worker's handler may take; then it hangs, and is ended; "
            "0: for ever (seconds)",
        ),
    ] = 600
    crash_loop_count: Annotated[
        int,
        Meta(ge=2, description="crashes of a child that make a crash loop (crashes)"),
    ] = 3
    crash_loop_window: Annotated[
        float, Meta(gt=0, description="window in which those crashes are counted (seconds)")
    ] = 300
    pauses: PauseOptions = PauseOptions()
    health: HealthOptions = HealthOptions()
    cascade: CascadeOptions = field(default_factory=CascadeOptions)
