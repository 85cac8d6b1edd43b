"""The bridge in words: what is wrong is seen at once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ringleader.bridge_lines import aligned, peer_lines, size, status_lines
from ringleader.transport.bridge_view import BridgeStatistics
from tests.bridge_views import STATISTICS


def test_peers_are_a_table() -> None:
    head, b, c = peer_lines(STATISTICS)

    assert head == "peer  state   for         rtt     endpoint"
    assert b == "b     online  1 min 30 s  2.1 ms  tcp://10.0.0.2:7400"
    assert c.startswith("c     down    2 h 1 min   -       tcp://10.0.0.3:7400  silent for too lon")
    assert c.endswith("; introduced; the key is not allowed there")


def test_the_status_has_the_node_its_peers_and_their_streams() -> None:
    lines = list(status_lines(STATISTICS))

    assert lines[:3] == [
        "node a listens at tcp://10.0.0.1:7400; peers: 1 of 2",
        "  1,200 events (3.0 MiB) are kept for peers",
        "  refused: malformed 1, unknown key 3",
    ]
    assert lines[3] == "b is online for 1 min 30 s, rtt 2.1 ms, at tcp://10.0.0.2:7400"
    assert lines[4] == (
        "  read: 2 streams; lag 10; 4,997 events (976.6 KiB); 2 gaps, 30 repaired; "
        "4 DECLARED LOST; repairing"
    )
    assert lines[5] == "  given: 1 stream; lag 0; 20 events (0 B)"
    assert " ".join(lines[6].split()) == (
        "stream epoch head lag gaps repaired lost again events size"
    )
    assert " ".join(lines[7].split()) == (
        "<- pipeline e1 5,000 10 2 30 4 1 4,990 976.6 KiB repairing"
    )
    assert lines[-1].startswith("c is down for 2 h 1 min, at tcp://10.0.0.3:7400 (silent for too")


def test_trouble_is_told_first() -> None:
    lines = list(status_lines(replace(STATISTICS, trouble="the disk is full", is_healthy=False)))

    assert lines[0].endswith("peers: 1 of 2, too few")
    assert lines[1] == "  trouble: the disk is full"


def test_a_node_without_peers_and_place_says_so() -> None:
    lonely = BridgeStatistics(node="a")
    node, peers = status_lines(lonely)

    assert node.startswith("node a listens nowhere: others can't connect to it, without encryption")
    assert peers.startswith("a has no peers yet; they come from [[peers]] in its configuration, or")
    assert len(list(peer_lines(lonely))) == 2


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5 * 1024**3, "5.0 GiB"),
        (1 << 60, "1048576.0 TiB"),
    ],
)
def test_sizes_have_the_unit_that_suits_them(number: int, text: str) -> None:
    assert size(number) == text


def test_columns_are_below_each_other() -> None:
    assert list(aligned([("a", "bb", ""), ("ccc", "d", "")])) == ["a    bb", "ccc  d"]
