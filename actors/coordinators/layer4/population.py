"""What is put into the work queue, and how much at once: functions of state and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta, Struct

from ...events.scales import PressureLevel
from ...journal import WorkItem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HOUR: Final = 3600.0


class QueuePopulatorOptions(Struct, frozen=True, kw_only=True):
    """How full the work queue is kept, and what is in it."""

    interval: Annotated[
        float, Meta(gt=0, description="time between two looks at the queue (seconds)")
    ] = 5
    min_items: Annotated[
        int, Meta(ge=1, description="the queue is filled when it holds fewer (items)")
    ] = 200
    target_items: Annotated[
        int, Meta(ge=1, description="what the queue is filled up to (items)")
    ] = 300
    max_pending: Annotated[
        int, Meta(ge=1, description="items of one's own that may wait (items)")
    ] = 50
    batch: Annotated[int, Meta(ge=1, description="items put at once (items)")] = 100
    games_per_item: Annotated[
        int, Meta(ge=1, description="games of one self-play item (games)")
    ] = 50
    selfplay_priority: Annotated[int, Meta(ge=0, description="priority of self-play items")] = 50
    gap_priority: Annotated[
        int, Meta(ge=0, description="what a config adds that has the fewest games")
    ] = 20
    exploration_priority: Annotated[
        int, Meta(ge=0, description="what a config adds that nobody has touched for long")
    ] = 10
    exploration_configs: Annotated[
        int, Meta(ge=0, description="how many such configs there may be (configs)")
    ] = 3
    exploration_hours: Annotated[float, Meta(gt=0, description="how long is long (hours)")] = 4
    blocked_priority: Annotated[
        int, Meta(ge=0, description="what a config adds whose training is blocked by quality")
    ] = 30
    blocked_items: Annotated[
        int, Meta(ge=0, description="how many of its items add it (items)")
    ] = 3
    trickle_items: Annotated[
        int, Meta(ge=0, description="items put even under full backpressure (items)")
    ] = 10
    trickle_priority: Annotated[int, Meta(ge=0, description="what those add")] = 50
    done_elo: Annotated[
        float, Meta(ge=0, description="rating at which a config goes behind all others (Elo)")
    ] = 2000
    velocity_change: Annotated[
        float, Meta(ge=0, description="change of velocity that is told (Elo per hour)")
    ] = 10
    velocity_span: Annotated[
        float,
        Meta(ge=0, description="ratings closer together than this have no velocity (seconds)"),
    ] = 3600
    velocity_points: Annotated[
        int, Meta(ge=2, description="ratings that velocity is taken from (ratings)")
    ] = 10
    cluster_floor: Annotated[
        float, Meta(gt=0, le=1, description="least share of the queue in a sick cluster")
    ] = 0.2


class Demand(Struct, frozen=True, kw_only=True):
    """What one config wants.

    Attributes:
        config_key: which.
        iteration: whose target it is.
        target: games wanted in all.
        weight: how urgently, by the scheduler.
        games: of the config so far, in all iterations.
        elo: its rating, if known.
        touched: when anything was done for it last, seconds UTC.
        urgent_items: items that go before others because training is blocked.
        items: what is in the queue for this iteration already, whatever its status.
    """

    config_key: str
    iteration: int
    target: int
    weight: float = 0.0
    games: int = 0
    elo: float | None = None
    touched: float | None = None
    urgent_items: int = 0
    items: tuple[WorkItem, ...] = ()


class Part(Struct, frozen=True, kw_only=True):
    """One item to put: `games` games, the first of them numbered `first_game`."""

    config_key: str
    iteration: int
    part: int
    first_game: int
    games: int
    priority: int


def work_id(kind: str, config_key: str, iteration: int, part: int) -> str:
    """Return the id that follows from what an item is for, so that putting it twice is one item."""
    return f"{kind}-{config_key}-{iteration}-p{part}"


def room(
    queued: int,
    own: int,
    options: QueuePopulatorOptions,
    *,
    share: float = 1.0,
    pressure: PressureLevel = PressureLevel.NONE,
) -> int:
    """Return how many items may be put now.

    Args:
        queued: items that wait in the queue.
        own: of these, ours.
        options: the limits.
        share: of the cluster that can work.
        pressure: under `stop` only a trickle goes on, so that the loop does not starve.
    """
    allowed = max(0, options.max_pending - own)
    if pressure >= PressureLevel.STOP:
        return min(options.trickle_items, max(0, options.trickle_items - own))
    if queued >= options.min_items * share:
        return 0
    wanted = round(options.target_items * share) - queued
    return max(0, min(wanted, options.batch, allowed))


def parts(demand: Demand, options: QueuePopulatorOptions) -> Iterable[tuple[int, int, int]]:
    """Yield number, first game and games of each part that is missing.

    Items that failed for good are made up for by new parts: with games of their own, since equal
    numbers are equal games.
    """
    missing = demand.target - sum(i.units for i in demand.items if i.status != "failed")
    part = max((item.part for item in demand.items), default=0)
    first = sum(item.units for item in demand.items)
    while missing > 0:
        part += 1
        games = min(options.games_per_item, missing)
        yield part, first, games
        first += games
        missing -= games


def in_order(demands: Iterable[Demand], options: QueuePopulatorOptions) -> list[Demand]:
    """Sort configs: those that have reached their rating last, then by weight, then by games."""
    return sorted(
        demands,
        key=lambda demand: (
            demand.elo is not None and demand.elo >= options.done_elo,
            -demand.weight,
            demand.games,
            demand.config_key,
        ),
    )


def plan(
    demands: Iterable[Demand],
    allowed: int,
    options: QueuePopulatorOptions,
    now: float,
    *,
    trickle: bool = False,
) -> list[Part]:
    """Return the items to put now, at most `allowed`.

    Args:
        demands: what configs want.
        allowed: see `room`.
        options: sizes and priorities.
        now: seconds UTC.
        trickle: whether all are under full backpressure, and more urgent for it.
    """
    ordered = in_order(demands, options)
    explored = _untouched(ordered, options, now)
    fewest = min((demand.games for demand in ordered), default=0)
    planned: list[Part] = []
    for demand in ordered:
        base = options.selfplay_priority + (options.trickle_priority if trickle else 0)
        if len(ordered) > 1 and demand.games == fewest:
            base += options.gap_priority
        if demand.config_key in explored:
            base += options.exploration_priority
        for number, (part, first, games) in enumerate(parts(demand, options)):
            if len(planned) >= allowed:
                return planned
            urgent = options.blocked_priority if number < demand.urgent_items else 0
            planned.append(
                Part(
                    config_key=demand.config_key,
                    iteration=demand.iteration,
                    part=part,
                    first_game=first,
                    games=games,
                    priority=base + urgent,
                )
            )
    return planned


def _untouched(demands: Sequence[Demand], options: QueuePopulatorOptions, now: float) -> set[str]:
    longest = sorted(
        (demand.touched, demand.config_key)
        for demand in demands
        if demand.touched is not None and now - demand.touched > options.exploration_hours * HOUR
    )
    return {config_key for _, config_key in longest[: options.exploration_configs]}


def healthy_share(healthy: int, total: int, options: QueuePopulatorOptions) -> float:
    """Return the share of the cluster that can work."""
    return max(options.cluster_floor, healthy / total) if total > 0 else options.cluster_floor


def slope(points: Sequence[tuple[float, float]], span: float) -> float | None:
    """Return how fast a rating grows (Elo per hour) from first to last; None if that says nothing.

    Args:
        points: times (seconds) and ratings, oldest first.
        span: seconds that they must lie apart.
    """
    (first, low), (last, high) = points[0], points[-1]
    if last - first < max(span, 1e-9):
        return None
    return (high - low) / ((last - first) / HOUR)
