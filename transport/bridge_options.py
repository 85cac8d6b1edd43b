"""Settings of the bridge between nodes, and what is said of a peer."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from .bridge_readers import RepairLimits
from .bridge_reading import ReaderLimits
from .remote_options import RemoteOptions
from .socket_options import SocketOptions
from .wire import WireLimits

NODE_ID: Final = r"[A-Za-z0-9._-]+"


class PeerEntry(Struct, frozen=True, kw_only=True):
    """A node that this one talks to."""

    id: Annotated[
        str,
        Meta(pattern=f"^{NODE_ID}$", max_length=255, description="name of the node, its `node.id`"),
    ]
    endpoint: Annotated[
        str,
        Meta(
            min_length=1,
            description="where it is reached: tcp://host:port or ipc://path, what it advertises",
        ),
    ]
    public_key: Annotated[
        str,
        Meta(
            description="its public key, which `ringleader keys show` prints there; empty if "
            "`ringleader keys allow` has put it here, or if both are on one host (40 characters)",
        ),
    ] = ""


class BridgeOptions(Struct, frozen=True, kw_only=True):
    """How events and messages cross between nodes."""

    heartbeat: Annotated[
        float,
        Meta(
            gt=0,
            le=60,
            description="how often a node tells its peers that it lives, and how far its streams "
            "are (seconds)",
        ),
    ] = 1
    suspect: Annotated[
        float,
        Meta(
            gt=0,
            description="silence after which a peer may be gone; longer than `heartbeat` (seconds)",
        ),
    ] = 3
    down: Annotated[
        float,
        Meta(
            gt=0,
            description="silence after which a peer is down; longer than `suspect` (seconds)",
            extra={"env": "RINGRIFT_P2P_PEER_TIMEOUT"},
        ),
    ] = 10
    introductions: Annotated[
        bool,
        Meta(
            description="whether peers that are not in `peers` are learnt from those that are, and "
            "told to others; the keys that are allowed decide all the same"
        ),
    ] = True
    also: Annotated[
        tuple[str, ...],
        Meta(description="event types that cross although the catalogue says no, by name"),
    ] = ()
    never: Annotated[
        tuple[str, ...],
        Meta(description="event types that do not cross although the catalogue says yes, by name"),
    ] = ()
    actors: Annotated[
        tuple[str, ...],
        Meta(
            description="actors that other nodes may reach, beside those whose class says so: "
            "paths such as /pipeline/evaluator, or with a slash at the end all below"
        ),
    ] = ()
    retention: Annotated[
        float,
        Meta(
            gt=0,
            description="age above which an event is not kept for peers any longer, whoever has "
            "not had it yet (seconds)",
        ),
    ] = 604_800
    retention_bytes: Annotated[
        int,
        Meta(
            ge=65_536,
            description="size of all that is kept for peers above which the oldest is not kept "
            "any longer, whoever has not had it yet (bytes)",
        ),
    ] = 1_073_741_824
    repair: RepairLimits = RepairLimits()
    reading: ReaderLimits = ReaderLimits()
    sockets: SocketOptions = SocketOptions(largest=8 * 1024 * 1024)  # an entry, and what is around
    remote: RemoteOptions = RemoteOptions()

    @property
    def wire(self) -> WireLimits:
        """What a frame may be: what the sockets take."""
        return WireLimits(frame_bytes=self.sockets.largest)
