"""A bridge as it is seen, without one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ringleader.transport.bridge_view import BridgeStatistics, PeerStatistics, StreamStatistics

if TYPE_CHECKING:
    from ringleader.transport.bridge_view import BridgeView

KEY: Final = "k" * 40
STATISTICS: Final = BridgeStatistics(
    node="a",
    epoch=0xAB,
    endpoint="tcp://10.0.0.1:7400",
    public_key=KEY,
    is_healthy=True,
    kept=1200,
    kept_bytes=3 * 1024 * 1024,
    refused={"unknown key": 3, "malformed": 1},
    peers=(
        PeerStatistics(
            node="b",
            state="online",
            endpoint="tcp://10.0.0.2:7400",
            epoch=0xCD,
            since=90,
            rtt=0.0021,
            version=1,
            is_encrypted=True,
            streams=(
                StreamStatistics(
                    group="pipeline",
                    direction="in",
                    epoch=0xE1,
                    head=5000,
                    place=4990,
                    gaps=2,
                    repairs=30,
                    declared=4,
                    events=4990,
                    bytes=1_000_000,
                    duplicates=1,
                    is_repairing=True,
                ),
                StreamStatistics(
                    group="p2p", direction="in", epoch=0xE1, head=7, place=7, events=7
                ),
                StreamStatistics(
                    group="pipeline", direction="out", epoch=0xE2, head=20, place=20, events=20
                ),
            ),
        ),
        PeerStatistics(
            node="c",
            state="down",
            endpoint="tcp://10.0.0.3:7400",
            source="introduction",
            since=7300,
            trouble="the key is not allowed there",
        ),
    ),
)


class FakeBridge:
    """Shows what it is given, and notes what it is told to do."""

    def __init__(self, shown: BridgeStatistics = STATISTICS) -> None:
        self.shown = shown
        self.asked: list[tuple[str | None, str | None]] = []

    def statistics(self) -> BridgeStatistics:
        return self.shown

    def resync(self, peer: str | None, group: str | None) -> int:
        self.asked.append((peer, group))
        return 2


def viewed(bridge: FakeBridge) -> BridgeView:
    """Return a fake as what it stands for."""
    return bridge
