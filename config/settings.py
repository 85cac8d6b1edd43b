"""The settings tree: option structs from beside the code they tune, composed into one type."""

from typing import Annotated

from msgspec import Meta, Struct

from ringleader.actors.options import (
    ActorOptions,
    EventOptions,
    LogLevel,
    StagesOptions,
    WorkloadOptions,
)
from ringleader.supervisors.options import SupervisionOptions

from .entry import TreeEntry
from .sections import CoordinatorsOptions, DaemonsOptions

__all__ = ["NodeOptions", "Settings", "TreeEntry"]


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
