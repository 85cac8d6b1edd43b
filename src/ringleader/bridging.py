"""The bridge of a node, made of its settings; None where there is nobody to talk to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ringleader.transport.bridge import Bridge
from ringleader.transport.bridge_events import BridgeLossDeclared, alarm
from ringleader.transport.bridge_store import BridgeStore
from ringleader.transport.exports import Exports
from ringleader.transport.keys import KeyRing
from ringleader.transport.outboxes import OutboxLimits
from ringleader.transport.remote_desk import RemoteDesk
from ringleader.transport.sockets import Sockets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ringleader.config.settings import Settings
    from ringleader.transport.event_store import EventStore

    from .system import System


class Exported(NamedTuple):
    """What the event log has to know of the bridge.

    Attributes:
        exports: which events cross.
        limits: what is kept for peers.
        on_unread: raises the alarm when the limits win.
    """

    exports: Exports
    limits: OutboxLimits
    on_unread: Callable[[str, int, int], object]


def exported(settings: Settings, system: System) -> Exported | None:
    """Return what crosses; None if this node talks to nobody."""
    catalogue, options = system.catalogue, settings.bridge
    catalogue.register(BridgeLossDeclared)  # in any case: one may be in the log since last time
    if not (settings.node.bind or settings.peers):
        return None
    system.hub.also_logged = frozenset(options.also)
    crosses = Exports(also=options.also, never=options.never)
    found = (crosses.group(kind) for kind in catalogue)
    groups = dict.fromkeys(group for group in found if group is not None)
    return Exported(
        Exports(also=options.also, never=options.never, groups=groups),
        OutboxLimits(age=options.retention, size=options.retention_bytes),
        partial(alarm, system.hub),
    )


class Bridging:
    """The bridge and the remote refs of a node. `start` it, and `close` it in the end.

    Args:
        settings: of the node.
        system: whose events and actors they are.
        store: the event log's file, opened with `crosses.exports`.
        crosses: what crosses.
        keys: the directory of the key files.

    Attributes:
        bridge: carries them.

    Raises:
        Insecure: it would be reached from other hosts, and there are no keys.
        KeysError: a key file can't be used.
    """

    def __init__(
        self,
        settings: Settings,
        system: System,
        store: EventStore,
        crosses: Exported,
        keys: Path,
    ) -> None:
        context, options = system.context, settings.bridge
        self._system = system
        configured = {peer.id: peer.public_key for peer in settings.peers if peer.public_key}
        ring = KeyRing(keys, context.clock.time, configured)
        held = ring if ring.has_pair else None
        self._store = BridgeStore(store, system.hub, crosses.exports.groups)
        self.bridge = Bridge(
            node=context.node_id,
            epoch=system.epoch,
            advertise=settings.node.advertise,
            peers=settings.peers,
            keys=held,
            options=options,
            hub=system.hub,
            exports=crosses.exports,
            store=self._store,
            context=context,
            sockets_of=lambda handler: Sockets(
                bind=settings.node.bind,
                keys=held,
                clock=context.clock,
                spawn=context.spawn,
                handler=handler,
                options=options.sockets,
            ),
        )
        self._remote = RemoteDesk(
            context,
            system.root,
            self.bridge.send,
            epoch=system.epoch,
            exports=options.actors,
            classes=tuple(system.catalogue),
            options=options.remote,
        )
        self.bridge.remote_end = self._remote
        system.remote = self._remote

    def start(self) -> None:
        """Listen, and connect to all peers.

        Raises:
            BindError: the place is taken.
            KeysError: there is no key pair.
        """
        self.bridge.start()
        self._store.declare_untold()

    def stop_reading(self) -> None:
        """Take nothing in any more: the tree is about to stop."""
        self.bridge.stop_reading()

    def close(self, timeout: float = 5.0) -> bool:
        """Say goodbye and end; tell whether that was in time. May be repeated."""
        self._system.remote = None
        self._remote.close()
        return self.bridge.close(timeout)
