"""The other end of the control socket: questions to a running node."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ringleader.transport.bridge_view import BridgeStatistics
from ringleader.transport.death_records import DeathRecord

from . import questions
from .bridge_questions import AskBridge, ResyncBridge, Resynced
from .connection import Connection
from .desk import Stopping
from .node_errors import NodeError, NoNode, OrderRefused
from .operate import TIMEOUT, Done
from .snapshot import TreeSnapshot
from .statistics import SystemStatistics
from .status import NodeStatus
from .subscribed import Subscribed
from .why import Finding

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from .questions import Question, Verb

__all__ = ["NoNode", "NodeClient", "NodeError", "OrderRefused"]

T = TypeVar("T")


class NodeClient:
    """A connection to the node that runs on a data directory. Use it as a context manager.

    Args:
        path: of its control socket.
        timeout: seconds that each answer may take.
    """

    def __init__(self, path: Path, timeout: float = 5.0) -> None:
        self._path, self._timeout = path, timeout
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            NoNode: nobody listens.
        """
        self._connection = Connection(self._path, self._timeout)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect."""
        if self._connection is not None:
            self._connection.close()

    def tree(self) -> TreeSnapshot:
        """Return who lives in the node, and how."""
        return self._ask(questions.Tree(), TreeSnapshot)

    def statistics(self) -> SystemStatistics:
        """Return the node's counters."""
        return self._ask(questions.Statistics(), SystemStatistics)

    def subscriptions(self) -> list[Subscribed]:
        """Return who is subscribed to what, and what came of it."""
        return self._ask(questions.Subscriptions(), list[Subscribed])

    def status(self) -> NodeStatus:
        """Return how the node fares as a whole."""
        return self._ask(questions.Status(), NodeStatus)

    def deaths(
        self, path: str | None = None, *, limit: int = 100, within: float | None = None
    ) -> list[DeathRecord]:
        """Return the last deaths, also those of earlier runs, oldest first.

        Args:
            path: only those there and below.
            limit: how many at most.
            within: seconds until now; none from before.
        """
        asked = questions.Deaths(path=path, limit=limit, within=within)
        return self._ask(asked, list[DeathRecord])

    def why(self, path: str) -> Finding:
        """Return how whoever lives at a path fares, and why.

        Raises:
            OrderRefused: nothing is known of this path.
        """
        return self._ask(questions.Why(path=path), Finding)

    def operate(
        self, verb: Verb, path: str, *, by: str, why: str = "", release_after: float | None = None
    ) -> Done:
        """Do something to the child at a path, as `operate.operate` says; wait until it is done.

        Raises:
            OrderRefused: there is no such child, or it makes no sense.
            NodeError: it is not done yet.
        """
        order = questions.Operate(verb=verb, path=path, by=by, why=why, release_after=release_after)
        return self._ask(order, Done, TIMEOUT + self._timeout)

    def bridge(self) -> BridgeStatistics:
        """Return how the node fares with other nodes.

        Raises:
            OrderRefused: it has no bridge.
        """
        return self._ask(AskBridge(), BridgeStatistics)

    def resync(self, peer: str | None = None, group: str | None = None) -> Resynced:
        """Have the node ask peers for whatever is missing, now.

        Args:
            peer: only this one.
            group: only streams of this group of event types.

        Raises:
            OrderRefused: it has no bridge, or there is no such peer or stream.
        """
        return self._ask(ResyncBridge(peer=peer, group=group), Resynced)

    def stop(self) -> Stopping:
        """Order the node to stop; it goes on answering while it does."""
        return self._ask(questions.Stop(), Stopping)

    def _ask(self, question: Question, kind: type[T], timeout: float | None = None) -> T:
        if self._connection is None:
            raise NodeError("not connected; use the client in a `with` block")
        return self._connection.ask(question, kind, timeout)
