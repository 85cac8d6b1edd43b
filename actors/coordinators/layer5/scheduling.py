"""What the self-play scheduler knows of each config, and what it is set by."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

_Weight = Annotated[float, Meta(ge=0)]


class PriorityWeights(Struct, frozen=True, kw_only=True):
    """What a config's priority is summed from; the weights are not normalised."""

    staleness: Annotated[_Weight, Meta(description="weight of the time without self-play")] = 0.30
    deficit: Annotated[_Weight, Meta(description="weight of the games still missing")] = 0.25
    velocity: Annotated[_Weight, Meta(description="weight of the Elo gained an hour")] = 0.20
    information: Annotated[
        _Weight, Meta(description="weight of what one more game tells (value of information)")
    ] = 0.20
    improvement: Annotated[_Weight, Meta(description="weight of the Elo still to be gained")] = 0.15
    quality: Annotated[_Weight, Meta(description="weight of the quality of its data")] = 0.15
    training: Annotated[_Weight, Meta(description="weight of a need for training")] = 0.10
    exploration: Annotated[_Weight, Meta(description="weight of a boost of exploration")] = 0.10
    curriculum: Annotated[_Weight, Meta(description="weight of its curriculum weight")] = 0.10
    diversity: Annotated[_Weight, Meta(description="weight of its rarity among all games")] = 0.10


class SelfplaySchedulerOptions(Struct, frozen=True, kw_only=True):
    """How self-play is divided between configs."""

    weights: PriorityWeights = PriorityWeights()
    interval: Annotated[
        float, Meta(gt=0, description="least time between two allocations (seconds)")
    ] = 15
    fresh_hours: Annotated[
        float, Meta(ge=0, description="a config is not stale before (hours)")
    ] = 1
    stale_hours: Annotated[
        float, Meta(gt=0, description="a config is fully stale from here on (hours)")
    ] = 4
    stale_cap_hours: Annotated[
        float, Meta(gt=0, description="a config that was never played counts as this old (hours)")
    ] = 48
    target_elo: Annotated[
        float, Meta(gt=0, description="rating that configs are trained for (Elo)")
    ] = 2000
    fast_velocity: Annotated[
        float, Meta(gt=0, description="velocity that counts as full (Elo per hour)")
    ] = 50
    velocity_window_hours: Annotated[
        float, Meta(gt=0, description="ratings that velocity is fitted to (hours)")
    ] = 24
    velocity_span: Annotated[
        float,
        Meta(ge=0, description="ratings closer together than this say nothing (seconds)"),
    ] = 3600
    plateau_velocity: Annotated[
        float, Meta(ge=0, description="velocity below which nothing moves (Elo per hour)")
    ] = 0.5
    plateau_count: Annotated[
        int, Meta(ge=1, description="ratings without movement that make a plateau (ratings)")
    ] = 3
    plateau_cooldown: Annotated[
        float, Meta(ge=0, description="time between two reports of a plateau (seconds)")
    ] = 3600
    exploration_seconds: Annotated[
        float,
        Meta(
            gt=0,
            description="how long a boost of exploration lasts that does not say it (seconds)",
            extra={"env": "RINGRIFT_EXPLORATION_BOOST_DURATION"},
        ),
    ] = 900
    rate_change: Annotated[
        float, Meta(ge=0, description="change of a config's momentum that is told (share)")
    ] = 0.2
    cluster_floor: Annotated[
        float, Meta(gt=0, le=1, description="least share of games in a sick cluster")
    ] = 0.3


class ConfigState(Struct, frozen=True, kw_only=True):
    """What is known of one config.

    Attributes:
        games: played so far.
        missing: games of the open target that nobody has played yet.
        target: the open target, 0 without one.
        played_at: when games came in last, seconds UTC.
        elo: last rating.
        ratings: times (seconds UTC) and ratings, oldest first.
        velocity: Elo an hour; None while ratings say nothing.
        still: ratings in a row without movement.
        plateau_at: when a plateau was told last, seconds UTC.
        needs_training: whether somebody waits for its games.
        boost: factor on its priority.
        boost_until: when the boost ends, seconds UTC.
        curriculum: its curriculum weight.
        momentum: factor by how its velocity changes.
        quality: of its data, 0 to 1; None if unknown.
        penalty: what poor quality takes off, at most 0.
        throttle: factor on its games by quality.
        regressed: whether its model got worse.
        tier: of its curriculum.
    """

    games: int = 0
    missing: int = 0
    target: int = 0
    played_at: float | None = None
    elo: float | None = None
    ratings: tuple[tuple[float, float], ...] = ()
    velocity: float | None = None
    still: int = 0
    plateau_at: float | None = None
    needs_training: bool = False
    boost: float = 1.0
    boost_until: float | None = None
    curriculum: float = 1.0
    momentum: float = 1.0
    quality: float | None = None
    penalty: float = 0.0
    throttle: float = 1.0
    regressed: bool = False
    tier: int = 0
