"""A node for measurements: system, event log and bridge, as `ringleader up` joins them."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ringleader import System
from ringleader.actors.clock import RealClock
from ringleader.actors.dispatch import spawn
from ringleader.bridging import Bridging, exported
from ringleader.config.settings import NodeOptions, Settings
from ringleader.datadir import DataDir
from ringleader.transport.bridge_options import PeerEntry
from ringleader.transport.event_store import EventStore
from ringleader.transport.keys import KeyRing

from .cases import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from ringleader.transport.bridge import Bridge

ANY_PORT = "tcp://127.0.0.1:0"
NEAR, FAR = "near", "far"


class Bridged(NamedTuple):
    """A node that talks to others."""

    system: System
    store: EventStore
    bridging: Bridging

    @property
    def bridge(self) -> Bridge:
        """What carries its events."""
        return self.bridging.bridge

    def start(self) -> None:
        """Start to talk to others."""
        self.bridging.start()


@contextmanager
def bridged(settings: Settings, directory: Path) -> Generator[Bridged]:
    """Run a node with its files in a directory; it talks to others when it is started."""
    clock = RealClock(spawn)
    system = System(settings.node.id)
    crosses = exported(settings, system)
    if crosses is None:
        raise ValueError(f"{settings.node.id} has neither `bind` nor peers, so there is no bridge")
    data = DataDir(directory)
    store = EventStore(
        data.events,
        clock=clock,
        spawn=spawn,
        epoch=system.epoch,
        exports=crosses.exports,
        limits=crosses.limits,
        on_unread=crosses.on_unread,
    )
    try:
        system.keep(store.log)
        bridging = Bridging(settings, system, store, crosses, data.keys)
        with system:
            try:
                yield Bridged(system, store, bridging)
            finally:
                bridging.stop_reading()
        bridging.close()
    finally:
        store.close()
        clock.close()


def endpoint_of(bridge: Bridge) -> str:
    """Return where a node listens that was just started.

    Raises:
        TimeoutError: it does not say so.
    """
    pause, end = threading.Event(), time.perf_counter() + PATIENCE
    while not (endpoint := bridge.statistics().endpoint):
        if time.perf_counter() > end:
            raise TimeoutError("the bridge did not come up")
        pause.wait(0.01)
    return endpoint


def settings_of(name: str, *, bind: str = "", peers: dict[str, str] | None = None) -> Settings:
    """Return the settings of a node, all others as they are by default.

    Args:
        name: of the node.
        bind: where it listens.
        peers: where others listen, by name.
    """
    entries = tuple(PeerEntry(id=peer, endpoint=where) for peer, where in (peers or {}).items())
    return Settings(node=NodeOptions(id=name, bind=bind), peers=entries)


def make_keys(*directories: tuple[str, Path]) -> None:
    """Make a pair for each node in its data directory, and let all the others in."""
    rings = {name: KeyRing(DataDir(path).keys, time.time) for name, path in directories}
    for ring in rings.values():
        ring.generate()
    for name, ring in rings.items():
        for other, theirs in rings.items():
            if other != name:
                ring.allow(other, theirs.pair.public)
