"""What a client asks a node about its bridge to other nodes, or orders it to do."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from .question_base import QuestionBase

PeerName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
GroupName: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class Resynced(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to the order to look for what is missing.

    Attributes:
        streams: how many streams are being asked for; it takes a moment until they have answered.
    """

    streams: int


class AskBridge(QuestionBase, frozen=True, kw_only=True, tag="bridge_status"):
    """How do the peers and the streams fare? Answered with `BridgeStatistics`."""


class ResyncBridge(QuestionBase, frozen=True, kw_only=True, tag="resync_bridge"):
    """Ask peers for whatever is missing here, now. Answered with `Resynced`.

    Attributes:
        peer: only this one.
        group: only the streams of this group of event types.
    """

    peer: PeerName | None = None
    group: GroupName | None = None


BridgeQuestion: TypeAlias = AskBridge | ResyncBridge
