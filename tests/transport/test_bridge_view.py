"""What is seen of the bridge goes over the control socket and can be added up."""

from __future__ import annotations

import msgspec

from ringleader.transport.bridge_view import BridgeStatistics, StreamStatistics, sums_of
from tests.bridge_views import STATISTICS


def test_it_arrives_as_it_was_sent() -> None:
    data = msgspec.msgpack.encode(STATISTICS)

    assert msgspec.msgpack.decode(data, type=BridgeStatistics) == STATISTICS


def test_the_lag_is_what_the_reader_has_not_committed() -> None:
    assert StreamStatistics(group="p2p", direction="in", head=10, place=4).lag == 6
    assert StreamStatistics(group="p2p", direction="in", head=3, place=4).lag == 0


def test_streams_add_up_by_direction() -> None:
    found = STATISTICS.peers[0].sums("in")

    assert (found.streams, found.lag, found.gaps, found.repairs) == (2, 10, 2, 30)
    assert (found.declared, found.events, found.bytes) == (4, 4997, 1_000_000)
    assert (found.duplicates, found.is_repairing) == (1, True)
    assert STATISTICS.peers[0].sums("out").events == 20


def test_no_streams_add_up_to_nothing() -> None:
    assert sums_of([]).lag == 0
