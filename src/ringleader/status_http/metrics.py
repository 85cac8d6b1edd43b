"""A node in Prometheus' words: base units, counters that end with `_total`, no ids in labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from ringleader.actors.events.scales import PressureLevel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..snapshot import TreeSnapshot
    from ..statistics import SystemStatistics
    from ..status import NodeStatus
    from .document import LogLine

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_PREFIX: Final = "ringleader_"


class Seen(Collector):
    """One look at a node, given to a registry as if it were a collector."""

    def __init__(
        self,
        status: NodeStatus,
        statistics: SystemStatistics,
        tree: TreeSnapshot,
        log: LogLine | None,
    ) -> None:
        self._status, self._statistics, self._tree, self._log = status, statistics, tree, log

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        yield from self._node()
        yield from self._messages()
        yield from self._events()
        yield from self._subscriptions()
        yield from self._of_log()

    def _node(self) -> Iterator[Metric]:
        status, statistics = self._status, self._statistics
        yield _gauge("uptime_seconds", "Time since the start of the system.", status.uptime)
        yield _gauge("ready", "Whether the node is ready: 1 or 0.", status.ready)
        yield _gauge(
            "health_ratio", "Share of actors that run, of those that should.", status.score
        )
        yield _gauge("actors", "Incarnations that are alive.", statistics.actors)
        yield _counter("starts", "Starts of actors ever tried.", statistics.starts)
        yield _counter("restarts", "Starts where somebody had lived before.", statistics.restarts)
        yield _gauge(
            "stuck_threads", "Threads given up in a handler and alive.", statistics.stuck_threads
        )
        states: list[str] = [cell.state for cell in self._tree.cells]
        places = {state: float(states.count(state)) for state in sorted(set(states))}
        yield _gauges("places", "Places in the tree, by state.", "state", places)

    def _messages(self) -> Iterator[Metric]:
        statistics = self._statistics
        waiting = [cell.mailbox for cell in self._tree.cells]
        yield _gauge("mailbox_messages", "Messages that wait in all mailboxes.", sum(waiting))
        yield _gauge(
            "mailbox_messages_max", "Messages that wait in the fullest.", max(waiting, default=0)
        )
        yield _counters("messages", "Messages, by outcome.", "outcome", statistics.messages)
        yield _counters(
            "dead_letters", "Dead letters, by reason.", "reason", statistics.dead_letters
        )

    def _events(self) -> Iterator[Metric]:
        events = self._statistics.events
        yield _counters("events_published", "Events taken, by type.", "type", events.by_type)
        yield _counter("events_deduplicated", "Events suppressed.", events.deduplicated)
        yield _counter("events_unrouted", "Events that nobody wanted.", events.unrouted)
        yield _counter("events_looped", "Events refused in too long a chain.", events.looped)
        yield _counter("events_expired", "Events that came too late.", events.expired)
        yield _counter("events_shed", "Events dropped under pressure.", events.shed)
        yield _counter("events_refused", "Events given back under pressure.", events.refused)
        level = PressureLevel(events.level).rank
        yield _gauge("pressure_level", "How far behind the registry is: 0 to 7.", level)
        # Of names that nobody knows there is no end: one series for all.
        yield _counter("events_unknown", "Events of unknown type.", sum(events.unknown.values()))
        yield _counter("names_renamed", "Old spellings met.", sum(events.renamed.values()))
        yield _gauge("subscriptions", "Subscriptions to events.", events.subscriptions)
        yield _counter("deliveries", "Deliveries to subscribers.", events.deliveries)
        yield _counters("delivery_outcomes", "Deliveries, by outcome.", "outcome", events.outcomes)

    def _subscriptions(self) -> Iterator[Metric]:
        seen = self._status.subscriptions
        if seen is None:
            return
        yield _gauge(
            "critical_subscriptions_missing",
            "Critical event types without a subscriber.",
            len(seen.critical_failed),
        )
        missing = {
            group: float(sum(not heard for heard in types.values()))
            for group, types in seen.groups.items()
        }
        yield _gauges(
            "subscriptions_missing", "Types of a group without a subscriber.", "group", missing
        )

    def _of_log(self) -> Iterator[Metric]:
        log = self._log
        if log is None:
            return
        yield _counter("log_appended", "Events ever logged.", log.head)
        yield _gauge("log_events", "Events that the log keeps.", log.events)
        yield _gauge("log_size_bytes", "Size of the log.", log.size_bytes)
        yield _gauge("log_waiting_events", "Events not on the disk yet.", log.waiting)
        yield _gauge("log_lag_events", "Events that the slowest consumer was not handed.", log.lag)
        yield _gauge("log_in_hand_events", "Events handed out without an outcome.", log.in_hand)
        yield _gauge("log_trouble", "Whether it can't be written to: 1 or 0.", bool(log.trouble))


def text(
    status: NodeStatus, statistics: SystemStatistics, tree: TreeSnapshot, log: LogLine | None
) -> bytes:
    """Return what was seen in Prometheus' text format.

    Each call has a registry of its own, so nothing is shared with metrics that actors keep, and
    nothing is ever written into the files of the multi-process mode.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Seen(status, statistics, tree, log))
    ProcessCollector(namespace=_PREFIX.rstrip("_"), registry=registry)
    return generate_latest(registry)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(_PREFIX + name, what, value=float(value))


def _gauges(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    return _labelled(GaugeMetricFamily(_PREFIX + name, what, labels=[label]), values)


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(_PREFIX + name, what, value=float(value))


def _counters(name: str, what: str, label: str, values: Mapping[Any, int]) -> Metric:
    return _labelled(CounterMetricFamily(_PREFIX + name, what, labels=[label]), values)


def _labelled(
    family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[Any, float]
) -> Metric:
    for label, value in sorted(values.items(), key=lambda item: str(item[0])):
        family.add_metric([str(label)], float(value))
    return family
