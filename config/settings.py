"""The settings tree: option structs from beside the code they tune, composed into one type."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ringleader.actors.options import (
    ActorOptions,
    EventOptions,
    LogLevel,
    StagesOptions,
    WorkloadOptions,
)
from ringleader.supervisors.options import SupervisionOptions
from ringleader.supervisors.spec import AutoShutdown, Restart

from .sections import CoordinatorsOptions, DaemonsOptions

Strategy = Literal["one_for_one", "one_for_all", "rest_for_one"]
Shutdown = Annotated[float, Meta(ge=0)] | Literal["infinity", "brutal_kill"]
Dispatcher = Literal["pool", "thread", "async"]


class NodeOptions(Struct, frozen=True, kw_only=True):
    """The node itself."""

    id: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9._-]*$",
            description="stable name of the node; empty takes the host's name",
            extra={"env": "RINGRIFT_NODE_ID"},
        ),
    ] = ""
    data_dir: Annotated[
        str,
        Meta(
            min_length=1,
            description="where the node keeps its data; relative to the working directory",
            extra={"env": "RINGRIFT_COORDINATION_DIR"},
        ),
    ] = "./.ringleader"
    seed: Annotated[
        int,
        Meta(ge=0, description="seed of everything drawn at random; 0 draws one and logs it"),
    ] = 0
    log_level: Annotated[
        LogLevel,
        Meta(
            description="least severe record that is logged",
            extra={"env": "RINGRIFT_LOG_LEVEL"},
        ),
    ] = "INFO"
    shutdown_timeout: Annotated[
        float,
        Meta(gt=0, description="time for the whole node to stop in order (seconds)"),
    ] = 30


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


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be set."""

    profile: Annotated[
        str, Meta(description="the profile laid over the file: a table [profiles.NAME]")
    ] = ""
    node: NodeOptions = NodeOptions()
    actors: ActorOptions = ActorOptions()
    events: EventOptions = EventOptions()
    supervision: SupervisionOptions = SupervisionOptions()
    workload: WorkloadOptions = WorkloadOptions()
    stages: StagesOptions = StagesOptions()
    coordinators: CoordinatorsOptions = CoordinatorsOptions()
    daemons: DaemonsOptions = DaemonsOptions()
    tree: Annotated[
        dict[str, TreeEntry], Meta(description="the supervision tree, by name")
    ] = {}  # msgspec copies an empty default
