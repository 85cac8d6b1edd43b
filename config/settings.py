"""The settings tree: option structs from beside the code they tune, composed into one type."""

from typing import Annotated

from msgspec import Meta, Struct

from ringleader.actors.dead_letter_options import DeadLetterOptions
from ringleader.actors.options import (
    ActorOptions,
    EventLogOptions,
    EventOptions,
    LogLevel,
    StagesOptions,
    WorkloadOptions,
)
from ringleader.supervisors.options import SupervisionOptions
from ringleader.transport.bridge_options import BridgeOptions, PeerEntry

from .entry import TreeEntry
from .sections import CoordinatorsOptions, DaemonsOptions

__all__ = ["BridgeOptions", "NodeOptions", "PeerEntry", "Settings", "StatusOptions", "TreeEntry"]


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
    bind: Annotated[
        str,
        Meta(
            description="where other nodes reach this one: tcp://host:port, which takes the next "
            "port as well, or ipc://path on one host; beyond this host only with keys "
            "(`ringleader keys new`); empty: nowhere",
        ),
    ] = ""
    advertise: Annotated[
        str,
        Meta(
            description="what other nodes are told to connect to, if that is not `bind`: "
            "tcp://host:port or ipc://path",
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


class StatusOptions(Struct, frozen=True, kw_only=True):
    """The status over HTTP."""

    enabled: Annotated[
        bool,
        Meta(description="whether it is served; needs the extra `status`"),
    ] = False
    host: Annotated[
        str,
        Meta(
            min_length=1,
            description="address that it is served at; without a token only this machine's own, "
            "such as 127.0.0.1",
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Meta(
            ge=0,
            le=65_535,
            description="TCP port; 0 takes a free one, which the log names",
            extra={"env": "RINGRIFT_P2P_HEALTH_PORT"},
        ),
    ] = 8770
    token: Annotated[
        str,
        Meta(
            pattern=r"^[!-~]*$",
            description="who asks must send it: `Authorization: Bearer TOKEN`; empty asks for none",
            extra={"secret": True},
        ),
    ] = ""


class Settings(Struct, frozen=True, kw_only=True):
    """Everything that can be set."""

    profile: Annotated[
        str, Meta(description="the profile laid over the file: a table [profiles.NAME]")
    ] = ""
    node: NodeOptions = NodeOptions()
    peers: Annotated[
        tuple[PeerEntry, ...],
        Meta(
            description="nodes that this one talks to, by [[peers]]; its own entry is left out, "
            "so that all nodes may have one list"
        ),
    ] = ()
    bridge: BridgeOptions = BridgeOptions()
    status: StatusOptions = StatusOptions()
    actors: ActorOptions = ActorOptions()
    events: EventOptions = EventOptions()
    event_log: EventLogOptions = EventLogOptions()
    dead_letters: DeadLetterOptions = DeadLetterOptions()
    supervision: SupervisionOptions = SupervisionOptions()
    workload: WorkloadOptions = WorkloadOptions()
    stages: StagesOptions = StagesOptions()
    coordinators: CoordinatorsOptions = CoordinatorsOptions()
    daemons: DaemonsOptions = DaemonsOptions()
    tree: Annotated[
        dict[str, TreeEntry], Meta(description="the supervision tree, by name")
    ] = {}  # msgspec copies an empty default
