"""What can go wrong between an actor and one on another node."""

from __future__ import annotations

import pykka
from pykka import ActorDeadError

from .errors import RingleaderError


class NodeDown(RingleaderError, ActorDeadError):  # noqa: N818  # a state of the node
    """A node can't be reached; the reason of `Terminated` for those who watch actors there.

    Attributes:
        node: which one.
        why: in words.
    """

    def __init__(self, node: str, why: str) -> None:
        super().__init__(f"node {node!r} is not there: {why}")
        self.node, self.why = node, why


class NotExported(RingleaderError, ActorDeadError):  # noqa: N818  # reads as the answer it is
    """Nobody at this address may be reached from other nodes; perhaps nobody lives there at all.

    Attributes:
        address: `ringleader://node/path`.
    """

    def __init__(self, address: str) -> None:
        super().__init__(
            f"{address} is not exported: there is nobody, or nobody whom other nodes may reach "
            "(`exports` of its node's bridge, or `exported = True` in the actor's class)"
        )
        self.address = address


class NotAcknowledged(RingleaderError, pykka.Timeout):  # noqa: N818  # as Pykka's `Timeout`
    """A durable message was not acknowledged before its deadline; it may have arrived.

    Attributes:
        address: for whom it was.
        seconds: how long it was tried.
        last: what the other node said last; empty if it said nothing.
    """

    def __init__(self, address: str, seconds: float, last: str = "") -> None:
        said = f"; the last answer was: {last}" if last else ""
        super().__init__(f"{address} has not acknowledged within {seconds:.6g} s{said}")
        self.address, self.seconds, self.last = address, seconds, last
