"""What all parts of the sockets between nodes have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ringleader.actors.clock import Clock

    from .complaints import Complaints
    from .keys import KeyRing
    from .socket_handler import Handler
    from .socket_loop import Loop
    from .socket_options import Context, SocketOptions
    from .socket_statistics import Counts


class Common(NamedTuple):
    """The surroundings of sockets.

    Attributes:
        context: that they belong to.
        keys: of this node and of its peers; None for none.
        loop: waits for them.
        clock: for what is tried again.
        handler: gets what comes in.
        complaints: where refusals go.
        counts: of what has passed.
        options: of the sockets.
    """

    context: Context
    keys: KeyRing | None
    loop: Loop
    clock: Clock
    handler: Handler
    complaints: Complaints
    counts: Counts
    options: SocketOptions
