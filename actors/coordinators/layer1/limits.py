"""How many tasks may run, and how fast new ones may come: the settings of admission."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

_Share = Annotated[float, Meta(ge=0, le=100)]
_Limit = Annotated[int, Meta(ge=0)]


class NodeLimits(Struct, frozen=True, kw_only=True):
    """Most tasks of a type on one node; other types have no limit."""

    selfplay: Annotated[_Limit, Meta(description="self-play (tasks)")] = 32
    training: Annotated[_Limit, Meta(description="training (tasks)")] = 1
    sync: Annotated[_Limit, Meta(description="copies of data (tasks)")] = 2
    export: Annotated[_Limit, Meta(description="exports and merges (tasks)")] = 2


class ClusterLimits(Struct, frozen=True, kw_only=True):
    """Most tasks of a type on all nodes; other types have no limit."""

    selfplay: Annotated[_Limit, Meta(description="self-play (tasks)")] = 500
    training: Annotated[_Limit, Meta(description="training (tasks)")] = 3
    cmaes: Annotated[_Limit, Meta(description="CMA-ES optimisations (tasks)")] = 1
    tournament: Annotated[_Limit, Meta(description="tournaments (tasks)")] = 2
    pipeline: Annotated[_Limit, Meta(description="pipelines (tasks)")] = 1
    improvement_loop: Annotated[_Limit, Meta(description="improvement loops (tasks)")] = 1


class GlobalTaskCoordinatorOptions(Struct, frozen=True, kw_only=True):
    """How many tasks may run, and how fast new ones may come."""

    spawns_per_minute: Annotated[
        float, Meta(gt=0, description="new tasks of all types (tasks per minute)")
    ] = 60
    spawn_burst: Annotated[
        int, Meta(ge=1, description="new tasks at once after a quiet time (tasks)")
    ] = 10
    selfplay_per_minute: Annotated[
        float, Meta(gt=0, description="new self-play tasks (tasks per minute)")
    ] = 30
    selfplay_burst: Annotated[
        int, Meta(ge=1, description="new self-play tasks at once after a quiet time (tasks)")
    ] = 5
    node_cooldown: Annotated[
        float, Meta(ge=0, description="time between two spawns on one node (seconds)")
    ] = 1
    node_limits: NodeLimits = NodeLimits()
    cluster_limits: ClusterLimits = ClusterLimits()
    halt_disk: Annotated[
        _Share, Meta(description="disk use that halts spawning; 100 never does (percent)")
    ] = 70
    halt_memory: Annotated[
        _Share, Meta(description="memory use that halts spawning; 100 never does (percent)")
    ] = 95
    halt_cpu: Annotated[
        _Share, Meta(description="CPU use that halts spawning; 100 never does (percent)")
    ] = 95
    resume_factor: Annotated[
        float,
        Meta(gt=0, le=1, description="share of a halt threshold at which spawning goes on"),
    ] = 0.9
    soft_denial: Annotated[
        float, Meta(ge=0, le=1, description="share denied under soft backpressure")
    ] = 0.5
    hard_denial: Annotated[
        float, Meta(ge=0, le=1, description="share denied under hard backpressure")
    ] = 0.9
    resource_age: Annotated[
        float, Meta(ge=0, description="time that measured resources are believed (seconds)")
    ] = 10
    check_interval: Annotated[
        float, Meta(gt=0, description="time between two comparisons with the journal (seconds)")
    ] = 60
    forget_after: Annotated[
        float, Meta(gt=0, description="a task untouched for so long is dropped (seconds)")
    ] = 86_400
