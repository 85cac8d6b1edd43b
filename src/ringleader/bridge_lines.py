"""The bridge as people read about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .durations import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ringleader.transport.bridge_view import (
        BridgeStatistics,
        PeerStatistics,
        StreamStatistics,
        StreamSums,
    )

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024
_MEANINGS: Final = {
    "expected": "not heard yet",
    "absent": "was never heard",
    "online": "",
    "suspect": "silent",
    "down": "silent for too long",
    "offline": "has stopped",
}
_SAYS_WHO: Final = {"settings": "", "itself": "it said so itself", "introduction": "introduced"}


def size(number: int) -> str:
    """Return a number of bytes in the unit that suits it: `12 B`, `3.4 MiB`."""
    value, unit = float(number), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{number} {_UNITS[0]}"


def peer_lines(found: BridgeStatistics) -> Iterator[str]:
    """Yield a table of the peers."""
    head = ("peer", "state", "for", "rtt", "endpoint", "")
    yield from aligned([head, *map(_peer_row, found.peers)])
    if not found.peers:
        yield _lonely(found)


def status_lines(found: BridgeStatistics) -> Iterator[str]:
    """Yield how the bridge fares: the node, then each peer with its streams."""
    where = f"at {found.endpoint}" if found.endpoint else "nowhere: others can't connect to it"
    locked = "" if found.public_key else ", without encryption"
    yield f"node {found.node} listens {where}{locked}; {_network(found)}"
    if found.trouble:
        yield f"  trouble: {found.trouble}"
    if found.kept:
        yield f"  {found.kept:,} events ({size(found.kept_bytes)}) are kept for peers"
    if found.refused:
        yield f"  refused: {', '.join(f'{why} {n:,}' for why, n in sorted(found.refused.items()))}"
    for peer in found.peers:
        yield from _peer_details(peer)
    if not found.peers:
        yield _lonely(found)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows of one length with their columns below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _network(found: BridgeStatistics) -> str:
    there = sum(peer.state in ("online", "suspect") for peer in found.peers)
    text = f"peers: {there} of {len(found.peers)}"
    return f"{text}, too few" if found.is_healthy is False else text


def _lonely(found: BridgeStatistics) -> str:
    return (
        f"{found.node} has no peers yet; they come from [[peers]] in its configuration, or say "
        "hello themselves"
    )


def _peer_row(peer: PeerStatistics) -> tuple[str, ...]:
    rtt = "-" if peer.rtt is None else f"{peer.rtt * 1000:.1f} ms"
    return peer.node, peer.state, in_words(peer.since), rtt, peer.endpoint or "-", _remarks(peer)


def _remarks(peer: PeerStatistics) -> str:
    said = [_MEANINGS[peer.state], _SAYS_WHO[peer.source], peer.trouble]
    return "; ".join(filter(None, said))


def _peer_details(peer: PeerStatistics) -> Iterator[str]:
    text = f"{peer.node} is {peer.state} for {in_words(peer.since)}"
    if peer.rtt is not None:
        text += f", rtt {peer.rtt * 1000:.1f} ms"
    if peer.endpoint:
        text += f", at {peer.endpoint}"
    remarks = _remarks(peer)
    yield text + (f" ({remarks})" if remarks else "")
    for verb, sums in (("read", peer.sums("in")), ("given", peer.sums("out"))):
        if sums.streams:
            yield f"  {verb}: {_sums(sums)}"
    if peer.streams:
        yield from (f"    {line}" for line in aligned([_HEAD, *map(_stream_row, peer.streams)]))


_HEAD: Final = (
    "", "stream", "epoch", "head", "lag", "gaps", "repaired", "lost", "again", "events", "size", ""
)  # fmt: skip


def _stream_row(stream: StreamStatistics) -> tuple[str, ...]:
    return (
        "<-" if stream.direction == "in" else "->",
        stream.group,
        f"{stream.epoch:x}",
        f"{stream.head:,}",
        f"{stream.lag:,}",
        f"{stream.gaps:,}",
        f"{stream.repairs:,}",
        f"{stream.declared:,}",
        f"{stream.duplicates:,}",
        f"{stream.events:,}" if stream.events else "-",
        size(stream.bytes) if stream.bytes else "-",
        "repairing" if stream.is_repairing else "",
    )


def _sums(sums: StreamSums) -> str:
    said = [_count(sums.streams, "stream"), f"lag {sums.lag:,}"]
    if sums.events:
        said.append(f"{_count(sums.events, 'event')} ({size(sums.bytes)})")
    if sums.gaps or sums.repairs:
        said.append(f"{_count(sums.gaps, 'gap')}, {sums.repairs:,} repaired")
    if sums.declared:
        said.append(f"{sums.declared:,} DECLARED LOST")
    if sums.is_repairing:
        said.append("repairing")
    return "; ".join(said)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
