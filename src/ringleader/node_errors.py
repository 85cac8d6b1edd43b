"""What can go wrong between a node and its clients."""

from __future__ import annotations

from ringleader.actors.errors import RingleaderError


class NodeError(RingleaderError):
    """A node could not answer; the message says why.

    Attributes:
        exit_code: of a command that meets it.
    """

    exit_code: int = 75


class OrderRefused(NodeError):  # noqa: N818  # the answer of a node
    """A node did not do what it was asked for; the message says why."""

    exit_code: int = 1


class NodeAway(NodeError):  # noqa: N818  # a state of the node
    """The node can't be reached, now or any more; it may be later. The kinds below say how."""


class NoNode(NodeAway):
    """No node runs on this data directory."""


class ConnectionLost(NodeAway):
    """The node closed the connection: it has stopped, or had no room for a silent client."""


class NoAnswer(NodeAway):
    """The node did not answer in time; whether it has done what it was asked for is unknown."""


class NodeNotReady(NodeAway):
    """The node is starting or stopping, and takes no events at the moment."""
