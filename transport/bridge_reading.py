"""What a reader of a stream may keep in memory, and what it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from msgspec import Meta, Struct

from .bridge_pace import PaceLimits

if TYPE_CHECKING:
    from .streams import Place, Stream


class ReaderLimits(Struct, frozen=True, kw_only=True):
    """What a reader keeps in memory, and how it asks."""

    outstanding_entries: Annotated[
        int, Meta(ge=1, description="applied and not committed; beyond it nothing is taken")
    ] = 50_000
    outstanding_bytes: Annotated[
        int, Meta(ge=1, description="of those entries (bytes)")
    ] = 64 * 1024 * 1024  # fmt: skip
    early_entries: Annotated[
        int, Meta(ge=0, description="kept while what comes before them is asked for")
    ] = 10_000
    early_bytes: Annotated[int, Meta(ge=0, description="of those entries (bytes)")] = 16 * 1024**2
    ack_interval: Annotated[
        float, Meta(ge=0, description="the owner is told what is on disk this often (s)")
    ] = 1.0
    ack_again: Annotated[
        float, Meta(gt=0, description="and this often if nothing is new: it may be lost (s)")
    ] = 30.0
    remember_after: Annotated[
        float, Meta(ge=0, description="what was heard and has not come is put on disk after (s)")
    ] = 1.0
    pace: PaceLimits = PaceLimits()


READER_LIMITS: Final = ReaderLimits()


class ReaderStatistics(NamedTuple):
    """What one imported stream has been through since the node began.

    Attributes:
        stream: which one.
        place: what is committed; None before the first entry.
        heard: the highest `seq` of the present epoch that was heard of.
        lag: entries that were heard of and are not committed.
        gaps: how often something was missing on the fast path.
        repairs: answers that brought entries.
        declared: entries that were declared lost.
        entries: that were applied.
        bytes: of those.
        duplicates: entries that had come before.
        outstanding: entries that are applied and not committed.
        unanswered: pulls in a row that have no answer yet.
    """

    stream: Stream
    place: Place | None
    heard: int
    lag: int
    gaps: int
    repairs: int
    declared: int
    entries: int
    bytes: int
    duplicates: int
    outstanding: int
    unanswered: int
