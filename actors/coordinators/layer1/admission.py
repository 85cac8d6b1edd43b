"""Whether a task may be spawned: nine checks in order, the first that denies says why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from msgspec import Struct

from ...events.scales import PressureLevel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Set as AbstractSet

    from .limits import ClusterLimits, GlobalTaskCoordinatorOptions, NodeLimits

Admittance: TypeAlias = Literal["running", "paused", "draining", "emergency", "stopped"]
ADMITTANCES: Final[tuple[Admittance, ...]] = get_args(Admittance)

BACKOFF: Final = 1.0
"""Seconds after which a denial without an end of its own is worth asking about again."""


class Resources(Struct, frozen=True, kw_only=True):
    """What of a node is in use, in percent."""

    disk: float = 0.0
    memory: float = 0.0
    cpu: float = 0.0


class Bucket(Struct, frozen=True, kw_only=True):
    """A token bucket: `tokens` at time `at`, refilled evenly up to its burst."""

    tokens: float
    at: float

    def refilled(self, per_minute: float, burst: int, now: float) -> Bucket:
        """Return the bucket as it is now."""
        gained = max(0.0, now - self.at) * per_minute / 60
        return Bucket(tokens=min(float(burst), self.tokens + gained), at=now)


class RunningTask(Struct, frozen=True, kw_only=True):
    """A task that was admitted and has not ended; `touched` is seconds UTC."""

    task_id: str
    task_type: str
    node_id: str
    touched: float


class Admissions(Struct, kw_only=True):
    """What admission depends on.

    Attributes:
        state: of the whole coordinator.
        all_spawns: the bucket of all types.
        selfplay_spawns: the bucket of self-play.
        spawned_at: the last spawn on a node.
        reserved: by node, the only type that may start there.
        unhealthy: nodes that are known to be bad.
        tasks: by id, what runs.
        resources: of this node.
        halted: the resources that halted spawning and have not recovered.
        pressure: the strongest backpressure.
    """

    state: Admittance = "running"
    all_spawns: Bucket
    selfplay_spawns: Bucket
    spawned_at: dict[str, float] = {}
    reserved: dict[str, str] = {}
    unhealthy: set[str] = set()
    tasks: dict[str, RunningTask] = {}
    resources: Resources = Resources()
    halted: frozenset[str] = frozenset()
    pressure: PressureLevel = PressureLevel.NONE


class Verdict(Struct, frozen=True, kw_only=True):
    """Whether a task may be spawned.

    Attributes:
        granted: whether it may.
        reason: which check denied, and with what numbers; empty if none did.
        retry_after: seconds after which to ask again.
    """

    granted: bool
    reason: str = ""
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    task_type: str
    node_id: str
    critical: bool
    now: float
    draw: Callable[[], float]


def fresh(options: GlobalTaskCoordinatorOptions, now: float) -> Admissions:
    """Return the state at the start: full buckets, nothing running."""
    return Admissions(
        all_spawns=Bucket(tokens=options.spawn_burst, at=now),
        selfplay_spawns=Bucket(tokens=options.selfplay_burst, at=now),
    )


def can_spawn(
    state: Admissions,
    options: GlobalTaskCoordinatorOptions,
    *,
    task_type: str,
    node_id: str,
    now: float,
    draw: Callable[[], float],
    critical: bool = False,
) -> Verdict:
    """Ask the nine checks in order; the first denial wins.

    Args:
        state: what admission depends on; not changed.
        options: the limits.
        task_type: `selfplay`, `training`, …
        node_id: where it would run.
        now: monotonic seconds.
        draw: returns a number from 0 to 1; called only under backpressure.
        critical: admitted even in an emergency.
    """
    request = _Request(task_type=task_type, node_id=node_id, critical=critical, now=now, draw=draw)
    denial = next(_denials(state, options, request), None)
    return denial or Verdict(granted=True)


def _denials(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    for check in _CHECKS:
        yield from check(state, options, request)


def _state(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    del options
    if state.state == "emergency" and request.critical:
        return
    if state.state != "running":
        yield _denied(f"admission is {state.state}")


def _rate(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    buckets = [(state.all_spawns, options.spawns_per_minute, options.spawn_burst, "all types")]
    if request.task_type == "selfplay":
        limits = (options.selfplay_per_minute, options.selfplay_burst, "self-play")
        buckets.append((state.selfplay_spawns, *limits))
    for bucket, rate, burst, whose in buckets:
        tokens = bucket.refilled(rate, burst, request.now).tokens
        if tokens < 1:
            wait = (1 - tokens) * 60 / rate
            yield _denied(f"rate: more than {rate:g} spawns a minute of {whose}", wait)


def _cooldown(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    last = state.spawned_at.get(request.node_id)
    if last is not None and request.now - last < options.node_cooldown:
        wait = last + options.node_cooldown - request.now
        yield _denied(f"cooldown: {request.node_id} started a task just now", wait)


def _reservation(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    del options
    owner = state.reserved.get(request.node_id, request.task_type)
    if owner != request.task_type:
        yield _denied(f"reserved: {request.node_id} is kept for {owner}")


def _node_health(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    del options
    if request.node_id in state.unhealthy:
        yield _denied(f"health: {request.node_id} is known to be bad")


def _node_limit(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    limit = _limit(options.node_limits, request.task_type)
    running = _running(state.tasks, request.task_type, request.node_id)
    if limit is not None and running >= limit:
        yield _denied(f"node limit: {running} of {limit} {request.task_type} on {request.node_id}")


def _cluster_limit(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    limit = _limit(options.cluster_limits, request.task_type)
    running = _running(state.tasks, request.task_type)
    if limit is not None and running >= limit:
        yield _denied(f"cluster limit: {running} of {limit} {request.task_type}")


def _halted(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    del request
    for name in sorted(state.halted):
        limit = thresholds(options)[name]
        yield _denied(
            f"halted: {name} use {getattr(state.resources, name):.0f} %, allowed are {limit:.0f} % "
            f"(again from {limit * options.resume_factor:.0f} %)",
            max(BACKOFF, options.resource_age),
        )


def _backpressure(
    state: Admissions, options: GlobalTaskCoordinatorOptions, request: _Request
) -> Iterator[Verdict]:
    if state.pressure < PressureLevel.SOFT:
        return
    if state.pressure >= PressureLevel.STOP:
        yield _denied("backpressure: stop")
        return
    hard = state.pressure >= PressureLevel.HARD
    if request.draw() < (options.hard_denial if hard else options.soft_denial):
        yield _denied(f"backpressure: {state.pressure}")


_CHECKS = (
    _state,
    _rate,
    _cooldown,
    _reservation,
    _node_health,
    _node_limit,
    _cluster_limit,
    _halted,
    _backpressure,
)


def _limit(limits: NodeLimits | ClusterLimits, task_type: str) -> int | None:
    return getattr(limits, task_type, None)


def _denied(reason: str, retry_after: float = BACKOFF) -> Verdict:
    return Verdict(granted=False, reason=reason, retry_after=retry_after)


def _running(tasks: Mapping[str, RunningTask], task_type: str, node_id: str | None = None) -> int:
    return sum(
        task.task_type == task_type and node_id in {None, task.node_id} for task in tasks.values()
    )


def thresholds(options: GlobalTaskCoordinatorOptions) -> dict[str, float]:
    """Return by resource the use at which spawning halts, in percent."""
    return {
        "disk": options.halt_disk,
        "memory": options.halt_memory,
        "cpu": options.halt_cpu,
    }


def halted(
    before: AbstractSet[str], resources: Resources, options: GlobalTaskCoordinatorOptions
) -> frozenset[str]:
    """Return the resources that halt spawning now: with hysteresis, so that it does not flutter."""
    found: set[str] = set()
    for name, limit in thresholds(options).items():
        use: float = getattr(resources, name)
        bound = limit * options.resume_factor if name in before else limit
        if limit < 100 and use >= bound:  # noqa: PLR2004  # percent: at 100 the rule is off
            found.add(name)
    return frozenset(found)


def register(
    state: Admissions, options: GlobalTaskCoordinatorOptions, task: RunningTask, now: float
) -> None:
    """Take in an admitted task: it takes tokens, and starts its node's cooldown."""
    state.all_spawns = _taken(
        state.all_spawns.refilled(options.spawns_per_minute, options.spawn_burst, now)
    )
    if task.task_type == "selfplay":
        state.selfplay_spawns = _taken(
            state.selfplay_spawns.refilled(options.selfplay_per_minute, options.selfplay_burst, now)
        )
    state.spawned_at[task.node_id] = now
    state.tasks[task.task_id] = task


def _taken(bucket: Bucket) -> Bucket:
    return Bucket(tokens=bucket.tokens - 1, at=bucket.at)


def forgotten(tasks: Mapping[str, RunningTask], now: float, after: float) -> list[str]:
    """Return the ids of tasks that nobody has touched for `after` seconds."""
    return [task.task_id for task in tasks.values() if now - task.touched > after]
